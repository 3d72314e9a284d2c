package hook_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/handlers/hook"
	"github.com/backstop-project/backstop/twilio/sim"
)

func TestPublicURLIsFoundByTheFirstSignatureThatMatches(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.ask(r.call("/fallback/voice", sim.Call{}))
	if len(r.found) != 1 || r.found[0] != r.server.URL {
		t.Errorf("found %v, want %s", r.found, r.server.URL)
	}
	if got := r.hook.Public().String(); got != r.server.URL {
		t.Errorf("Public: got %s, want %s", got, r.server.URL)
	}
}

func TestTheHostHeaderOfAReplayMakesNoPublicURL(t *testing.T) {
	t.Parallel()
	for claim, host := range map[string]string{
		"another port": "fallback.example.com:9999", "capitals": "FALLBACK.example.com", "the plain one": "fallback.example.com",
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			r.as(host, "https://fallback.example.com")
			if got := r.hook.Public().String(); got != "https://fallback.example.com" || len(r.found) != 1 || r.found[0] != got {
				t.Errorf("found %q, told %v; want what was signed", got, r.found)
			}
			r.as("inner:8080", "https://fallback.example.com")
			if got := len(r.recorder.all()); got != 2 {
				t.Errorf("recorded %d, want 2: what was found counts, whatever the Host", got)
			}
			r.as("other.example.com", "https://other.example.com")
			if got := len(r.recorder.all()); got != 3 || len(r.found) != 1 {
				t.Errorf("recorded %d, told %v; want 3 and the first address only", got, r.found)
			}
		})
	}
}

func TestBehindAProxyOnlyPublicURLCounts(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(s *hook.Settings) { s.Public = public(t, "https://fallback.example.com") })
	r.client.Via = r.server.URL
	request, err := sim.Call{}.Request(r.client.Account, "https://fallback.example.com/fallback/voice")
	if err != nil {
		t.Fatal(err)
	}
	e := r.client.Do(t.Context(), request)
	if !strings.HasSuffix(e.Failure(), "written=yes") {
		t.Errorf("signed for PUBLIC_URL: got %d %q", e.Status, e.Failure())
	}
	wrong := r.call("/fallback/voice", sim.Call{}) // signed for what the proxy calls us
	if e := r.ask(wrong); e.Failure() != "" {
		t.Errorf("signed for another address: got %q", e.Failure())
	}
}

func TestForwardedHeadersCountFromATrustedProxyOnly(t *testing.T) {
	t.Parallel()
	for _, trusted := range []bool{true, false} {
		r := newRig(t, func(s *hook.Settings) {
			if trusted {
				s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
			}
		})
		for _, signed := range []string{"https://fallback.example.com", "https://fallback.example.com:8443"} {
			request, err := sim.Call{}.Request(r.client.Account, signed+"/fallback/voice")
			if err != nil {
				t.Fatal(err)
			}
			before := len(r.recorder.all())
			r.form("/fallback/voice", string(request.Body), map[string]string{
				"X-Twilio-Signature": request.Header.Get("X-Twilio-Signature"),
				"X-Forwarded-Proto":  "https", "X-Forwarded-Host": "fallback.example.com", "X-Forwarded-Port": "8443",
			})
			if got := len(r.recorder.all()) > before; got != trusted {
				t.Errorf("proxy trusted %v, signed for %s: recorded %v", trusted, signed, got)
			}
		}
	}
}
