package main

import (
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
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
		ending := w.awaited()
		w.mu.Lock()
		lines, dropped := w.pending, w.dropped
		w.pending, w.dropped = spare[:0], 0
		w.mu.Unlock()
		if dropped > 0 {
			lines = append(lines, `{"level":"WARN","msg":"log lines dropped: their reader is too slow","lines":`+strconv.Itoa(dropped)+"}\n"...)
		}
		w.put(lines)
		spare = lines
		if ending {
			return
		}
	}
}

// put writes lines. What goes wrong there is nowhere to be reported.
func (w *logWriter) put(lines []byte) {
	defer func() { _ = recover() }()
	_, _ = w.to.Write(visible(lines))
}

// linesGather is how long lines wait for others to be written with them: in a
// storm a write for each would cost as much as the answer's own.
const linesGather = 5 * time.Millisecond

// awaited waits for a line and those that follow it; ending says that none will
// come any more.
func (w *logWriter) awaited() (ending bool) {
	select {
	case <-w.closed:
		return true
	case <-w.wake:
	}
	gather := time.NewTimer(linesGather)
	defer gather.Stop()
	select {
	case <-w.closed:
		return true
	case <-gather.C:
		return false
	}
}

// visible is lines of JSON with those marks escaped that a terminal does not
// show, or that turn its direction of writing: a stranger's value must not
// rearrange the line it is in. To whoever parses the line it is the same. It is
// lines itself where there are none.
func visible(lines []byte) []byte {
	var escaped []byte
	done := 0
	for at := 0; at < len(lines); {
		if lines[at] < utf8.RuneSelf {
			at++
			continue
		}
		r, size := utf8.DecodeRune(lines[at:])
		if isMark(r) || r == utf8.RuneError && size == 1 {
			escaped = appendEscaped(append(escaped, lines[done:at]...), r)
			done = at + size
		}
		at += size
	}
	if done == 0 {
		return lines
	}
	return append(escaped, lines[done:]...)
}

func appendEscaped(b []byte, r rune) []byte {
	switch high, low := utf16.EncodeRune(r); {
	case !isMark(r):
		return utf8.AppendRune(b, r)
	case high == unicode.ReplacementChar:
		return fmt.Appendf(b, `\u%04x`, r)
	default:
		return fmt.Appendf(b, `\u%04x\u%04x`, high, low)
	}
}

func isMark(r rune) bool {
	return r > unicode.MaxASCII && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
}
