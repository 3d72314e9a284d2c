package standby_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/notify/notifytest"
	"github.com/backstop-project/backstop/recovery/standby"
)

const good = `<?xml version="1.0" encoding="UTF-8"?><Response><Gather action="/menu"><Say>Hello</Say></Gather></Response>`

// question is a call that failed.
func question(method string) *standby.Question {
	return &standby.Question{
		Method: method, Failed: "https://www.example.com/voice", Token: "the-token", Voice: true,
		Params: []standby.Param{{Name: "CallSid", Value: "CA1"}, {Name: "From", Value: "+49 30&1"}, {Name: "CallSid", Value: "CA2"}, {Name: "ErrorCode", Value: "11200"}, {Name: "ErrorUrl", Value: "https://www.example.com/voice"}, {Name: "Empty"}},
		Sign: func(url string, form []standby.Param) (string, bool) {
			var names strings.Builder
			for _, p := range form {
				names.WriteString(p.Name + "=" + p.Value + ";")
			}
			return "signed " + url + " " + names.String(), true
		},
	}
}

// What a target has for its answer here: short enough to be waited for in vain,
// or long enough for a busy machine.
const (
	within = time.Second
	ample  = 10 * time.Second
)

func ask(t *testing.T, server *httptest.Server, q *standby.Question, timeout time.Duration) (string, error) {
	t.Helper()
	to := target(t, standby.Options{URL: server.URL + "/voice", AllowPrivate: true, Timeout: timeout})
	doc, err := standby.NewClient(standby.ClientOptions{}).Ask(t.Context(), &to, server.URL+"/voice", q)
	return string(doc), err
}

func serving(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

func TestAStandbyIsAskedAsTwilioAsks(t *testing.T) {
	t.Parallel()
	type heard struct{ Method, URI, Body, Type, Token, Signature, Accept string }
	for method, want := range map[string]heard{
		"POST": {
			Method: "POST", URI: "/voice", Body: "CallSid=CA1&From=%2B49+30%261&CallSid=CA2&Empty=",
			Type: "application/x-www-form-urlencoded; charset=UTF-8", Token: "the-token", Accept: "*/*",
			Signature: "signed BASE/voice CallSid=CA1;From=+49 30&1;CallSid=CA2;Empty=;",
		},
		"GET": {
			Method: "GET", URI: "/voice?CallSid=CA1&From=%2B49+30%261&CallSid=CA2&Empty=", Token: "the-token", Accept: "*/*",
			Signature: "signed BASE/voice?CallSid=CA1&From=%2B49+30%261&CallSid=CA2&Empty=",
		},
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			var got heard
			server := serving(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = heard{r.Method, r.RequestURI, string(body), r.Header.Get("Content-Type"), r.Header.Get("I-Twilio-Idempotency-Token"), r.Header.Get("X-Twilio-Signature"), r.Header.Get("Accept")}
				_, _ = io.WriteString(w, good)
			})
			doc, err := ask(t, server, question(method), ample)
			if err != nil || !strings.Contains(doc, `action="`+server.URL+`/menu"`) {
				t.Errorf("got %s, %v", doc, err)
			}
			got.Signature = strings.TrimSpace(strings.ReplaceAll(got.Signature, server.URL, "BASE"))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAStandbyMayHearWhatFailed(t *testing.T) {
	t.Parallel()
	server := serving(t, func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("ErrorCode") != "11200" || r.FormValue("ErrorUrl") != "https://www.example.com/voice" {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = io.WriteString(w, good)
	})
	to := target(t, standby.Options{URL: server.URL + "/voice", AllowPrivate: true, WithError: true})
	if _, err := standby.NewClient(standby.ClientOptions{}).Ask(t.Context(), &to, server.URL+"/voice", question("POST")); err != nil {
		t.Error(err)
	}
}

func TestAStandbyThatCannotServeIsSaidToInOneLine(t *testing.T) {
	t.Parallel()
	packed := func(document string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, document)
			_ = z.Close()
		}
	}
	says := func(document string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, document) }
	}
	to := func(location string, status int) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(status)
		}
	}
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		want   string // "" for a good answer
	}{
		"packed":            {packed(good), ""},
		"hangs":             {hang, "no answer in time (1s at most)"},
		"drips":             {drip, "no answer in time (1s at most)"},
		"sends 200 MB":      {flood, "larger than 64 kB"},
		"sends a gzip bomb": {packed("<Response>" + strings.Repeat(" ", 4<<20) + "</Response>"), "larger than 64 kB"},
		"sends no gzip as gzip": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, good)
		}, "could not be asked"},
		"breaks off": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "broke the connection off"},
		"breaks off in the middle": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "900")
			_, _ = io.WriteString(w, good)
		}, "broke the connection off"},
		"falls silent in the middle": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, good[:20])
			_ = http.NewResponseController(w).Flush()
			hang(w, r)
		}, "no answer in time (1s at most)"},
		"resets the connection in the middle": {resetting, "broke the connection off"},
		"asks for a pause": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		}, "answered 429"},
		"is overloaded": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "answered 503"},
		"answers by JSON": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"say":"hello"}`)
		}, "no TwiML"},
		"calls its TwiML plain text": {func(w http.ResponseWriter, _ *http.Request) { // from us it has the right name
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, good)
		}, ""},
		"sends endless headers": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 1<<20))
			_, _ = io.WriteString(w, good)
		}, "could not be asked"},
		"fails": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, good)
		}, "answered 500"},
		"wants a login":           {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "answered 401"},
		"says nothing":            {says(""), "is empty"},
		"shows a login page":      {says("<!DOCTYPE html><html><form></form></html>"), "no TwiML"},
		"shows a login page in X": {says("<html><body/></html>"), "<html>"},
		"sends broken XML":        {says("<Response><Say>Hello</Response>"), "no TwiML"},
		"sends entities":          {says(`<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><Response><Say>&a;</Say></Response>`), "document type"},
		"sends an unknown verb":   {says("<Response><Explode/></Response>"), "<Explode>"},
		"sends a message's verbs": {says("<Response><Message>Hello</Message></Response>"), "<Message>"},
		"redirects to itself":     {to("/voice", http.StatusFound), "more than once"},
		"redirects elsewhere":     {to("https://evil.example/", http.StatusFound), "another server"},
		"redirects by //":         {to("//evil.example/", http.StatusMovedPermanently), "another server"},
		"redirects with a user":   {to("http://u@127.0.0.1/", http.StatusSeeOther), "another server"},
		"redirects to nowhere":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) }, "to nowhere"},
		"redirects by 308":        {to("/other", http.StatusPermanentRedirect), "answered 308"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := ample
			if strings.Contains(c.want, "in time") {
				timeout = within
			}
			doc, err := ask(t, serving(t, c.answer), question("POST"), timeout)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n")):
				t.Errorf("got %v, want %q in one line; %s", err, c.want, doc)
			case err != nil && strings.Contains(err.Error(), "127.0.0.1"):
				t.Errorf("it names the address: %v", err)
			}
		})
	}
}

// hang says nothing for as long as somebody waits. Whether somebody does shows
// only once the request was read.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// resetting begins a good document, and forgets the connection.
func resetting(w http.ResponseWriter, _ *http.Request) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = buffered.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<Response>")
	_ = buffered.Flush()
	_ = conn.(*net.TCPConn).SetLinger(0) // so that its end is RST
	_ = conn.Close()
}

// drip sends a good document, one byte a moment.
func drip(w http.ResponseWriter, r *http.Request) {
	for i := range good {
		if r.Context().Err() != nil {
			return
		}
		_, _ = io.WriteString(w, good[i:i+1])
		_ = http.NewResponseController(w).Flush()
		time.Sleep(50 * time.Millisecond)
	}
}

// flood sends 200 MB for as long as somebody takes them.
func flood(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "<Response>")
	chunk := bytes.Repeat([]byte(" "), 1<<20)
	for range 200 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func TestARedirectOnTheSameServerIsFollowedOnceAndByGET(t *testing.T) {
	t.Parallel()
	server := serving(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/voice" {
			http.Redirect(w, r, "/deep/other?a=1#x", http.StatusSeeOther)
			return
		}
		if r.Method != http.MethodGet || r.FormValue("CallSid") != "CA1" || r.FormValue("a") != "1" || !strings.Contains(r.Header.Get("X-Twilio-Signature"), "/deep/other?a=1&CallSid=CA1") {
			t.Errorf("asked %s %s, signed %q", r.Method, r.RequestURI, r.Header.Get("X-Twilio-Signature"))
		}
		_, _ = io.WriteString(w, `<Response><Redirect>next</Redirect></Response>`)
	})
	doc, err := ask(t, server, question("POST"), ample)
	if err != nil || !strings.Contains(doc, ">"+server.URL+"/deep/next<") {
		t.Errorf("got %s, %v", doc, err)
	}
}

func TestAServerThatIsNotThereIsSaidSo(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "http://" + listener.Addr().String()
	_ = listener.Close()
	plain := serving(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, good) })
	for address, want := range map[string]string{
		gone:                              "refuses connections",
		"http://nowhere.invalid":          "no host of its name",
		"https" + plain.URL[len("http"):]: "does not speak TLS",
	} {
		to := target(t, standby.Options{URL: address, AllowPrivate: true, Timeout: ample})
		if _, err := standby.NewClient(standby.ClientOptions{}).Ask(t.Context(), &to, address+"/", question("POST")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", address, err, want)
		}
	}
}

// failing stands in for a network where nothing can be reached, for that reason.
type failing struct{ why error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.why }

func TestThatNoNameIsLookedUpIsNotHeldAgainstTheName(t *testing.T) {
	t.Parallel()
	to := target(t, standby.Options{URL: "https://standby.example.com", Timeout: ample})
	for claim, c := range map[string]struct {
		why  net.DNSError
		want string
	}{
		"a name that nobody has":        {net.DNSError{Err: "no such host", IsNotFound: true}, "there is no host of its name"},
		"a name server that fails":      {net.DNSError{Err: "server misbehaving", IsTemporary: true}, "its name could not be looked up"},
		"a name server that is silent":  {net.DNSError{Err: "i/o timeout", IsTimeout: true}, "its name could not be looked up"},
		"a name server that is nowhere": {net.DNSError{Err: "connection refused"}, "its name could not be looked up"},
	} {
		client := standby.NewClient(standby.ClientOptions{Transport: failing{&net.OpError{Op: "dial", Err: &c.why}}})
		if _, err := client.Ask(t.Context(), &to, "https://standby.example.com/", question("POST")); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %q", claim, err, c.want)
		}
	}
}

func TestAServerThatTakesNoConnectionIsWaitedForNoLongerThanItsTime(t *testing.T) {
	t.Parallel()
	address := "http://" + notifytest.Unreached(t)
	to := target(t, standby.Options{URL: address, AllowPrivate: true, Timeout: within})
	began := time.Now()
	_, err := standby.NewClient(standby.ClientOptions{}).Ask(t.Context(), &to, address+"/", question("POST"))
	if err == nil || err.Error() != "no answer in time (1s at most)" || time.Since(began) > ample {
		t.Errorf("got %v after %s", err, time.Since(began))
	}
}

func TestANameThatLeadsIntoTheHouseIsNotConnectedTo(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := serving(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, good)
	})
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "[fd00::1]", "[fe80::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255"} {
		address := "http://" + host + ":" + port
		to := target(t, standby.Options{URL: address, Timeout: ample})
		if _, err := standby.NewClient(standby.ClientOptions{}).Ask(t.Context(), &to, address+"/", question("POST")); err == nil || !strings.Contains(err.Error(), "private address") {
			t.Errorf("%s: got %v, want it refused as private", host, err)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the server in the house was asked %d times", n)
	}
}

func TestACertificateIsLookedAt(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, c := range map[string]struct {
		until   time.Time
		host    string
		trusted bool
		want    string
	}{
		"good":             {now.Add(time.Hour), "127.0.0.1", true, ""},
		"expired":          {now.Add(-time.Hour), "127.0.0.1", true, "has expired"},
		"of somebody else": {now.Add(time.Hour), "127.0.0.2", true, "for another name"},
		"signed by itself": {now.Add(time.Hour), "127.0.0.1", false, "not trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			certificate, pool := certify(t, c.host, c.until)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, good) }))
			server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug) // of refused certificates
			server.StartTLS()
			t.Cleanup(server.Close)
			if !c.trusted {
				pool = x509.NewCertPool()
			}
			to := target(t, standby.Options{URL: server.URL, AllowPrivate: true, Timeout: ample})
			_, err := standby.NewClient(standby.ClientOptions{TLS: &tls.Config{RootCAs: pool}}).Ask(t.Context(), &to, server.URL+"/", question("POST"))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// certify makes a certificate for an address that the pool trusts.
func certify(t *testing.T, address string, until time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "standby"}, IPAddresses: []net.IP{net.ParseIP(address)},
		NotBefore: until.Add(-24 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, pool
}

func TestNobodyWaitsForSomebodyElsesHungFetch(t *testing.T) {
	t.Parallel()
	server := serving(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hung" {
			hang(w, r)
			return
		}
		_, _ = io.WriteString(w, good)
	})
	to := target(t, standby.Options{URL: server.URL, AllowPrivate: true, Timeout: time.Minute})
	client := standby.NewClient(standby.ClientOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 200)
	for range cap(ended) {
		go func() {
			_, err := client.Ask(ctx, &to, server.URL+"/hung", question("POST"))
			ended <- err
		}()
	}
	for range 20 {
		if _, err := client.Ask(ctx, &to, server.URL+"/voice", question("POST")); err != nil {
			t.Error(err)
		}
	}
	if len(ended) > 0 {
		t.Errorf("%d of the hung ones ended: %v", len(ended), <-ended)
	}
	cancel()
	for range cap(ended) {
		<-ended
	}
}

func TestAServerThatNeverFinishesTLSHoldsNoConnection(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{}, 1)
	address := "https://" + raw(t, func(conn net.Conn) { silent(conn); ended <- struct{}{} })
	to := target(t, standby.Options{URL: address, AllowPrivate: true, Timeout: 100 * time.Millisecond})
	if _, err := standby.NewClient(standby.ClientOptions{}).Ask(t.Context(), &to, address+"/", question("POST")); err == nil {
		t.Error("it has answered")
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the connection is held though nobody waits for it")
	}
}
