package intake

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// watch is what Proofs knows of a server that incidents are about.
type watch struct {
	incidents map[int64]bool // whether a look was taken for it, by number
	open      bool           // one of them is
	looking   bool
	looked    time.Time // when the last look ended; zero for never
	spread    float64   // of the time until the next: who started together does not go on together
}

// about has it be about these incidents and no others. Those that were there
// before anybody asked have no alert that waits.
func (w *watch) about(all []incident.Incident, before bool) {
	now := make(map[int64]bool, len(all))
	w.open = false
	for _, in := range all {
		now[in.ID] = before || w.incidents[in.ID]
		w.open = w.open || in.State == incident.Open
	}
	w.incidents = now
}

// fresh says that an alert may wait for the first look.
func (w *watch) fresh() bool {
	for _, looked := range w.incidents {
		if !looked {
			return true
		}
	}
	return false
}

// due is when to look next.
func (w *watch) due() time.Time {
	switch {
	case w.fresh(), w.looked.IsZero():
		return time.Time{}
	case w.open:
		return w.looked.Add(time.Duration(w.spread * float64(lookOpen)))
	}
	return w.looked.Add(time.Duration(w.spread * float64(lookQuiet)))
}

// next is the server to look at next: first those for which an alert may wait,
// then whose turn has come longest ago. It is nil where there is none.
func (p *Proofs) next() (server string, w *watch) {
	for name, one := range p.watches {
		if one.looking || len(one.incidents) == 0 {
			continue
		}
		if w == nil || one.before(w) {
			server, w = name, one
		}
	}
	return server, w
}

func (w *watch) before(other *watch) bool {
	if w.fresh() != other.fresh() {
		return w.fresh()
	}
	return w.due().Before(other.due())
}

// looking is how many servers are looked at.
func (p *Proofs) looking() (n int) {
	for _, w := range p.watches {
		if w.looking {
			n++
		}
	}
	return n
}

// waiting are the incidents that a look at server was taken for: also those that
// opened while it went on.
func (p *Proofs) waiting(server string) []int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids := slices.Sorted(maps.Keys(p.watches[server].incidents))
	for _, id := range ids {
		p.watches[server].incidents[id] = true
	}
	return ids
}

// ended notes that a look at server is over, however that was.
func (p *Proofs) ended(server string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.watches[server]
	w.looking, w.looked = false, time.Now()
	w.spread = 0.9 + 0.2*rand.Float64() //nolint:gosec // no secret
}
