package handlers_test

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/handlers"
)

// pipes is a listener without a network: what is not read is not buffered
// anywhere, and time can be played.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// unread is a server whose clients choose what they read.
type unread struct {
	listener *pipes
	limit    *handlers.ConnectionCap
}

func newUnread(t *testing.T, connections int) *unread {
	t.Helper()
	answer := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "answered")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/fallback/voice", answer)
	mux.HandleFunc("/page", answer)
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 1<<20)) })
	mux.HandleFunc("/early", func(w http.ResponseWriter, r *http.Request) { // answers, and reads afterwards
		_, _ = io.WriteString(w, "early")
		_, _ = io.Copy(io.Discard, r.Body)
	})
	mux.HandleFunc("/wordless", func(http.ResponseWriter, *http.Request) {})
	u := &unread{listener: &pipes{conns: make(chan net.Conn), done: make(chan struct{})}}
	server, limit := handlers.NewServer(mux, connections, slog.New(slog.DiscardHandler))
	u.limit = limit
	stopped := make(chan struct{})
	go func() { _ = server.Serve(u.listener); close(stopped) }()
	t.Cleanup(func() { _ = server.Close(); <-stopped; synctest.Wait() })
	return u
}

// connect sends a request and reads nothing.
func (u *unread) connect(t *testing.T, request string) net.Conn {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { _ = near.Close() })
	u.listener.conns <- far
	_, _ = io.WriteString(near, request) // a connection that is dropped takes none
	synctest.Wait()
	return near
}

// answered reads one whole answer.
func answered(c net.Conn) bool {
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err == nil
}

func TestWhoDoesNotReadTheAnswerGoesAtTheCap(t *testing.T) {
	t.Parallel()
	const head = " HTTP/1.1\r\nHost: x\r\n"
	for claim, request := range map[string]string{
		"a short answer":                     "GET /page" + head + "\r\n",
		"a long answer":                      "GET /long" + head + "\r\n",
		"an answer without words":            "GET /wordless" + head + "\r\n",
		"an answer to Twilio":                "POST /fallback/voice" + head + "Content-Length: 3\r\n\r\na=b",
		"an answer before the body was read": "POST /early" + head + "Content-Length: 3\r\n\r\na=b",
		"answers to requests sent at once":   strings.Repeat("GET /page"+head+"\r\n", 2),
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				u := newUnread(t, 2)
				first := u.connect(t, request)
				time.Sleep(time.Millisecond)
				u.connect(t, request)

				time.Sleep(500 * time.Millisecond)
				if answered(u.connect(t, "GET /page"+head+"\r\n")) {
					t.Error("an answer that was begun half a second ago is cut off")
				}
				time.Sleep(time.Second)
				if !answered(u.connect(t, "GET /page"+head+"\r\n")) {
					t.Error("the new connection finds no room")
				}
				if answered(first) {
					t.Error("it is not the longest-writing one that went")
				}
				if got := u.limit.Open(); got > 2 {
					t.Errorf("%d connections are open, want 2 at most", got)
				}
			})
		})
	}
}

func TestIdleAndIncompleteConnectionsGoBeforeOneThatDoesNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const request = "GET /page HTTP/1.1\r\nHost: x\r\n\r\n"
		u := newUnread(t, 3)
		slow := u.connect(t, request)
		half := u.connect(t, "GET /pa")
		idle := u.connect(t, request)
		if !answered(idle) {
			t.Fatal("the connection to be idle got no answer")
		}
		time.Sleep(2 * time.Second)
		gone := func(c net.Conn) bool {
			_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, err := c.Read(make([]byte, 1))
			return errors.Is(err, io.EOF)
		}
		u.connect(t, "GET /newer")
		if !gone(idle) || gone(half) {
			t.Error("the idle connection does not go first")
		}
		u.connect(t, "GET /newest")
		if !gone(half) {
			t.Error("the incomplete connection does not go next")
		}
		_ = slow.SetReadDeadline(time.Time{})
		if !answered(slow) {
			t.Error("the connection that does not read goes although others could")
		}
	})
}

func TestTwiliosRoutesWaitFiveSecondsForAReader(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]time.Duration{"/fallback/voice": 5 * time.Second, "/page": 15 * time.Second} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				u := newUnread(t, 10)
				u.connect(t, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
				time.Sleep(want - time.Second)
				synctest.Wait()
				if u.limit.Open() != 1 {
					t.Errorf("given up before %v", want)
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if u.limit.Open() != 0 {
					t.Errorf("it still holds its place after %v", want)
				}
			})
		})
	}
}
