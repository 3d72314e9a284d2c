package standby_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"go.uber.org/goleak"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
)

// examine looks once at a server of this machine.
func examine(t *testing.T, address string, o standby.ProbeOptions, within time.Duration) incident.Finding {
	t.Helper()
	o.AllowPrivate = true
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	return standby.NewExaminer(standby.ClientOptions{}).Examine(ctx, exam(t, address, o))
}

// isGood says whether a finding is one that says so and nothing else.
func isGood(f incident.Finding, answers string) bool {
	return f.OK && strings.HasPrefix(f.Said, answers+" in ") && strings.HasSuffix(f.Said, "s")
}

func TestWhatAPrimaryAnswersSaysWhetherItWorks(t *testing.T) {
	t.Parallel()
	status := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
	}
	to := func(location string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/other" {
				return
			}
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusFound)
		}
	}
	for name, c := range map[string]struct {
		health string
		answer http.HandlerFunc
		good   string
		bad    string
	}{
		"without a health_url":                   {"", status(200), "answers 200", ""},
		"without one, and nothing at its root":   {"", status(404), "answers 404", ""},
		"without one, and it wants a login":      {"", status(401), "answers 401", ""},
		"without one, and it knows no HEAD":      {"", status(501), "answers 501", ""},
		"without one, and it leads elsewhere":    {"", to("https://login.example.com/"), "answers 302", ""},
		"without one, and it fails":              {"", status(500), "", "TCP ok, answers 500"},
		"without one, and its proxy has nobody":  {"", status(502), "", "TCP ok, answers 502"},
		"with one":                               {"/healthz", status(200), "answers 200", ""},
		"with one that says nothing":             {"/healthz", status(204), "answers 204", ""},
		"with one that is more than is read":     {"/healthz", flood, "answers 200", ""},
		"with one that is not there":             {"/healthz", status(404), "", "TCP ok, answers 404"},
		"with one that is not well":              {"/healthz", status(503), "", "TCP ok, answers 503"},
		"with one that knows no GET":             {"/healthz", status(501), "", "TCP ok, answers 501"},
		"with one that moved":                    {"/healthz", to("/other"), "answers 200", ""},
		"with one that goes in circles":          {"/healthz", to("/healthz"), "", "TCP ok, it redirected more than once"},
		"with one that leads elsewhere":          {"/healthz", to("https://login.example.com/"), "", "TCP ok, it redirected to another server"},
		"with one that leads to nowhere":         {"/healthz", status(302), "", "TCP ok, it redirected to nowhere"},
		"with one that leads on in a new way":    {"/healthz", status(308), "", "TCP ok, it answered 308"},
		"with one that breaks off in the middle": {"/healthz", half, "", "TCP ok, connection broken off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan string, 8)
			server := serving(t, func(w http.ResponseWriter, r *http.Request) {
				asked <- r.Method + " " + r.RequestURI + " " + r.UserAgent()
				c.answer(w, r)
			})
			began := time.Now()
			f := examine(t, server.URL, standby.ProbeOptions{HealthURL: c.health}, ample)
			if c.good != "" && !isGood(f, c.good) || c.good == "" && (f.OK || f.Said != c.bad) || f.Health != (c.health != "") {
				t.Errorf("got %+v, want %q%q", f, c.good, c.bad)
			}
			if f.At.Before(began) || f.At.After(time.Now()) {
				t.Errorf("it is said to be of %s", f.At)
			}
			want := "HEAD / Backstop"
			if c.health != "" {
				want = "GET " + c.health + " Backstop"
			}
			if got := <-asked; got != want {
				t.Errorf("asked %q, want %q", got, want)
			}
		})
	}
}

// half sends less than it promised.
func half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "9")
	_, _ = io.WriteString(w, "x")
}

// raw is a server that does with each connection what it likes.
func raw(tb testing.TB, serve func(net.Conn)) (address string) {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	tb.Cleanup(func() { _ = listener.Close(); all.Wait() })
	return listener.Addr().String()
}

// writes has a server send that, for ever or once, whatever it is asked.
func writes(text string, every time.Duration) func(net.Conn) {
	return func(conn net.Conn) {
		for {
			if _, err := io.WriteString(conn, text); err != nil {
				return
			}
			if every == 0 {
				_, _ = io.Copy(io.Discard, conn)
				return
			}
			time.Sleep(every)
		}
	}
}

// silent reads and says nothing.
func silent(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

const brieflyFor = 300 * time.Millisecond

func TestAHostileServerIsSaidToBeOneInTimeAndInOurOwnWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		serve  func(net.Conn)
		scheme string
		want   string
	}{
		"never answers":             {silent, "http", "TCP ok, no answer within "},
		"never begins with TLS":     {silent, "https", "TCP ok, TLS: no answer within "},
		"hangs up":                  {func(net.Conn) {}, "http", "TCP ok, connection broken off"},
		"hangs up before TLS":       {func(net.Conn) {}, "https", "TCP ok, TLS: connection broken off"},
		"speaks something else":     {writes("SSH-2.0-OpenSSH_9.9 <script>\r\n\r\n", 0), "http", "TCP ok, what answers is no HTTP"},
		"speaks no TLS":             {writes("HTTP/1.1 400 Bad Request\r\n\r\n", 0), "https", "TCP ok, TLS: what answers does not speak TLS"},
		"drips its header":          {writes("H", 10*time.Millisecond), "http", "TCP ok, no answer within "},
		"has endless headers":       {writes("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<20)+"\r\n\r\n", 0), "http", "TCP ok, what answers is no HTTP"},
		"has endless informations":  {writes("HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n", time.Millisecond), "http", "TCP ok, no answer within "},
		"answers with a low status": {writes("HTTP/1.1 000 \x1b[31mhello\r\n\r\n", 0), "http", "TCP ok, what answers is no HTTP"},
		"refuses in the handshake":  {writes("\x15\x03\x01\x00\x02\x02\x28", 0), "https", "TCP ok, TLS: the server refuses"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began, within := time.Now(), 4*time.Second
			if strings.HasSuffix(c.want, "within ") { // else it says so itself, at once
				within = brieflyFor
			}
			f := examine(t, c.scheme+"://"+raw(t, c.serve), standby.ProbeOptions{}, within)
			if said, _, _ := strings.Cut(f.Said, "00 ms"); f.OK || strings.TrimRight(said, "1234") != c.want {
				t.Errorf("got %+v, want %q", f, c.want)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	server := serving(t, drip)
	if f := examine(t, server.URL, standby.ProbeOptions{HealthURL: "/healthz"}, brieflyFor); f.OK || !strings.HasPrefix(f.Said, "TCP ok, no answer within ") {
		t.Errorf("a document that drips: got %+v", f)
	}
}

func TestALookTakesThreeSecondsAtMost(t *testing.T) {
	t.Parallel()
	f := examine(t, "http://"+raw(t, silent), standby.ProbeOptions{}, time.Minute)
	if f.OK || f.Said != "TCP ok, no answer within 3 s" {
		t.Errorf("got %+v", f)
	}
}

func TestANameIsAStageOfItsOwn(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	_, port, _ := net.SplitHostPort(gone.Addr().String())
	for address, want := range map[string]string{
		"https://127.0.0.1:" + port: "connection refused",
		"https://localhost:" + port: "DNS ok, connection refused",
		"https://nowhere.invalid":   "name not found",
	} {
		if f := examine(t, address, standby.ProbeOptions{}, ample); f.OK || f.Said != want {
			t.Errorf("%s: got %+v, want %q", address, f, want)
		}
	}
}

func TestAnExaminationIsNotLedIntoTheHouse(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := serving(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for _, host := range []string{"localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "169.254.169.254", "[fd00::1]"} {
		f := standby.NewExaminer(standby.ClientOptions{}).Examine(t.Context(), exam(t, "http://"+host+":"+port, standby.ProbeOptions{HealthURL: "/healthz"}))
		if f.OK || !f.Moot || !strings.HasSuffix(f.Said, "its name leads to a private address: say allow_private if that is meant") || asked.Load() > 0 {
			t.Errorf("%s: got %+v, asked %d times", host, f, asked.Load())
		}
	}
}

func TestARedirectIsFollowedNowhereElse(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	other := serving(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	server := serving(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	for _, health := range []string{"", "/healthz"} {
		examine(t, server.URL, standby.ProbeOptions{HealthURL: health}, ample)
	}
	if asked.Load() > 0 {
		t.Error("another server was asked")
	}
}

// Not beside others, whose goroutines would be counted.
func TestALookLeavesNothingBehind(t *testing.T) { //nolint:paralleltest // it counts goroutines
	before := goleak.IgnoreCurrent()
	func() {
		ctx, cancel := context.WithTimeout(t.Context(), brieflyFor)
		defer cancel()
		examiner := standby.NewExaminer(standby.ClientOptions{})
		var all sync.WaitGroup
		for _, serve := range []func(net.Conn){silent, writes("H", 10*time.Millisecond), writes("HTTP/1.1 204 OK\r\n\r\n", 0), func(net.Conn) {}} {
			for _, scheme := range []string{"http://", "https://"} {
				for _, health := range []string{"", "/healthz"} {
					e := exam(t, scheme+raw(t, serve), standby.ProbeOptions{AllowPrivate: true, HealthURL: health})
					all.Go(func() { examiner.Examine(ctx, e) })
				}
			}
		}
		all.Wait()
	}()
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/backstop-project/backstop/recovery/standby_test.raw.func1"),
		goleak.IgnoreAnyFunction("github.com/backstop-project/backstop/recovery/standby_test.raw.func1.1"))
}

func TestALookThatNobodyWaitsForEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	e := exam(t, "https://"+raw(t, silent), standby.ProbeOptions{AllowPrivate: true})
	ended := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(ended)
		standby.NewExaminer(standby.ClientOptions{}).Examine(ctx, e)
	}()
	cancel()
	<-ended
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %s to notice", took)
	}
}

// Whatever a server sends, people read our words.
func FuzzWhatAServerSendsIsNotRepeated(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 302 Found\r\nLocation: https://evil.example/<b>\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nevil"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nevil"))
	f.Add([]byte("\x16\x03\x03\x00\x04evil"))
	sends := make(chan []byte, 1)
	address := raw(f, func(conn net.Conn) {
		select {
		case bytes := <-sends:
			_, _ = conn.Write(bytes)
			_ = conn.(*net.TCPConn).CloseWrite()
			_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			silent(conn)
		default: // a second one, which a redirect leads to
		}
	})
	examiner := standby.NewExaminer(standby.ClientOptions{})
	f.Fuzz(func(t *testing.T, sent []byte) {
		for _, o := range []standby.ProbeOptions{{AllowPrivate: true}, {AllowPrivate: true, HealthURL: "/healthz"}} {
			sends <- sent
			f := examiner.Examine(t.Context(), exam(t, "http://"+address, o))
			strange := strings.ContainsFunc(f.Said, func(r rune) bool { return !unicode.IsPrint(r) || r > unicode.MaxASCII || r == '<' })
			if f.Said == "" || strange || len(f.Said) > 100 || strings.Contains(f.Said, "evil") || strings.Contains(f.Said, address) {
				t.Errorf("it says %q of %q", f.Said, sent)
			}
			select {
			case <-sends: // it was not connected to
			default:
			}
		}
	})
}
