package templates

import (
	"html/template"
	"strconv"
	"strings"
)

// markup is HTML that is put together by hand: html/template takes a microsecond
// for each value, and a list of fifty rows has a thousand. Only what stands in this
// package's sources goes in as it is.
type markup []byte

// literal is a piece of HTML of the sources: a text that came from anywhere else is
// none without a conversion, of which a test allows none.
type literal string

func (m *markup) put(s literal) { *m = append(*m, s...) }

// text puts s, escaped, where text stands or the value of a quoted attribute.
func (m *markup) text(s string) { *m = append(*m, template.HTMLEscapeString(s)...) }

// href puts the address of a link, which is one of our own pages, or leads nowhere.
func (m *markup) href(to string) {
	if strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") {
		m.text(to)
	}
}

func (m *markup) number(n int64) { *m = strconv.AppendInt(*m, n, 10) }

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

func (m *markup) html() template.HTML { return template.HTML(*m) } //nolint:gosec // the rest of it is escaped
