package intake

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// Sentinel notices that the ledger is away and then tells people itself, from
// a tally in memory, outside incidents: rather twice than never.
type Sentinel struct {
	urgent func(incident.Alert)
	now    func() time.Time
	log    *slog.Logger

	mu       sync.Mutex
	watching bool
	since    time.Time // the ledger is away since; zero while it is there
	why      string
	feedFrom time.Time // a batch is being fed since; zero while none is
	lately   lately    // whoever came in last
	fedUntil time.Time // what was noted before needs nobody to be told of it
	tally    tally
	toldAt   time.Time
	told     int // callers when it was told last
}

// NewSentinel makes a sentinel, which watches while a feeder runs: a process
// that does not feed cannot know how the ledger does. urgent must send to all
// notifiers at once, without the ledger, and not block.
func NewSentinel(urgent func(incident.Alert), now func() time.Time, log *slog.Logger) *Sentinel {
	return &Sentinel{urgent: urgent, now: now, log: log, tally: newTally()}
}

const (
	awayAfter   = 2 * time.Second // from then on the ledger counts as away
	slowFeed    = 250 * time.Millisecond
	urgentEvery = 10 * time.Minute
	outageEvery = time.Minute // a ledger that comes and goes is no news each time

	// What was noted that long before a step of feeding that went well has been
	// decided on: fed, or set aside.
	decidedWithin = 10 * time.Second
)

// Note counts e while the ledger is away or slow. It is called for every
// recorded entry, from the answer path: a short lock, no waiting.
func (s *Sentinel) Note(e incident.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.lately.note(e, now) // a batch that succeeds without e forgets the tally
	switch {
	case !s.watching:
		s.forget()
	case s.since.IsZero() && (s.feedFrom.IsZero() || now.Sub(s.feedFrom) < slowFeed):
		return
	}
	s.tally.add(e)
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
	if !s.tally.first.IsZero() && s.now().Sub(s.tally.first) > awayAfter {
		s.tally = newTally()
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
		s.since, s.why, s.told = time.Time{}, "", 0
		s.tally = newTally()
		s.fedUntil = step.Add(-decidedWithin)
		return
	}
	if s.since.IsZero() {
		s.lately.addTo(&s.tally, s.fedUntil)
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
		s.tally = batch
	}
}

// isAway says whether the last step of feeding failed.
func (s *Sentinel) isAway() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.since.IsZero()
}

// fedAll hears that the ledger has taken a batch.
func (s *Sentinel) fedAll(batch []incident.Fed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lately.fed(batch)
	s.feedFrom = time.Time{}
	if s.since.IsZero() {
		s.tally = newTally()
	}
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

// due decides whether people have to be told now: once failures are there
// that the history does not show, again with ten times the callers, and every
// ten minutes while there are new ones. Another outage is told like the first,
// but not within a minute of what was said last.
func (s *Sentinel) due() (incident.Alert, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	since, why := s.away(now)
	callers := s.tally.callers()
	if since.IsZero() || callers == 0 {
		return incident.Alert{}, false
	}
	if s.told == 0 && !s.toldAt.IsZero() && now.Sub(s.toldAt) < outageEvery {
		return incident.Alert{}, false
	}
	grown := callers >= 10*max(1, s.told)
	again := callers > s.told && now.Sub(s.toldAt) >= urgentEvery
	if s.told > 0 && !grown && !again {
		return incident.Alert{}, false
	}
	s.told, s.toldAt = callers, now
	return incident.Alert{
		Kind: incident.Meta, Topic: incident.LedgerTopic, At: now, Callers: int64(callers),
		Title:  s.tally.title(),
		Detail: s.tally.detail(since, why),
		Reason: "the history is unavailable, so this comes straight from memory",
	}, true
}
