package main

import (
	"io"
	"strconv"
	"sync"
	"time"
)

// logWriter stands between the answer path and wherever logs go: a full pipe
// or a hanging terminal must not hold up a caller. It is bounded; what does
// not fit is dropped, and how much that was is written when there is room.
type logWriter struct {
	to io.Writer

	mu      sync.Mutex
	pending []byte
	dropped int
	wake    chan struct{}
	closed  chan struct{}
	done    chan struct{}
}

const logRoom = 1 << 20

func newLogWriter(to io.Writer) *logWriter {
	w := &logWriter{to: to, wake: make(chan struct{}, 1), closed: make(chan struct{}), done: make(chan struct{})}
	go w.run()
	return w
}

// Write takes a line, or drops it. It never blocks and never fails.
func (w *logWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	if len(w.pending)+len(line) > logRoom {
		w.dropped++
	} else {
		w.pending = append(w.pending, line...)
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return len(line), nil
}

// Close writes what is left, for a second at most.
func (w *logWriter) Close() {
	close(w.closed)
	select {
	case <-w.done:
	case <-time.After(time.Second):
	}
}

func (w *logWriter) run() {
	defer close(w.done)
	var spare []byte
	for {
		ending := false
		select {
		case <-w.wake:
		case <-w.closed:
			ending = true
		}
		w.mu.Lock()
		lines, dropped := w.pending, w.dropped
		w.pending, w.dropped = spare[:0], 0
		w.mu.Unlock()
		if dropped > 0 {
			lines = append(lines, `{"level":"WARN","msg":"log lines dropped: their reader is too slow","lines":`+strconv.Itoa(dropped)+"}\n"...)
		}
		_, _ = w.to.Write(lines) // there is nowhere to report it
		spare = lines
		if ending {
			return
		}
	}
}
