package standby

import (
	"net"
	"net/url"
	"strings"
)

// origin is scheme, host and port of an http(s) URL, written in one way, so
// that two of them can be compared with ==.
type origin struct{ scheme, host, port string }

// read takes a URL apart; its origin is the zero value where it is no absolute
// http(s) URL.
func read(raw string) (*url.URL, origin) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, origin{}
	}
	return u, originOf(u)
}

// originOf is the zero value for what is no absolute http(s) URL with a host.
func originOf(u *url.URL) origin {
	scheme := strings.ToLower(u.Scheme)
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if scheme != "http" && scheme != "https" || host == "" || u.Opaque != "" {
		return origin{}
	}
	port := u.Port()
	switch {
	case port != "":
	case scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return origin{scheme, host, port}
}

// originAt is that of an address; the zero value where it has none.
func originAt(address string) origin {
	_, at := read(address)
	return at
}

// server is who listens there, whatever the scheme.
func (o origin) server() string { return net.JoinHostPort(o.host, o.port) }

// same says whether it is the same server as another one: http and https on
// their own ports are one.
func (o origin) same(other origin) bool {
	return o.server() == other.server() || o.host == other.host && o.isUsual() && other.isUsual()
}

func (o origin) isUsual() bool {
	return o.scheme == "https" && o.port == "443" || o.scheme == "http" && o.port == "80"
}

// url is the origin as a URL begins, without a port that goes without saying.
func (o origin) url() string {
	host := o.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if o.isUsual() {
		return o.scheme + "://" + host
	}
	return o.scheme + "://" + host + ":" + o.port
}

// cleanPath says whether a path as it stands in a URL can be put into another
// one without meaning something else there: nothing in it leads upwards, and
// no program takes a part of it for a host.
func cleanPath(escaped string) bool {
	decoded, err := url.PathUnescape(escaped)
	if err != nil || !strings.HasPrefix(escaped, "/") || strings.HasPrefix(decoded, "//") || !isCleanText(decoded) {
		return false
	}
	for segment := range strings.SplitSeq(decoded, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// isPlain says whether s is what a request line can carry as it is: ASCII that
// is seen, and no backslash.
func isPlain(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }) < 0
}

// isCleanText says whether there is neither a backslash nor a control character.
func isCleanText(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) < 0
}
