package recovery

import (
	"fmt"
	"hash/maphash"
	"sync"
	"time"
)

// LimitOptions bound what a storm of calls can cost. Zero is the default.
type LimitOptions struct {
	DialsPerHour   int // people who are dialled, all lines together
	CallsPerCaller int // calls of one number within an hour that get more than words
}

// The defaults.
const (
	DefaultDialsPerHour   = 120
	DefaultCallsPerCaller = 10
)

func (o LimitOptions) withDefaults() LimitOptions {
	if o.DialsPerHour == 0 {
		o.DialsPerHour = DefaultDialsPerHour
	}
	if o.CallsPerCaller == 0 {
		o.CallsPerCaller = DefaultCallsPerCaller
	}
	return o
}

// Spent counts what limits are about, by the hour. It is bounded, outlives a
// reload, and is safe for concurrent use.
type Spent struct {
	seed maphash.Seed

	mu      sync.Mutex
	hour    int64 // Unix hours
	dials   [2]int
	callers [2]map[uint64]int // of this hour, and of the one before
}

const callersMost = 20_000

// NewSpent has nothing spent yet.
func NewSpent() *Spent {
	return &Spent{seed: maphash.MakeSeed(), callers: [2]map[uint64]int{{}, {}}}
}

// dial says why nobody may be dialled now, "" where so many may; then they are
// counted.
func (s *Spent) dial(o LimitOptions, people int, now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.within(s.dials[0], s.dials[1], now) >= o.DialsPerHour {
		return fmt.Sprintf("the limit of %d dials an hour is reached", o.DialsPerHour)
	}
	s.dials[0] += people
	return ""
}

// caller says why a caller gets no more than words, "" where they do.
func (s *Spent) caller(o LimitOptions, from string, now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := maphash.Comparable(s.seed, from)
	if s.within(s.callers[0][key], s.callers[1][key], now) >= o.CallsPerCaller {
		return fmt.Sprintf("this number had %d calls within an hour, which is the limit", o.CallsPerCaller)
	}
	return ""
}

// call counts a call of a caller that got more than words.
func (s *Spent) call(from string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := maphash.Comparable(s.seed, from)
	s.within(0, 0, now) // turns the hour
	if len(s.callers[0]) < callersMost {
		s.callers[0][key]++
	}
}

// within is about how much was spent in the last 60 minutes: this hour's, and
// of the hour before what of it still counts.
func (s *Spent) within(this, before int, now time.Time) int {
	hour := max(now.Unix()/3600, s.hour) // a clock that was set back gives nothing again
	if hour-now.Unix()/3600 > 1 {
		hour = now.Unix() / 3600 // unless it was wrong before
	}
	if hour != s.hour {
		if hour == s.hour+1 {
			s.dials[1], s.callers[1] = s.dials[0], s.callers[0]
			before = this
		} else {
			s.dials[1], s.callers[1] = 0, map[uint64]int{}
			before = 0
		}
		this, s.dials[0], s.callers[0], s.hour = 0, 0, map[uint64]int{}, hour
	}
	left := int64(3600) // of the hour before, while the clock is behind
	if now.Unix()/3600 == hour {
		left -= now.Unix() % 3600
	}
	return this + int(int64(before)*left/3600)
}
