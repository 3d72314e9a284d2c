package intake_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/incident"
)

func TestWhatIsNotedOfAMessageComesBackFromTheJournal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.start()
		var want []incident.Failure
		for n, change := range []func(*incident.Failure){
			func(*incident.Failure) {},
			func(f *incident.Failure) { f.Token = "7a5e61d0-8a3f-4c1b-9d2e-3f4a5b6c7d8e" },
			func(f *incident.Failure) { f.Dropped = true },
			func(f *incident.Failure) { f.Token, f.OptOut, f.Dropped = "t", true, true },
			func(f *incident.Failure) { f.Drill, f.DrillKind = true, incident.Planned },
			func(f *incident.Failure) { f.Drill, f.DrillKind = true, incident.Pulse },
		} {
			e := entry(n+1, 10)
			change(&e.Failure)
			want = append(want, e.Failure)
			r.recorder.Record(e)
		}
		pass(time.Second) // the feeder rests between two batches
		r.halt()
		if len(r.ledger.entries) != len(want) {
			t.Fatalf("%d were fed", len(r.ledger.entries))
		}
		for i, f := range want {
			got := r.ledger.entries[i].Failure
			if diff := cmp.Diff([]any{f.Token, f.Dropped, f.OptOut, f.DrillKind}, []any{got.Token, got.Dropped, got.OptOut, got.DrillKind}); diff != "" {
				t.Errorf("%d: -wrote +read\n%s", i, diff)
			}
		}
	})
}
