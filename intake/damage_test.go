package intake_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// record writes entries one commit each.
func (r *rig) record(from, to int) {
	for i := from; i < to; i++ {
		r.recorder.Record(entry(i, 0))
		synctest.Wait()
	}
}

// lived is a rig whose journal has rows of a process before, which the locked ledger
// has not.
func lived(rows int) *rig {
	before := newRig()
	before.ledger.fail = errors.New("locked")
	before.start()
	before.record(0, rows)
	before.halt()
	r := newRig()
	r.journal, r.ledger = before.journal, before.ledger
	return r
}

func TestRowsThatCannotBeReadArePassedOverAndTold(t *testing.T) {
	t.Parallel()
	for _, bad := range [][]int64{{1}, {4}, {4, 5, 6, 7, 8, 9}, {20}} {
		synctest.Test(t, func(t *testing.T) {
			r := lived(20)
			r.start()
			defer r.halt()
			r.journal.set(func() {
				r.journal.bad = map[int64]bool{}
				for _, row := range bad {
					r.journal.bad[row] = true
				}
			})
			r.ledger.set(func() { r.ledger.fail = nil })
			pass(4 * time.Second)
			if since, why := r.sentinel.Away(); since.IsZero() || !strings.Contains(why, "journal") {
				t.Errorf("rows %v unreadable: nobody is told (%q)", bad, why)
			}
			pass(10 * time.Second)
			r.record(20, 25)
			pass(5 * time.Second)
			if got, want := len(r.ledger.entries), 25-len(bad); got != want {
				t.Errorf("rows %v unreadable: ledger has %d failures, want %d", bad, got, want)
			}
			if len(r.ledger.aside) != 1 || len(r.ledger.told) != 1 || r.ledger.told[0].Topic != incident.AsideTopic {
				t.Errorf("rows %v unreadable: set aside %d, told %v", bad, len(r.ledger.aside), r.ledger.told)
			}
			if since, _ := r.sentinel.Away(); !since.IsZero() {
				t.Error("still away")
			}
		})
	}
}

func TestADiskThatCannotBeReadIsWaitedFor(t *testing.T) {
	t.Parallel()
	for name, everyRow := range map[string]bool{"before anything is damaged": false, "while damage is looked for": true} {
		synctest.Test(t, func(t *testing.T) {
			r := lived(20)
			r.start()
			defer r.halt()
			r.journal.set(func() {
				if everyRow {
					r.journal.bad = map[int64]bool{1: true}
					r.journal.unreadBehind = errors.New("input/output error")
				} else {
					r.journal.unread = errors.New("input/output error")
				}
			})
			r.ledger.set(func() { r.ledger.fail = nil })
			pass(30 * time.Second)
			if since, why := r.sentinel.Away(); since.IsZero() || !strings.Contains(why, "journal") {
				t.Errorf("%s: nobody is told (%q)", name, why)
			}
			if len(r.ledger.aside) != 0 || r.ledger.cursors["one"].Row != 0 {
				t.Errorf("%s: %d set aside, cursor at %d", name, len(r.ledger.aside), r.ledger.cursors["one"].Row)
			}
			r.journal.set(func() { r.journal.bad, r.journal.unread, r.journal.unreadBehind = nil, nil, nil })
			pass(5 * time.Second)
			if got := len(r.ledger.entries); got != 20 {
				t.Errorf("%s: the ledger has %d failures once the disk is back, want 20", name, got)
			}
		})
	}
}

func TestAnOlderJournalPutBackIsFedFromItsBeginning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.start()
		defer r.halt()
		r.record(0, 80)
		pass(2 * time.Second)
		r.journal.set(func() { r.journal.rows = r.journal.rows[:30] })
		pass(2 * time.Second)
		r.record(100, 140)
		pass(2 * time.Second)
		if got := len(r.ledger.entries); got != 120 {
			t.Errorf("ledger has %d failures, want 120: the 80 from before and 40 new ones", got)
		}
	})
}

func TestAJournalOverHalfItsBoundIsPrunedAsFastAsItGrows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.start()
		defer r.halt()
		r.record(0, 1000)
		pass(5 * time.Second)
		if got := r.journal.Size(); got > journalMost/2 {
			t.Errorf("the journal holds %d rows, its bound is %d and all are fed", got, journalMost)
		}
	})
}
