package main

import (
	"sync"
	"time"
	"unsafe"

	"github.com/backstop-project/backstop/store/disktest"
)

// mishap is which step of something fails, and how.
type mishap struct {
	step    int  // counted from 1; 0 is none
	forever bool // and all that follow
	other   bool // in its second way: see who counts
}

// counter counts the steps of something, and has them fail.
type counter interface {
	fail(f mishap) // from now on; the zero one heals
	taken() int
	failures() int
}

// steps is a counter for whatever asks it at each step.
type steps struct {
	mu            sync.Mutex
	fault         mishap
	count, failed int
	healed        chan struct{} // of the fault that there is
}

func newSteps() *steps { return &steps{healed: make(chan struct{})} }

// next counts a step, and says whether it fails, in which way and until when.
func (s *steps) next() (bad, other bool, healed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	bad = s.fault.step > 0 && (s.count == s.fault.step || s.fault.forever && s.count > s.fault.step)
	if bad {
		s.failed++
	}
	return bad, s.fault.other, s.healed
}

func (s *steps) fail(f mishap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.healed)
	s.fault, s.healed = f, make(chan struct{})
}

func (s *steps) taken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

func (s *steps) failures() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// disk is the counter of a database: its second way is to be full.
type disk struct{ *disktest.Disk }

func (d disk) fail(f mishap) {
	d.Fail(disktest.Fault{Step: f.step, Forever: f.forever, Full: f.other})
}
func (d disk) taken() int    { return d.Steps() }
func (d disk) failures() int { return d.Failures() }

// wallClock is the clock on the wall of a bubble, of which each look is a step. A
// look that fails is some hours ahead, or behind in its second way. As on a real
// machine a clock that was set goes on to measure: times have a reading of the
// monotonic clock, which a bubble's own have not.
type wallClock struct {
	*steps
	began, first time.Time
}

// setBy is how far the clock is off where it is wrong.
const setBy = 5 * time.Hour

// newWallClock makes one that is right; outside is a time from outside of the bubble.
func newWallClock(outside time.Time) *wallClock {
	began := time.Now()
	first := outside.Add(time.Duration(began.Nanosecond() - outside.Nanosecond()))
	return &wallClock{newSteps(), began, set(first, began.Unix()-first.Unix())}
}

func (c *wallClock) now() time.Time {
	at := c.first.Add(time.Since(c.began))
	switch bad, behind, _ := c.next(); {
	case bad && behind:
		return set(at, -int64(setBy/time.Second))
	case bad:
		return set(at, int64(setBy/time.Second))
	}
	return at
}

// set puts the clock on the wall forward, and leaves the monotonic one: the seconds
// of a time that has a reading of it are from bit 30 of its first word on.
func set(at time.Time, seconds int64) time.Time {
	*(*uint64)(unsafe.Pointer(&at)) += uint64(seconds) << 30
	return at
}
