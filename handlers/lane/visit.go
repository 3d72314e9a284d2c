package lane

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// most is how many bytes a request on the lane may have. Those of Twilio have one
// to three thousand.
const most = 4 << 10

// visit is a connection on the lane.
type visit struct {
	conn    Conn
	waiting atomic.Bool // for a request: nobody is being answered
	asked   asked
	reply   reply

	elsewhere bool       // net/http has it
	in        [most]byte // last: a garbage collection does not look behind the last pointer
}

// leave closes a connection on which nobody is being answered, and has the answer
// be the last one on another. It says so before it looks, and wait looks before it
// waits: one of the two sees the other.
func (v *visit) leave() {
	v.reply.last.Store(true)
	if v.waiting.CompareAndSwap(true, false) {
		v.hangUp()
	}
}

func (v *visit) hangUp() { _ = v.conn.Close() } // it is gone either way

// visits are used again: of a flood of connections each asks nothing, or half a request.
var visits = sync.Pool{New: func() any { return new(visit) }} //nolint:gochecknoglobals // a pool is shared by nature

// serve answers what comes, until the connection ends or net/http takes it over.
func (l *Lane) serve(v *visit) {
	defer l.survive(v)
	rest := l.answerAll(v)
	if rest == nil {
		return
	}
	l.exit(v) // before the server has it, which is who waits for it from then on
	v.conn.Unread(rest)
	v.elsewhere = l.handOver(v.conn)
}

// answerAll answers requests until there are no more, or one comes that is not for
// the lane: rest is what came of it, never empty. Nothing is prepared for who may not
// have come to ask.
func (l *Lane) answerAll(v *visit) (rest []byte) {
	came := v.wait(l.server.ReadHeaderTimeout)
	if len(came) == 0 {
		return nil
	}
	if !mayBeAsked(came, l.prefix) {
		return bytes.Clone(came)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if l.server.ConnContext != nil {
		ctx = l.server.ConnContext(ctx, v.conn)
	}
	v.asked.on(ctx, v.conn)
	v.reply.conn, v.reply.within = v.conn, l.server.WriteTimeout
	for len(came) > 0 {
		if !v.asked.read(came, l.prefix) {
			return bytes.Clone(came)
		}
		l.state(v.conn, http.StateActive)
		v.reply.begin(v.asked.request.Close)
		l.server.Handler.ServeHTTP(&v.reply, &v.asked.request)
		if more := v.reply.finish(); !more {
			return nil
		}
		l.state(v.conn, http.StateIdle)
		came = v.next(l.server.IdleTimeout)
	}
	return nil
}

// next is wait for a request that is not the first: line breaks that old clients send
// behind a body are passed over, four bytes at most, as net/http does.
func (v *visit) next(within time.Duration) []byte {
	for left := 4; ; {
		came := v.wait(within)
		n := breaks(came, left)
		if n == 0 || n < len(came) {
			return came[n:]
		}
		left -= n
	}
}

// breaks is how many bytes of line breaks b begins with, at most so many.
func breaks(b []byte, most int) (n int) {
	for n < min(most, len(b)) && (b[n] == '\r' || b[n] == '\n') {
		n++
	}
	return n
}

// wait returns what comes next within a time, or nothing.
func (v *visit) wait(within time.Duration) []byte {
	if err := v.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		return nil
	}
	v.waiting.Store(true)
	if v.reply.last.Load() {
		return nil // it was told to leave
	}
	n, _ := v.conn.Read(v.in[:]) // what went wrong is no matter: there is nobody any more
	if stays := v.waiting.CompareAndSwap(true, false); !stays {
		return nil
	}
	return v.in[:n]
}

// survive ends a visit, also one whose handler panicked, as net/http does.
func (l *Lane) survive(v *visit) {
	cause := recover()
	if cause != nil && cause != http.ErrAbortHandler { //nolint:errorlint,err113 // the value net/http documents
		l.server.ErrorLog.Printf("panic serving %v: %v\n%s", v.conn.RemoteAddr(), cause, debug.Stack())
	}
	if !v.elsewhere {
		v.hangUp()
		l.state(v.conn, http.StateClosed)
	}
	l.exit(v)
	if cause == nil { // else a handler may have it still
		*v = visit{}
		visits.Put(v)
	}
}

func (l *Lane) state(c net.Conn, s http.ConnState) {
	if l.server.ConnState != nil {
		l.server.ConnState(c, s)
	}
}

// handOver has the server serve c, as if it had come just now. It fails where the
// server is closed.
func (l *Lane) handOver(c net.Conn) (taken bool) {
	one := &single{conn: c}
	_ = l.server.Serve(one) // always ends with an error: one connection is all there is
	return one.conn == nil
}

// single is a listener that has one connection.
type single struct{ conn net.Conn }

// Accept gives the connection, then io.EOF.
func (s *single) Accept() (net.Conn, error) {
	c := s.conn
	if c == nil {
		return nil, io.EOF
	}
	s.conn = nil
	return c, nil
}

// Close has nothing to close: the connection is the server's.
func (s *single) Close() error { return nil }

// Addr is that of no port.
func (s *single) Addr() net.Addr { return &net.TCPAddr{} }
