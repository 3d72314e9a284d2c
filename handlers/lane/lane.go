// Package lane answers what Twilio nearly always sends, a plain POST that comes
// whole, at a fraction of net/http's cost, and gives everything else to net/http:
// docs/adr/0114. It knows no route and no parameter, and calls the same handler
// with the same request.
package lane

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
)

// Lane serves connections in front of a server. The context of a request on it is the
// connection's: it ends with the connection, or when net/http takes that over, neither
// with the answer nor because the client hangs up meanwhile. It has none of net/http's
// values.
type Lane struct {
	server *http.Server
	prefix string

	mu      sync.Mutex
	here    map[*visit]struct{}
	leaving bool
	empty   chan struct{} // closed when it is leaving and nobody is here
}

// New makes a lane for POSTs whose path begins with prefix. The server's handler,
// hooks and timeouts count on the lane, too: they are set before Serve, ErrorLog and
// the timeouts to something. BaseContext does not count, and ReadTimeout need not, for
// what is answered here is there already. The handler does not change a request's
// header, and keeps neither the request nor its header, URL or body once it has
// returned, only strings of them: they are used again.
func New(server *http.Server, prefix string) *Lane {
	return &Lane{server: server, prefix: prefix, here: map[*visit]struct{}{}, empty: make(chan struct{})}
}

// Conn is a connection that can be told what the next Read gives: a request that
// is not for the lane, which net/http reads once more.
type Conn interface {
	net.Conn
	// Unread has the next Reads give b first. It is called once at most, while
	// nobody reads; b is the connection's from then on.
	Unread(b []byte)
}

// Serve takes the connections of a listener, which have to be Conns, until it
// fails, or Shutdown or Close is called. It returns what http.Server.Serve does.
func (l *Lane) Serve(listener net.Listener) error {
	return l.server.Serve(&entrance{Listener: listener, lane: l})
}

// entrance is what the server sees of a listener: its errors. So how long to wait
// while there are no descriptors is decided by net/http.
type entrance struct {
	net.Listener
	lane   *Lane
	failed bool // the last time
}

// Accept has connections served until there is an error. It gives the server the
// first one that comes after it: that there was one is how the server knows that
// all is well again. Each is counted before the next one is taken: the cap has to
// close one before the descriptors run out.
func (e *entrance) Accept() (net.Conn, error) {
	for {
		c, err := e.Listener.Accept()
		if before := e.failed; err != nil || before {
			e.failed = err != nil
			return c, err
		}
		v := visits.Get().(*visit)
		v.conn = c.(Conn) //nolint:forcetypeassert // promised to Serve
		e.lane.state(c, http.StateNew)
		e.lane.enter(v)
		go e.lane.serve(v)
	}
}

// Shutdown closes connections on which nobody is being answered, and waits for
// the others until ctx ends, as http.Server.Shutdown does.
func (l *Lane) Shutdown(ctx context.Context) error {
	l.end((*visit).leave)
	err := l.server.Shutdown(ctx)
	select {
	case <-l.empty:
		return err
	case <-ctx.Done():
		return errors.Join(err, ctx.Err())
	}
}

// Close closes all connections.
func (l *Lane) Close() error {
	l.end((*visit).hangUp)
	return l.server.Close()
}

// end lets nobody in any more, and ends each visit in its way.
func (l *Lane) end(way func(*visit)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for v := range l.here {
		way(v)
	}
	l.leaving = true
	l.noteEmpty()
}

// enter notes who is here. Who comes while it is leaving is told to leave.
func (l *Lane) enter(v *visit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.here[v] = struct{}{}
	if l.leaving {
		v.leave()
	}
}

func (l *Lane) exit(v *visit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.here, v)
	l.noteEmpty()
}

func (l *Lane) noteEmpty() {
	if !l.leaving || len(l.here) > 0 {
		return
	}
	select {
	case <-l.empty:
	default:
		close(l.empty)
	}
}
