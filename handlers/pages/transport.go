package pages

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// transport is how a request travelled, as far as it can be known.
type transport uint8

const (
	plainHTTP transport = iota // readable on its way: no login
	loopback                   // never left the machine of the one who asks
	https
)

// transportOf decides by what cannot be read off the request's own headers
// wherever possible. A header X-Forwarded-Proto counts from a trusted proxy
// only; without it, the host that people asked for is https where PUBLIC_URL
// or admin_url says so. A name of the loopback means that the browser speaks
// to its own machine, unless a proxy stands between.
func (s Settings) transportOf(r *http.Request) transport {
	if r.TLS != nil {
		return https
	}
	if proto := r.Header.Get("X-Forwarded-Proto"); proto != "" && s.trusts(r.RemoteAddr) {
		first, _, _ := strings.Cut(proto, ",")
		if strings.EqualFold(strings.TrimSpace(first), "https") {
			return https
		}
		return plainHTTP
	}
	if slices.Contains(s.httpsHosts(), strings.ToLower(r.Host)) {
		return https
	}
	if isLoopback(r.Host) && !forwarded(r) {
		return loopback
	}
	return plainHTTP
}

// httpsHosts are the hosts that the configuration knows to be https.
func (s Settings) httpsHosts() []string {
	var hosts []string
	for _, origin := range s.origins() {
		if host, ok := strings.CutPrefix(origin, "https://"); ok {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// origins are the addresses that the pages are known to be reached by, as a
// browser writes them in Origin.
func (s Settings) origins() []string {
	var origins []string
	for _, raw := range []string{s.PublicURL, s.AdminURL} {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" {
			continue
		}
		host := strings.ToLower(u.Host)
		if u.Scheme == "https" {
			host = strings.TrimSuffix(host, ":443")
		} else {
			host = strings.TrimSuffix(host, ":80")
		}
		origins = append(origins, u.Scheme+"://"+host)
	}
	return origins
}

func (s Settings) trusts(remote string) bool {
	addr, ok := parseAddr(remote)
	return ok && slices.ContainsFunc(s.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// forwarded says whether a proxy has passed the request on.
func forwarded(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return false
}

func isLoopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.Unmap().IsLoopback()
}

// clientOf is the address that attempts to log in are counted by: the nearest
// one that is no trusted proxy, and of IPv6 the network that one household has.
func (s Settings) clientOf(r *http.Request) string {
	addr, ok := parseAddr(r.RemoteAddr)
	if !ok {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusts(addr.String()); i-- {
		next, ok := parseAddr(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		addr = next
	}
	if addr.Is6() {
		return netip.PrefixFrom(addr, 64).Masked().String()
	}
	return addr.String()
}

func parseAddr(s string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(s); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return addr.Unmap().WithZone(""), err == nil
}
