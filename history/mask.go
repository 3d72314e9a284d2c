package history

import (
	"regexp"
	"strings"

	"github.com/backstop-project/backstop/incident"
)

// Mask hides what is personal or secret until somebody reveals it. The zero
// value hides all but numbers.
type Mask struct {
	Numbers bool // phone numbers and other addresses of people too
}

const dots = "•••"

// Number shortens a phone number to what tells two callers apart and calls
// nobody: "+493•••56". Short codes and words for withheld numbers stay.
func (m Mask) Number(s string) string {
	if !m.Numbers || s == "" {
		return s
	}
	if incident.Withheld(s) {
		return s
	}
	scheme, rest, cut := strings.Cut(s, ":")
	if cut {
		return first(scheme, 20) + ":" + maskAddress(rest)
	}
	return maskAddress(s)
}

func maskAddress(s string) string {
	digits := strings.TrimPrefix(s, "+")
	switch {
	case strings.Trim(digits, "0123456789") != "":
		return maskName(s)
	case len(s) <= 6:
		return s
	case len(s) <= 9:
		return s[:2] + dots + s[len(s)-2:]
	}
	return s[:4] + dots + s[len(s)-2:]
}

// maskName keeps the first letter and, of an address, the host.
func maskName(s string) string {
	name, host, at := strings.Cut(s, "@")
	if digits := strings.TrimPrefix(name, "+"); len(name) > 6 && strings.Trim(digits, "0123456789") == "" {
		name = maskAddress(name)
	} else {
		name = first(name, 1) + dots
	}
	if at {
		return name + "@" + host
	}
	return name
}

// first is the beginning of s, n characters of it.
func first(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

var numberInText = regexp.MustCompile(`\+[1-9]\d{6,14}`)

// Text masks every number within s.
func (m Mask) Text(s string) string {
	if !m.Numbers || !strings.Contains(s, "+") {
		return s
	}
	return numberInText.ReplaceAllStringFunc(s, m.Number)
}

// URL hides the values of a URL's query, whatever they are, its userinfo and
// its fragment. It takes what no parser would.
func (m Mask) URL(raw string) string {
	raw, _, fragment := strings.Cut(raw, "#")
	raw, query, hasQuery := strings.Cut(raw, "?")
	var b strings.Builder
	b.WriteString(m.Text(withoutUserinfo(raw)))
	if hasQuery {
		b.WriteByte('?')
		for i, pair := range strings.Split(query, "&") {
			if i > 0 {
				b.WriteByte('&')
			}
			b.WriteString(hiddenPair(pair))
		}
	}
	if fragment {
		b.WriteString("#…")
	}
	return b.String()
}

// hiddenPair keeps only a name that looks like one: a pair without "=" may be
// all value.
func hiddenPair(pair string) string {
	name, value, hasValue := strings.Cut(pair, "=")
	switch {
	case pair == "":
		return ""
	case !hasValue || !pairName.MatchString(name):
		return "…"
	case value == "":
		return pair
	}
	return name + "=…"
}

var pairName = regexp.MustCompile(`^[A-Za-z0-9_.\[\]-]{1,40}$`)

func withoutUserinfo(raw string) string {
	scheme, rest, found := strings.Cut(raw, "//")
	if !found {
		return raw
	}
	authority := rest
	if end := strings.IndexAny(rest, "/\\"); end >= 0 {
		authority = rest[:end]
	}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		return scheme + "//" + rest[at+1:]
	}
	return raw
}
