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

	addresses, earlier map[incident.ID]string // that failed
}

// past is what is known of one call, kept small: there are many in a storm.
type past struct {
	failure incident.ID // the newest one
	from    uint32      // when the visits that count began, Unix seconds
	visits  uint8
	inAll   uint8 // visits, ever
	retries uint8
	step    uint8   // that the last answer came from
	rule    [6]byte // digest of its rule; zero for none
	taken   uint8   // whoever took the call, plus one
	sent    bool    // on to another server, by its own address
	counted bool    // by the limit of calls of one caller
}

const (
	callsMost = 16_000
	// CallsFor is how long a call is remembered, at least.
	CallsFor = time.Hour
	// visitsWithin is how long visits of a call are counted together: a loop
	// goes round many times in it, a call whose every step fails a few times.
	visitsWithin = 5 * time.Minute
	// MostVisits is how often a call or message may fail within five minutes
	// and still have something tried for it but words.
	MostVisits = 8
	// MostInAll is how often in all: who goes round slowly does so, too.
	MostInAll = 60
	// addressesMost is how many addresses that failed are remembered for calls that
	// are kept on the line: a thousand such calls last a few minutes each.
	addressesMost = 4_000
)

// NewCalls remembers nothing yet.
func NewCalls() *Calls {
	return &Calls{seed: maphash.MakeSeed(), young: map[uint64]past{}, addresses: map[incident.ID]string{}}
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
	if p.visits == 0 || !isMusic(f, p.failure) {
		p.visits, p.inAll = min(p.visits, 254)+1, min(p.inAll, 254)+1
	}
	s := State{Visit: int(p.visits), InAll: int(p.inAll), Retries: int(p.retries), Before: p.failure}
	if p.rule != ([6]byte{}) {
		s.After = &Place{Failure: p.failure, Rule: p.rule, Step: int(p.step)}
	}
	p.failure = f.ID
	c.young[key] = p
	return s
}

// isMusic says whether a failure is another round of what somebody in a queue
// hears, which is no visit: a loop comes round sooner.
func isMusic(f incident.Failure, before incident.ID) bool {
	const leastRound = 5 * time.Second
	seen := readFacts(f)
	return seen.waits() && f.ReceivedAt.Sub((Place{Failure: before}).began()) >= leastRound
}

// Recalled is a call from before a restart, as the ledger knows it.
type Recalled struct {
	AccountSID, SID string
	Failure         incident.ID // the newest one
	At              time.Time   // of that
	ErrorURL        string      // likewise
	Failed          []time.Time // every time, oldest first
	Retries         int
}

// Recall notes what was known before a restart.
func (c *Calls) Recall(r Recalled) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.key(r.AccountSID, r.SID)
	p := c.find(key, r.At)
	if p.visits == 0 {
		p.from, p.failure = uint32(r.At.Unix()), r.Failure //nolint:gosec // until 2106
	}
	lately := 0
	for _, at := range r.Failed {
		if r.At.Sub(at) < visitsWithin {
			lately++
		}
	}
	p.visits = uint8(min(int(p.visits)+lately, 255))      //nolint:gosec // bounded
	p.inAll = uint8(min(int(p.inAll)+len(r.Failed), 255)) //nolint:gosec // bounded
	p.retries = uint8(min(int(p.retries)+r.Retries, 255)) //nolint:gosec // bounded
	c.young[key] = p
	if r.ErrorURL != "" {
		c.remember(r.Failure, r.ErrorURL) // it may be kept on the line
	}
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
	p.rule, p.step = at.Rule, uint8(at.Step) //nolint:gosec // checked when the rules are made
	if kind == Retry {
		p.retries++
	}
	p.sent = kind == Retry || kind == Redirect
	c.young[key] = p
	if kind.holds() && f.ErrorURL != "" && !f.Itself {
		c.remember(at.Failure, f.ErrorURL)
	}
}

// remember keeps the address that failed for what comes back about the call:
// Twilio does not name it again.
func (c *Calls) remember(id incident.ID, errorURL string) {
	if len(c.addresses) >= addressesMost {
		c.earlier, c.addresses = c.addresses, map[incident.ID]string{}
	}
	c.addresses[id] = errorURL
}

// address is what failed, "" where that is not known any more.
func (c *Calls) address(id incident.ID) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if url, ok := c.addresses[id]; ok {
		return url
	}
	return c.earlier[id]
}

// retriesOf is how often a call was sent back to its own server.
func (c *Calls) retriesOf(f incident.Failure) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int(c.find(c.key(f.AccountSID, f.SID), f.ReceivedAt).retries)
}

// count says whether a call is counted for the first time.
func (c *Calls) count(f incident.Failure) bool {
	if f.SID == "" {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.key(f.AccountSID, f.SID)
	p := c.find(key, f.ReceivedAt)
	first := !p.counted
	p.counted = true
	c.young[key] = p
	return first
}

// counted says whether a call was counted.
func (c *Calls) counted(f incident.Failure) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.find(c.key(f.AccountSID, f.SID), f.ReceivedAt).counted
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
	if len(c.young) >= callsMost || now.Sub(c.started) >= CallsFor {
		c.old, c.young, c.started = c.young, emptied(c.old), now
	}
	if p, ok := c.young[key]; ok {
		return p
	}
	return c.old[key]
}

// emptied is a map with nothing in it. In a storm its room is kept: to grow again
// would cost as much as all that is remembered.
func emptied(calls map[uint64]past) map[uint64]past {
	if len(calls) < callsMost/2 {
		return map[uint64]past{}
	}
	clear(calls)
	return calls
}
