package twilio

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// BaseURL is what stands before the request URI in the address that Twilio
// asked: PUBLIC_URL, read once. The zero value means that none is set.
// Two of them can be compared with ==.
type BaseURL struct {
	scheme, userinfo, host, port, path string
	// What a signature may be over: as given, without a port, with the default
	// one, and the same with scheme and host in small letters. No repeats.
	forms [6]string
}

// ParseBaseURL reads PUBLIC_URL. A path may follow the host, for a proxy that
// strips it; slashes at its end and a fragment (Twilio's connection settings)
// are dropped, a user name and password count as part of what was signed.
// The error is a remedy to put behind "PUBLIC_URL", and shows no password.
func ParseBaseURL(text string) (BaseURL, error) {
	text, _, _ = strings.Cut(text, "#")
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") {
		return BaseURL{}, errors.New("must start with https:// (or http://)")
	}
	if strings.ContainsFunc(rest, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '\\' }) {
		return BaseURL{}, errors.New(`must be plain ASCII without spaces and "\": write an international name in its xn-- form`)
	}
	if strings.Contains(rest, "?") {
		return BaseURL{}, errors.New("must not have a query (?…): that belongs to the URLs set at Twilio")
	}
	authority, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	b := BaseURL{scheme: scheme, path: strings.TrimRight(path, "/")}
	b.userinfo, b.host, b.port = splitAuthority(authority)
	if err := b.check(); err != nil {
		return BaseURL{}, err
	}
	b.forms = b.allForms()
	return b, nil
}

// splitAuthority keeps the separators: userinfo ends in "@", port begins with
// ":". A colon begins the port only after the bracket of an IPv6 address.
func splitAuthority(authority string) (userinfo, host, port string) {
	at := strings.LastIndexByte(authority, '@') + 1
	userinfo, host = authority[:at], authority[at:]
	bracket := strings.LastIndexByte(host, ']') + 1
	if colon := strings.IndexByte(host[bracket:], ':'); colon >= 0 {
		host, port = host[:bracket+colon], host[bracket+colon:]
	}
	return userinfo, host, port
}

func (b BaseURL) check() error {
	switch {
	case b.host == "":
		return errors.New("must name a host, as in https://fallback.example.com")
	case !isHost(b.host):
		return errors.New("must name a host of letters, digits, dots and hyphens, or an IPv6 address in brackets")
	case b.port != "" && !isPort(b.port[1:]):
		return errors.New("must have a port between 1 and 65535, or none")
	}
	return nil
}

func isHost(host string) bool {
	inner, six := strings.CutPrefix(host, "[")
	if six {
		inner, ok := strings.CutSuffix(inner, "]")
		return ok && inner != "" && strings.Trim(inner, "0123456789abcdefABCDEF:.") == ""
	}
	for i := range len(host) {
		if c := host[i]; !isAlphanumeric(c) && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return host != ""
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

func (b BaseURL) allForms() (forms [6]string) {
	withPort := b.port
	if withPort == "" {
		withPort = defaultPort(b.scheme)
	}
	n := 0
	for _, small := range [...]bool{false, true} {
		for _, port := range [...]string{b.port, "", withPort} {
			form := b.form(port, small)
			if !slices.Contains(forms[:n], form) {
				forms[n] = form
				n++
			}
		}
	}
	return forms
}

func (b BaseURL) form(port string, small bool) string {
	scheme, host := b.scheme, b.host
	if small {
		scheme, host = strings.ToLower(scheme), strings.ToLower(host)
	}
	return scheme + "://" + b.userinfo + host + port + b.path
}

// as is the base that one of b's forms stands for.
func (b BaseURL) as(form string) BaseURL {
	if form == b.forms[0] {
		return b
	}
	signed, err := ParseBaseURL(form)
	if err != nil { // no form of a base is none
		return b
	}
	return signed
}

func defaultPort(scheme string) string {
	if strings.EqualFold(scheme, "https") {
		return ":443"
	}
	return ":80"
}

// IsZero says that no base URL is set.
func (b BaseURL) IsZero() bool { return b.host == "" }

// Path is what stands behind the host, "" for most: a proxy strips it.
func (b BaseURL) Path() string { return b.path }

// String is the URL without user name and password.
func (b BaseURL) String() string {
	if b.IsZero() {
		return ""
	}
	return b.scheme + "://" + b.host + b.port + b.path
}

// Candidates are the base URLs under which Twilio may have asked while
// PUBLIC_URL is unset: https, then http, with the host that the trusted proxy
// named and the one of the Host header, then both with the port that the proxy
// named. What names no proper host is left out.
func Candidates(r *Request) []BaseURL {
	schemes := []string{"https", "http"}
	if strings.EqualFold(firstOf(r.ForwardedProto), "http") {
		schemes = []string{"http", "https"}
	}
	bases := make([]BaseURL, 0, 8)
	port := firstOf(r.ForwardedPort)
	for _, host := range [...]string{firstOf(r.ForwardedHost), r.Host, onPort(firstOf(r.ForwardedHost), port), onPort(r.Host, port)} {
		for _, scheme := range schemes {
			base, err := ParseBaseURL(scheme + "://" + host)
			if err == nil && base.userinfo == "" && base.path == "" && !slices.ContainsFunc(bases, base.isSignedLike) {
				bases = append(bases, base)
			}
		}
	}
	return bases
}

// onPort is host with the port, "" where it names one itself.
func onPort(host, port string) string {
	if _, _, own := splitAuthority(host); own != "" || !isPort(port) {
		return ""
	}
	return host + ":" + port
}

// isSignedLike says whether all that b may be signed as the other is, too.
func (b BaseURL) isSignedLike(other BaseURL) bool {
	return !slices.ContainsFunc(b.forms[:], func(form string) bool { return !slices.Contains(other.forms[:], form) })
}

// firstOf takes the client's end of a list that several proxies have added to.
func firstOf(list string) string {
	first, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(first)
}
