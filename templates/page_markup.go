package templates

import (
	"html/template"
	"strconv"
	"strings"
)

// markup is HTML that is put together by hand: html/template takes a microsecond
// for each value, and a list of fifty rows has a thousand. Only what stands in this
// package's sources goes in as it is.
type markup struct {
	page    strings.Builder
	numbers [20]byte // room for one
}

// newMarkup has room for so many bytes, which spares it larger and larger copies.
func newMarkup(room int) *markup {
	m := &markup{}
	m.page.Grow(room)
	return m
}

// literal is a piece of HTML of the sources: a text that came from anywhere else is
// none without a conversion, of which a test allows none.
type literal string

func (m *markup) put(s literal) { m.page.WriteString(string(s)) }

// text puts s, escaped, where text stands or the value of a quoted attribute.
func (m *markup) text(s string) { _, _ = htmlEscaper.WriteString(&m.page, s) } // a Builder takes everything

// htmlEscaper does what template.HTMLEscapeString does, but into the page.
var htmlEscaper = strings.NewReplacer("\x00", "\uFFFD", `"`, "&#34;", "'", "&#39;", "&", "&amp;", "<", "&lt;", ">", "&gt;")

// href puts the address of a link, which is one of our own pages, or leads nowhere.
func (m *markup) href(to string) {
	if strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") {
		m.text(to)
	}
}

func (m *markup) number(n int64) { m.page.Write(strconv.AppendInt(m.numbers[:0], n, 10)) }

// within puts text between two pieces; nothing at all where there is no text.
func (m *markup) within(before literal, s string, after literal) {
	if s == "" {
		return
	}
	m.put(before)
	m.text(s)
	m.put(after)
}

// when puts a piece where something is so.
func (m *markup) when(is bool, s literal) {
	if is {
		m.put(s)
	}
}

func (m *markup) html() template.HTML { return template.HTML(m.page.String()) } //nolint:gosec // the rest of it is escaped
