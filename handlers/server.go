package handlers

import (
	"container/list"
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// NewServer is an http.Server with every timeout set, that keeps at most
// connections open: at the cap the connection that has been incomplete for
// longest is dropped, then the one idle for longest, and only then the new
// one. Twilio gives up after 15 s, so nothing may take longer.
func NewServer(h http.Handler, connections int, log *slog.Logger) (*http.Server, *ConnectionCap) {
	limit := &ConnectionCap{most: connections, where: map[net.Conn]*list.Element{}}
	return &http.Server{
		Handler:           limit.completing(h),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    128 << 10, // a GET carries 64 KiB of parameters in its first line
		ConnState:         limit.track,
		ConnContext:       func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}, limit
}

type connKey struct{}

// ConnectionCap counts a server's connections and drops some at its bound.
type ConnectionCap struct {
	most int

	mu         sync.Mutex
	where      map[net.Conn]*list.Element
	incomplete list.List // of conn: no whole request yet; oldest first
	idle       list.List // of conn: between two requests; oldest first
	busy       list.List // of conn: being answered
	dropped    list.List // of conn: closed by us, and the server does not know yet

	// Dropped counts connections closed at the cap.
	Dropped atomic.Int64
}

type conn struct {
	net.Conn
	in *list.List
}

// Open is how many connections are open.
func (l *ConnectionCap) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open()
}

func (l *ConnectionCap) open() int { return len(l.where) - l.dropped.Len() }

// track is the server's ConnState hook.
func (l *ConnectionCap) track(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		l.move(c, &l.incomplete)
		if victim := l.overfull(c); victim != nil {
			l.Dropped.Add(1)
			_ = victim.Close() // it is gone either way
		}
	case http.StateActive:
		l.move(c, &l.incomplete)
	case http.StateIdle:
		l.move(c, &l.idle)
	case http.StateHijacked, http.StateClosed:
		l.remove(c)
	}
}

// move puts c at the end of a list; a connection that is there keeps its
// place, for its age counts from its first byte.
func (l *ConnectionCap) move(c net.Conn, to *list.List) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, known := l.where[c]; known {
		from := at.Value.(conn).in
		if from == to || from == &l.dropped {
			return
		}
		from.Remove(at)
	}
	l.where[c] = to.PushBack(conn{Conn: c, in: to})
}

func (l *ConnectionCap) remove(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, known := l.where[c]; known {
		at.Value.(conn).in.Remove(at)
		delete(l.where, c)
	}
}

// overfull picks the connection to drop for the sake of a new one, nil where
// there is room: the new one itself where all others are being answered.
func (l *ConnectionCap) overfull(fresh net.Conn) net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open() <= l.most {
		return nil
	}
	victim := l.where[fresh]
	for _, from := range []*list.List{&l.incomplete, &l.idle} {
		if oldest := from.Front(); oldest != nil && oldest != l.where[fresh] {
			victim = oldest
			break
		}
	}
	gone := victim.Value.(conn).Conn
	victim.Value.(conn).in.Remove(victim)
	l.where[gone] = l.dropped.PushBack(conn{Conn: gone, in: &l.dropped})
	return gone
}

// completing gives handlers a way to say that the whole request was read.
func (l *ConnectionCap) completing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(net.Conn); ok && r.ContentLength == 0 {
			l.move(c, &l.busy)
		}
		if r.ContentLength != 0 {
			r.Body = &completingBody{ReadCloser: r.Body, limit: l, request: r}
		}
		next.ServeHTTP(w, r)
	})
}
