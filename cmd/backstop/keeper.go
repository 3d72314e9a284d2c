package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
	"github.com/backstop-project/backstop/store"
)

// ledgerKeeper opens the ledger, notices when its file is damaged, deleted or
// replaced, moves a damaged one aside and opens a new one, which the journal
// then fills.
type ledgerKeeper struct {
	slot  *ledgerSlot
	path  string
	enter func() error // asked before the ledger is opened
	// options are asked at each opening: a reload may have changed them.
	options func() store.LedgerOptions
	// owns says whether this process may move files: of several in one
	// folder only one may, or the second moves the first one's new file.
	owns   func() bool
	opened func()
	tell   func(incident.Alert)
	now    func() time.Time
	log    *slog.Logger

	suspects  chan suspect
	examining sync.WaitGroup
	lost      string    // the id of a ledger whose file went away; "" where none did
	reopened  time.Time // because the disk had failed
}

// suspect is a ledger with which something is wrong.
type suspect struct {
	ledger *store.Ledger
	why    error
}

// reopenEvery is how often a ledger is closed and opened again while the disk
// fails.
const reopenEvery = 5 * time.Second

// Run keeps the ledger open until ctx ends; Close closes it.
func (k *ledgerKeeper) Run(ctx context.Context) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	defer k.examining.Wait()
	for {
		if l := k.slot.open.Load(); l == nil {
			k.tryOpen(ctx)
		} else if err := l.Check(ctx); err != nil && ctx.Err() == nil {
			k.replaced(l, err)
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case s := <-k.suspects:
			k.look(ctx, s)
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
	if err := k.enter(); err != nil {
		k.say("opening", err)
		return
	}
	l, err := store.OpenLedger(ctx, k.path, k.options())
	switch {
	case err == nil:
		k.take(ctx, l)
	case ctx.Err() != nil: // that is why: nothing is wrong with it
	case errors.Is(err, store.ErrCorrupt) && k.owns():
		k.aside(err)
	default:
		k.say("opening", err)
	}
}

// take puts an open ledger to use.
func (k *ledgerKeeper) take(ctx context.Context, l *store.Ledger) {
	k.slot.why.Store(nil)
	k.slot.open.Store(l)
	if k.lost != "" && k.lost != l.ID() {
		k.tellLost()
	}
	k.lost = ""
	k.opened()
	if l.Unclean() {
		k.read(ctx, l)
	}
}

// read has the whole ledger read behind all else.
func (k *ledgerKeeper) read(ctx context.Context, l *store.Ledger) {
	k.examining.Go(func() {
		defer intake.Survive(k.log, "reading the whole ledger", nil)
		k.examine(ctx, l)
	})
}

// say logs an error once, not once a second, and keeps it as the reason why
// there is no ledger.
func (k *ledgerKeeper) say(step string, err error) {
	said := err.Error()
	if before := k.slot.why.Swap(&said); before == nil || *before != said {
		k.log.Error("ledger not available", "step", step, "err", said)
	}
}

// suspect hears from whoever uses l that SQLite calls it malformed, or that
// the disk failed.
func (k *ledgerKeeper) suspect(l *store.Ledger, why error) {
	select {
	case k.suspects <- suspect{l, why}:
	default: // one is waiting
	}
}

// look finds out what is wrong with a ledger. One whose file was deleted fails like
// one whose disk does, and is lost.
func (k *ledgerKeeper) look(ctx context.Context, s suspect) {
	if !errors.Is(s.why, store.ErrIO) {
		k.examine(ctx, s.ledger)
		return
	}
	if err := s.ledger.Check(ctx); errors.Is(err, store.ErrReplaced) {
		k.replaced(s.ledger, err)
		return
	}
	k.reopen(s)
}

// reopen closes a ledger that the disk failed, to be opened again: what is
// open may be beyond repair where the file is not.
func (k *ledgerKeeper) reopen(s suspect) {
	if k.now().Sub(k.reopened) < reopenEvery || !k.takeAway(s.ledger, s.why) {
		return
	}
	k.reopened = k.now()
	k.log.Warn("ledger closed, to be opened again: the disk failed", "err", s.why)
	k.close(s.ledger)
}

// examine reads the whole ledger, and moves it aside where it is damaged. Where the
// disk fails meanwhile, it is opened again.
func (k *ledgerKeeper) examine(ctx context.Context, l *store.Ledger) {
	err := l.QuickCheck(ctx)
	if errors.Is(err, store.ErrIO) {
		k.suspect(l, err)
	}
	if !errors.Is(err, store.ErrCorrupt) || !k.owns() || !k.slot.open.CompareAndSwap(l, nil) {
		return
	}
	k.aside(err)
	k.close(l)
}

// replaced closes a ledger whose path names another file, or none.
func (k *ledgerKeeper) replaced(l *store.Ledger, err error) {
	if !k.takeAway(l, err) {
		return
	}
	k.log.Error("ledger not available", "step", "checking", "err", err)
	switch {
	case errors.Is(err, store.ErrReplaced):
		k.lost = l.ID()
	case errors.Is(err, store.ErrCorrupt) && k.owns():
		k.aside(err)
	}
	k.close(l)
}

// takeAway has nobody use l any more, who hear why from the first moment on; ok is
// false where it is not the one that is used.
func (k *ledgerKeeper) takeAway(l *store.Ledger, why error) (ok bool) {
	before := k.slot.why.Swap(new(why.Error()))
	if ok = k.slot.open.CompareAndSwap(l, nil); !ok {
		k.slot.why.Store(before)
	}
	return ok
}

func (k *ledgerKeeper) close(l *store.Ledger) {
	if err := l.Close(); err != nil {
		k.log.Warn("ledger not closed cleanly", "err", err)
	}
}

// aside makes room for a new ledger. A damaged one that is still open is moved
// before it is closed: closing writes what is in its WAL, which may make the
// damage harder to see and no smaller.
func (k *ledgerKeeper) aside(why error) {
	to, removed, err := store.MoveDamagedAside(k.path, k.now())
	if err != nil {
		k.say("moving a damaged one aside", errors.Join(why, err))
		return
	}
	k.log.Error("damaged ledger moved aside", "to", to, "removed", removed, "err", why)
	k.tell(incident.Alert{
		Kind: incident.Meta, Topic: incident.DamagedTopic, At: k.now(),
		Title: "The error history was damaged: a new one was begun",
		Detail: "The damaged ledger is kept as " + to + ". What the journal still has (24 hours) is fed into the new one, " +
			"so some alerts may come again; older history is in the old file. " + incident.DoFirst + "look at the disk (dmesg, smartctl).",
		Reason: "the ledger was moved aside",
	})
}

func (k *ledgerKeeper) tellLost() {
	if !k.owns() {
		return
	}
	k.tell(incident.Alert{
		Kind: incident.Meta, Topic: incident.LedgerTopic, At: k.now(),
		Title: "The error history was removed: a new one was begun",
		Detail: k.path + " was deleted or replaced while Backstop was running. What the journal still has (24 hours) is fed into the new one, " +
			"so some alerts may come again; older history is gone unless somebody has the file. " + incident.DoFirst + "find out who removed it.",
		Reason: "the ledger's file went away",
	})
}

// errOthers is what who feeds gets in the moment before it is stopped.
var errOthers = errors.New("another process has this data folder")

// fed is the ledger as the pipeline sees it, or why there is none.
func (k *ledgerKeeper) fed() (intake.Ledger, error) {
	if !k.owns() {
		return nil, errOthers
	}
	l, err := k.slot.ledger()
	if err != nil {
		return nil, err
	}
	return watchedLedger{l, k.slot.watch}, nil
}

// watchedLedger has its keeper look at it where SQLite calls it malformed
// while it is fed.
type watchedLedger struct {
	*store.Ledger
	watch func(*store.Ledger, error) error
}

// Cursor is store.Ledger's.
func (w watchedLedger) Cursor(ctx context.Context, journal string) (incident.Cursor, error) {
	c, err := w.Ledger.Cursor(ctx, journal)
	return c, w.watch(w.Ledger, err)
}

// Feed is store.Ledger's.
func (w watchedLedger) Feed(ctx context.Context, batch incident.Batch) (incident.FeedReport, error) {
	report, err := w.Ledger.Feed(ctx, batch)
	return report, w.watch(w.Ledger, err)
}

// Tick is store.Ledger's.
func (w watchedLedger) Tick(ctx context.Context, now time.Time) (next time.Time, alerts int, err error) {
	next, alerts, err = w.Ledger.Tick(ctx, now)
	return next, alerts, w.watch(w.Ledger, err)
}

// SetAside is store.Ledger's.
func (w watchedLedger) SetAside(ctx context.Context, raw []byte, reason string, at time.Time) error {
	return w.watch(w.Ledger, w.Ledger.SetAside(ctx, raw, reason, at))
}
