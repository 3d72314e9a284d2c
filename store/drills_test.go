package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/history"
)

func TestDrillsBeginOnceForEachTimeThatIsPlanned(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	slot := start.Add(time.Hour)
	begin := func(slot time.Time, after time.Duration) bool {
		t.Helper()
		due, err := l.BeginDrills(ctx, slot, slot.Add(after))
		if err != nil {
			t.Fatal(err)
		}
		return due
	}
	if begin(start, 10*time.Minute) {
		t.Fatal("what was planned before the plan is made up for")
	}
	if begin(start, 20*time.Minute) {
		t.Fatal("what was planned before the plan is made up for at the next look")
	}
	if !begin(slot, time.Second) || !begin(slot, time.Minute) || begin(slot, 2*time.Minute) {
		t.Error("a run that was cut short is begun once more, and no third time")
	}
	want := history.DrillRun{Slot: slot, Begun: slot.Add(time.Minute), Ended: slot.Add(3 * time.Minute), Drills: 4, Failed: []history.DrillFailure{{Line: "+4930*", Channel: "voice", Why: "no answer"}}}
	if _, ok, err := l.LastDrills(ctx); ok || err != nil {
		t.Errorf("none has ended: %v", err)
	}
	if err := l.EndDrills(ctx, want); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := l.LastDrills(ctx); err != nil || !ok {
		t.Error(ok, err)
	} else if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	week := 7 * 24 * time.Hour
	if begin(slot.Add(week), 6*time.Hour) {
		t.Error("what is six hours late is made up for")
	}
	if !begin(slot.Add(2*week), time.Hour) {
		t.Error("what is an hour late is not made up for")
	}
	if err := l.EndDrills(ctx, history.DrillRun{Slot: slot.Add(2 * week), Ended: slot.Add(2*week + time.Hour), Drills: 4}); err != nil {
		t.Fatal(err)
	}
	if begin(slot.Add(2*week), 2*time.Hour) {
		t.Error("they are drilled twice")
	}
}
