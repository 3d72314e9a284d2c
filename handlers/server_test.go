package handlers_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/goleak"

	"github.com/backstop-project/backstop/handlers"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio/twiml"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a server at its bound, on a port of its own.
type house struct {
	t       *testing.T
	address string
	limit   *handlers.ConnectionCap
	idles   atomic.Int64  // how often a connection fell idle
	asks    string        // the request of whoever asks something
	release chan struct{} // closed: requests to /slow are answered
	slow    sync.WaitGroup
}

func newHouse(t *testing.T, connections int) *house {
	t.Helper()
	h := &house{t: t, asks: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", release: make(chan struct{})}
	mux := http.NewServeMux()
	slow := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		h.slow.Done()
		<-h.release
		_, _ = io.WriteString(w, "slow")
	}
	mux.HandleFunc("/slow", slow)
	mux.HandleFunc("/fallback/slow", slow)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "quick")
	})
	server, limit := handlers.NewServer(mux, connections, slog.New(slog.DiscardHandler))
	h.limit = limit
	track := server.HTTP.ConnState
	server.HTTP.ConnState = func(c net.Conn, state http.ConnState) {
		track(c, state)
		if state == http.StateIdle {
			h.idles.Add(1)
		}
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.address = listener.Addr().String()
	done := make(chan struct{})
	go func() { _ = server.Serve(listener); close(done) }()
	t.Cleanup(func() {
		h.goOn()
		_ = server.Close()
		<-done
	})
	return h
}

func (h *house) goOn() {
	select {
	case <-h.release:
	default:
		close(h.release)
	}
}

// client is one connection.
type client struct {
	h    *house
	conn net.Conn
	read *bufio.Reader
}

// connect returns once the server counts the connection.
func (h *house) connect() *client {
	h.t.Helper()
	before := h.limit.Dropped.Load() + int64(h.limit.Open())
	conn, err := new(net.Dialer).DialContext(h.t.Context(), "tcp", h.address)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = conn.Close() })
	h.eventually("the connection is counted", func() bool { return h.limit.Dropped.Load()+int64(h.limit.Open()) > before })
	return &client{h: h, conn: conn, read: bufio.NewReader(conn)}
}

func (h *house) eventually(what string, ok func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("never: %s", what)
		}
	}
}

func (c *client) send(text string) {
	c.h.t.Helper()
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.h.t.Fatal(err)
	}
}

// ask asks something and reads the answer.
func (c *client) ask() error {
	if _, err := io.WriteString(c.conn, c.h.asks); err != nil {
		return err
	}
	return c.answer()
}

func (c *client) answer() error {
	_ = c.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	response, err := http.ReadResponse(c.read, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// gone says whether the server has closed the connection without a word.
func (c *client) gone() bool {
	_ = c.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, err := c.read.ReadByte()
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

// good asks something, and waits until the connection is idle again.
func (c *client) good(t *testing.T, claim string) {
	t.Helper()
	before := c.h.idles.Load()
	if err := c.ask(); err != nil {
		t.Errorf("%s: %v", claim, err)
		return
	}
	c.h.eventually("the connection is idle", func() bool { return c.h.idles.Load() > before })
}

const halfHeader = "POST /fallback/voice HTTP/1.1\r\nHost: x\r\nContent-Le"

func TestAtTheCapTheLongestIncompleteConnectionGoes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	var slow []*client
	for range 3 {
		c := h.connect()
		c.send(halfHeader)
		slow = append(slow, c)
	}
	first := h.connect()
	if !slow[0].gone() {
		t.Error("the oldest incomplete connection stays")
	}
	first.send(halfHeader)
	second := h.connect()
	if !slow[1].gone() {
		t.Error("the next incomplete connection stays")
	}
	second.good(t, "the next new connection")
	if got := h.limit.Dropped.Load(); got != 2 {
		t.Errorf("counted %d dropped, want 2", got)
	}
	if got := h.limit.Open(); got != 3 {
		t.Errorf("counted %d open, want 3", got)
	}
}

func TestABodyThatDripsIsIncomplete(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	var dripping []*client
	for range 2 {
		c := h.connect()
		c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nFrom=")
		dripping = append(dripping, c)
	}
	fresh := h.connect()
	if !dripping[0].gone() {
		t.Error("a body that drips keeps its connection")
	}
	fresh.good(t, "the new connection")
}

func TestTheLongestIdleConnectionGoesBeforeAnyRequest(t *testing.T) {
	t.Parallel()
	for claim, asks := range map[string]string{
		"net/http": "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"the lane": "POST /fallback/voice HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=b",
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 3)
			h.asks = asks
			older, younger, half := h.connect(), h.connect(), h.connect()
			half.send(halfHeader)
			older.good(t, "the older connection")
			younger.good(t, "the younger connection")
			older.good(t, "the older connection, used again") // now the younger has been idle for longest
			fresh := h.connect()
			fresh.good(t, "the new connection")
			if !younger.gone() {
				t.Error("the connection that was idle for longest stays")
			}
			older.good(t, "the connection that was used last")
			half.send("ngth: 3\r\n\r\na=b")
			if err := half.answer(); err != nil {
				t.Errorf("a request on its way was dropped for want of an idle one: %v", err)
			}
		})
	}
}

func TestWhatIsBeingAnsweredIsNeverDropped(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 4)
	var busy []*client
	for _, request := range []string{
		"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\na=bc",
		"POST /fallback/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\na=bc", // by the lane
		"POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na=bc\r\n0\r\n\r\n",
	} {
		h.slow.Add(1)
		c := h.connect()
		c.send(request)
		busy = append(busy, c)
	}
	h.slow.Wait()
	for range 10 { // a flood of slow ones finds no room, and takes none
		c := h.connect()
		_, _ = io.WriteString(c.conn, halfHeader)
		if !c.gone() {
			t.Error("a connection beyond the cap stays")
		}
	}
	h.goOn()
	for i, c := range busy {
		if err := c.answer(); err != nil {
			t.Errorf("request %d was not answered: %v", i, err)
		}
	}
}

func TestAFloodOfSlowConnectionsKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 8)
	for n := range 40 {
		h.connect().send(halfHeader)
		if n%4 == 0 {
			h.connect().good(t, "a caller in the flood")
		}
	}
	if got := h.limit.Open(); got > 8 {
		t.Errorf("%d connections are open, want 8 at most", got)
	}
}

// room panics where it is asked to.
type room struct{}

func (room) Register(r gin.IRouter) {
	for _, path := range []string{"/fallback/voice", "/fallback/messaging", "/fallback", "/page"} {
		r.GET(path, func(*gin.Context) { panic("a bug") })
		r.POST(path, func(c *gin.Context) {
			c.Status(http.StatusOK)
			_, _ = io.WriteString(c.Writer, "<Response")
			panic("a bug in the middle")
		})
	}
	r.GET("/abort", func(*gin.Context) { panic(http.ErrAbortHandler) })
}

func barrier(log io.Writer) http.Handler {
	return handlers.All(handlers.Options{
		Astray: func(c *gin.Context) { c.String(http.StatusOK, "answered") },
		NoWay:  func(c *gin.Context) { c.String(http.StatusNotFound, "nothing") },

		Hook: room{}, Log: slog.New(slog.NewJSONHandler(log, nil)),
		Apology: func(path string) []byte {
			if strings.HasSuffix(path, "messaging") {
				return recovery.Apology(incident.Messaging)
			}
			return recovery.Apology(incident.Voice)
		},
	})
}

func TestAPanicStillAnswersTwilioWithTwiML(t *testing.T) {
	t.Parallel()
	for path, kind := range map[string]twiml.Kind{"/fallback/voice": twiml.Voice, "/fallback/messaging": twiml.Messaging, "/fallback": twiml.Voice} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			w := httptest.NewRecorder()
			barrier(&log).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path+"?CallSid=CA1&From=%2B15550001", http.NoBody))
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != twiml.ContentType || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("got %d %v", w.Code, w.Header())
			}
			if report := twiml.Check(w.Body.Bytes(), kind); len(report.Problems) > 0 || !strings.Contains(w.Body.String(), "technical problem") {
				t.Errorf("got %s: %v", w.Body, report.Problems)
			}
			var line struct{ Level, Path, Panic, Stack string }
			if err := json.Unmarshal(log.Bytes(), &line); err != nil || line.Level != "ERROR" || line.Path != path || line.Panic != "a bug" || !strings.Contains(line.Stack, "server_test.go") {
				t.Errorf("logged %s (%v)", log.String(), err)
			}
			if strings.Contains(log.String(), "5550001") {
				t.Errorf("the number is in the log: %s", log.String())
			}
		})
	}
}

func TestAPanicElsewhereIsAPlainSentence(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	barrier(io.Discard).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/page", http.NoBody))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "bug") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestAPanicInTheMiddleOfAnAnswerEndsTheConnection(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(barrier(io.Discard))
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/fallback/voice", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.Client().Do(request)
	if err != nil {
		return // Twilio sees a broken connection, and no half document
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("half an answer passes for a whole one: %q", body)
	}
}

func TestAnAbortedHandlerIsNoFault(t *testing.T) {
	t.Parallel()
	defer func() {
		if reason := recover(); reason != http.ErrAbortHandler { //nolint:errorlint // the value net/http documents
			t.Errorf("recovered %v", reason)
		}
	}()
	var log bytes.Buffer
	defer func() {
		if log.Len() > 0 {
			t.Errorf("logged %s", log.String())
		}
	}()
	barrier(&log).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/abort", http.NoBody))
}

func TestAddressesAreTakenAsTheyAre(t *testing.T) {
	t.Parallel()
	tests := []struct {
		claim, method, path string
		status              int
	}{
		{"a trailing slash is answered, never redirected", http.MethodGet, "/fallback/voice/", http.StatusOK},
		{"so is another spelling", http.MethodGet, "/Fallback/Voice", http.StatusOK},
		{"another address is not found", http.MethodGet, "/elsewhere", http.StatusNotFound},
		{"another method is refused", http.MethodDelete, "/fallback/voice", http.StatusMethodNotAllowed},
	}
	for _, test := range tests {
		t.Run(test.claim, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			barrier(io.Discard).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), test.method, test.path, http.NoBody))
			if w.Code != test.status {
				t.Errorf("got %d, want %d", w.Code, test.status)
			}
		})
	}
}
