package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// Beyond some origins they are not asked one by one.
func TestAFilterThatManyOriginsMatchFindsTheFrequentAndTheRare(t *testing.T) {
	l := openLedger(t)
	const failures, hosts = 6000, 60
	for from := 0; from < failures; from += 1000 {
		feed(t, l, calls(from, from+1000, func(e *incident.Fed) {
			n := int(e.Failure.ReceivedAt.Sub(start).Seconds())
			e.Failure.ErrorURL = fmt.Sprintf("https://host%d.example.com/voice", n%hosts)
			e.Failure.Code = 11200
			if n < 300 || n == failures/2 { // once, long ago
				e.Failure.Code = 11205
			}
		})...)
	}
	everything := rows(t, l, history.Query{Limit: history.MaxLimit})
	for name, q := range map[string]history.Query{
		"frequent": {Code: 11200}, "rare": {Code: 11205}, "all there are": {Channel: history.Channel{Is: incident.Voice, Set: true}},
		"rare, within a time": {Code: 11205, From: everything[failures-10].ReceivedAt, To: everything[failures-100].ReceivedAt},
	} {
		t.Run(name, func(t *testing.T) {
			var want []history.Row
			for _, r := range everything {
				if matches(q, r) {
					want = append(want, r)
				}
			}
			if len(want) < 51 {
				t.Fatalf("only %d failures match", len(want))
			}
			if diff := cmp.Diff(want, rows(t, l, q)); diff != "" {
				t.Errorf("towards the oldest (-want +got):\n%s", diff)
			}
			oldest := q
			oldest.After = history.Cursor(want[len(want)-1].Serial)
			page, err := l.Failures(context.Background(), oldest)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want[len(want)-51:len(want)-1], page.Rows); diff != "" {
				t.Errorf("towards the newest (-want +got):\n%s", diff)
			}
		})
	}
}

// Of a number that fails all the time a search looks at some failures at once.
func TestASearchForWhatANumberHardlyHasGoesOnWhenAsked(t *testing.T) {
	l := openLedger(t)
	const failures, busy = 24_000, "+4930999"
	for from := 0; from < failures; from += 4000 {
		feed(t, l, calls(from, from+4000, func(e *incident.Fed) {
			e.Failure.To, e.Failure.Code = busy, 11200
			if n := int(e.Failure.ReceivedAt.Sub(start).Seconds()); n%11_000 == 10 {
				e.Failure.Code = 11205
			}
			if n := int(e.Failure.ReceivedAt.Sub(start).Seconds()); n%8 == 0 { // called by itself, too
				e.Failure.From, e.Failure.To = busy, "+4930111"
			}
		})...)
	}
	rare := history.Query{Number: busy, Code: 11205}
	var down, up []int64
	pages := 0
	for q := rare; ; pages++ {
		page, err := l.Failures(context.Background(), q)
		if err != nil || pages > 10 {
			t.Fatal(pages, err)
		}
		for _, r := range page.Rows {
			down = append(down, r.Serial)
		}
		if page.Older == 0 {
			break
		}
		if !page.Further {
			t.Errorf("page %d goes on without saying that not all was looked at", pages)
		}
		q.Before = page.Older
	}
	for q := (history.Query{Number: rare.Number, Code: rare.Code, After: 1}); ; pages++ {
		page, err := l.Failures(context.Background(), q)
		if err != nil || pages > 20 {
			t.Fatal(pages, err)
		}
		for i := range page.Rows {
			up = append(up, page.Rows[len(page.Rows)-1-i].Serial)
		}
		if page.Newer == 0 {
			break
		}
		q.After = page.Newer
	}
	slices.Reverse(up)
	want := []int64{22_011, 11_011, 11}
	if diff := cmp.Diff(want, down); diff != "" || pages < 2 {
		t.Errorf("towards the oldest, %d pages in all (-want +got):\n%s", pages, diff)
	}
	if diff := cmp.Diff(want, up); diff != "" {
		t.Errorf("towards the newest (-want +got):\n%s", diff)
	}
}
