package intake_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/incident"
)

func TestWhileTheLedgerIsAwayPeopleAreToldFromMemory(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(*memoryLedger) func(){
		"failing": func(l *memoryLedger) func() {
			l.fail = errors.New("disk full")
			return func() { l.set(func() { l.fail = nil }) }
		},
		"hanging": func(l *memoryLedger) func() {
			hang := make(chan struct{})
			l.hang = hang
			return func() { l.set(func() { l.hang = nil }); close(hang) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig()
				heal := breakIt(r.ledger)
				r.start()
				for i := range 12 {
					e := entry(i, 0)
					r.recorder.Record(e)
					r.sentinel.Note(e)
				}
				pass(5 * time.Second)
				if since, _ := r.sentinel.Away(); since.IsZero() {
					t.Error("the ledger is not known to be away")
				}
				r.mu.Lock()
				urgent := r.urgent
				r.mu.Unlock()
				if len(urgent) != 1 || !strings.Contains(urgent[0].Title, "12 callers") || !strings.Contains(urgent[0].Title, "www.example.com") {
					t.Errorf("told %+v, want one word with 12 callers and the host", urgent)
				}
				heal()
				pass(5 * time.Second)
				if len(r.ledger.entries) != 12 {
					t.Errorf("after healing the ledger has %d, want 12", len(r.ledger.entries))
				}
				if since, _ := r.sentinel.Away(); !since.IsZero() {
					t.Error("still away after healing")
				}
				r.halt()
				for _, line := range []string{"history unavailable", "history available again"} {
					if n := strings.Count(r.logged.String(), line); n != 1 {
						t.Errorf("logged %q %d times, want once:\n%s", line, n, r.logged.String())
					}
				}
			})
		})
	}
}

func TestANewLedgerIsFedFromTheBeginningAndANewJournalToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.start()
		defer r.halt()
		r.recorder.Record(entry(1, 0))
		pass(2 * time.Second)
		r.ledger.set(func() {
			r.ledger.cursors, r.ledger.known, r.ledger.entries = map[string]incident.Cursor{}, map[[16]byte]bool{}, nil
		})
		pass(2 * time.Second)
		if len(r.ledger.entries) != 1 {
			t.Fatalf("a new ledger has %d failures, want 1", len(r.ledger.entries))
		}
		r.journal.set(func() { r.journal.gone = true })
		old := r.journal
		r.mu.Lock()
		r.journal = &memoryJournal{id: "two"}
		r.mu.Unlock()
		pass(3 * time.Second)
		r.recorder.Record(entry(2, 0))
		pass(2 * time.Second)
		if !old.closed || r.journal.length() != 1 || len(r.ledger.entries) != 2 {
			t.Errorf("old closed %v, new rows %d, ledger %d", old.closed, r.journal.length(), len(r.ledger.entries))
		}
	})
}

// A lock held by another process: the ledger hangs for a while, then says
// that it is busy, again and again.
func TestALedgerThatIsBusyIsAwaySinceTheFirstTryAndStaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.start()
		defer r.halt()
		pass(3 * time.Second)
		r.ledger.set(func() { r.ledger.slow, r.ledger.fail = 2*time.Second, errors.New("database is locked") })
		e := entry(1, 0)
		r.recorder.Record(e)
		r.sentinel.Note(e)
		began := time.Now()
		for time.Since(began) < 3*time.Second {
			pass(100 * time.Millisecond)
		}
		r.mu.Lock()
		told := len(r.urgent)
		r.mu.Unlock()
		if told != 1 {
			t.Errorf("told %d times within 3 s, want once", told)
		}
		for range 100 {
			pass(100 * time.Millisecond)
			if since, _ := r.sentinel.Away(); since.IsZero() {
				t.Fatalf("said to be back after %s, while it is locked", time.Since(began))
			}
		}
	})
}

// A step of feeding that takes long, one entry after the other, is no ledger that
// is away: not after a start either.
func TestALedgerThatTakesOneEntryAfterTheOtherIsThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.ledger.slow = 300 * time.Millisecond
		r.ledger.refuse[entry(0, 0).Failure.SID] = true // with it the others of its batch are fed alone
		for n := range 40 {
			r.recorder.Record(entry(n, 0))
		}
		r.start()
		defer r.halt()
		for n := range 80 {
			r.sentinel.Note(entry(n, 0))
			pass(100 * time.Millisecond)
		}
		fed := 0
		r.ledger.set(func() { fed = len(r.ledger.entries) })
		if fed < 10 || fed > 35 {
			t.Fatalf("%d are fed: the step does not go on", fed)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.urgent) > 0 {
			t.Errorf("told %+v", r.urgent)
		}
	})
}

// The one call that came in before anybody knew that the ledger is away was not
// read from the journal, nor does a second one come.
func TestWhoCameInBeforeTheLedgerWasFoundAwayIsToldOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.start()
		defer r.halt()
		fed := entry(1, 0)
		r.recorder.Record(fed)
		r.sentinel.Note(fed)
		pass(3 * time.Second)
		r.ledger.set(func() { r.ledger.fail = errors.New("disk I/O error") })
		e := entry(2, 0)
		r.sentinel.Note(e)
		r.recorder.Record(e)
		pass(5 * time.Second)
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.urgent) != 1 || !strings.HasPrefix(r.urgent[0].Title, "1 caller not helped") {
			t.Errorf("told %+v, want one word of one caller", r.urgent)
		}
	})
}

func TestWhoeverDoesNotFeedRaisesNoAlarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = r.recorder.Run(ctx) })
		running.Go(func() { _ = r.sentinel.Run(ctx) })
		for i := range 5 {
			e := entry(i, 0)
			r.recorder.Record(e)
			r.sentinel.Note(e)
			pass(time.Second)
		}
		if since, why := r.sentinel.Away(); !since.IsZero() {
			t.Errorf("the ledger is said to be away: %s", why)
		}
		cancel()
		running.Wait()
		if len(r.urgent) != 0 {
			t.Errorf("told %+v", r.urgent)
		}
	})
}
