package intake_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
)

func TestAPanicOfTheWriterLosesNothingSilently(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		panics  int
		written int
	}{
		"once: written at the next try":      {1, 2},
		"again and again: counted, and said": {5, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			r.journal.panics = c.panics
			r.start()
			defer r.halt()
			r.recorder.Record(entry(1, 0))
			pass(5 * time.Second)
			done, _ := r.recorder.Record(entry(2, 0))
			pass(5 * time.Second)
			dropped := int(r.recorder.Stats.Dropped.Load())
			if got := len(r.ledger.entries); got != c.written || got+dropped != 2 {
				t.Errorf("%s: ledger has %d, %d counted as lost, want %d and the rest", name, got, dropped, c.written)
			}
			if !closed(done) || r.recorder.Queued() != 0 {
				t.Errorf("%s: the next entry is written %v, %d bytes queued", name, closed(done), r.recorder.Queued())
			}
			if len(r.trouble) < 2 || r.trouble[0] == nil || r.trouble[len(r.trouble)-1] != nil {
				t.Errorf("%s: trouble was told as %v, want its beginning and its end", name, r.trouble)
			} else if said := r.trouble[0].Error(); strings.Contains(said, "a bug") && strings.Contains(said, "panic") {
				t.Errorf("%s: people are told %q, which is for the log", name, said)
			}
		})
	}
}

func TestOfAGroupThatPanicsOnlyThePoisonedEntryIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		hang := make(chan struct{})
		r.journal.hang = hang
		r.start()
		defer r.halt()
		first, _ := r.recorder.Record(entry(0, 0)) // the others gather behind it
		pass(time.Second)
		poisoned := entry(5, 0)
		poisoned.Answer.Heard = "a poisoned text"
		r.journal.set(func() { r.journal.poison, r.journal.hang = poisoned.Answer.Heard, nil })
		var shared <-chan struct{}
		for i := 1; i <= 10; i++ {
			e := entry(i, 0)
			if i == 5 {
				e = poisoned
			}
			shared, _ = r.recorder.Record(e)
		}
		close(hang)
		pass(10 * time.Second)
		after, _ := r.recorder.Record(entry(11, 0))
		pass(time.Second)
		if got, dropped := len(r.ledger.entries), r.recorder.Stats.Dropped.Load(); got != 11 || dropped != 1 || r.ledger.has(poisoned.Failure.ID) {
			t.Errorf("the ledger has %d, %d counted as lost, want 11 and one", got, dropped)
		}
		if !closed(first) || closed(shared) || !closed(after) {
			t.Errorf("written: before %v, with the lost one %v, after %v, want only the second not", closed(first), closed(shared), closed(after))
		}
		if r.recorder.Queued() != 0 {
			t.Errorf("%d bytes are queued still", r.recorder.Queued())
		}
		if got := r.feeder.Stats.SetAside.Load(); got != 0 {
			t.Errorf("%d rows were set aside", got)
		}
	})
}

func TestAPanicBetweenTwoTriesLosesNothingThatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.start()
		defer r.halt()
		r.recorder.Record(entry(1, 0))
		pass(time.Second)
		r.journal.set(func() { r.journal.fail = errors.New("disk full") })
		taken, _ := r.recorder.Record(entry(2, 0)) // taken from the queue, and in the writer's hands
		pass(time.Second)
		r.recorder.Record(entry(3, 0))
		r.journal.set(func() { r.journal.upset = 1 })
		pass(3 * time.Second)
		r.journal.set(func() { r.journal.fail = nil })
		pass(5 * time.Second)
		if r.journal.upset != 0 {
			t.Fatal("it has not panicked")
		}
		if got := len(r.ledger.entries); got != 3 || !closed(taken) || r.recorder.Queued() != 0 {
			t.Errorf("the ledger has %d of 3, the one in hand is written: %v, %d bytes are queued still", got, closed(taken), r.recorder.Queued())
		}
		for _, err := range r.trouble {
			if err != nil && strings.Contains(err.Error(), "does not answer") {
				t.Errorf("people are told %q of a disk that never hung", err)
			}
		}
	})
}

func TestAnEntryThatMakesFeedingPanicIsSetAsideAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		poisoned := entry(2, 0)
		r.ledger.poison = poisoned.Failure.SID
		r.start()
		defer r.halt()
		for i := range 5 {
			e := entry(i, 0)
			if i == 2 {
				e = poisoned
			}
			r.recorder.Record(e)
		}
		pass(10 * time.Second)
		if stored, aside := len(r.ledger.entries), len(r.ledger.aside); stored != 4 || aside != 1 {
			t.Errorf("the ledger has %d, %d are set aside, want 4 and one", stored, aside)
		}
	})
}

func TestAPanicOfWhoeverHearsOfAHangingJournalEndsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		hang := make(chan struct{})
		r.journal.hang, r.deaf = hang, 1
		r.start()
		defer r.halt()
		done, _ := r.recorder.Record(entry(1, 0))
		pass(10 * time.Second)
		close(hang)
		pass(5 * time.Second)
		if r.deaf != 0 || !closed(done) {
			t.Errorf("panicked: %v, written: %v", r.deaf == 0, closed(done))
		}
	})
}

func TestAPanicOfWhoeverIsToldEndsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ledger := newMemoryLedger()
		ledger.panics = 1
		var said []incident.Alert
		teller := intake.NewTeller(ledger, func(a incident.Alert) { said = append(said, a) }, func() {}, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = teller.Run(ctx) }()
		teller.Tell(incident.Alert{Kind: incident.Meta, Topic: incident.ReloadTopic, At: time.Now()})
		teller.Tell(incident.Alert{Kind: incident.Meta, Topic: incident.RoomTopic, At: time.Now()})
		synctest.Wait()
		if len(said) != 1 || said[0].Topic != incident.ReloadTopic || len(ledger.told) != 1 {
			t.Errorf("said at once: %v; in the outbox: %v; want the first and the second", said, ledger.told)
		}
	})
}

func TestWhatWasSetAsideIsNotSetAsideAgainWhileTheLedgerIsBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.journal.rows = [][]byte{[]byte("rubbish")}
		r.ledger.slow, r.ledger.fail = time.Millisecond, errors.New("database is locked") // SetAside goes in
		r.start()
		defer r.halt()
		pass(5 * time.Second)
		r.ledger.set(func() { r.ledger.slow, r.ledger.fail = 0, nil })
		pass(5 * time.Second)
		if len(r.ledger.aside) != 1 || r.feeder.Stats.SetAside.Load() != 1 {
			t.Errorf("set aside %d times, counted %d, want once", len(r.ledger.aside), r.feeder.Stats.SetAside.Load())
		}
	})
}

func TestALedgerThatComesAndGoesIsToldAgainButNotEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.start()
		defer r.halt()
		n := 0
		outage := func(lasts time.Duration) {
			r.ledger.set(func() { r.ledger.fail = errors.New("disk full") })
			e := entry(n, 0)
			n++
			r.recorder.Record(e)
			pass(time.Second)
			r.sentinel.Note(e)
			pass(lasts)
			r.ledger.set(func() { r.ledger.fail = nil })
			pass(2 * time.Second)
		}
		for range 5 {
			outage(4 * time.Second)
		}
		if got := len(r.urgent); got != 1 {
			t.Errorf("told %d times within a minute, want once", got)
		}
		outage(time.Minute)
		if got := len(r.urgent); got != 2 {
			t.Errorf("told %d times after an outage that lasts, want it told", got)
		}
		pass(2 * time.Minute)
		outage(4 * time.Second)
		if got := len(r.urgent); got != 3 {
			t.Errorf("told %d times after another outage later, want it told at once", got)
		}
	})
}

func TestLargeAnswersCountAgainstTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		hang := make(chan struct{})
		r.journal.hang = hang
		r.start()
		defer r.halt()
		defer close(hang)
		for i := range 600 {
			e := entry(i, 0)
			e.Answer = incident.Answer{Step: "message", Document: make([]byte, 60<<10)}
			r.recorder.Record(e)
		}
		if r.recorder.Stats.Slimmed.Load() == 0 {
			t.Errorf("36 MiB of answers are queued whole; %d bytes are counted", r.recorder.Queued())
		}
	})
}
