package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
	"github.com/backstop-project/backstop/store"
)

// errAway is what everybody gets who asks for the ledger while there is none.
var errAway = errors.New("the history is unavailable: the ledger is not open")

// ledgerSlot holds the ledger while it is open. It is what the rooms see: they
// get an error where it is away, and never a nil.
type ledgerSlot struct {
	open   atomic.Pointer[store.Ledger]
	alerts func() // called when a person's deed put an alert into the outbox

	mu      sync.Mutex
	claimed map[string]string // by notifier: the id of the ledger that its delivery was claimed from
}

func (s *ledgerSlot) ledger() (*store.Ledger, error) {
	if l := s.open.Load(); l != nil {
		return l, nil
	}
	return nil, errAway
}

// fed is the ledger as the pipeline sees it, nil while there is none.
func (s *ledgerSlot) fed() intake.Ledger {
	if l := s.open.Load(); l != nil {
		return l
	}
	return nil
}

// meta is the ledger as the teller sees it, nil while there is none.
func (s *ledgerSlot) meta() intake.MetaLedger {
	if l := s.open.Load(); l != nil {
		return l
	}
	return nil
}

func ask[T any](s *ledgerSlot, question func(*store.Ledger) (T, error)) (T, error) {
	l, err := s.ledger()
	if err != nil {
		var none T
		return none, err
	}
	return question(l)
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

// Reveal is store.Ledger's.
func (s *ledgerSlot) Reveal(ctx context.Context, id incident.ID, r history.Reveal) error {
	l, err := s.ledger()
	if err != nil {
		return err
	}
	return l.Reveal(ctx, id, r)
}

// Incidents is store.Ledger's.
func (s *ledgerSlot) Incidents(ctx context.Context, q history.IncidentQuery) (history.IncidentPage, error) {
	return ask(s, func(l *store.Ledger) (history.IncidentPage, error) { return l.Incidents(ctx, q) })
}

// Incident is store.Ledger's.
func (s *ledgerSlot) Incident(ctx context.Context, id int64) (history.IncidentDetail, error) {
	return ask(s, func(l *store.Ledger) (history.IncidentDetail, error) { return l.Incident(ctx, id) })
}

// Acknowledge is store.Ledger's.
func (s *ledgerSlot) Acknowledge(ctx context.Context, id int64, by string, at time.Time) (incident.Incident, error) {
	return ask(s, func(l *store.Ledger) (incident.Incident, error) { return l.Acknowledge(ctx, id, by, at) })
}

// Resolve is store.Ledger's; its alert goes out at once.
func (s *ledgerSlot) Resolve(ctx context.Context, id int64, by string, at time.Time) (incident.Incident, error) {
	defer s.alerts()
	return ask(s, func(l *store.Ledger) (incident.Incident, error) { return l.Resolve(ctx, id, by, at) })
}

// Notifiers is store.Ledger's.
func (s *ledgerSlot) Notifiers(ctx context.Context) ([]history.NotifierStatus, error) {
	return ask(s, func(l *store.Ledger) ([]history.NotifierStatus, error) { return l.Notifiers(ctx) })
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
	m, wait, ok, err := l.Claim(ctx, notifier, now, lease)
	if ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.claimed == nil {
			s.claimed = map[string]string{}
		}
		s.claimed[notifier] = l.ID()
	}
	return m, wait, ok, err
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
	return l.Settle(ctx, notifier, delivery, r)
}

// Tell is store.Ledger's.
func (s *ledgerSlot) Tell(ctx context.Context, a incident.Alert) (bool, error) {
	return ask(s, func(l *store.Ledger) (bool, error) { return l.Tell(ctx, a) })
}

// ledgerKeeper opens the ledger, notices when its file is damaged, deleted or
// replaced, moves a damaged one aside and opens a new one, which the journal
// then fills.
type ledgerKeeper struct {
	slot   *ledgerSlot
	path   string
	folder *folder
	// options are asked at each opening: a reload may have changed them.
	options func() store.LedgerOptions
	opened  func()
	tell    func(incident.Alert)
	now     func() time.Time
	log     *slog.Logger
	said    string // what was logged last, so that it is not said every second
}

// Run keeps the ledger open until ctx ends, then closes it.
func (k *ledgerKeeper) Run(ctx context.Context) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		if l := k.slot.open.Load(); l == nil {
			k.tryOpen(ctx)
		} else if err := l.Check(ctx); err != nil {
			k.replaced(l, err)
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Close closes the ledger, where one is open.
func (k *ledgerKeeper) Close() error {
	if l := k.slot.open.Swap(nil); l != nil {
		return l.Close()
	}
	return nil
}

func (k *ledgerKeeper) tryOpen(ctx context.Context) {
	if err := k.folder.check(); err != nil {
		k.say("opening", err)
		return
	}
	l, err := store.OpenLedger(ctx, k.path, k.options())
	switch {
	case err == nil:
		k.said = ""
		k.slot.open.Store(l)
		k.opened()
		if l.Unclean() {
			go k.examine(ctx, l)
		}
	case errors.Is(err, store.ErrCorrupt):
		k.aside(err)
	default:
		k.say("opening", err)
	}
}

// say logs an error once, not once a second.
func (k *ledgerKeeper) say(step string, err error) {
	if said := err.Error(); said != k.said {
		k.said = said
		k.log.Error("ledger not available", "step", step, "err", said)
	}
}

// examine reads the whole ledger after an unclean stop, in the background.
func (k *ledgerKeeper) examine(ctx context.Context, l *store.Ledger) {
	err := l.QuickCheck(ctx)
	if !errors.Is(err, store.ErrCorrupt) || !k.slot.open.CompareAndSwap(l, nil) {
		return
	}
	if err := l.Close(); err != nil {
		k.log.Warn("damaged ledger not closed cleanly", "err", err)
	}
	k.aside(err)
}

func (k *ledgerKeeper) replaced(l *store.Ledger, err error) {
	k.log.Error("ledger lost, opening it anew", "err", err)
	if !k.slot.open.CompareAndSwap(l, nil) {
		return
	}
	if err := l.Close(); err != nil {
		k.log.Warn("lost ledger not closed cleanly", "err", err)
	}
}

func (k *ledgerKeeper) aside(why error) {
	to, err := store.MoveAside(k.path, k.now())
	if err != nil {
		k.say("moving a damaged one aside", errors.Join(why, err))
		return
	}
	k.log.Error("damaged ledger moved aside", "to", to, "err", why)
	k.tell(incident.Alert{
		Kind: incident.Meta, Topic: incident.LedgerTopic, At: k.now(),
		Title: "The error history was damaged: a new one was begun",
		Detail: "The damaged ledger is kept as " + to + ". What the journal still has (24 hours) is fed into the new one, " +
			"so some alerts may come again; older history is in the old file. First thing to do: look at the disk (dmesg, smartctl).",
		Reason: "the ledger was moved aside",
	})
}
