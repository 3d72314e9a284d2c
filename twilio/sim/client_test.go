package sim_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log" //nolint:depguard // net/http wants its Logger
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/twilio/sim"
)

const (
	prolog = `<?xml version="1.0" encoding="UTF-8"?>`
	xml    = "text/xml; charset=utf-8"
)

// answer writes a document as it should be written.
func answer(w http.ResponseWriter, document string) {
	w.Header().Set("Content-Type", xml)
	_, _ = w.Write([]byte(prolog + document))
}

// serve starts a server that lasts as long as the test.
func serve(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server.URL
}

// signed returns the request's form after checking its signature by the published rules, spelled out here again.
func signed(t *testing.T, r *http.Request) sim.Params {
	t.Helper()
	if err := r.ParseForm(); err != nil {
		t.Errorf("form: %v", err)
	}
	var params sim.Params
	for name, values := range r.PostForm {
		for _, value := range values {
			params = append(params, sim.Param{Name: name, Value: value})
		}
	}
	if got, want := r.Header.Get("X-Twilio-Signature"), sim.Sign(account().AuthToken, "http://"+r.Host+r.RequestURI, params); got != want {
		t.Errorf("%s %s is signed %s, want %s", r.Method, r.RequestURI, got, want)
	}
	params = nil
	for name, values := range r.Form {
		params = append(params, sim.Param{Name: name, Value: values[0]})
	}
	return params
}

func ask(t *testing.T, client sim.Client, address string) sim.Exchange {
	t.Helper()
	client.Account = account()
	request, err := sim.Call{}.Request(client.Account, address)
	if err != nil {
		t.Fatal(err)
	}
	return client.Do(t.Context(), request)
}

func code(e sim.Exchange) int {
	if e.Err == nil {
		return 0
	}
	return e.Err.Code
}

func TestAnAnswerComesBackWholeAndTimed(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if signed(t, r).Value("ErrorCode") != "11200" || !r.Close {
			t.Errorf("got form %v, close %v", r.PostForm, r.Close)
		}
		w.Header().Set("X-Backstop-Failure", "0190; written=yes")
		answer(w, "<Response/>")
	})
	e := ask(t, sim.Client{}, address+"/fallback/voice?a=b")
	if e.Err != nil || e.Status != 200 || string(e.Body) != prolog+"<Response/>" || e.Failure() != "0190; written=yes" || e.Attempts != 1 {
		t.Errorf("got %d %q %q after %d attempts, %v", e.Status, e.Body, e.Failure(), e.Attempts, e.Err)
	}
	if e.Timing.Connect <= 0 || e.Timing.FirstByte < e.Timing.Connect || e.Timing.Total < e.Timing.FirstByte {
		t.Errorf("got timing %+v, want it to grow", e.Timing)
	}
}

func TestTheSameRequestTwiceIsARetry(t *testing.T) {
	t.Parallel()
	var seen []string
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("X-Twilio-Signature")+r.Header.Get("I-Twilio-Idempotency-Token"))
		answer(w, "<Response/>")
	})
	request, err := sim.Message{}.Request(account(), address)
	if err != nil {
		t.Fatal(err)
	}
	client := sim.Client{Account: account()}
	client.Do(t.Context(), request)
	client.Do(t.Context(), request)
	if len(seen) != 2 || seen[0] != seen[1] {
		t.Errorf("got %q, want twice the same", seen)
	}
}

func TestFetchFailuresHaveTwiliosCodes(t *testing.T) {
	t.Parallel()
	hanging := serve(t, hang)
	halting := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("<Resp"))
		_ = http.NewResponseController(w).Flush()
		hang(w, r)
	})
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, "<Response/>") }))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	cases := []struct {
		name    string
		client  sim.Client
		address string
		code    int
	}{
		{"nobody listens", sim.Client{}, closedPort(t), 11202},
		{"a name that does not resolve", sim.Client{HTTP: &http.Client{Transport: &http.Transport{DialContext: unknownHost}}}, "http://www.example.com", 11210},
		{"a server that hangs is left at the read timeout", sim.Client{}, hanging + "#rt=100", 11205},
		{"a server that hangs is left at the total timeout", sim.Client{}, hanging + "#tt=100", 11203},
		{"an answer that stops half-way", sim.Client{}, halting + "#rt=100", 11205},
		{"a connection that is not made", sim.Client{HTTP: &http.Client{Transport: &http.Transport{DialContext: neverConnected}}}, "http://127.0.0.1:9/#ct=100&rc=0", 11201},
		{"something that is not HTTP", sim.Client{}, rawServer(t, "SSH-2.0-OpenSSH_9.9\r\n"), 11206},
		{"a connection that is cut", sim.Client{}, rawServer(t, ""), 11200},
		{"TLS where none is spoken", sim.Client{}, strings.Replace(hanging, "http:", "https:", 1), 11220},
		{"a certificate by nobody we know", sim.Client{}, secure.URL, 11237},
		{"a certificate for another host", sim.Client{HTTP: trusting(secure, "www.example.org", time.Now())}, secure.URL, 11235},
		{"a certificate of the past", sim.Client{HTTP: trusting(secure, "example.com", time.Now().AddDate(200, 0, 0))}, secure.URL, 11236},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := ask(t, tc.client, tc.address)
			if got := code(e); got != tc.code {
				t.Fatalf("got %d (%v), want %d", got, e.Err, tc.code)
			}
			if text := e.Err.Error(); strings.Contains(text, "CallSid") || !strings.Contains(text, "("+strconv.Itoa(tc.code)+")") {
				t.Errorf("got %q, want the code and no parameters", text)
			}
			if e.Err.Unwrap() == nil {
				t.Error("the error has no cause")
			}
		})
	}
}

// hang answers nothing until the client has gone, which net/http notices only behind a body that is read.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return "http://" + listener.Addr().String()
}

func unknownHost(context.Context, string, string) (net.Conn, error) {
	return nil, &net.DNSError{Err: "no such host", Name: "www.example.com", IsNotFound: true}
}

func neverConnected(ctx context.Context, _, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// rawServer answers every connection with those bytes and closes it.
func rawServer(t *testing.T, reply string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = connection.Read(make([]byte, 64<<10))
			_, _ = connection.Write([]byte(reply))
			connection.Close()
		}
	}()
	return "http://" + listener.Addr().String()
}

// trusting knows the server's certificate, and expects that name at that time.
func trusting(server *httptest.Server, name string, now time.Time) *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: name, Time: func() time.Time { return now }}}}
}

func TestRetriesAreThoseOfTheFragment(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, fragment string
		status, want   int
	}{
		{"an error is not retried by itself", "", 500, 1},
		{"5xx is, if the policy says so", "#rc=2&rp=5xx", 500, 3},
		{"4xx is not 5xx", "#rc=2&rp=5xx", 404, 1},
		{"4xx is, if the policy says so", "#rc=1&rp=ct,4xx", 404, 2},
		{"all is all", "#rc=9&rp=all", 503, 6},
		{"success is never repeated", "#rc=5&rp=all", 200, 1},
		{"nonsense is ignored", "#rc=x;y", 500, 1},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.WriteHeader(tc.status)
			})
			e := ask(t, sim.Client{}, address+tc.fragment)
			if int(asked.Load()) != tc.want || e.Attempts != tc.want || e.Status != tc.status {
				t.Errorf("asked %d times, says %d, status %d; want %d, %d", asked.Load(), e.Attempts, e.Status, tc.want, tc.status)
			}
		})
	}
}

func TestAConnectionThatFailsIsTriedTwice(t *testing.T) {
	t.Parallel()
	if e := ask(t, sim.Client{}, closedPort(t)); e.Attempts != 2 {
		t.Errorf("got %d attempts, want 2", e.Attempts)
	}
}

func TestRedirectsAreFollowedByGETWithoutExtras(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307} {
		address := serve(t, func(w http.ResponseWriter, r *http.Request) {
			params := signed(t, r)
			if r.URL.Path == "/start" {
				http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes"})
				w.Header().Set("Location", "elsewhere/?x=1")
				w.WriteHeader(status)
				return
			}
			cookie, err := r.Cookie("seen")
			if err != nil || cookie.Value != "yes" {
				t.Errorf("%d: cookie %v, %v", status, cookie, err)
			}
			if r.Method != "GET" || r.URL.Path != "/elsewhere/" || params.Value("x") != "1" || params.Value("From") == "" || params.Value("Digits") != "" {
				t.Errorf("%d: got %s %s", status, r.Method, r.RequestURI)
			}
			answer(w, "<Response/>")
		})
		request, err := sim.Call{Situation: sim.MidCall}.Request(account(), address+"/start")
		if err != nil {
			t.Fatal(err)
		}
		e := sim.Client{Account: account()}.Do(t.Context(), request)
		if e.Status != 200 || e.Attempts != 2 || e.Request.Method != "GET" {
			t.Errorf("%d: got status %d after %d attempts, %v", status, e.Status, e.Attempts, e.Err)
		}
	}
}

func TestRedirectsThatTwilioDoesNotFollow(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name             string
		status           int
		location         string
		code, wantedHops int
	}{
		{"308", 308, "/", 11216, 1},
		{"300", 300, "/", 11216, 1},
		{"without a Location", 302, "", 11216, 1},
		{"to what is no web address", 302, "mailto:a@example.com", 11216, 1},
		{"more than ten", 302, "/again", 11215, 11},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", tc.location)
				w.WriteHeader(tc.status)
			})
			e := ask(t, sim.Client{}, address)
			if code(e) != tc.code || e.Attempts != tc.wantedHops {
				t.Errorf("got %v after %d requests, want %d after %d", e.Err, e.Attempts, tc.code, tc.wantedHops)
			}
		})
	}
}

func TestCredentialsAreSentOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	var seen []string
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, given := r.BasicAuth()
		seen = append(seen, user+":"+password)
		if !given {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(w, "<Response/>")
	})
	e := ask(t, sim.Client{}, strings.Replace(address, "http://", "http://user:pass@", 1))
	if diff := cmp.Diff([]string{":", "user:pass"}, seen); diff != "" {
		t.Error(diff)
	}
	if e.Status != 200 || e.Attempts != 2 || !strings.HasPrefix(e.Request.URL, "http://user:pass@") {
		t.Errorf("got status %d after %d attempts, signed for %s", e.Status, e.Attempts, e.Request.URL)
	}
}

func TestBehindAProxyThePublicAddressIsSigned(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "fallback.example.com" {
			t.Errorf("got Host %s", r.Host)
		}
		answer(w, "<Response/>")
	})
	e := ask(t, sim.Client{Via: address}, "https://fallback.example.com/fallback/voice")
	if e.Err != nil || e.Request.URL != "https://fallback.example.com/fallback/voice" {
		t.Errorf("got %s, %v", e.Request.URL, e.Err)
	}
	if e := ask(t, sim.Client{Via: "nowhere"}, "https://fallback.example.com/"); !errors.Is(e.Err, sim.ErrURL) {
		t.Errorf("got %v, want ErrURL", e.Err)
	}
}

func TestConnectionsAreKeptIfWanted(t *testing.T) {
	t.Parallel()
	ports := map[string]bool{}
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		ports[r.RemoteAddr] = true
		answer(w, "<Response/>")
	})
	client := sim.Client{KeepAlive: true, HTTP: &http.Client{Transport: &http.Transport{}}}
	ask(t, client, address)
	ask(t, client, address)
	if len(ports) != 1 {
		t.Errorf("got %d connections, want one", len(ports))
	}
}

func TestAWholeOversizedAnswerIsNotRead(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	if e := ask(t, sim.Client{}, address); len(e.Body) != sim.MaxDocument+1 {
		t.Errorf("got %d bytes, want %d", len(e.Body), sim.MaxDocument+1)
	}
}
