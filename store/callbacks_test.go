package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

func change(t *testing.T, l *store.Ledger, e incident.Fed, to history.CallbackChange) (history.Callback, bool) {
	t.Helper()
	c, ok, err := l.ChangeCallback(context.Background(), e.Failure.ID, to)
	if err != nil {
		t.Fatal(err)
	}
	return c, ok
}

func TestOfManyWhoClaimAtOnceOneGetsIt(t *testing.T) {
	l := openLedger(t)
	first := attempt(1, anna, praxis, incident.Told)
	feed(t, l, first, attempt(2, anna, praxis, incident.Told))
	var all sync.WaitGroup
	got := make([]history.Callback, 16)
	won := make([]bool, len(got))
	people := []string{"ada", "ben"}
	for i := range got {
		all.Go(func() {
			var err error
			if got[i], won[i], err = l.ClaimCallback(context.Background(), first.Failure.ID, people[i%2], start.Add(time.Duration(i)*time.Second)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	winners := 0
	for i, c := range got {
		if won[i] {
			winners++
		}
		if c.ClaimedBy != got[0].ClaimedBy || !c.ClaimedAt.Equal(got[0].ClaimedAt) || c.State != history.CallbackClaimed {
			t.Errorf("the %dth sees %+v", i, c)
		}
	}
	if winners != 1 {
		t.Errorf("%d got it", winners)
	}
	if row := callers(t, l, history.CallerQuery{}).Rows[0]; row.Callback.ClaimedBy != got[0].ClaimedBy {
		t.Errorf("the list says %+v", row.Callback)
	}
}

func TestWhatIsNotedIsOfThePersonAndTheLine(t *testing.T) {
	l := openLedger(t)
	one, other := attempt(1, bert, praxis, incident.Told), attempt(2, bert, "+493099999999", incident.Told)
	feed(t, l, one, other)
	note := history.CallbackChange{State: history.CallbackNoAnswer, Note: "Try at noon.", By: "ada", At: start.Add(time.Minute)}
	if _, ok := change(t, l, one, note); !ok {
		t.Fatal("not changed")
	}
	feed(t, l, attempt(3, bert, praxis, incident.Told))
	got := callers(t, l, history.CallerQuery{State: history.CallbackNoAnswer}).Rows
	want := history.Callback{State: history.CallbackNoAnswer, Note: "Try at noon.", By: "ada", At: start.Add(time.Minute)}
	if len(got) != 1 || got[0].Line != praxis {
		t.Fatalf("got %+v", got)
	}
	if diff := cmp.Diff(want, got[0].Callback); diff != "" {
		t.Error(diff)
	}
	if _, _, err := l.ChangeCallback(context.Background(), incident.ID{1}, note); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("of no failure: %v", err)
	}
}

func TestANoteThatSomebodyHasWrittenMeanwhileIsNotLost(t *testing.T) {
	l := openLedger(t)
	e := attempt(1, anna, praxis, incident.Told)
	feed(t, l, e)
	change(t, l, e, history.CallbackChange{State: history.CallbackCalled, Note: "by ada", By: "ada", At: start.Add(time.Minute)})
	late := history.CallbackChange{State: history.CallbackDone, Note: "by ben", By: "ben", At: start.Add(2 * time.Minute)}
	if c, ok := change(t, l, e, late); ok || c.Note != "by ada" {
		t.Errorf("%v, %+v: want it refused, and what ada noted", ok, c)
	}
	late.Seen = start.Add(time.Minute)
	if c, ok := change(t, l, e, late); !ok || c.Note != "by ben" {
		t.Errorf("%v, %+v: want it changed", ok, c)
	}
	if got := callers(t, l, history.CallerQuery{}); got.Total != 0 {
		t.Errorf("%v are still listed", names(got))
	}
	feed(t, l, attempt(600, anna, praxis, incident.Told))
	if got := callers(t, l, history.CallerQuery{}); got.Total != 1 || got.Rows[0].State() != history.CallbackNew {
		t.Errorf("who tries again after that is not new: %+v", got.Rows)
	}
}

func TestWhatIsNotedGoesWithPersonalData(t *testing.T) {
	for name, tt := range map[string]struct {
		keep store.Retention
		who  string
	}{
		"a number that is erased":          {store.Retention{Days: 400, PersonalDays: 30}, anna},
		"a name that is erased":            {store.Retention{Days: 400, PersonalDays: 30}, "client:bert"},
		"a failure that is removed":        {store.Retention{Days: 30}, "client:bert"},
		"a failure that has to make place": {store.Retention{MaxBytes: 1}, "client:bert"},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir() + "/backstop.db"
			l := openLedgerAt(t, path)
			e, later := attempt(1, tt.who, praxis, incident.Told), attempt(20*86400, "client:later", praxis, incident.Told)
			feed(t, l, e, later)
			resolve(t, l, 1)
			for _, e := range []incident.Fed{e, later} {
				change(t, l, e, history.CallbackChange{State: history.CallbackNever, Note: "the-secret-note", By: "ada", At: start.Add(29 * day)})
			}
			if tt.keep.MaxBytes == 0 {
				live(t, l, start.Add(20*day), start.Add(29*day), tt.keep)
				if n := callbacks(t, path); n != 2 {
					t.Errorf("after 29 days %d are left, want both", n)
				}
				live(t, l, start.Add(29*day), start.Add(31*day), tt.keep)
				if got := callers(t, l, history.CallerQuery{From: start, All: true}); callbacks(t, path) != 1 || len(got.Rows) != 1 || got.Rows[0].Callback.Note != "the-secret-note" {
					t.Errorf("after 31 days %d are left of %v, want that of the later failure", callbacks(t, path), names(got))
				}
			}
			from := start.Add(31 * day)
			if tt.keep.MaxBytes > 0 {
				from = start.Add(20 * day)
			}
			live(t, l, from, start.Add(51*day), tt.keep)
			if n := callbacks(t, path); n != 0 {
				t.Errorf("at the end %d are left", n)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if mentions(t, path, "the-secret-note") {
				t.Error("the file still holds what was noted")
			}
		})
	}
}

func callbacks(t *testing.T, path string) (n int) {
	t.Helper()
	db := raw(t, path)
	defer db.Close() // or the WAL would stay when the ledger closes
	if err := db.QueryRow(`SELECT COUNT(*) FROM callbacks`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLookingAtAListOfCallersIsOneAct(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	reveal := history.CallerReveal{By: "ada", What: "shown", List: "incident=1", People: 3}
	at := func(minutes int, change ...func(*history.CallerReveal)) {
		r := reveal
		r.At = start.Add(time.Duration(minutes) * time.Minute)
		for _, c := range change {
			c(&r)
		}
		if last, err := l.RevealCallers(ctx, r); err != nil || last[len(last)-1].By != "ada" {
			t.Fatal(last, err)
		}
	}
	at(0)
	at(10, func(r *history.CallerReveal) { r.People = 5 })
	at(10, func(r *history.CallerReveal) { r.By = "ben" })
	at(12, func(r *history.CallerReveal) { r.What = "as a file" })
	at(24)
	at(60)
	var got []string
	for _, r := range callers(t, l, history.CallerQuery{}).Reveals {
		got = append(got, r.By+" "+r.What+" "+r.At.Format("15:04")+r.Until.Format("-15:04 "), string(rune('0'+r.People)), string(rune('0'+r.Times)))
	}
	want := []string{"ada shown 04:12-04:12 ", "3", "1", "ada as a file 03:24-03:24 ", "3", "1", "ben shown 03:22-03:22 ", "3", "1", "ada shown 03:12-03:36 ", "5", "3"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	feed(t, l, call(40*86400))
	live(t, l, start.Add(40*day), start.Add(41*day), store.Retention{Days: 40})
	page, err := l.Callers(ctx, history.CallerQuery{}, start)
	if err != nil || len(page.Reveals) != 0 {
		t.Errorf("after 41 days: %+v, %v", page.Reveals, err)
	}
}
