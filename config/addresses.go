package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/backstop-project/backstop/twilio"
)

// publicURL is the address that Twilio knows.
func (r *review) publicURL(v value) twilio.BaseURL {
	if !v.set() {
		return twilio.BaseURL{}
	}
	if strings.Contains(v.text, "#") {
		r.mistake(v, "has a fragment (#…)", "leave it out: connection settings such as #rc=3 belong to the URLs that you set at Twilio")
		return twilio.BaseURL{}
	}
	base, err := twilio.ParseBaseURL(v.text)
	if err != nil {
		r.mistake(v, err.Error(), "write it as Twilio is to reach it, as in https://fallback.example.com")
		return twilio.BaseURL{}
	}
	u, err := url.Parse(base.String())
	switch {
	case err != nil:
		r.mistake(v, "is no URL", "write it as Twilio is to reach it, as in https://fallback.example.com")
	case local(u.Hostname()):
		r.warn(v, "is an address of this machine or its network: Twilio cannot reach it")
	case u.Scheme == "http":
		r.warn(v, "is not https: what Twilio sends, callers' numbers among it, crosses the Internet in the clear")
	}
	return base
}

// adminURL is where people find the pages, without a slash at its end.
func (r *review) adminURL(v value) string {
	u := r.webURL(v, "write the address of the pages, as in https://backstop.example.com")
	if u == nil {
		return ""
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		r.warn(v, "is not https: nobody can log in over it")
	}
	return strings.TrimRight(u.String(), "/")
}

// webURL reads an http(s) URL that has nothing behind its path; nil where
// there is none.
func (r *review) webURL(v value, remedy string) *url.URL {
	if !v.set() {
		return nil
	}
	u, err := url.Parse(v.text)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		r.mistake(v, "is no URL", remedy)
	case u.Scheme != "http" && u.Scheme != "https":
		r.mistake(v, "is neither https:// nor http://", remedy)
	case u.User != nil:
		r.mistake(v, "holds a user name", "leave it out; "+remedy)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		r.mistake(v, "has a query (?…) or a fragment (#…)", "leave it out; "+remedy)
	case !validPort(u.Port()):
		r.mistake(v, "has an impossible port", remedy)
	default:
		return u
	}
	return nil
}

// loopback says whether a host is this machine.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// local says whether a host is of this machine or of a private network.
func local(host string) bool {
	ip, err := netip.ParseAddr(host)
	return loopback(host) || err == nil && (ip.IsPrivate() || ip.IsUnspecified() || ip.IsLinkLocalUnicast())
}

// listen is an address to listen on.
func (r *review) listen(v value, otherwise string) string {
	if !v.set() {
		return otherwise
	}
	const remedy = `write host:port, or :8080 for every address of the machine`
	host, port, err := net.SplitHostPort(v.text)
	switch {
	case err != nil || port == "":
		r.mistake(v, "is no address to listen on", remedy)
	case !validPort(port):
		r.mistake(v, "has a port that is not between 0 and 65535", remedy)
	case strings.ContainsAny(host, " /@"):
		r.mistake(v, "has a host that is none", remedy)
	default:
		return v.text
	}
	return ""
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	_, err := strconv.ParseUint(port, 10, 16)
	return err == nil
}

// separate refuses two listeners on one address.
func (r *review) separate(v value, admin, public string) {
	if admin != "" && admin == public && !strings.HasSuffix(admin, ":0") {
		r.mistake(v, "is the address that Twilio's requests go to, too", "choose another port, or leave it out: then one port serves all")
	}
}

// trustedProxies are the networks whose X-Forwarded-… headers are believed.
func (r *review) trustedProxies(values []value) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, v := range commaSplit(values) {
		prefix, err := parsePrefix(v.text)
		if err != nil {
			r.mistake(v, "is no IP address and no network", "write addresses such as 10.0.0.7 or networks such as 10.0.0.0/8")
			continue
		}
		if prefix.Bits() == 0 {
			r.warn(v, "trusts everybody: whoever connects can pretend to be anyone")
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes
}

func parsePrefix(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		prefix, err := netip.ParsePrefix(text)
		return prefix.Masked(), err
	}
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("parse address: %w", err)
	}
	return netip.PrefixFrom(ip.WithZone(""), ip.BitLen()), nil
}
