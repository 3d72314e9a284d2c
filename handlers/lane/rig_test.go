package lane_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/backstop-project/backstop/handlers/lane"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rereading is a connection as the lane wants it.
type rereading struct {
	net.Conn
	again []byte
}

func (c *rereading) Unread(b []byte) { c.again = b }

func (c *rereading) Read(b []byte) (int, error) {
	if len(c.again) == 0 {
		return c.Conn.Read(b)
	}
	n := copy(b, c.again)
	c.again = c.again[n:]
	return n, nil
}

func (c *rereading) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// reread gives such connections.
type reread struct{ net.Listener }

func (l reread) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &rereading{Conn: c}, nil
}

// pipes is a listener without a network, whose time can be played. Each write is
// one read.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return &rereading{Conn: c}, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	near, far := net.Pipe()
	p.conns <- far
	return near
}

// seen is what a handler sees of a request.
type seen struct {
	Method, Proto, URI, URL, Host, Body string
	Major, Minor                        int
	Header                              http.Header
	Length                              int64
	Encoding                            []string
	Close                               bool
	Remote                              bool
}

// handler tells what it sees, or answers as the path says.
func handler(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/nothing"):
	case strings.HasSuffix(path, "/no-content"):
		w.WriteHeader(http.StatusNoContent)
	case strings.HasSuffix(path, "/typeless"):
		_, _ = io.WriteString(w, "<html>what is this")
	case strings.HasSuffix(path, "/twice"):
		w.WriteHeader(http.StatusForbidden)
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "the first status counts")
	case strings.HasSuffix(path, "/lines"):
		w.Header()["X-Twice"] = []string{"one", "two\r\nX-Injected: yes"}
	case strings.HasSuffix(path, "/measured"):
		w.Header().Set("Content-Type", "text/xml")
		w.Header().Set("Content-Length", "11")
		_, _ = io.WriteString(w, "<Response/>")
	case strings.HasSuffix(path, "/sent"), strings.HasSuffix(path, "/sent-too-much"):
		w.Header().Set("Content-Type", "text/xml")
		w.Header().Set("Content-Length", "11")
		_, _ = io.WriteString(w, "<Response/>")
		w.(http.Flusher).Flush()
		w.Header().Set("X-Behind-It", "too late")
		w.WriteHeader(http.StatusTeapot)
		if !strings.HasSuffix(path, "/sent") {
			_, _ = io.WriteString(w, "<Response/>")
		}
	case strings.HasSuffix(path, "/sent-empty"):
		w.WriteHeader(http.StatusNoContent)
		w.(http.Flusher).Flush()
		w.(http.Flusher).Flush()
	case strings.HasSuffix(path, "/long"):
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", "100000")
		_, _ = io.WriteString(w, strings.Repeat("long ", 20_000))
	case strings.HasSuffix(path, "/last"):
		w.Header().Set("Connection", "close")
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(seen{
			r.Method, r.Proto, r.RequestURI, fmt.Sprintf("%#v", *r.URL), r.Host, string(body), r.ProtoMajor, r.ProtoMinor,
			r.Header, r.ContentLength, r.TransferEncoding, r.Close, r.RemoteAddr != "",
		})
	}
}

// onLane counts requests that net/http did not serve itself.
func onLane(count func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Context().Value(http.ServerContextKey) == nil {
			count()
		}
		handler(w, r)
	}
}

func newServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 60 * time.Second, WriteTimeout: 15 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
}

// serveBoth starts a server behind a lane, and the same without one.
func serveBoth(tb testing.TB, count func()) (withLane, without string) {
	tb.Helper()
	behind := newServer(onLane(count))
	l := lane.New(behind, "/fallback")
	plain := newServer(http.HandlerFunc(handler))
	a, b := listen(tb), listen(tb)
	served := make(chan error, 2)
	go func() { served <- l.Serve(reread{a}) }()
	go func() { served <- plain.Serve(b) }()
	tb.Cleanup(func() {
		if err := errors.Join(l.Close(), plain.Close()); err != nil {
			tb.Error(err)
		}
		for range 2 {
			if err := <-served; !errors.Is(err, http.ErrServerClosed) {
				tb.Errorf("serving ended with %v", err)
			}
		}
	})
	return a.Addr().String(), b.Addr().String()
}

// listen opens a socket in a folder: ports are too few for a fuzz test.
func listen(tb testing.TB) net.Listener {
	tb.Helper()
	dir, err := os.MkdirTemp("", "lane") //nolint:usetesting // that of a test may be longer than the name of a socket
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := new(net.ListenConfig).Listen(tb.Context(), "unix", filepath.Join(dir, "s"))
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func connect(tb testing.TB, address string) net.Conn {
	tb.Helper()
	conn, err := new(net.Dialer).DialContext(tb.Context(), "unix", address)
	if err != nil {
		tb.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

// ask sends bytes on a connection of their own, and reads all that is answered
// until the server hangs up.
func ask(tb testing.TB, address, raw string) string {
	tb.Helper()
	conn := connect(tb, address)
	defer conn.Close()
	if _, err := io.WriteString(conn, raw); err != nil {
		return "" // hung up before all was sent
	}
	_ = conn.(*net.UnixConn).CloseWrite()
	return answers(conn)
}

// askTwice sends a whole request, and more when it is answered.
func askTwice(tb testing.TB, address, first, second string) string {
	tb.Helper()
	conn := connect(tb, address)
	defer conn.Close()
	if _, err := io.WriteString(conn, first); err != nil {
		tb.Fatal(err)
	}
	began := make([]byte, 1) // the lane and net/http write such an answer in one piece
	if _, err := conn.Read(began); err != nil {
		return "no answer"
	}
	_, _ = io.WriteString(conn, second) // the first may have been the last
	_ = conn.(*net.UnixConn).CloseWrite()
	return answers(io.MultiReader(bytes.NewReader(began), conn))
}

// answers tells what came, the header's lines in order and without the time.
func answers(conn io.Reader) string {
	var all strings.Builder
	for in := bufio.NewReader(conn); ; {
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			return all.String()
		}
		var body bytes.Buffer
		_, _ = body.ReadFrom(response.Body) // net/http resets a connection on which more came than it read
		response.Body.Close()
		if response.Header.Get("Date") == "" && response.StatusCode != http.StatusBadRequest {
			all.WriteString("no Date: ")
		}
		response.Header.Del("Date")
		fmt.Fprintf(&all, "%s %s %v length %d, close %v\n%q\n", response.Proto, response.Status, response.Header, response.ContentLength, response.Close, body.String())
	}
}
