package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// errAway is what everybody gets who asks for the ledger while there is none.
var errAway = errors.New("the ledger is not open")

// ledgerSlot holds the ledger while it is open. It is what the rooms see: they
// get an error where it is away, and never a nil.
type ledgerSlot struct {
	open   atomic.Pointer[store.Ledger]
	why    atomic.Pointer[string] // it is not open; nil while it is opened for the first time
	alerts func()                 // called when a person's deed put an alert into the outbox
	// suspect hears of a ledger that SQLite calls malformed, for its header may
	// be good where its pages are not, or that it cannot read or write.
	suspect func(l *store.Ledger, why error)
	// alone says whether surely nobody else sends what is in the outbox.
	alone func() bool

	mu       sync.Mutex
	claimed  map[string]string // by notifier: the id of the ledger that its delivery was claimed from
	released string            // the id of the ledger whose claims of processes that are gone were released
}

func (s *ledgerSlot) ledger() (*store.Ledger, error) {
	if l := s.open.Load(); l != nil {
		return l, nil
	}
	if why := s.why.Load(); why != nil {
		return nil, fmt.Errorf("%w: %s", errAway, *why)
	}
	return nil, fmt.Errorf("%w: %w", errAway, history.ErrOpening)
}

func ask[T any](s *ledgerSlot, question func(*store.Ledger) (T, error)) (T, error) {
	l, err := s.ledger()
	if err != nil {
		var none T
		return none, err
	}
	answer, err := question(l)
	return answer, s.watch(l, err)
}

// watch is err, and has the ledger looked at where that says it is damaged, or
// that the disk failed.
func (s *ledgerSlot) watch(l *store.Ledger, err error) error {
	if errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrIO) {
		s.suspect(l, err)
	}
	return err
}

// Failures is store.Ledger's.
func (s *ledgerSlot) Failures(ctx context.Context, q history.Query) (history.Page, error) {
	return ask(s, func(l *store.Ledger) (history.Page, error) { return l.Failures(ctx, q) })
}

// Failure is store.Ledger's.
func (s *ledgerSlot) Failure(ctx context.Context, id incident.ID) (history.Detail, error) {
	return ask(s, func(l *store.Ledger) (history.Detail, error) { return l.Failure(ctx, id) })
}

// Histogram is store.Ledger's.
func (s *ledgerSlot) Histogram(ctx context.Context, q history.Query, most int) ([]history.Bucket, error) {
	return ask(s, func(l *store.Ledger) ([]history.Bucket, error) { return l.Histogram(ctx, q, most) })
}

// Look is store.Ledger's.
func (s *ledgerSlot) Look(ctx context.Context, q history.Query, most int) (history.Look, error) {
	return ask(s, func(l *store.Ledger) (history.Look, error) { return l.Look(ctx, q, most) })
}

// Reveal is store.Ledger's.
func (s *ledgerSlot) Reveal(ctx context.Context, r history.Reveal, ids ...incident.ID) error {
	l, err := s.ledger()
	if err != nil {
		return err
	}
	return s.watch(l, l.Reveal(ctx, r, ids...))
}

// Callers is store.Ledger's.
func (s *ledgerSlot) Callers(ctx context.Context, q history.CallerQuery, now time.Time) (history.CallerPage, error) {
	return ask(s, func(l *store.Ledger) (history.CallerPage, error) { return l.Callers(ctx, q, now) })
}

// ClaimCallback is store.Ledger's.
func (s *ledgerSlot) ClaimCallback(ctx context.Context, failure incident.ID, by string, at time.Time) (c history.Callback, ok bool, err error) {
	c, err = ask(s, func(l *store.Ledger) (c history.Callback, err error) {
		c, ok, err = l.ClaimCallback(ctx, failure, by, at)
		return c, err
	})
	return c, ok, err
}

// ChangeCallback is store.Ledger's.
func (s *ledgerSlot) ChangeCallback(ctx context.Context, failure incident.ID, to history.CallbackChange) (c history.Callback, ok bool, err error) {
	c, err = ask(s, func(l *store.Ledger) (c history.Callback, err error) {
		c, ok, err = l.ChangeCallback(ctx, failure, to)
		return c, err
	})
	return c, ok, err
}

// RevealCallers is store.Ledger's.
func (s *ledgerSlot) RevealCallers(ctx context.Context, r history.CallerReveal) ([]history.CallerReveal, error) {
	return ask(s, func(l *store.Ledger) ([]history.CallerReveal, error) { return l.RevealCallers(ctx, r) })
}

// Incidents is store.Ledger's.
func (s *ledgerSlot) Incidents(ctx context.Context, q history.IncidentQuery) (history.IncidentPage, error) {
	return ask(s, func(l *store.Ledger) (history.IncidentPage, error) { return l.Incidents(ctx, q) })
}

// Incident is store.Ledger's.
func (s *ledgerSlot) Incident(ctx context.Context, id int64) (history.IncidentDetail, error) {
	return ask(s, func(l *store.Ledger) (history.IncidentDetail, error) { return l.Incident(ctx, id) })
}

// Acknowledge is store.Ledger's; what it has to tell goes out at once.
func (s *ledgerSlot) Acknowledge(ctx context.Context, id int64, by string, at time.Time) (incident.Incident, error) {
	defer s.alerts()
	return ask(s, func(l *store.Ledger) (incident.Incident, error) { return l.Acknowledge(ctx, id, by, at) })
}

// Resolve is store.Ledger's; its alert goes out at once.
func (s *ledgerSlot) Resolve(ctx context.Context, id int64, by string, at time.Time) (incident.Incident, error) {
	defer s.alerts()
	return ask(s, func(l *store.Ledger) (incident.Incident, error) { return l.Resolve(ctx, id, by, at) })
}

// Mute is store.Ledger's; what it has to tell goes out at once.
func (s *ledgerSlot) Mute(ctx context.Context, id int64, by string, until time.Time, upTo int64, at time.Time) (incident.Incident, error) {
	defer s.alerts()
	return ask(s, func(l *store.Ledger) (incident.Incident, error) { return l.Mute(ctx, id, by, until, upTo, at) })
}

// Silences is store.Ledger's.
func (s *ledgerSlot) Silences(ctx context.Context, at time.Time) ([]incident.Silence, error) {
	return ask(s, func(l *store.Ledger) ([]incident.Silence, error) { return l.Silences(ctx, at) })
}

// Silence is store.Ledger's.
func (s *ledgerSlot) Silence(ctx context.Context, one incident.Silence) (int64, error) {
	return ask(s, func(l *store.Ledger) (int64, error) { return l.Silence(ctx, one) })
}

// EndSilence is store.Ledger's; what was withheld is looked at soon.
func (s *ledgerSlot) EndSilence(ctx context.Context, id int64, by string, at time.Time) error {
	_, err := ask(s, func(l *store.Ledger) (struct{}, error) { return struct{}{}, l.EndSilence(ctx, id, by, at) })
	return err
}

// LedgerID is the random id of the ledger that is open.
func (s *ledgerSlot) LedgerID() (string, error) {
	l, err := s.ledger()
	if err != nil {
		return "", err
	}
	return l.ID(), nil
}

// Notifiers is store.Ledger's.
func (s *ledgerSlot) Notifiers(ctx context.Context) ([]history.NotifierStatus, error) {
	return ask(s, func(l *store.Ledger) ([]history.NotifierStatus, error) { return l.Notifiers(ctx) })
}

func (s *ledgerSlot) recentCalls(ctx context.Context, since time.Time) ([]history.RecentCall, error) {
	return ask(s, func(l *store.Ledger) ([]history.RecentCall, error) { return l.RecentCalls(ctx, since) })
}

// past is store.Ledger's Past.
func (s *ledgerSlot) past(ctx context.Context, since time.Time, fail func(incident.Entry), do func(incident.Deed)) (int, error) {
	return ask(s, func(l *store.Ledger) (int, error) { return l.Past(ctx, since, fail, do) })
}

// Drill is store.Ledger's.
func (s *ledgerSlot) Drill(ctx context.Context, sid string) (history.DrillReport, error) {
	return ask(s, func(l *store.Ledger) (history.DrillReport, error) { return l.Drill(ctx, sid) })
}

// Claim is store.Ledger's. Without a ledger nothing waits: its keeper wakes
// the dispatcher as soon as there is one.
func (s *ledgerSlot) Claim(ctx context.Context, notifier string, now time.Time, lease time.Duration) (incident.Message, time.Time, bool, error) {
	l, err := s.ledger()
	if err != nil {
		return incident.Message{}, time.Time{}, false, nil
	}
	if err := s.release(ctx, l); err != nil {
		return incident.Message{}, time.Time{}, false, s.watch(l, err)
	}
	m, wait, ok, err := l.Claim(ctx, notifier, now, lease)
	if ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.claimed == nil {
			s.claimed = map[string]string{}
		}
		s.claimed[notifier] = l.ID()
	}
	return m, wait, ok, s.watch(l, err)
}

// release frees what a process before this one had claimed and did not live to
// settle, once for each ledger. Without it an alert that was being sent when
// that one was killed would wait for the end of its lease.
func (s *ledgerSlot) release(ctx context.Context, l *store.Ledger) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.released == l.ID() || !s.alone() {
		return nil
	}
	if err := l.Release(ctx); err != nil {
		return err
	}
	s.released = l.ID()
	return nil
}

// succeed notes that this process took over from another one.
func (s *ledgerSlot) succeed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.released = ""
}

// Settle is store.Ledger's. In another ledger than the one that was claimed
// from, the same number would be another delivery.
func (s *ledgerSlot) Settle(ctx context.Context, notifier string, delivery int64, r incident.Result) error {
	l, err := s.ledger()
	if err != nil {
		return err
	}
	s.mu.Lock()
	from := s.claimed[notifier]
	s.mu.Unlock()
	if from != l.ID() {
		return &incident.RefusedError{Err: errors.New("the ledger was replaced while the message was sent")}
	}
	return s.watch(l, l.Settle(ctx, notifier, delivery, r))
}

// Tell is store.Ledger's.
func (s *ledgerSlot) Tell(ctx context.Context, a incident.Alert) (bool, error) {
	queued, err := ask(s, func(l *store.Ledger) (bool, error) { return l.Tell(ctx, a) })
	if queued {
		s.alerts()
	}
	return queued, err
}
