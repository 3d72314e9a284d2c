package standby_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/backstop-project/backstop/recovery/standby"
)

// missed is a message that a server has not had, of that path there.
func missed(server *httptest.Server, method, path string) *standby.Question {
	q := question(method)
	q.Failed, q.Voice = server.URL+path, false
	q.Params = append(q.Params, standby.Param{Name: "Body", Value: "STOP"})
	return q
}

func send(t *testing.T, q *standby.Question) (standby.Taken, error) {
	t.Helper()
	return standby.NewSender(standby.ClientOptions{}).Send(t.Context(), q, true)
}

func TestAServerGetsWhatItMissedAsTwilioWouldHaveSentIt(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]string{
		"POST": "POST /sms?shop=1 CallSid=CA1&From=%2B49+30%261&CallSid=CA2&Empty=&Body=STOP the-token signed BASE/sms?shop=1 CallSid=CA1;From=+49 30&1;CallSid=CA2;Empty=;Body=STOP;",
		"GET":  "GET /sms?shop=1&CallSid=CA1&From=%2B49+30%261&CallSid=CA2&Empty=&Body=STOP  the-token signed BASE/sms?shop=1&CallSid=CA1&From=%2B49+30%261&CallSid=CA2&Empty=&Body=STOP",
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			var got string
			server := serving(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = strings.Join([]string{r.Method, r.RequestURI, string(body), r.Header.Get("I-Twilio-Idempotency-Token"), r.Header.Get("X-Twilio-Signature")}, " ")
				_, _ = io.WriteString(w, "<Response>\n  <Message>Good\x00bye</Message>\n</Response>"+strings.Repeat("x", 5000))
			})
			taken, err := send(t, missed(server, method, "/sms?shop=1#rc=2"))
			if err != nil || !taken.OK() || !taken.Reached || !strings.HasPrefix(taken.Begins, "<Response> <Message>Good bye</Message> </Response>xxx") || len([]rune(taken.Begins)) != 200 {
				t.Errorf("got %+v, %v", taken, err)
			}
			if got = strings.TrimSpace(strings.ReplaceAll(got, server.URL, "BASE")); got != want {
				t.Errorf("it got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestAnAddressWithoutAPathIsSignedAsItIsAsked(t *testing.T) {
	t.Parallel()
	server := serving(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.RequestURI != "/?a=1" || !strings.Contains(r.Header.Get("X-Twilio-Signature"), r.Host+"/?a=1 ") {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	if taken, err := send(t, missed(server, "POST", "?a=1")); err != nil || !taken.OK() {
		t.Errorf("got %+v, %v", taken, err)
	}
}

func TestWhatCannotHaveArrivedIsToldFromWhatMayHave(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	hangsUp := serving(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	})
	for name, c := range map[string]struct {
		server  *httptest.Server
		reached bool
		why     string
	}{
		"nobody listens":        {closed, false, "it refuses connections"},
		"it hangs up on us":     {hangsUp, true, "it broke the connection off"},
		"it does not speak TLS": {&httptest.Server{URL: strings.Replace(hangsUp.URL, "http:", "https:", 1)}, false, "it does not speak TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, method := range []string{"POST", "GET"} {
				taken, err := send(t, missed(c.server, method, "/sms"))
				if err == nil || err.Error() != c.why || taken.Reached != c.reached || taken.OK() {
					t.Errorf("%s: got %+v, %v, want %v, %s", method, taken, err, c.reached, c.why)
				}
			}
		})
	}
}

// A GET that is sent again by net/http itself would arrive twice.
func TestARequestGoesOutOnceWhateverTheServerDoes(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := serving(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if asked.Add(1)%2 == 0 {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "<Response/>")
	})
	sender := standby.NewSender(standby.ClientOptions{})
	for range 4 {
		_, _ = sender.Send(t.Context(), missed(server, "GET", "/sms"), true)
	}
	if got := asked.Load(); got != 4 {
		t.Errorf("asked %d times for 4 messages", got)
	}
}

func TestARedirectIsFollowedOnceOnTheSameServerOnly(t *testing.T) {
	t.Parallel()
	elsewhere := serving(t, func(http.ResponseWriter, *http.Request) { t.Error("another server was contacted") })
	server := serving(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/sms", http.StatusFound)
		case "/away":
			http.Redirect(w, r, elsewhere.URL+"/sms", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/sms":
			if r.Method != http.MethodGet || r.URL.Query().Get("Body") != "STOP" {
				t.Errorf("redirected to %s %s", r.Method, r.URL)
			}
		}
	})
	for path, want := range map[string]int{"/moved": 200, "/away": 302, "/round": 302} {
		if taken, err := send(t, missed(server, "POST", path)); err != nil || taken.Status != want {
			t.Errorf("%s: got %+v, %v", path, taken, err)
		}
	}
}

func TestNothingIsSentIntoAPrivateNetworkUnlessThatIsMeant(t *testing.T) {
	t.Parallel()
	server := serving(t, func(http.ResponseWriter, *http.Request) { t.Error("it was contacted") })
	taken, err := standby.NewSender(standby.ClientOptions{}).Send(t.Context(), missed(server, "POST", "/sms"), false)
	if err == nil || taken.Reached || !strings.Contains(err.Error(), "allow_private") {
		t.Errorf("got %+v, %v", taken, err)
	}
}

func TestOnlyPlainAddressesOnPrimariesCanBeSentTo(t *testing.T) {
	t.Parallel()
	primaries, err := standby.Primaries{}.With("https://www.example.com")
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"https://www.example.com/sms?a=%20b":  "",
		"https://WWW.example.com:443/sms#rc2": "",
		"":                                    "named no address",
		"https://other.example.com/sms":       "none of the servers",
		"http://www.example.com/sms":          "none of the servers",
		"https://www.example.com.evil.com/":   "none of the servers",
		"https://me@www.example.com/sms":      "not a plain one",
		"https://www.example.com/ü":           "not a plain one",
		"https://www.example.com/a\\b":        "not a plain one",
		"javascript://www.example.com/":       "none of the servers",
	} {
		server, why := primaries.Sendable(address)
		if want == "" && (why != "" || server != "https://www.example.com") || !strings.Contains(why, want) {
			t.Errorf("%q: got %q, %q", address, server, why)
		}
	}
}
