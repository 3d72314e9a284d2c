package history

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/backstop-project/backstop/incident"
)

// reader takes values one by one and collects what it could not read.
type reader struct {
	values   url.Values
	now      time.Time
	zone     *time.Location
	problems []Problem
}

// text is the one value of a field, "" where it is missing or empty.
func (r *reader) text(field string) string {
	given := r.values[field]
	if len(given) == 0 {
		return ""
	}
	if len(given) > 1 && slices.ContainsFunc(given[1:], func(s string) bool { return s != given[0] }) {
		r.problems = append(r.problems, Problem{Field: field, Value: given[1], Hint: "given more than once: the first counts"})
	}
	return strings.TrimFunc(given[0], unicode.IsSpace)
}

func (r *reader) complain(field, hint string) {
	r.problems = append(r.problems, Problem{Field: field, Value: r.values.Get(field), Hint: hint})
}

// complainOfRest names the fields that no query has: a misspelt filter must
// not look as if it had found everything.
func (r *reader) complainOfRest(known ...string) {
	var rest []string
	for field := range r.values {
		if field != SearchField && !slices.Contains(known, field) {
			rest = append(rest, field)
		}
	}
	slices.Sort(rest)
	for _, field := range rest {
		r.complain(field, "there is no such filter: there are "+strings.Join(known, ", "))
	}
}

func (r *reader) number(field string, most int64, hint string) int64 {
	s := r.text(field)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 || n > most {
		r.complain(field, hint)
		return 0
	}
	return n
}

func (r *reader) flag(field string) bool {
	switch strings.ToLower(r.text(field)) {
	case "", "0", "false", "no", "off":
		return false
	case "1", "true", "yes", "on":
		return true
	}
	r.complain(field, "write 1 or leave it out")
	return false
}

func (r *reader) channel() Channel {
	s := r.text(channelField)
	if s == "" {
		return Channel{}
	}
	c, ok := incident.ParseChannel(strings.ToLower(s))
	if !ok {
		r.complain(channelField, "the channels are voice, messaging and unknown")
	}
	return Channel{Is: c, Set: ok}
}

func (r *reader) state() incident.State {
	s := strings.ToLower(r.text(stateField))
	for _, state := range []incident.State{incident.Open, incident.Quiet, incident.Resolved} {
		if s == state.String() {
			return state
		}
	}
	if s != "" {
		r.complain(stateField, "the states are open, quiet and resolved")
	}
	return 0
}

// phone takes what ReadNumber can read, and otherwise the text as it is: a
// caller may be named by anything.
func (r *reader) phone() string {
	// A plus that somebody typed into a URL arrives as a space.
	if raw := r.values.Get(numberField); strings.HasPrefix(raw, " ") {
		if n, _, ok := ReadNumber("+" + strings.TrimSpace(raw)); ok {
			return n
		}
	}
	s := r.text(numberField)
	if n, _, ok := ReadNumber(s); ok {
		return n
	}
	if !plain(s, 300) {
		r.complain(numberField, "a number has no control characters and at most 300 bytes")
		return ""
	}
	return s
}

func (r *reader) sid() string {
	s := r.text(sidField)
	if sid, ok := readSID(s); ok {
		return sid
	}
	if !plain(s, 100) {
		r.complain(sidField, "a SID is two letters and 32 hexadecimal digits")
		return ""
	}
	return s
}

func (r *reader) host() string {
	s := r.text(hostField)
	if s == "" {
		return ""
	}
	host := readHost(s)
	if host == "" {
		r.complain(hostField, "a host is a name such as www.example.com, with a port where it is not the usual one")
	}
	return host
}

// plain says whether s can be looked up as it is.
func plain(s string, limit int) bool {
	return len(s) <= limit && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// readHost is the host of a URL, or of what people write instead of one, as
// incident.Host writes it.
func readHost(s string) string {
	if !plain(s, 2000) {
		return ""
	}
	if !strings.Contains(s, "://") {
		// A host alone keeps its port, whatever the scheme was.
		s = "any://" + strings.TrimPrefix(s, "//")
	}
	host := incident.Host(s)
	if strings.ContainsAny(host, " \\\"<>") || strings.HasPrefix(host, ":") {
		return ""
	}
	return host
}
