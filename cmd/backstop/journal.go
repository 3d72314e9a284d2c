package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
	"github.com/backstop-project/backstop/store"
)

// Bounds of the journal: its rows, and what it leaves free on the disk.
const (
	journalMost = 2 << 30
	diskReserve = 256 << 20
	toldAgain   = time.Minute
)

// openJournal opens the journal; a damaged one is moved aside first.
func (a *app) openJournal(context.Context) (intake.Journal, error) {
	if err := a.enter(); err != nil {
		a.state.folder.Store(new(err.Error()))
		return nil, err
	}
	a.state.folder.Store(nil)
	j, err := store.OpenJournal(a.journalPath(), store.JournalOptions{Now: a.w.now})
	if errors.Is(err, store.ErrCorrupt) && a.lock.owns() {
		if err := a.journalAside(err); err != nil {
			return nil, err
		}
		j, err = store.OpenJournal(a.journalPath(), store.JournalOptions{Now: a.w.now})
	}
	if err != nil {
		return nil, err
	}
	a.secrets.keepWaiting()
	return j, nil
}

// journalLost moves a damaged journal aside before it is closed: closing
// writes what is in its WAL, which may make the damage harder to see.
func (a *app) journalLost(why error) {
	if !errors.Is(why, store.ErrCorrupt) || !a.lock.owns() {
		return
	}
	if err := a.journalAside(why); err != nil {
		a.log.Error("damaged journal not moved aside", "err", err)
	}
}

// journalAside makes room for a new journal.
func (a *app) journalAside(why error) error {
	to, removed, err := store.MoveDamagedAside(a.journalPath(), a.w.now())
	if err != nil {
		return errors.Join(why, err)
	}
	a.log.Error("damaged journal moved aside", "to", to, "removed", removed, "err", why)
	a.teller.Tell(incident.Alert{
		Kind: incident.Meta, Topic: incident.DamagedTopic, At: a.w.now(),
		Title: "The journal was damaged: a new one was begun",
		Detail: "The damaged journal is kept as " + to + ". Failures that were in it and not yet in the history are only there. " +
			incident.DoFirst + "look at the disk (dmesg, smartctl).",
		Reason: "the journal was moved aside",
	})
	return nil
}

// journalRoom says whether the journal may grow.
func (a *app) journalRoom(size int64) error {
	if size > journalMost {
		return fmt.Errorf("the journal has reached its bound of %d GiB: the history does not take what it holds", journalMost>>30)
	}
	if free, ok := a.folder.free(); ok && free < diskReserve {
		return fmt.Errorf("only %d MiB are free on the disk of DATA_DIR: the last %d are kept free", free>>20, diskReserve>>20)
	}
	return nil
}

// journalTrouble tells the beginning of a trouble, and that it is over.
func (a *app) journalTrouble(err error) {
	a.sentinel.JournalIs(err)
	if err == nil {
		a.state.journal.Store(nil)
		a.log.Info("journal works again")
		return
	}
	a.state.journal.Store(new(err.Error()))
	a.log.Error("journal does not take failures: calls are answered and kept in memory", "err", err)
	a.teller.Tell(incident.Alert{
		Kind: incident.Meta, Topic: incident.JournalTopic, At: a.w.now(),
		Title: "Failures cannot be written down: they wait in memory",
		Detail: "The journal says: " + err.Error() + ". Calls and messages are answered all the same. What waits in memory is lost if Backstop ends now. " +
			incident.DoFirst + "look at the disk of DATA_DIR (df -h, dmesg, ls -la).",
		Reason: "the journal does not take failures",
	})
}

// overflow hears of entries for which memory had no room; it is called from
// the answer path.
func (a *app) overflow(lost bool) {
	told, what, reason := &a.state.slimTold, "Failures are kept without their details: memory is nearly full", "the queue before the journal is nearly full"
	if lost {
		told, what, reason = &a.state.lostTold, "Failures are only counted: memory is full", "the queue before the journal is full"
	}
	now := a.w.now().UnixNano()
	last := told.Load()
	if now-last < int64(toldAgain) || !told.CompareAndSwap(last, now) {
		return
	}
	a.teller.Tell(incident.Alert{
		Kind: incident.Meta, Topic: incident.JournalTopic, At: a.w.now(), Title: what,
		Detail: "The journal has not taken anything for so long that the queue before it has reached its bound. " +
			"Calls and messages are answered all the same. " + incident.DoFirst + "look at the disk of DATA_DIR.",
		Reason: reason,
	})
}
