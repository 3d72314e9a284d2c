package handlers

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// ConnectionCap counts a server's connections and drops some at its bound: the
// one idle for longest, for nobody waits for it; else the one whose request
// has been incomplete for longest; else the one that has been written to for
// longest, if for more than a second, for it does not read; else the new one.
// What is being worked on is never dropped.
type ConnectionCap struct {
	most int

	mu         sync.Mutex
	where      map[net.Conn]*slot
	idle       queue // between two requests; oldest first
	incomplete queue // no whole request yet; oldest first
	busy       queue // the answer is being made
	writing    queue // the answer has begun to be written; oldest first
	dropped    queue // closed by us, and the server does not know yet
	held       int   // bytes that came on incomplete ones: see listener
	leaving    bool  // each answer is the last one of its connection

	// Dropped counts connections closed at the cap, or for what they hold.
	Dropped atomic.Int64
}

// writesFor is how long an answer may be on its way before its connection may
// be dropped for the sake of another: to a client that reads it takes
// milliseconds.
const writesFor = time.Second

// Open is how many connections are open.
func (l *ConnectionCap) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open()
}

func (l *ConnectionCap) open() int { return len(l.where) - l.dropped.length }

// track is the server's ConnState hook.
func (l *ConnectionCap) track(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if victim := l.arrived(c, time.Now()); victim != nil {
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

// move puts c at the end of a queue; a connection that is there keeps its
// place, for its age counts from its first byte.
func (l *ConnectionCap) move(c net.Conn, to *queue) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moveAt(c, to, time.Time{})
}

// answers moves c to those that are written to; last says that its answer has to
// be the last one on it.
func (l *ConnectionCap) answers(c net.Conn) (last bool) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moveAt(c, &l.writing, now)
	return l.leaving
}

func (l *ConnectionCap) moveAt(c net.Conn, to *queue, now time.Time) {
	s := l.where[c]
	switch {
	case s == nil:
		s = &slot{conn: c}
		l.where[c] = s
	case s.in == to || s.in == &l.dropped:
		return
	default:
		l.leave(s)
	}
	s.since = now
	to.add(s)
}

// leave takes s out of its queue. What it holds is the server's own from then
// on, or gone.
func (l *ConnectionCap) leave(s *slot) {
	l.held -= s.bytes
	s.bytes = 0
	s.unlink()
}

func (l *ConnectionCap) remove(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.where[c]; s != nil {
		l.leave(s)
		delete(l.where, c)
	}
}

// arrived counts a connection, and picks the one to drop for its sake: nil where
// there is room, the new one itself where all others are being answered. One that
// is counted already, as the lane hands it to the server, changes nothing.
func (l *ConnectionCap) arrived(fresh net.Conn, now time.Time) net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.where[fresh] != nil {
		return nil
	}
	l.moveAt(fresh, &l.incomplete, now)
	if l.open() <= l.most {
		return nil
	}
	victim := l.where[fresh]
	switch slow := l.writing.first; {
	case l.idle.first != nil:
		victim = l.idle.first
	case l.incomplete.first != victim:
		victim = l.incomplete.first
	case slow != nil && now.Sub(slow.since) > writesFor:
		victim = slow
	}
	l.leave(victim)
	l.dropped.add(victim)
	return victim.conn
}

// slot is the place of one connection. It is made once and linked by hand: a
// request moves it four times, and container/list would allocate each time.
type slot struct {
	conn          net.Conn
	in            *queue
	before, after *slot
	since         time.Time // in writing: when the answer began
	bytes         int       // in incomplete: what has come so far
}

type queue struct {
	first, last *slot
	length      int
}

func (q *queue) add(s *slot) {
	s.in, s.before, s.after = q, q.last, nil
	if q.last == nil {
		q.first = s
	} else {
		q.last.after = s
	}
	q.last = s
	q.length++
}

func (s *slot) unlink() {
	if s.before == nil {
		s.in.first = s.after
	} else {
		s.before.after = s.after
	}
	if s.after == nil {
		s.in.last = s.before
	} else {
		s.after.before = s.before
	}
	s.in.length--
}
