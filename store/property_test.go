package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// told is all that people can see of a ledger, besides the outbox.
type told struct {
	Rows      []history.Row
	Details   []history.Detail
	Incidents []incident.Incident
	Events    [][]history.Event
	Bars      []history.Bucket
}

func look(tb testing.TB, l *store.Ledger) (all told) {
	tb.Helper()
	ctx := context.Background()
	all.Rows = rows(tb, l, history.Query{Drills: true, Limit: history.MaxLimit})
	for _, r := range all.Rows {
		all.Details = append(all.Details, failure(tb, l, r.ID))
	}
	all.Incidents = incidents(tb, l)
	for _, in := range all.Incidents {
		d, err := l.Incident(ctx, in.ID)
		if err != nil {
			tb.Fatal(err)
		}
		all.Events = append(all.Events, d.Events)
	}
	var err error
	if all.Bars, err = l.Histogram(ctx, history.Query{}, 1000); err != nil {
		tb.Fatal(err)
	}
	return all
}

// However the entries of a journal are cut into batches, and whatever of it is
// fed again, between whatever crashes and reopenings: the ledger is the same.
func TestHowTheJournalIsFedMakesNoDifference(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := world{rt}
		var entries []incident.Fed
		for n := range rapid.IntRange(1, 40).Draw(rt, "failures") {
			entries = append(entries, w.entry(n))
			if w.pick("retry", "no", "no", "yes") == "yes" {
				entries = append(entries, retryOf(entries[rapid.IntRange(0, n).Draw(rt, "of")]))
			}
		}
		whole := openLedger(t)
		feed(t, whole, entries...)

		path := t.TempDir() + "/backstop.db"
		parts := openLedgerAt(t, path)
		for fed := 0; fed < len(entries); {
			from := fed - rapid.IntRange(0, fed).Draw(rt, "again")
			fed += rapid.IntRange(1, len(entries)-fed).Draw(rt, "batch")
			feed(t, parts, entries[from:fed]...)
			if w.pick("crash", "no", "no", "no", "reopen") == "reopen" {
				if err := parts.Close(); err != nil {
					rt.Fatal(err)
				}
				parts = openLedgerAt(t, path)
			}
		}
		if diff := cmp.Diff(look(t, whole), look(t, parts), cmpopts.IgnoreFields(history.Detail{}, "Deliveries")); diff != "" {
			rt.Fatalf("fed whole and in parts (-whole +parts):\n%s", diff)
		}
		for _, l := range []*store.Ledger{whole, parts} {
			if err := l.Close(); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

// retryOf is the same request a moment later.
func retryOf(e incident.Fed) incident.Fed {
	e.Failure.ReceivedAt = e.Failure.ReceivedAt.Add(3 * time.Second)
	e.Failure.ID = incident.NewID(e.Failure.ReceivedAt)
	return e
}

// The counts of an incident are those of its failures.
func TestTheTotalsAgree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := world{rt}
		l := openLedger(t)
		var entries []incident.Fed
		for n := range rapid.IntRange(1, 40).Draw(rt, "failures") {
			entries = append(entries, w.entry(n))
		}
		feed(t, l, entries...)
		for _, in := range incidents(t, l) {
			own := rows(t, l, history.Query{Incident: in.ID})
			callers := map[string]bool{}
			var calls, late int64
			for _, r := range own {
				f := incident.Failure{From: r.From, SID: r.SID}
				callers[f.CallerKey()] = true
				if r.Channel == incident.Voice {
					calls++
				}
				if r.Late {
					late++
				}
			}
			got := []int64{in.Failures, in.Calls, in.Late, in.Callers, total(t, l, history.Query{Incident: in.ID})}
			want := []int64{int64(len(own)), calls, late, int64(len(callers)), int64(len(own))}
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("failures, calls, late, callers, histogram of %+v (-want +got):\n%s", in, diff)
			}
		}
		if err := l.Close(); err != nil {
			rt.Fatal(err)
		}
	})
}

func total(tb testing.TB, l *store.Ledger, q history.Query) (n int64) {
	tb.Helper()
	bars, err := l.Histogram(context.Background(), q, 100)
	if err != nil {
		tb.Fatal(err)
	}
	for _, b := range bars {
		n += b.Total()
	}
	return n
}
