package store_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// upwards walks from the oldest row to the newest.
func upwards(tb testing.TB, l *store.Ledger, q history.Query) (all []history.Row) {
	tb.Helper()
	for q.After = 1; q.After != 0; {
		page, err := l.Failures(context.Background(), q)
		if err != nil {
			tb.Fatal(err)
		}
		all, q.After = append(slices.Clone(page.Rows), all...), page.Newer
	}
	return all
}

// Numbers that some stretches have many of, some few and some none are found in both
// directions, page by page, whoever called whom.
func TestANumberIsFoundHoweverItsFailuresLie(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "backstop.db")
	l := openLedgerAt(t, path)
	rng := rand.New(rand.NewPCG(3, 3))
	numbers := []string{"+493012345678", "+4930555", "+4930777"}
	var entries []incident.Fed
	for n := range 1200 {
		frequent := numbers[n/500] // one after the other
		entries = append(entries, call(n, func(e *incident.Fed) {
			for _, to := range []*string{&e.Failure.From, &e.Failure.To} {
				if *to = frequent; rng.IntN(10) == 0 {
					*to = numbers[rng.IntN(len(numbers))]
				}
			}
			if rng.IntN(3) == 0 {
				e.Failure.From = "+49171"
			}
			if rng.IntN(5) == 0 {
				e.Failure.Code = 11205
			}
		}))
	}
	feed(t, l, entries...)
	spread(t, path, 400)
	all := rows(t, l, history.Query{Limit: history.MaxLimit})
	for _, number := range append(numbers, "+49171", "+1555") {
		for _, q := range []history.Query{
			{Number: number}, {Number: number, Limit: 7}, {Number: number, Code: 11205}, {Number: number, From: start.Add(200e9), To: start.Add(700e9)},
		} {
			var want []history.Row
			for _, r := range all {
				if matches(q, r) {
					want = append(want, r)
				}
			}
			if diff := cmp.Diff(want, rows(t, l, q)); diff != "" {
				t.Errorf("%+v, towards the oldest (-want +got):\n%s", q, diff)
			}
			if diff := cmp.Diff(want, upwards(t, l, q)); diff != "" {
				t.Errorf("%+v, towards the newest (-want +got):\n%s", q, diff)
			}
			look, err := l.Look(t.Context(), q, 500)
			if err != nil {
				t.Fatal(err)
			}
			var n int64
			for _, b := range look.Bars {
				n += b.Total()
			}
			if int(n) != len(want) {
				t.Errorf("%+v: the chart counts %d, want %d", q, n, len(want))
			}
			if q.Limit == 0 {
				q.Limit = history.DefaultLimit
			}
			if diff := cmp.Diff(want[:min(len(want), q.Limit)], look.Rows); diff != "" {
				t.Errorf("%+v, the page beside a chart (-want +got):\n%s", q, diff)
			}
		}
	}
}
