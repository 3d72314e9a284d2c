package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// Of a minute of a storm those that are asked for are found, in whatever order they
// came and wherever in the minute the time begins and ends.
func TestATimeWithinAStormHasItsFailures(t *testing.T) {
	t.Parallel()
	l := openLedger(t, func(o *store.LedgerOptions) { o.Now = func() time.Time { return start.Add(time.Hour) } })
	rng := rand.New(rand.NewPCG(7, 7))
	at := map[incident.ID]time.Time{}
	var all []incident.Fed
	for n := range 900 {
		e := call(n)
		e.Failure.ReceivedAt = start.Add(time.Duration(rng.IntN(180_000)) * time.Millisecond)
		e.Failure.ID = incident.NewID(e.Failure.ReceivedAt)
		at[e.Failure.ID] = e.Failure.ReceivedAt
		all = append(all, e)
	}
	feed(t, l, all...)
	for range 200 {
		q := history.Query{Limit: history.MaxLimit, Channel: history.Channel{Is: incident.Voice, Set: rng.IntN(2) == 0}}
		q.From = start.Add(time.Duration(rng.IntN(200_000)-10_000) * time.Millisecond)
		q.To = q.From.Add(time.Duration(rng.IntN(40_000)) * time.Millisecond)
		if rng.IntN(4) == 0 {
			q.From, q.To = q.From.Truncate(time.Minute), q.From.Truncate(time.Minute).Add(20*time.Second)
		}
		var want, got []string
		for id, at := range at {
			if !at.Before(q.From) && at.Before(q.To) {
				want = append(want, id.String())
			}
		}
		for _, row := range rows(t, l, q) {
			got = append(got, row.ID.String())
		}
		slices.Sort(want)
		slices.Sort(got)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("from %s to %s: %d failures, want %d", q.From, q.To, len(got), len(want))
		}
	}
}
