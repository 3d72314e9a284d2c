package intake_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/backstop-project/backstop/incident"
)

func entry(n, padding int) incident.Entry {
	f := incident.NewFailure(time.Now(), "POST", []incident.Param{
		{Name: "AccountSid", Value: "AC00000000000000000000000000000001"},
		{Name: "CallSid", Value: fmt.Sprintf("CA%032d", n)},
		{Name: "From", Value: fmt.Sprintf("+1555%07d", n)},
		{Name: "ErrorCode", Value: "11200"},
		{Name: "ErrorUrl", Value: "https://www.example.com/voice"},
		{Name: "Padding", Value: strings.Repeat("x", padding)},
	})
	f.RequestKey = [16]byte{byte(n), byte(n >> 8), byte(n >> 16), 1}
	return incident.Entry{Failure: f, Answer: incident.Answer{Step: "message", Document: []byte("<Response/>")}}
}

// pass lets time go by, and everything settle.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

func TestEveryEntryReachesTheLedgerAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")) })
		var want []incident.Entry
		for i := range rapid.IntRange(1, 20).Draw(rt, "entries") {
			var params []incident.Param
			for range rapid.IntRange(0, 30).Draw(rt, "params") {
				params = append(params, incident.Param{Name: text.Draw(rt, "name"), Value: text.Draw(rt, "value")})
			}
			at := time.UnixMicro(rapid.Int64Range(1, 4e15).Draw(rt, "at"))
			f := incident.NewFailure(at, rapid.SampledFrom([]string{"GET", "POST"}).Draw(rt, "method"), params)
			f.RequestKey = [16]byte{byte(i), 7}
			f.Drill, f.Late = rapid.Bool().Draw(rt, "drill"), rapid.Bool().Draw(rt, "late")
			f.Itself, f.Tokenless = rapid.Bool().Draw(rt, "itself"), rapid.Bool().Draw(rt, "tokenless")
			want = append(want, incident.Entry{Failure: f, Answer: incident.Answer{
				Step: text.Draw(rt, "step"), Situation: incident.MidCall, Languages: []string{"de", text.Draw(rt, "language")},
				Name: text.Draw(rt, "called"), Heard: text.Draw(rt, "heard"), Why: text.Draw(rt, "why"),
				Outcome: incident.Told, Document: []byte(text.Draw(rt, "document")), Took: 1234 * time.Microsecond,
			}})
		}
		synctest.Test(t, func(*testing.T) {
			r := newRig()
			r.start()
			defer r.halt()
			for _, e := range want {
				r.recorder.Record(e)
			}
			pass(3 * time.Second)
			var got []incident.Entry
			for _, fed := range r.ledger.entries {
				got = append(got, fed.Entry)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				rt.Fatalf("fed otherwise than recorded (-want +got):\n%s", diff)
			}
		})
	})
}

func TestAHangingJournalHoldsNobodyUpAndLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		hang := make(chan struct{})
		r.journal.hang = hang
		r.start()
		defer r.halt()
		var waiting []<-chan struct{}
		for i := range 100 {
			done, _ := r.recorder.Record(entry(i, 0))
			waiting = append(waiting, done)
		}
		r.recorder.Late()
		pass(20 * time.Second)
		if _, late := r.recorder.Record(entry(100, 0)); !late {
			t.Error("a journal that hangs is not known to be late")
		}
		if closed(waiting[0]) {
			t.Error("said to be written while the journal hangs")
		}
		r.journal.set(func() { r.journal.hang = nil })
		close(hang)
		pass(2 * time.Second)
		for i, done := range waiting {
			if !closed(done) {
				t.Fatalf("entry %d is not written after healing", i)
			}
		}
		if got := len(r.ledger.entries); got != 101 {
			t.Errorf("ledger has %d failures, want 101", got)
		}
		if _, late := r.recorder.Record(entry(101, 0)); late {
			t.Error("still late after a commit succeeded")
		}
	})
}

func TestWhoHadAnEntryRecordedMayUseItsParametersAgainAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.journal.fail = errors.New("disk full")
		r.start()
		defer r.halt()
		e := entry(1, 50)
		want := slices.Clone(e.Failure.Params)
		r.recorder.Record(e)
		clear(e.Failure.Params)
		pass(time.Second)
		r.journal.set(func() { r.journal.fail = nil })
		pass(2 * time.Second)
		if len(r.ledger.entries) != 1 {
			t.Fatalf("the ledger has %d failures, want 1", len(r.ledger.entries))
		}
		if diff := cmp.Diff(want, r.ledger.entries[0].Failure.Params); diff != "" {
			t.Errorf("-recorded +fed\n%s", diff)
		}
	})
}

func TestAFailingJournalIsToldOnceAndHealsByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.journal.fail = errors.New("disk full")
		r.start()
		defer r.halt()
		done, _ := r.recorder.Record(entry(1, 0))
		pass(10 * time.Second)
		r.journal.set(func() { r.journal.fail = nil })
		pass(2 * time.Second)
		if !closed(done) || len(r.ledger.entries) != 1 {
			t.Errorf("written %v, ledger has %d: want it there once", closed(done), len(r.ledger.entries))
		}
		if len(r.trouble) != 2 || r.trouble[0] == nil || r.trouble[1] != nil {
			t.Errorf("trouble was told as %v, want its beginning and its end", r.trouble)
		}
		if r.opened < 2 {
			t.Error("the journal was never opened anew")
		}
	})
}

func TestTheQueueKeepsSlimEntriesThenOnlyCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		hang := make(chan struct{})
		r.journal.hang = hang
		r.start()
		defer r.halt()
		const count = 16_000
		for i := range count {
			r.recorder.Record(entry(i, 4000))
		}
		if got := r.recorder.Queued(); got > 24<<20 {
			t.Errorf("queue holds %d bytes, over its bound", got)
		}
		slim, dropped := r.recorder.Stats.Slimmed.Load(), r.recorder.Stats.Dropped.Load()
		if slim == 0 || dropped == 0 {
			t.Fatalf("%d slim, %d only counted: the test wants both", slim, dropped)
		}
		r.journal.set(func() { r.journal.hang = nil })
		close(hang)
		pass(5 * time.Second)
		if got := int64(len(r.ledger.entries)); got+dropped != count {
			t.Errorf("ledger has %d and %d were only counted, want %d together", got, dropped, count)
		}
		last := r.ledger.entries[len(r.ledger.entries)-1].Failure
		if !last.Slim || last.SID == "" || last.From == "" || last.Code != 11200 {
			t.Errorf("a slim entry lost what it had to keep: %+v", last)
		}
		if r.recorder.Queued() != 0 {
			t.Errorf("%d bytes still counted as queued", r.recorder.Queued())
		}
	})
}

func TestWhatTheLedgerRefusesIsSetAsideAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.ledger.refuse[entry(3, 0).Failure.SID] = true
		r.start()
		defer r.halt()
		for i := range 10 {
			r.recorder.Record(entry(i, 0))
		}
		pass(3 * time.Second)
		if len(r.ledger.entries) != 9 || len(r.ledger.aside) != 1 {
			t.Errorf("stored %d, set aside %d; want 9 and 1", len(r.ledger.entries), len(r.ledger.aside))
		}
		if len(r.ledger.told) != 1 || r.ledger.told[0].Topic != incident.AsideTopic {
			t.Errorf("told %v, want one word about the entry", r.ledger.told)
		}
		r.recorder.Record(entry(11, 0))
		pass(3 * time.Second)
		if len(r.ledger.entries) != 10 || len(r.ledger.aside) != 1 {
			t.Errorf("afterwards stored %d, set aside %d", len(r.ledger.entries), len(r.ledger.aside))
		}
	})
}

func TestADamagedRowIsSetAsideAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.start()
		defer r.halt()
		for i := range 5 {
			r.recorder.Record(entry(i, 100))
		}
		r.ledger.set(func() { r.ledger.fail = errors.New("locked") })
		pass(time.Second)
		r.journal.set(func() {
			for i := range r.journal.rows {
				r.journal.rows[i][len(r.journal.rows[i])-20] ^= 0xff
			}
			r.journal.rows = append(r.journal.rows, []byte("rubbish"), nil)
		})
		r.recorder.Record(entry(9, 0))
		r.ledger.set(func() { r.ledger.fail, r.ledger.cursors, r.ledger.entries = nil, map[string]incident.Cursor{}, nil })
		pass(5 * time.Second)
		sids := map[string]bool{}
		for _, e := range r.ledger.entries {
			sids[e.Failure.SID] = true
		}
		if !sids[entry(9, 0).Failure.SID] {
			t.Error("an entry behind the damage was not fed")
		}
		if len(r.ledger.aside) < 3 {
			t.Errorf("set aside %d pieces, want the entry, the rubbish and the empty row", len(r.ledger.aside))
		}
	})
}

func TestTheJournalIsOpenBeforeTheFirstFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.start()
		defer r.halt()
		synctest.Wait()
		if r.opened != 1 {
			t.Errorf("opened %d times, want once", r.opened)
		}
	})
}

func TestWhatADeletedJournalStillHoldsIsWrittenIntoTheNewOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.ledger.fail = errors.New("away")
		r.start()
		defer r.halt()
		for i := range 3 {
			r.recorder.Record(entry(i, 0))
			pass(100 * time.Millisecond)
		}
		old := r.journal
		r.mu.Lock()
		r.journal = &memoryJournal{id: "two", fail: errors.New("disk full")}
		r.mu.Unlock()
		old.set(func() { old.gone = true })
		pass(5 * time.Second)
		r.journal.set(func() { r.journal.fail = nil })
		r.ledger.set(func() { r.ledger.fail = nil })
		pass(5 * time.Second)
		if got := len(r.ledger.entries); got != 3 {
			t.Errorf("the ledger has %d failures, want the 3 of the deleted journal", got)
		}
		if len(r.lost) != 1 {
			t.Errorf("the loss was told %d times, want once", len(r.lost))
		}
		if last := r.trouble[len(r.trouble)-1]; last != nil {
			t.Errorf("still in trouble though nothing waits: %v", last)
		}
	})
}

func TestStoppingWritesWhatIsQueued(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		hang := make(chan struct{})
		r.journal.hang = hang
		r.start()
		done, _ := r.recorder.Record(entry(1, 0))
		synctest.Wait()
		go func() {
			time.Sleep(time.Second)
			close(hang)
		}()
		r.halt()
		if !closed(done) {
			t.Error("stopped before the queue was written")
		}
	})
}

func FuzzAJournalRowNeverStopsTheFeeder(f *testing.F) {
	r := newRig()
	r.start()
	done, _ := r.recorder.Record(entry(1, 10))
	<-done
	r.halt()
	f.Add(r.journal.rows[0])
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, row []byte) {
		r := newRig()
		r.journal.rows = [][]byte{row}
		r.start()
		defer r.halt()
		e := entry(2, 10)
		r.recorder.Record(e)
		for deadline := time.Now().Add(10 * time.Second); !r.ledger.has(e.Failure.ID); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the entry behind the row was not fed")
			}
		}
	})
}
