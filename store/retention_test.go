package store_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
	"unsafe"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

const day = 24 * time.Hour

// live lets a ledger's clock go on to now in steps that it trusts.
func live(tb testing.TB, l *store.Ledger, from, to time.Time, keep store.Retention) (sum store.RetainReport) {
	tb.Helper()
	for at := from; ; at = at.Add(6 * day) {
		if at.After(to) {
			at = to
		}
		for {
			r, err := l.Retain(context.Background(), at, keep)
			if err != nil {
				tb.Fatal(err)
			}
			sum.Removed += r.Removed
			sum.Early += r.Early
			if r.Early > 0 {
				sum.Oldest = r.Oldest
			}
			sum.Erased += r.Erased
			if !r.More {
				break
			}
		}
		if at.Equal(to) {
			return sum
		}
	}
}

func TestOldFailuresGoAndTheirCountsStay(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	feed(t, l, calls(0, 600)...)
	resolve(t, l, 1)
	late := call(30*86400, func(e *incident.Fed) { e.Failure.ErrorURL = "https://late.example.com/" })
	feed(t, l, late)
	if err := l.Reveal(ctx, history.Reveal{}, call(0).Failure.ID); !errors.Is(err, history.ErrNotFound) {
		t.Fatal(err) // another id every time: nothing to reveal
	}
	r := live(t, l, start.Add(30*day), start.Add(45*day), store.Retention{Days: 20})
	if r.Removed != 600 || r.Early != 0 {
		t.Errorf("got %+v, want 600 removed", r)
	}
	if got := rows(t, l, history.Query{}); len(got) != 1 || got[0].ID != late.Failure.ID || got[0].ErrorURL != "https://late.example.com/" {
		t.Errorf("left: %+v", got)
	}
	if got := total(t, l, history.Query{}); got != 601 {
		t.Errorf("%d in the histogram, want 601", got)
	}
	if got := incidents(t, l); len(got) != 1 || got[0].ID != 2 {
		t.Errorf("incidents: %+v", got)
	}
	feed(t, l, call(46*86400))
	if got := rows(t, l, history.Query{}); len(got) != 2 || got[0].Serial != 602 || got[0].Incident != 3 {
		t.Errorf("after another failure: %+v", got)
	}
}

func TestTheOldestGoWhenThereIsTooMuch(t *testing.T) {
	path := t.TempDir() + "/backstop.db"
	l := openLedgerAt(t, path)
	s := newStorm()
	for range 10 {
		feed(t, l, s.batch(2000)...)
	}
	keep := store.Retention{Days: 400, PersonalDays: 90, MaxBytes: 3 << 20}
	r := live(t, l, start, start.Add(time.Hour), keep)
	left := rows(t, l, history.Query{Limit: history.MaxLimit})
	if r.Early < 8000 || r.Early != r.Removed || len(left) != 20000-r.Removed {
		t.Fatalf("got %+v, %d left", r, len(left))
	}
	if want := left[len(left)-1].ReceivedAt; !r.Oldest.Equal(want) {
		t.Errorf("the oldest is said to be of %s, want %s", r.Oldest, want)
	}
	// Within a millisecond there is no older.
	if oldest := left[len(left)-1].Serial; oldest < int64(r.Removed)-20 || oldest > int64(r.Removed)+20 {
		t.Errorf("the oldest left is %d, want the one after the %d removed", oldest, r.Removed)
	}
	var before int64
	for range 5 { // room that was made is used again
		feed(t, l, s.batch(2000)...)
		live(t, l, start.Add(time.Hour), start.Add(time.Hour), keep)
		at, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		before = max(before, at.Size())
	}
	if before > 12<<20 {
		t.Errorf("the file grew to %d bytes", before)
	}
}

func TestMinutesAreForgottenAfterTwoDays(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	feed(t, l, calls(0, 300)...)
	q := history.Query{From: start, To: start.Add(5 * time.Minute)}
	width := func() time.Duration {
		bars, err := l.Histogram(ctx, q, 60)
		if err != nil || len(bars) == 0 {
			t.Fatalf("%v, %v", bars, err)
		}
		return bars[0].Width
	}
	live(t, l, start, start.Add(47*time.Hour), store.Retention{})
	if got := width(); got != time.Minute {
		t.Errorf("after 47 hours bars are of %s", got)
	}
	live(t, l, start.Add(47*time.Hour), start.Add(50*time.Hour), store.Retention{})
	if got := width(); got != time.Hour {
		t.Errorf("after 50 hours bars are of %s", got)
	}
	if got := total(t, l, q); got != 300 {
		t.Errorf("%d in the histogram, want 300", got)
	}
}

func TestTextsThatNobodyUsesAreForgottenAndCanComeBack(t *testing.T) {
	path := t.TempDir() + "/backstop.db"
	l := openLedgerAt(t, path)
	odd := withParams("POST", incident.Param{Name: "From", Value: "client:rare"}, incident.Param{Name: "ErrorUrl", Value: "https://rare.example.com/x"})
	feed(t, l, call(0, odd, func(e *incident.Fed) { e.Answer.Document = []byte("<Response><!-- rare --></Response>") }))
	feed(t, l, call(20*86400))
	live(t, l, start.Add(20*day), start.Add(25*day), store.Retention{Days: 10})
	db := raw(t, path)
	for query, want := range map[string]int{
		`SELECT COUNT(*) FROM texts`: 1, `SELECT COUNT(*) FROM answers`: 1, `SELECT COUNT(*) FROM documents`: 1, `SELECT COUNT(*) FROM places`: 1,
	} {
		var got int
		if err := db.QueryRow(query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", query, got, err, want)
		}
	}
	e := call(25*86400, odd)
	feed(t, l, e)
	if got := failure(t, l, e.Failure.ID); got.From != "client:rare" || got.ErrorURL != "https://rare.example.com/x" {
		t.Errorf("got %+v", got)
	}
}

func TestCallersAreForgottenOnceAnIncidentIsOver(t *testing.T) {
	path := t.TempDir() + "/backstop.db"
	l := openLedgerAt(t, path)
	feed(t, l, calls(0, 50)...)
	live(t, l, start, start.Add(time.Hour), store.Retention{})
	count := func() (n int) {
		if err := raw(t, path).QueryRow(`SELECT COUNT(*) FROM callers`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := count(); got != 50 {
		t.Errorf("%d callers while it is open, want 50", got)
	}
	resolve(t, l, 1)
	live(t, l, start, start.Add(time.Hour), store.Retention{})
	if got := count(); got != 0 {
		t.Errorf("%d callers after it is over, want none", got)
	}
}

func TestNothingIsRemovedOnTheWordOfAClockThatIsNotTrusted(t *testing.T) {
	ctx := context.Background()
	keep := store.Retention{Days: 1}
	built := func(o *store.LedgerOptions) { o.Built = start.Add(-day) }
	for name, c := range map[string]struct {
		fed   []incident.Fed
		steps []time.Time // the last of which is judged
		ok    bool
	}{
		"a new ledger":                        {nil, []time.Time{start}, true},
		"before the program was built":        {nil, []time.Time{start.Add(-2 * day)}, false},
		"behind the newest failure":           {calls(7200, 7201), []time.Time{start}, false},
		"a little behind the newest failure":  {calls(1800, 1801), []time.Time{start}, true},
		"a week after the newest failure":     {calls(0, 1), []time.Time{start.Add(7 * day)}, true},
		"a year after the newest failure":     {calls(0, 1), []time.Time{start.Add(365 * day)}, false},
		"a year later, an hour on":            {calls(0, 1), []time.Time{start.Add(365 * day), start.Add(365*day + time.Hour)}, false},
		"a year later, a day on":              {calls(0, 1), []time.Time{start.Add(365 * day), start.Add(366 * day)}, true},
		"two weeks without failures, running": {calls(0, 1), []time.Time{start.Add(6 * day), start.Add(12 * day), start.Add(14 * day)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLedger(t, built)
			if c.fed != nil {
				feed(t, l, c.fed...)
			}
			var err error
			for _, at := range c.steps {
				_, err = l.Retain(ctx, at, keep)
			}
			if (err == nil) != c.ok || (err != nil && !errors.Is(err, store.ErrClock)) {
				t.Errorf("got %v, want trusted: %v", err, c.ok)
			}
			if err != nil && c.fed != nil && len(rows(t, l, history.Query{})) != len(c.fed) {
				t.Error("failures are gone all the same")
			}
		})
	}
}

func TestAlertsOfOldAreForgottenWithTheirDeliveries(t *testing.T) {
	ctx := context.Background()
	path := t.TempDir() + "/backstop.db"
	now := start
	l := openLedgerAt(t, path, func(o *store.LedgerOptions) { o.Now = func() time.Time { return now } })
	if _, err := l.Tell(ctx, incident.Alert{Kind: incident.Meta, Topic: incident.LedgerTopic, At: now, Title: "x"}); err != nil {
		t.Fatal(err)
	}
	feed(t, l, call(0))
	if err := l.SetAside(ctx, []byte("raw"), "why", start); err != nil {
		t.Fatal(err)
	}
	live(t, l, start, start.Add(11*day), store.Retention{Days: 10, PersonalDays: 5})
	for _, table := range []string{"alerts", "deliveries", "set_aside"} {
		var n int
		if err := raw(t, path).QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: %d rows left, %v", table, n, err)
		}
	}
}

// What waits about incidents that nobody can look at any more is not sent: there
// is nothing to do about it, and nothing left to say.
func TestWhatWaitsAboutIncidentsThatAreGoneIsNotSent(t *testing.T) {
	ctx := context.Background()
	now := start
	l := openLedger(t, func(o *store.LedgerOptions) { o.Now = func() time.Time { return now } })
	for n := range 13 { // the last three wait for a digest
		feed(t, l, call(0, toHost(n)))
	}
	for id := int64(1); id <= 13; id++ {
		if _, err := l.Resolve(ctx, id, "anna", start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	now = start.Add(3 * day)
	live(t, l, start, now, store.Retention{Days: 2})
	feed(t, l, call(3*86400, toHost(13)))
	m := mustClaim(t, l, "chat", now)
	if m.Incident == nil || m.Incident.ID != 14 || len(m.Folded) != 0 {
		t.Errorf("got %+v, want the one incident that is left", m)
	}
	settle(t, l, "chat", m.DeliveryID, incident.Result{At: now})
	if m, wait, ok := claim(t, l, "chat", now.Add(time.Hour)); ok || !wait.IsZero() {
		t.Errorf("more waits until %s: %+v", wait, m)
	}
}

func TestADrillThatMadeRoomIsToldAsADrill(t *testing.T) {
	l := openLedger(t)
	feed(t, l, call(0, func(e *incident.Fed) { e.Failure.Drill = true }))
	if r := live(t, l, start, start, store.Retention{MaxBytes: 1}); r.Early != 1 {
		t.Fatalf("got %+v, want the drill removed", r)
	}
	if m := mustClaim(t, l, "chat", queued); m.Alert.Kind != incident.DrillAlert || m.Failure != nil {
		t.Errorf("got %+v, want the drill without what it played", m)
	}
}

func TestTheNewestCursorStaysThroughAQuietYear(t *testing.T) {
	ctx := context.Background()
	now := start
	l := openLedger(t, func(o *store.LedgerOptions) { o.Now = func() time.Time { return now } })
	for n, journal := range []string{"an older one", "the one in use"} {
		now = start.Add(time.Duration(n) * time.Hour)
		if _, err := l.Feed(ctx, incident.Batch{Cursor: incident.Cursor{Journal: journal, Row: 9}, Entries: calls(n, n+1)}); err != nil {
			t.Fatal(err)
		}
	}
	live(t, l, start, start.Add(365*day), store.Retention{Days: 7})
	for journal, want := range map[string]int64{"an older one": 0, "the one in use": 9} {
		if got, err := l.Cursor(ctx, journal); err != nil || got.Row != want {
			t.Errorf("%s: row %d, %v, want %d", journal, got.Row, err, want)
		}
	}
}

func TestAClockThatWasSetIsNotTrustedForADay(t *testing.T) {
	for name, by := range map[string]time.Duration{"forward": 2 * time.Hour, "back": -30 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			l := openLedger(t)
			now := time.Now()
			for _, step := range []struct {
				at time.Time
				ok bool
			}{
				{now, true},
				{now.Add(time.Hour), true},
				{set(t, now.Add(2*time.Hour), by), false},
				{set(t, now.Add(25*time.Hour), by), false},
				{set(t, now.Add(26*time.Hour), by), true},
			} {
				if _, err := l.Retain(t.Context(), step.at, store.Retention{Days: 1}); (err == nil) != step.ok || err != nil && !errors.Is(err, store.ErrClock) {
					t.Errorf("%s after the first: got %v, want trusted: %v", step.at.Sub(now), err, step.ok)
				}
			}
		})
	}
}

// set is t as a clock says it that was set by so much: the wall clock's reading
// moves, the monotonic one does not. Package time makes no such time from
// another, so its first word is written: seconds from bit 30 on.
func set(tb testing.TB, t time.Time, by time.Duration) time.Time {
	tb.Helper()
	moved := t
	*(*uint64)(unsafe.Pointer(&moved)) += uint64(by/time.Second) << 30
	if moved.Sub(t) != 0 || moved.Round(0).Sub(t.Round(0)) != by {
		tb.Fatalf("package time has changed: %s set by %s is %s", t, by, moved)
	}
	return moved
}
