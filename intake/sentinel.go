package intake

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// Sentinel notices that the ledger is away, or that the journal takes nothing,
// and then tells people itself, from a tally in memory, outside incidents:
// rather twice than never.
type Sentinel struct {
	urgent func(incident.Alert)
	tell   func(incident.Alert)
	now    func() time.Time
	log    *slog.Logger

	mu       sync.Mutex
	watching bool
	since    time.Time // the ledger is away since; zero while it is there
	why      string
	feedFrom time.Time // a batch is being fed since; zero while none is
	lately   lately    // whoever came in last
	fedUntil time.Time // what was noted before needs nobody to be told of it
	unfed    outage    // since then

	unwrittenSince time.Time // the journal takes nothing since; zero while it does
	unwrittenWhy   string
	unwritten      outage // since then
}

// NewSentinel makes a sentinel, which watches while a feeder runs: a process
// that does not feed cannot know how the ledger does. urgent must send to all
// notifiers at once, without the ledger; tell is for what can wait, and neither
// may block. The times that people are told have the zone of now's.
func NewSentinel(urgent, tell func(incident.Alert), now func() time.Time, log *slog.Logger) *Sentinel {
	return &Sentinel{urgent: urgent, tell: tell, now: now, log: log, unfed: newOutage(), unwritten: newOutage()}
}

const (
	awayAfter = 2 * time.Second // from then on the ledger counts as away
	slowFeed  = 250 * time.Millisecond

	// What was noted that long before a step of feeding that went well has been
	// decided on: fed, or set aside.
	decidedWithin = 10 * time.Second
)

// Note counts e while the ledger is away or slow, or the journal takes nothing.
// It is called for every recorded entry, from the answer path: a short lock, no
// waiting.
func (s *Sentinel) Note(e incident.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.lately.note(e, now) // a batch that succeeds without e forgets the tally
	if !s.unwrittenSince.IsZero() {
		s.unwritten.add(e)
	}
	switch {
	case !s.watching:
		s.forget()
	case s.since.IsZero() && (s.feedFrom.IsZero() || now.Sub(s.feedFrom) < slowFeed):
		return
	}
	s.unfed.add(e)
}

// JournalIs hears that the journal takes nothing, and why, or that it works
// again: nil. Whoever came in just before is told of, too.
func (s *Sentinel) JournalIs(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.unwrittenSince, s.unwrittenWhy = time.Time{}, ""
		s.unwritten.over()
		return
	}
	s.unwritten.owes = true // whoever says so tells people
	if s.unwrittenSince.IsZero() {
		s.unwrittenSince = s.now()
		s.lately.addTo(&s.unwritten.tally, s.unwrittenSince.Add(-decidedWithin))
	}
	s.unwrittenWhy = err.Error()
}

// Away says since when the ledger is away, and why; zero while it is there.
func (s *Sentinel) Away() (since time.Time, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.away(s.now())
}

func (s *Sentinel) away(now time.Time) (since time.Time, why string) {
	switch {
	case !s.since.IsZero() && now.Sub(s.since) >= awayAfter:
		return s.since, s.why
	case !s.feedFrom.IsZero() && now.Sub(s.feedFrom) >= awayAfter:
		return s.feedFrom, "the database does not answer"
	}
	return time.Time{}, ""
}

// begin has the ledger be away until the first step of feeding.
func (s *Sentinel) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	s.watching, s.since, s.why = true, s.now(), "not opened yet"
}

// forget keeps of the time before the watch its last moment only: what came in
// while the process was starting.
func (s *Sentinel) forget() {
	if !s.unfed.first.IsZero() && s.now().Sub(s.unfed.first) > awayAfter {
		s.unfed.tally = newTally()
	}
}

// end is the end of feeding: from now on nobody knows how the ledger does.
func (s *Sentinel) end() {
	s.ledgerIs(nil, s.now())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watching = false
}

// ledgerIs hears how the last step of feeding went, and when it began. Who came
// in before the ledger was found to be away, and after the last step that went
// well, is told of, too.
func (s *Sentinel) ledgerIs(err error, step time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	began := s.feedFrom
	s.feedFrom = time.Time{}
	if err == nil {
		s.since, s.why = time.Time{}, ""
		s.unfed.over()
		s.fedUntil = step.Add(-decidedWithin)
		return
	}
	if s.since.IsZero() {
		s.lately.addTo(&s.unfed.tally, s.fedUntil)
		s.since = began
	}
	if s.since.IsZero() {
		s.since = s.now()
	}
	s.why = err.Error()
}

// Rest forgets that the ledger was away: another process feeds it now, and
// watches over it.
func (s *Sentinel) Rest() { s.ledgerIs(nil, s.now()) }

// feeding notes a batch before it is given to the ledger: should that hang,
// its callers are known.
func (s *Sentinel) feeding(entries []incident.Fed) {
	known := s.isAway()
	batch := newTally()
	if !known { // else counted when they came in, or with the batch before
		for _, e := range entries { // not under the lock: answers take it
			batch.add(e.Entry)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feedFrom = s.now()
	if !known {
		s.unfed.tally = batch
	}
}

// isAway says whether the last step of feeding failed.
func (s *Sentinel) isAway() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.since.IsZero()
}

// fedAll hears that the ledger has taken a batch: it is there, also where what
// has come in keeps one step of feeding busy for long.
func (s *Sentinel) fedAll(batch []incident.Fed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lately.fed(batch)
	s.feedFrom = time.Time{}
	if s.since.IsZero() {
		s.unfed.tally = newTally()
		return
	}
	s.since, s.why = time.Time{}, ""
	s.unfed.over()
}

// Run watches until ctx ends.
func (s *Sentinel) Run(ctx context.Context) error {
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	away := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			away = s.say(away)
			if alert, ok := s.due(); ok {
				s.urgent(alert)
			}
			for _, alert := range s.over() {
				s.tell(alert)
			}
		}
	}
}

// say logs that the ledger went away, or is back; away is what was logged last.
func (s *Sentinel) say(away bool) bool {
	switch since, why := s.Away(); {
	case !away && !since.IsZero():
		s.log.Error("history unavailable: failures wait in the journal", "since", since, "err", why)
		return true
	case away && since.IsZero():
		s.log.Info("history available again")
		return false
	}
	return away
}
