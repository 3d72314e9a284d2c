package standby

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Primaries are the customer's own servers, the only ones whose addresses mean
// something on another server.
type Primaries []origin

// With is p with the one at that address: scheme and host. The error is a remedy
// to put behind the key's name.
func (p Primaries) With(raw string) (Primaries, error) {
	u, at := read(raw)
	if at == (origin{}) || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("is no server: write scheme and host only, such as https://www.example.com")
	}
	return append(slices.Clip(p), at), nil
}

// PrimaryName is what the primary at that address is called: scheme and host as
// they are compared, "" for what is no such address.
func PrimaryName(address string) string {
	at := originAt(address)
	if at == (origin{}) {
		return ""
	}
	return at.url()
}

// Has says whether raw is an address on one of them.
func (p Primaries) Has(raw string) bool {
	_, at := read(raw)
	return at != (origin{}) && slices.Contains(p, at)
}

func pathOf(u *url.URL) string {
	if path := u.EscapedPath(); path != "" {
		return path
	}
	return "/"
}

// First is the address of the first of them, "" where there is none.
func (p Primaries) First() string {
	if len(p) == 0 {
		return ""
	}
	return p[0].url()
}
