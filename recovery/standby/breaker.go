package standby

import (
	"fmt"
	"sync"
	"time"
)

// Breaker keeps callers from waiting for a server that has just failed several
// others. It serves any number of goroutines.
type Breaker struct {
	now func() time.Time

	mu     sync.Mutex
	failed int // in a row
	rest   time.Duration
	until  time.Time // it rests
	trying bool      // one caller tries whether it works again
	last   time.Time // it failed
	why    string

	overtaken int       // callers in a row whom the next server answered first
	doubted   time.Time // when the last of them was
}

// How long a server is left alone.
const (
	breakAfter = 3 // failures in a row
	restFirst  = 5 * time.Second
	restMost   = time.Minute
)

// NewBreaker makes one for one server.
func NewBreaker(now func() time.Time) *Breaker { return &Breaker{now: now} }

// Allow says whether to ask the server now, and if not, why. Whoever was allowed
// to calls Settle. When its rest is over one caller tries it for all.
func (b *Breaker) Allow() (ok bool, why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	switch {
	case b.failed < breakAfter:
		return true, ""
	case b.trying || now.Before(b.until):
		return false, fmt.Sprintf("it failed %d times in a row, last %d s ago: %s", b.failed, now.Sub(b.last)/time.Second, b.why)
	}
	b.trying = true
	return true, ""
}

// Settle says how asking ended: nil, or why the server did not serve. Forget is
// for who stopped waiting for a reason of their own.
func (b *Breaker) Settle(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trying = false
	if err == nil {
		b.failed, b.rest, b.overtaken = 0, 0, 0
		return
	}
	b.failed++
	b.last, b.why = b.now(), err.Error()
	if b.failed >= breakAfter {
		b.rest = min(max(restFirst, 2*b.rest), restMost)
		b.until = b.last.Add(b.rest)
	}
}

// Forget takes back what Allow allowed: nothing was learnt.
func (b *Breaker) Forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trying = false
}

// EndRest lets the next caller try a server that is left alone: it has shown
// that it is there.
func (b *Breaker) EndRest() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.until = time.Time{}
}

// Overtaken notes that the next server was asked, too, and answered first
// although this one had a start. That is no failure: nobody waited for its end.
func (b *Breaker) Overtaken() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.overtaken++
	b.doubted = b.now()
}

// Doubtful says that the next server should be asked at the same time: this one
// was overtaken too often within the last minute, or is only tried.
func (b *Breaker) Doubtful() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed >= breakAfter || b.overtaken >= breakAfter && b.now().Sub(b.doubted) < restMost
}

// Broken says whether the server is left alone, and why the last caller got
// nothing from it.
func (b *Breaker) Broken() (why string, broken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.why, b.failed >= breakAfter
}
