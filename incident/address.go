package incident

import (
	"net/url"
	"strings"
)

// Host is where f's ErrorUrl points: lower case, with a port that is not the
// scheme's own; "" where it names none. Hostile input is harmless.
func Host(errorURL string) string {
	scheme, host, _ := split(errorURL)
	return hostOf(scheme, host)
}

func hostAndPath(raw string) (host, path string) {
	scheme, host, path := split(raw)
	if host == "" {
		return "", ""
	}
	return hostOf(scheme, host), printable(normalisePath(path), 200)
}

func hostOf(scheme, host string) string {
	host = strings.ToLower(host)
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return printable(host, 253)
}

// split takes an address apart as net/url does; all is empty where that refuses it.
func split(raw string) (scheme, host, path string) {
	if scheme, host, path, ok := splitPlain(raw); ok {
		return scheme, host, path
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "", "", ""
	}
	return u.Scheme, u.Host, u.Path
}

// splitPlain is split for what nearly every address is, without making anything: ok
// is false where a letter asks for more than that.
func splitPlain(raw string) (scheme, host, path string, ok bool) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || scheme != "http" && scheme != "https" || strings.ContainsFunc(rest, isUnusual) {
		return "", "", "", false
	}
	rest, _, _ = strings.Cut(rest, "?")
	host = rest
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	name, port, _ := strings.Cut(host, ":")
	plain := !strings.ContainsFunc(name, isNoHostLetter) && !strings.ContainsFunc(port, isNoDigit) && !strings.Contains(path, "%")
	return scheme, host, path, plain
}

func isUnusual(c rune) bool { return c <= ' ' || c >= 0x7f || c == '#' }

func isNoDigit(c rune) bool { return c < '0' || c > '9' }

func isNoHostLetter(c rune) bool { return isNoDigit(c) && (c < 'a' || c > 'z') && c != '.' && c != '-' }
