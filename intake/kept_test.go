package intake_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
)

// written records entries whose numbers begin at first, one row each.
func (r *rig) written(t *testing.T, first, n, padding int) {
	t.Helper()
	for i := range n {
		done, _ := r.recorder.Record(entry(first+i, padding))
		pass(100 * time.Millisecond)
		if !closed(done) {
			t.Fatalf("entry %d is not written", first+i)
		}
	}
}

// unfed is a rig that runs, with rows that the ledger has not: it is away.
func unfed(t *testing.T, rows, padding int) *rig {
	t.Helper()
	r := newRig()
	r.ledger.fail = errors.New("away")
	r.start()
	r.written(t, 0, rows, padding)
	return r
}

// loses has the journal forget its newest rows, to which it said yes.
func (j *memoryJournal) loses(n int) {
	j.set(func() { j.rows = j.rows[:len(j.rows)-n] })
}

// becomes puts another journal in the place of the open one.
func (r *rig) becomes(next *memoryJournal) {
	old := r.journal
	r.mu.Lock()
	r.journal = next
	r.mu.Unlock()
	old.set(func() { old.gone = true })
}

// isOverwritten has somebody overwrite the journal, so that another one is begun.
func (r *rig) isOverwritten() {
	r.journal.set(func() { r.journal.unread = errors.New("file is not a database") })
	r.becomes(&memoryJournal{id: "two"})
}

// fedAfterwards is how many failures come to be in the ledger, which comes back when
// the next journal is open.
func (r *rig) fedAfterwards() int {
	pass(2 * time.Second)
	r.ledger.set(func() { r.ledger.fail = nil })
	pass(5 * time.Second)
	return len(r.ledger.entries)
}

func TestWhatADiskSaidYesToAndLostIsWrittenAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := unfed(t, 3, 0)
		defer r.halt()
		r.journal.set(func() { r.journal.fail = errors.New("read-only file system") })
		r.recorder.Record(entry(3, 0))
		pass(300 * time.Millisecond)
		r.journal.loses(2)
		pass(5 * time.Second)
		r.journal.set(func() { r.journal.fail = nil })
		r.ledger.set(func() { r.ledger.fail = nil })
		pass(5 * time.Second)
		if got := len(r.ledger.entries); got != 4 {
			t.Errorf("the ledger has %d failures, want all 4", got)
		}
		if got := r.journal.length(); got != 4 {
			t.Errorf("the journal has %d rows, want 4: what it has is not written again", got)
		}
	})
}

func TestWhatSomebodyOverwroteIsWrittenIntoTheNextJournal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := unfed(t, 3, 0)
		defer r.halt()
		r.isOverwritten()
		if got := r.fedAfterwards(); got != 3 {
			t.Errorf("the ledger has %d failures, want the 3 of the journal that was overwritten", got)
		}
	})
}

func TestWhatIsMissingJustBeforeTheStopIsWrittenOnceMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := unfed(t, 3, 0)
		r.isOverwritten()
		r.halt()
		if got := r.journal.length(); got != 3 {
			t.Errorf("the next journal has %d rows, want 3", got)
		}
	})
}

func TestWhatTheLedgerHasIsNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.start()
		defer r.halt()
		r.written(t, 0, 3, 0)
		pass(5 * time.Second)
		r.becomes(&memoryJournal{id: "two"})
		pass(5 * time.Second)
		if got := r.journal.length(); got != 0 {
			t.Errorf("the next journal has %d rows, want none of those that are in the ledger", got)
		}
	})
}

// A ledger that takes a batch of the journal before says so late.
func TestWhatIsSaidOfAnotherJournalLetsNothingGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := unfed(t, 3, 0)
		defer r.halt()
		r.recorder.Fed(incident.Cursor{Journal: "another", Row: 1000})
		pass(5 * time.Second)
		r.becomes(&memoryJournal{id: "two"})
		pass(5 * time.Second)
		if got := r.journal.length(); got != 3 {
			t.Errorf("the next journal has %d rows, want 3", got)
		}
	})
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const each = 60 << 10
		r := unfed(t, 100, each)
		defer r.halt()
		r.isOverwritten()
		pass(5 * time.Second)
		if got := r.journal.length(); got < 2<<20/each-3 || got > 2<<20/each {
			t.Errorf("the next journal has %d rows of 60 KiB, want the newest 2 MiB", got)
		}
	})
}

func TestWhatWasWrittenLastIsFedAlsoWhereItCannotBeRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.start()
		defer r.halt()
		r.journal.set(func() { r.journal.unread = errors.New("input/output error") })
		r.written(t, 0, 3, 0)
		if got := len(r.ledger.entries); got != 3 {
			t.Errorf("the ledger has %d failures, want 3", got)
		}
	})
}

// Another process may append to the same journal.
func TestWhatOthersWroteInBetweenIsFedInItsPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		other := newRig()
		other.start()
		other.written(t, 7, 1, 0)
		other.halt()
		r := unfed(t, 2, 0)
		defer r.halt()
		r.journal.set(func() { r.journal.rows = append(r.journal.rows, other.journal.rows[0]) })
		r.written(t, 2, 2, 0)
		r.ledger.set(func() { r.ledger.fail = nil })
		pass(5 * time.Second)
		var order []string
		for _, e := range r.ledger.entries {
			order = append(order, e.Failure.SID[len(e.Failure.SID)-1:])
		}
		if got := strings.Join(order, ""); got != "01723" {
			t.Errorf("fed in the order %s, want 01723", got)
		}
	})
}

// flaps has the journal take nothing for a while, so that it is opened anew.
func (r *rig) flaps() {
	r.journal.set(func() { r.journal.fail = errors.New("read-only file system") })
	r.recorder.Record(entry(99, 0))
	pass(2 * time.Second)
	r.journal.set(func() { r.journal.fail = nil })
	pass(time.Second)
}

func TestWhatAnErasureHasChangedIsNotWrittenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := unfed(t, 3, 0)
		defer r.halt()
		r.journal.set(func() {
			r.journal.rows[1], _ = intake.Rewrite(string(r.journal.rows[1]), func(e incident.Entry) (incident.Entry, bool) {
				e.Failure = e.Failure.Anonymous()
				return e, true
			}, nil)
		})
		r.flaps()
		if got := r.journal.length(); got != 4 {
			t.Errorf("the journal has %d rows, want the 3 that it had and a new one", got)
		}
	})
}

func TestWhatTheJournalStillHasIsKeptFurther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := unfed(t, 3, 0)
		defer r.halt()
		r.flaps()
		r.isOverwritten()
		if got := r.fedAfterwards(); got != 4 {
			t.Errorf("the ledger has %d failures, want 4", got)
		}
	})
}

// A process that stands back for another one is not told what that one has fed.
func TestWhereNobodySaysWhatIsFedNothingIsKeptForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := unfed(t, 3, 0)
		defer r.halt()
		pass(2 * time.Minute)
		r.isOverwritten()
		pass(2 * time.Second)
		if got := r.journal.length(); got != 0 {
			t.Errorf("the next journal has %d rows, want none", got)
		}
	})
}
