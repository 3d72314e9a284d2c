package recovery

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// Calls remembers the calls and messages that failed lately: how often, and
// where they stand. It is bounded, and outlives a reload; what it has forgotten
// is not a promise that nothing was. It is safe for concurrent use.
type Calls struct {
	seed maphash.Seed

	mu         sync.Mutex
	young, old map[uint64]past
	started    time.Time
}

// past is what is known of one call, kept small: there are many in a storm.
type past struct {
	failure incident.ID // the newest one
	from    uint32      // when the visits that count began, Unix seconds
	visits  uint8
	retries uint8
	rule    uint16 // that the last answer came from, plus one; 0 for none
	step    uint8
	taken   uint8 // whoever took the call, plus one
	sent    bool  // on to another server, by its own address
	digest  [6]byte
}

const (
	callsMost = 32_000
	callsFor  = time.Hour
	// visitsWithin is how long visits of a call are counted together: a loop
	// goes round many times in it, a call whose every step fails a few times.
	visitsWithin = 5 * time.Minute
	// MostVisits is how often a call or message may fail within five minutes
	// and still have something tried for it but words.
	MostVisits = 8
)

// NewCalls remembers nothing yet.
func NewCalls() *Calls {
	return &Calls{seed: maphash.MakeSeed(), young: map[uint64]past{}}
}

// Visit notes that a call or message failed, as f, and says what is known of it.
func (c *Calls) Visit(f incident.Failure) State {
	if f.SID == "" {
		return State{Visit: 1}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.key(f.AccountSID, f.SID)
	p := c.find(key, f.ReceivedAt)
	now := uint32(f.ReceivedAt.Unix()) //nolint:gosec // until 2106
	if p.visits == 0 || time.Duration(now-p.from)*time.Second >= visitsWithin {
		p.from, p.visits = now, 0
	}
	p.visits = min(p.visits, 254) + 1
	s := State{Visit: int(p.visits), Retries: int(p.retries), Before: p.failure}
	if p.rule > 0 {
		s.After = &Place{Failure: p.failure, Rules: p.digest, Rule: int(p.rule) - 1, Step: int(p.step)}
	}
	p.failure = f.ID
	c.young[key] = p
	return s
}

// Recall notes what the ledger knows of a call from before a restart.
func (c *Calls) Recall(account, sid string, newest incident.ID, at time.Time, visits, retries int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.key(account, sid)
	p := c.find(key, at)
	if p.visits == 0 {
		p.from, p.failure = uint32(at.Unix()), newest //nolint:gosec // until 2106
	}
	p.visits = uint8(min(int(p.visits)+visits, 255))    //nolint:gosec // bounded
	p.retries = uint8(min(int(p.retries)+retries, 255)) //nolint:gosec // bounded
	c.young[key] = p
}

// served notes which step a call got, so that it can go on behind it.
func (c *Calls) served(f incident.Failure, at Place, kind Kind) {
	if f.SID == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.key(f.AccountSID, f.SID)
	p := c.find(key, f.ReceivedAt)
	p.rule, p.step, p.digest = uint16(at.Rule)+1, uint8(at.Step), at.Rules //nolint:gosec // checked when the rules are made
	if kind == Retry {
		p.retries++
	}
	p.sent = kind == Retry || kind == Redirect
	c.young[key] = p
}

func (c *Calls) ended(account, sid string, now time.Time) (failure incident.ID, sent bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.find(c.key(account, sid), now)
	return p.failure, p.sent
}

// took notes that somebody took a call.
func (c *Calls) took(account string, at Place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.key(account, string(at.Failure[:]))
	p := c.find(key, at.Since)
	p.step, p.taken = uint8(at.Step), uint8(at.At)+1 //nolint:gosec // checked when the rules are made
	c.young[key] = p
}

// taken says whether somebody took the call, there.
func (c *Calls) taken(account string, at Place) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.find(c.key(account, string(at.Failure[:])), at.Since)
	return int(p.taken) == at.At+1 && int(p.step) == at.Step
}

func (c *Calls) key(account, sid string) uint64 {
	return maphash.Comparable(c.seed, [2]string{account, sid})
}

func (c *Calls) find(key uint64, now time.Time) past {
	if len(c.young) >= callsMost || now.Sub(c.started) >= callsFor {
		c.old, c.young, c.started = c.young, map[uint64]past{}, now
	}
	if p, ok := c.young[key]; ok {
		return p
	}
	return c.old[key]
}
