package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// scanOfTable matches a plan that reads all of a table or of an index, by the
// names that the statements give to tables.
var scanOfTable = regexp.MustCompile(`^SCAN (failures|replays|f|k|o|a|b|c|d|r|sender|recipient|url|word)\b`)

// An index of what waits holds nothing else.
const scanOfWaiting = "INDEX replays_waiting"

func TestEverySearchUsesAnIndex(t *testing.T) {
	path := t.TempDir() + "/backstop.db"
	openLedgerAt(t, path)
	db := raw(t, path)
	for name, query := range store.Searches() {
		t.Run(name, func(t *testing.T) {
			args := make([]any, 11)
			for i := range args {
				args[i] = i + 1
			}
			args[4] = "[1]"
			for n := 11; n >= 0; n-- {
				if n < 11 && strings.Contains(query, fmt.Sprintf("?%d", n+1)) {
					break
				}
				args = args[:n]
			}
			rows, err := db.Query("EXPLAIN QUERY PLAN "+query, args...)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			spared := !strings.HasPrefix(name, "a line in all stretches") // see docs/adr/0116
			for rows.Next() {
				var id, parent, unused int
				var detail string
				if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
					t.Fatal(err)
				}
				spared = spared || strings.Contains(detail, "USING COVERING INDEX failures_by_to")
				if scanOfTable.MatchString(detail) && !strings.HasSuffix(detail, scanOfWaiting) {
					t.Errorf("it scans: %s", detail)
				}
				// The rows of a page are few and at hand.
				if strings.Contains(detail, "TEMP B-TREE FOR ORDER BY") && name != "rows" && name != "recordings of callers" && name != "leading origins" {
					t.Errorf("it sorts: %s", detail)
				}
			}
			if err := rows.Err(); err != nil || !spared {
				t.Errorf("%v; of a line's failures all have to be read, not only their index", err)
			}
		})
	}
}

// world is a small world of failures, so that filters find some.
type world struct{ t *rapid.T }

func (w world) pick(name string, from ...string) string {
	return rapid.SampledFrom(from).Draw(w.t, name)
}

var numbers = []string{"+14155550100", "+14155550101", "+493012345678", "client:anna", "anonymous", ""}

func (w world) entry(n int) incident.Fed {
	// Mostly in order, sometimes late, at times hours apart.
	at := start.Add(time.Duration(n)*7*time.Minute + time.Duration(rapid.Int64Range(-40, 40).Draw(w.t, "minutes"))*time.Minute)
	name := w.pick("kind of SID", "CallSid", "CallSid", "MessageSid", "Other")
	params := []incident.Param{
		{Name: "AccountSid", Value: account},
		{Name: name, Value: sid("CA", rapid.IntRange(0, 5).Draw(w.t, "sid"))},
		{Name: "From", Value: w.pick("from", numbers...)},
		{Name: "To", Value: w.pick("to", numbers...)},
		{Name: "ErrorCode", Value: w.pick("code", "11200", "11210", "12100", "")},
		{Name: "ErrorUrl", Value: w.pick("url", "https://a.example.com/x", "https://www.a.example.com/x", "https://b.example.com/x?q=1", "https://b.example.com/y", "")},
	}
	f := incident.RestoreFailure(incident.NewID(at), at, w.pick("method", "GET", "POST"), params)
	f.RequestKey = sha256key(n)
	f.Drill = w.pick("drill", "no", "no", "no", "yes") == "yes"
	f.Late = w.pick("late", "no", "no", "yes") == "yes"
	return incident.Fed{Entry: incident.Entry{Failure: f, Answer: incident.Answer{
		Step: "message", Outcome: incident.Told, Document: []byte("<Response/>"),
	}}, JournalAt: at}
}

func (w world) query() history.Query {
	q := history.Query{Limit: rapid.IntRange(1, 9).Draw(w.t, "limit")}
	if w.pick("drills", "no", "yes") == "yes" {
		q.Drills = true
	}
	for range rapid.IntRange(0, 3).Draw(w.t, "filters") {
		switch w.pick("filter", "channel", "code", "number", "sid", "host", "incident", "from", "to") {
		case "channel":
			q.Channel = history.Channel{Is: incident.Channel(rapid.IntRange(0, 2).Draw(w.t, "channel")), Set: true}
		case "code":
			q.Code = rapid.SampledFrom([]int{11200, 12100, 99999}).Draw(w.t, "code")
		case "number":
			q.Number = w.pick("number", append(numbers, "client:nobody", "+1")...)
		case "sid":
			q.SID = sid("CA", rapid.IntRange(0, 6).Draw(w.t, "sid"))
		case "host":
			q.Host = w.pick("host", "a.example.com", "b.example.com", "c.example.com")
		case "incident":
			q.Incident = rapid.Int64Range(1, 5).Draw(w.t, "incident")
		case "from":
			q.From = start.Add(time.Duration(rapid.Int64Range(-60, 400).Draw(w.t, "since")) * time.Minute)
		case "to":
			q.To = start.Add(time.Duration(rapid.Int64Range(-60, 400).Draw(w.t, "until")) * time.Minute)
		}
	}
	return q
}

// matches says what a query means, without any index.
func matches(q history.Query, r history.Row) bool {
	return (q.Drills || !r.Drill) &&
		(!q.Channel.Set || r.Channel == q.Channel.Is) &&
		(q.Code == 0 || r.Code == q.Code) &&
		(q.Number == "" || r.From == q.Number || r.To == q.Number) &&
		(q.SID == "" || r.SID == q.SID) &&
		(q.Host == "" || slices.Contains([]string{q.Host, "www." + q.Host}, incident.Host(r.ErrorURL))) &&
		(q.Incident == 0 || r.Incident == q.Incident) &&
		(q.From.IsZero() || !r.ReceivedAt.Before(q.From)) &&
		(q.To.IsZero() || r.ReceivedAt.Before(q.To))
}

func TestEveryPageHasWhatItsFiltersSay(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := world{rt}
		path := filepath.Join(t.TempDir(), "backstop.db")
		l := openLedgerAt(t, path)
		n := rapid.IntRange(0, 40).Draw(rt, "failures")
		var entries []incident.Fed
		for i := range n {
			entries = append(entries, w.entry(i))
		}
		feed(t, l, entries...)
		spread(t, path, rapid.SampledFrom([]int{1, 1000, 20_000}).Draw(rt, "apart"))
		all := rows(t, l, history.Query{Drills: true, Limit: history.MaxLimit})
		if len(all) != n {
			rt.Fatalf("%d rows, want %d", len(all), n)
		}
		for range 8 {
			q := w.query()
			var want []history.Row
			for _, r := range all {
				if matches(q, r) {
					want = append(want, r)
				}
			}
			checkPages(t, rt, l, q, want)
			checkHistogram(rt, l, q, want)
		}
		if err := l.Close(); err != nil {
			rt.Fatal(err)
		}
	})
}

// spread has failures lie that far apart, so that a few fill several stretches.
func spread(tb testing.TB, path string, apart int) {
	tb.Helper()
	db := raw(tb, path)
	defer db.Close()
	for _, query := range []string{
		`UPDATE failures SET serial = -serial`, // out of the others' way
		`UPDATE failures SET serial = -serial * ?1`,
		`UPDATE places SET first_serial = first_serial * ?1, last_serial = last_serial * ?1`,
		`UPDATE places_by_day SET first_serial = first_serial * ?1, last_serial = last_serial * ?1`,
		`UPDATE incidents SET first_serial = first_serial * ?1, last_serial = last_serial * ?1`,
	} {
		if _, err := db.Exec(strings.ReplaceAll(query, "?1", strconv.Itoa(apart))); err != nil {
			tb.Fatal(err)
		}
	}
}

// checkPages walks to the oldest row and back to the newest.
func checkPages(t *testing.T, rt *rapid.T, l *store.Ledger, q history.Query, want []history.Row) {
	t.Helper()
	var down, up []history.Row
	var page history.Page
	var err error
	at := q
	for {
		if page, err = l.Failures(context.Background(), at); err != nil {
			rt.Fatal(err)
		}
		checkLook(rt, l, at, page)
		down = append(down, page.Rows...)
		if (at.Before == 0) != (page.Newer == 0) {
			rt.Fatalf("%+v: newer rows after %d", at, page.Newer)
		}
		if page.Older == 0 {
			break
		}
		at.Before = page.Older
	}
	if diff := cmp.Diff(want, down); diff != "" {
		rt.Fatalf("%+v, towards the oldest (-want +got):\n%s", q, diff)
	}
	up = page.Rows
	for page.Newer != 0 {
		at.Before, at.After = 0, page.Newer
		if page, err = l.Failures(context.Background(), at); err != nil {
			rt.Fatal(err)
		}
		if page.Older == 0 {
			rt.Fatalf("%+v: no older rows", at)
		}
		up = append(slices.Clone(page.Rows), up...)
	}
	if diff := cmp.Diff(want, up); diff != "" {
		rt.Fatalf("%+v, towards the newest (-want +got):\n%s", q, diff)
	}
}

// checkLook holds that a look has the page, and the chart of the first one.
func checkLook(rt *rapid.T, l *store.Ledger, q history.Query, page history.Page) {
	bars, err := l.Histogram(context.Background(), q.FirstPage(), 50)
	if err != nil {
		rt.Fatal(err)
	}
	look, err := l.Look(context.Background(), q, 50)
	if err != nil {
		rt.Fatal(err)
	}
	if diff := cmp.Diff(history.Look{Page: page, Bars: bars}, look); diff != "" {
		rt.Fatalf("%+v, a look (-apart +at once):\n%s", q, diff)
	}
}

func checkHistogram(rt *rapid.T, l *store.Ledger, q history.Query, want []history.Row) {
	bars, err := l.Histogram(context.Background(), q, rapid.IntRange(1, 500).Draw(rt, "bars"))
	if err != nil {
		rt.Fatal(err)
	}
	if len(bars) == 0 {
		for _, r := range want {
			if !r.Drill {
				rt.Fatalf("%+v: no bars for %+v", q, r)
			}
		}
		return
	}
	for i, b := range bars {
		if i > 0 && !b.Start.Equal(bars[i-1].Start.Add(bars[i-1].Width)) {
			rt.Fatalf("a gap before bar %d: %+v", i, bars)
		}
		var sum history.Bucket
		for _, r := range want {
			if r.Drill || r.ReceivedAt.Before(b.Start) || !r.ReceivedAt.Before(b.Start.Add(b.Width)) {
				continue
			}
			switch r.Channel {
			case incident.Voice:
				sum.Voice++
			case incident.Messaging:
				sum.Messaging++
			case incident.Unknown:
				sum.Unknown++
			}
		}
		// At the edges a bar counts what lies in it, also outside the range.
		edge := (!q.From.IsZero() && b.Start.Before(q.From)) || (!q.To.IsZero() && b.Start.Add(b.Width).After(q.To))
		if sum.Total() > b.Total() || (!edge && (sum.Voice != b.Voice || sum.Messaging != b.Messaging || sum.Unknown != b.Unknown)) {
			rt.Fatalf("%+v: bar %d is %+v, want %+v", q, i, b, sum)
		}
	}
}

func TestTheHistogramIsFineWhereMinutesAreKeptAndCoarseElse(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t, func(o *store.LedgerOptions) { o.Now = func() time.Time { return start.Add(2 * time.Hour) } })
	feed(t, l, calls(0, 7200)...)
	for name, c := range map[string]struct {
		q     history.Query
		most  int
		width time.Duration
		bars  int
	}{
		"two hours in sixty bars":         {history.Query{From: start, To: start.Add(2 * time.Hour)}, 60, 2 * time.Minute, 60},
		"two hours by the minute":         {history.Query{From: start, To: start.Add(2 * time.Hour)}, 120, time.Minute, 120},
		"a month":                         {history.Query{From: start.AddDate(0, -1, 0), To: start.Add(2 * time.Hour)}, 60, 24 * time.Hour, 32},
		"ten years":                       {history.Query{From: start.AddDate(-10, 0, 0), To: start}, 12, 512 * 24 * time.Hour, 8},
		"everything":                      {history.Query{}, 3, time.Hour, 3},
		"until the year 2300":             {history.Query{From: start, To: time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)}, 72, 30 * time.Minute, 53},
		"until the last year":             {history.Query{From: start, To: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}, 1, 48 * time.Hour, 1},
		"from the second year":            {history.Query{From: time.Date(2, 1, 1, 0, 0, 0, 0, time.UTC), To: start.Add(time.Hour)}, 72, 256 * 24 * time.Hour, 59},
		"two centuries":                   {history.Query{From: time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)}, 1000, 16 * 24 * time.Hour, 916},
		"everything, and nothing to come": {history.Query{}, 200, time.Minute, 132},
		"one bar":                         {history.Query{From: start, To: start.Add(time.Minute)}, 1, time.Minute, 1},
		"a range that ends as it begins":  {history.Query{From: start, To: start}, 10, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bars, err := l.Histogram(ctx, c.q, c.most)
			if err != nil {
				t.Fatal(err)
			}
			if len(bars) != c.bars || (len(bars) > 0 && bars[0].Width != c.width) {
				t.Errorf("got %d bars, %+v …", len(bars), bars[:min(1, len(bars))])
			}
		})
	}
}

func TestNewCountsComeUpInBothHistogramAndRows(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	feed(t, l, calls(0, 10)...)
	feed(t, l, calls(10, 30)...)
	bars, err := l.Histogram(ctx, history.Query{Code: 11200, Host: "www.example.com", Incident: 1}, 100)
	var total int64
	for _, b := range bars {
		total += b.Total()
	}
	if err != nil || total != 30 {
		t.Errorf("got %d, %v, want 30", total, err)
	}
}

// A ledger that is longer than a stretch is searched stretch by stretch.
func TestASearchGoesThroughAllStretches(t *testing.T) {
	if testing.Short() {
		t.Skip("feeds seventy thousand failures")
	}
	l := openLedger(t)
	const n = 1<<store.StretchBits + 2000
	first := call(0, func(e *incident.Fed) { e.Failure.From = "+15551234567" })
	feed(t, l, first)
	s := newStorm()
	s.at = s.at.Add(time.Minute)
	for fed := 1; fed < n; fed += 5000 {
		feed(t, l, s.batch(min(5000, n-fed))...)
	}
	last := call(n, func(e *incident.Fed) { e.Failure.To = "+15551234567"; e.Failure.SID = first.Failure.SID })
	feed(t, l, last)
	for name, q := range map[string]history.Query{
		"number": {Number: "+15551234567"}, "sid": {SID: first.Failure.SID}, "both": {SID: first.Failure.SID, Number: "+15551234567"},
	} {
		got := rows(t, l, q)
		if len(got) != 2 || got[0].ID != last.Failure.ID || got[1].ID != first.Failure.ID {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	again := first
	again.Failure.ID = incident.NewID(last.Failure.ReceivedAt)
	if got := feed(t, l, again); got.Retries != 1 {
		t.Errorf("a retry after %d failures: got %+v", n, got)
	}
}
