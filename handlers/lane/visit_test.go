package lane_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/handlers/lane"
)

// inTurn asks one after the other on one connection, and tells all answers.
func inTurn(t *testing.T, address string, raw []string) string {
	t.Helper()
	conn := connect(t, address)
	defer conn.Close()
	var all strings.Builder
	in := bufio.NewReader(conn)
	for i, request := range raw {
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		if _, err := io.Copy(&all, response.Body); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		_ = response.Body.Close()
	}
	return all.String()
}

func TestEachRequestOnAConnectionIsReadAnew(t *testing.T) {
	t.Parallel()
	const post = "POST /fallback/voice HTTP/1.1\r\n"
	for claim, test := range map[string]struct {
		raw  []string
		lane int64
	}{
		"the same again":                   {[]string{plain + call, plain + call, plain + call}, 3},
		"other values":                     {[]string{plain + "X-A: 1\r\n" + call, plain + "X-A: 2\r\n" + call, plain + "X-A: 1\r\n" + call}, 3},
		"a header that is not said again":  {[]string{plain + "X-A: 1\r\nX-B: 2\r\n" + call, plain + call, plain + "X-B: 3\r\n" + call}, 3},
		"more and more headers":            {[]string{plain + call, plain + fields(5) + call, plain + fields(40) + call, plain + fields(9) + call}, 4},
		"another order":                    {[]string{post + host + "Content-Length: 3\r\n\r\na=b", post + "Content-Length: 4\r\n" + host + "\r\na=bc"}, 2},
		"another body":                     {[]string{plain + call, strings.Replace(plain, ": 7", ": 10", 1) + "\r\nMessageSid", plain + call}, 3},
		"another address, and back":        {[]string{plain + call, strings.Replace(plain, "voice", "messaging?a=b", 1) + call, plain + call}, 3},
		"names spelt otherwise":            {[]string{plain + "x-a: 1\r\n" + call, plain + "X-A: 2\r\n" + call}, 2},
		"one that is not for the lane":     {[]string{plain + call, "GET /fallback/voice HTTP/1.1\r\n" + host + "\r\n", plain + call}, 1},
		"line breaks behind a body":        {[]string{plain + call, "\r\n" + plain + call, "\n\n\r\n" + plain + call}, 3},
		"more line breaks than one sends":  {[]string{plain + call, "\r\n\r\n" + plain + call}, 2},
		"a host that was the body's":       {[]string{plain + call, plain + "\r\nHost: x"}, 2},
		"a wish for the connection, later": {[]string{plain + call, plain + "Connection: keep-alive\r\n" + call, plain + "Connection: close\r\n" + call}, 3},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			var onLane atomic.Int64
			with, without := serveBoth(t, func() { onLane.Add(1) })
			if got, want := inTurn(t, with, test.raw), inTurn(t, without, test.raw); got != want {
				t.Errorf("handlers saw\n%s\nbehind net/http\n%s", got, want)
			}
			if onLane.Load() != test.lane {
				t.Errorf("%d requests went by the lane, want %d", onLane.Load(), test.lane)
			}
		})
	}
}

func TestWhatAHandlerKeepsIsNotWrittenOver(t *testing.T) {
	t.Parallel()
	var kept []string
	served := serve(t, newServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		kept = append(kept, r.RequestURI, r.URL.RawQuery, r.Host, r.Header.Get("X-A"), string(body))
	})))
	conn := served.pipes.dial()
	defer conn.Close()
	in := bufio.NewReader(conn)
	for _, letter := range []string{"a", "b", "c"} {
		exchange(t, conn, in, "POST /fallback?"+letter+" HTTP/1.1\r\nHost: "+letter+"\r\nX-A: "+letter+"\r\nContent-Length: 1\r\n\r\n"+letter)
	}
	want := strings.Fields("/fallback?a a a a a /fallback?b b b b b /fallback?c c c c c")
	if !slices.Equal(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
}

func TestARequestInPiecesIsAnsweredWhereverItIsCut(t *testing.T) {
	t.Parallel()
	request := plain + call
	served := serve(t, newServer(http.HandlerFunc(handler)))
	ask := func(first, second string) string {
		conn := served.pipes.dial()
		defer conn.Close()
		if _, err := io.WriteString(conn, first); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		if second != "" {
			if _, err := io.WriteString(conn, second); err != nil {
				t.Fatal(err)
			}
		}
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			return err.Error()
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return string(body)
	}
	want := ask(request, "")
	for i := 1; i < len(request); i++ {
		if got := ask(request[:i], request[i:]); got != want {
			t.Errorf("cut behind %q: answered %q, want %q", request[:i], got, want)
		}
	}
}

// served is a lane over pipes.
type served struct {
	pipes *pipes
	lane  *lane.Lane
	open  atomic.Int64 // connections that are not closed, as the hook was told
}

func serve(t *testing.T, server *http.Server) *served {
	t.Helper()
	s := &served{pipes: newPipes(), lane: lane.New(server, "/fallback")}
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateClosed:
			s.open.Add(-1)
		case http.StateNew:
			s.open.Add(1)
		case http.StateActive, http.StateIdle, http.StateHijacked:
		}
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.lane.Serve(s.pipes) }()
	t.Cleanup(func() { _ = s.lane.Close(); <-done })
	return s
}

// exchange asks, reads the answer, and says whether it is the last one.
func exchange(t *testing.T, conn net.Conn, in *bufio.Reader, raw string) (last bool) {
	t.Helper()
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Error(err)
		return false
	}
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Error(err)
		return false
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("answered %s (%v)", response.Status, err)
	}
	return response.Close
}

// gone says whether the server has hung up.
func gone(conn net.Conn) bool {
	_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := conn.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}

func TestConnectionsEndInTheirTime(t *testing.T) {
	t.Parallel()
	for claim, test := range map[string]struct {
		first bool // ask something first, and read the answer
		ask   bool // ask something, and read nothing
		after time.Duration
	}{
		"that say nothing":            {after: 5 * time.Second},
		"that say nothing more":       {first: true, after: 60 * time.Second},
		"that do not read the answer": {ask: true, after: 15 * time.Second},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, newServer(http.HandlerFunc(handler)))
				conn := s.pipes.dial()
				defer conn.Close()
				if test.first {
					exchange(t, conn, bufio.NewReader(conn), plain+call)
				}
				if test.ask {
					_, _ = io.WriteString(conn, plain+call)
				}
				time.Sleep(test.after - time.Second)
				synctest.Wait()
				if s.open.Load() != 1 {
					t.Errorf("closed a second before %v", test.after)
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if s.open.Load() != 0 {
					t.Errorf("open a second after %v", test.after)
				}
			})
		})
	}
}

func TestAShutdownWaitsForWhoeverIsAnswered(t *testing.T) {
	t.Parallel()
	for claim, test := range map[string]struct {
		takes, within time.Duration
		err           error
	}{
		"and ends with the last answer": {time.Second, 3 * time.Second, nil},
		"as long as it may":             {3 * time.Second, time.Second, context.DeadlineExceeded},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, newServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(test.takes) })))
				silent, idle, busy := s.pipes.dial(), s.pipes.dial(), s.pipes.dial()
				defer silent.Close()
				defer idle.Close()
				defer busy.Close()
				exchange(t, idle, bufio.NewReader(idle), plain+call)
				answered := make(chan bool, 1)
				go func() { answered <- exchange(t, busy, bufio.NewReader(busy), plain+call) }()
				synctest.Wait()
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), test.within)
				defer cancel()
				if err := s.lane.Shutdown(ctx); !errors.Is(err, test.err) {
					t.Errorf("it ended with %v, want %v", err, test.err)
				}
				if took := time.Since(began); took < min(test.takes, test.within) || took > min(test.takes, test.within)+500*time.Millisecond {
					t.Errorf("it took %v, want %v", took, min(test.takes, test.within))
				}
				if !gone(silent) || !gone(idle) {
					t.Error("a connection on which nobody was answered stays")
				}
				if last := <-answered; !last {
					t.Error("whoever was being answered was not told that it is the last answer")
				}
				synctest.Wait()
				if s.open.Load() != 0 {
					t.Errorf("%d connections are open afterwards", s.open.Load())
				}
			})
		})
	}
}

func TestNobodyWaitsForWhatAHandlerDoesBehindItsAnswer(t *testing.T) {
	t.Parallel()
	for claim, path := range map[string]string{"on the lane": "/fallback/voice", "beside it": "/other"} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				read := make(chan struct{})
				s := serve(t, newServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Length", "11")
					_, _ = io.WriteString(w, "<Response/>")
					w.(http.Flusher).Flush()
					<-read
				})))
				conn := s.pipes.dial()
				defer conn.Close()
				in := bufio.NewReader(conn)
				for range 2 {
					exchange(t, conn, in, strings.Replace(plain, "/fallback/voice", path, 1)+call)
					read <- struct{}{} // it blocks for ever where the answer waits
				}
			})
		})
	}
}

func TestACloseEndsWhoeverIsThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, newServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(time.Second) })))
		silent, busy := s.pipes.dial(), s.pipes.dial()
		if _, err := io.WriteString(busy, plain+call); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := s.lane.Close(); err != nil {
			t.Error(err)
		}
		if !gone(silent) || !gone(busy) {
			t.Error("a connection stays")
		}
		time.Sleep(2 * time.Second)
		if s.open.Load() != 0 {
			t.Errorf("%d connections are open afterwards", s.open.Load())
		}
	})
}

func TestAPanicEndsItsConnectionOnly(t *testing.T) {
	t.Parallel()
	for claim, test := range map[string]struct {
		cause any
		logs  bool
	}{
		"and is in the log":                  {"a bug", true},
		"and is no fault where it was meant": {http.ErrAbortHandler, false},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var said bytes.Buffer
				server := newServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					if r.URL.RawQuery == "panic" {
						panic(test.cause)
					}
				}))
				server.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(&said, nil), slog.LevelError)
				s := serve(t, server)
				bad, good := s.pipes.dial(), s.pipes.dial()
				defer bad.Close()
				defer good.Close()
				if _, err := io.WriteString(bad, strings.Replace(plain, "voice", "voice?panic", 1)+call); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadAll(bad); err != nil {
					t.Error(err)
				}
				exchange(t, good, bufio.NewReader(good), plain+call)
				synctest.Wait()
				got := said.String()
				if whole := strings.Contains(got, "a bug") && strings.Contains(got, "visit_test.go"); test.logs && !whole || !test.logs && got != "" {
					t.Errorf("logged %q", got)
				}
			})
		})
	}
}

func TestALineBreakBehindABodyAsksNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, newServer(http.HandlerFunc(handler)))
		conn := s.pipes.dial()
		defer conn.Close()
		in := bufio.NewReader(conn)
		for range 3 {
			exchange(t, conn, in, plain+call)
			for _, half := range []string{"\r", "\n"} {
				if _, err := io.WriteString(conn, half); err != nil {
					t.Fatal(err)
				}
			}
			_ = conn.SetReadDeadline(time.Now().Add(time.Second))
			if b, err := in.ReadByte(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("a line break is answered: %q, %v", b, err)
			}
			_ = conn.SetReadDeadline(time.Time{})
		}
	})
}

// scarce is a listener that has no descriptors now and then.
type scarce struct {
	*pipes
	without atomic.Int64 // how many times more
}

func (s *scarce) Accept() (net.Conn, error) {
	if s.without.Load() > 0 {
		s.without.Add(-1)
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
	return s.pipes.Accept()
}

func TestAMomentWithoutDescriptorsIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lane.New(newServer(http.HandlerFunc(handler)), "/fallback")
		listener := &scarce{pipes: newPipes()}
		listener.without.Store(20) // by then the server waits for a second each time
		done := make(chan struct{})
		go func() { defer close(done); _ = l.Serve(listener) }()
		var there net.Conn
		for range 3 {
			there = listener.dial()
			defer there.Close()
			exchange(t, there, bufio.NewReader(there), plain+call)
		}
		listener.without.Store(1)
		conn := listener.dial() // the one that Accept waited for already
		defer conn.Close()
		exchange(t, there, bufio.NewReader(there), plain+call)
		began := time.Now()
		next := listener.dial()
		defer next.Close()
		exchange(t, next, bufio.NewReader(next), plain+call)
		if waited := time.Since(began); waited > 100*time.Millisecond {
			t.Errorf("after another moment without, the next connection waited for %v", waited)
		}
		_ = l.Close()
		<-done
	})
}
