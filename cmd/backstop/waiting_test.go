package main

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// output is what a program writes, while it writes.
type output struct {
	mu  sync.Mutex
	all strings.Builder
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}

// lines are the complete ones.
func (o *output) lines() []string {
	all := o.String()
	var lines []string
	for line := range strings.Lines(all) {
		if whole, ok := strings.CutSuffix(line, "\n"); ok {
			lines = append(lines, whole)
		}
	}
	return lines
}

// eventually asks until the answer is yes, for as long as within.
func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	if !patiently(within, ok) {
		t.Fatalf("not within %s: %s", within, what)
	}
}

// patiently is eventually for those who say themselves what they missed. What
// a busy machine stalls everybody for does not count.
func patiently(within time.Duration, ok func() bool) bool {
	deadline := time.Now().Add(within)
	for pause := time.Millisecond; !ok(); pause = min(2*pause, 50*time.Millisecond) {
		began := time.Now()
		time.Sleep(pause)
		now := time.Now()
		deadline = deadline.Add(hops / 2 * (now.Sub(began) - pause))
		if now.After(deadline) {
			return ok()
		}
	}
	return true
}
