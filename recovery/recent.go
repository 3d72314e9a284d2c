package recovery

import (
	"hash/maphash"
	"sync"
	"time"
)

// ReplyEvery is how often a number gets an apology from the same line.
const ReplyEvery = 60 * time.Minute

// maxRecent bounds the pairs that are remembered: some 5 MB.
const maxRecent = 100_000

// Recent remembers which number was answered by which line. Beyond 100,000
// pairs the oldest is forgotten. It is safe for concurrent use, and it
// outlives a reload.
type Recent struct {
	seed maphash.Seed

	mu   sync.Mutex
	last map[uint64]int64 // hash of the pair: when, Unix nanoseconds
	ring []mark           // the same in order of time, to find the oldest
	next int              // where in ring, once it is full
}

type mark struct {
	pair uint64
	at   int64
}

// NewRecent returns an empty Recent.
func NewRecent() *Recent {
	return &Recent{seed: maphash.MakeSeed(), last: map[uint64]int64{}}
}

// Again says whether the pair was answered less than ReplyEvery before now,
// and how long ago. Where it was not, now is remembered.
func (r *Recent) Again(from, to string, now time.Time) (ago time.Duration, again bool) {
	// Two pairs of the 100,000 with one hash: once in some billion years.
	pair := maphash.Comparable(r.seed, [2]string{from, to})
	at := now.UnixNano()
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, known := r.last[pair]; known {
		// A clock that was set back must not silence anybody for long.
		if ago = time.Duration(at - last); ago.Abs() < ReplyEvery {
			return max(ago, 0), true
		}
	}
	r.remember(mark{pair, at})
	return 0, false
}

func (r *Recent) remember(m mark) {
	r.last[m.pair] = m.at
	if len(r.ring) < maxRecent {
		r.ring = append(r.ring, m)
		return
	}
	oldest := r.ring[r.next]
	if r.last[oldest.pair] == oldest.at {
		delete(r.last, oldest.pair)
	}
	r.ring[r.next] = m
	r.next = (r.next + 1) % maxRecent
}
