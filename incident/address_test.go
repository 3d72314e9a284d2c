package incident_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/incident"
)

// An address is taken apart as the standard library does it, which has a way of its
// own for the few that are not plain.
func FuzzHostIsWhereTheAddressLeads(f *testing.F) {
	for _, address := range []string{
		"https://www.example.com/voice", "http://www.example.com:80/", "https://www.example.com:8443?x=%zz", "HTTPS://WWW.Example.com:443/a",
		"https://user:pw@www.example.com/", "http://[::1]:80/", "https://www.example.com:x/", "https://www.example.com/%zz", "https://a b/",
		"https://www.example.com/#%zz", "https:///voice", "www.example.com/voice", "http://:80", "https://a:1:2/", "https://a_b/", "",
	} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		got := incident.Host(address)
		u, err := url.Parse(address)
		if err != nil {
			if got != "" {
				t.Errorf("%q leads to %q, and is no address: %v", address, got, err)
			}
			return
		}
		want := strings.ToLower(u.Host)
		if u.Scheme == "http" || u.Scheme == "https" {
			want = strings.TrimSuffix(want, map[string]string{"http": ":80", "https": ":443"}[u.Scheme])
		}
		if isPlain(want) && len(want) <= 253 && got != want {
			t.Errorf("%q leads to %q, want %q", address, got, want)
		}
	})
}

// isPlain says whether pages show it letter by letter.
func isPlain(host string) bool {
	return !strings.ContainsFunc(host, func(c rune) bool { return c <= ' ' || c >= 0x7f })
}
