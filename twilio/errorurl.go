package twilio

import (
	"strings"
	"unicode"
)

// ErrorURL is the address that Twilio could not use, taken apart. It is for
// grouping and for showing; nothing of it is ever asked.
type ErrorURL struct {
	Scheme string // http or https; else empty, and Host and Port too
	Host   string // small letters, without the port; IPv6 in brackets; empty if it is no host
	Port   string // empty for the scheme's own
	Path   string // from its "/" on, or all of a text that is no URL
	Query  string // without the "?"; its values may be personal
}

// ParseErrorURL takes raw apart. It never fails: what cannot be a host is none,
// and what does not belong into a URL is escaped. User name, password and
// fragment are dropped.
func ParseErrorURL(raw string) ErrorURL {
	const longest = 8192
	if len(raw) > longest {
		raw = raw[:longest]
	}
	raw, _, _ = strings.Cut(strings.TrimSpace(raw), "#")
	raw, query, _ := strings.Cut(raw, "?")
	u := ErrorURL{Query: cleanURL(query)}
	scheme, rest, ok := strings.Cut(raw, "://")
	if scheme = strings.ToLower(scheme); !ok || scheme != "http" && scheme != "https" {
		u.Path = cleanURL(withoutUserinfo(raw))
		return u
	}
	authority, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	u.Scheme, u.Path = scheme, cleanURL(path)
	u.Host, u.Port = readAuthority(authority, scheme)
	return u
}

// withoutUserinfo drops what may be a password from a text that is no http URL.
func withoutUserinfo(raw string) string {
	return raw[strings.LastIndexByte(raw, '@')+1:]
}

func readAuthority(authority, scheme string) (host, port string) {
	// Programs differ in where a host ends that has one of these before it.
	if strings.ContainsFunc(authority, func(c rune) bool { return c == '\\' || unicode.IsControl(c) || unicode.IsSpace(c) }) {
		return "", ""
	}
	_, host, port = splitAuthority(authority)
	host = strings.TrimRight(strings.ToLower(host), ".")
	if !isShownHost(host) {
		return "", ""
	}
	if port == "" || port == defaultPort(scheme) || !isPort(port[1:]) {
		return host, ""
	}
	return host, port[1:]
}

// isShownHost also takes an international name as people write it. It takes no
// leading hyphen: a host may end up as an argument of a command.
func isShownHost(host string) bool {
	const longest = 253
	if strings.HasPrefix(host, "[") {
		return isHost(host)
	}
	return host != "" && host[0] != '-' && len(host) <= longest && !strings.ContainsFunc(host, func(c rune) bool {
		return c == unicode.ReplacementChar || !unicode.In(c, unicode.L, unicode.M, unicode.Nd) && !strings.ContainsRune(".-_", c)
	})
}

// cleanURL escapes whatever may not stand in a URL as it is, quotes included.
func cleanURL(s string) string {
	return escape(s, func(c byte) bool {
		return c > ' ' && c < 0x7f && strings.IndexByte("\"'<>\\^`{|}", c) < 0
	})
}

// Authority is host and port, as in the URL; empty if there is no host.
func (u ErrorURL) Authority() string {
	if u.Port == "" {
		return u.Host
	}
	return u.Host + ":" + u.Port
}

// String is the URL as it may be shown to anyone: query values hidden.
func (u ErrorURL) String() string {
	text := u.address()
	if u.Query == "" {
		return text
	}
	pairs := strings.Split(u.Query, "&")
	for i, pair := range pairs {
		pairs[i] = hiddenValue(pair)
	}
	return text + "?" + strings.Join(pairs, "&")
}

// address is the URL without its query.
func (u ErrorURL) address() string {
	if u.Scheme == "" {
		return u.Path
	}
	return u.Scheme + "://" + u.Authority() + u.Path
}

// hiddenValue keeps only a name that looks like one: a pair without "=" may be
// all value.
func hiddenValue(pair string) string {
	const longest = 40
	name, _, ok := strings.Cut(pair, "=")
	if !ok || len(name) > longest || !isPlainName(name) {
		return "…"
	}
	return name + "=…"
}
