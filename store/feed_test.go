package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// withParams replaces the parameters, and all that is read out of them.
func withParams(method string, params ...incident.Param) func(*incident.Fed) {
	return func(e *incident.Fed) {
		key := e.Failure.RequestKey
		e.Failure = incident.RestoreFailure(e.Failure.ID, e.Failure.ReceivedAt, method, params)
		e.Failure.RequestKey = key
	}
}

func failure(tb testing.TB, l *store.Ledger, id incident.ID) history.Detail {
	tb.Helper()
	d, err := l.Failure(context.Background(), id)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// rows are all failures that q finds, newest first, over all pages.
func rows(tb testing.TB, l *store.Ledger, q history.Query) (all []history.Row) {
	tb.Helper()
	for {
		page, err := l.Failures(context.Background(), q)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, page.Rows...)
		if page.Older == 0 {
			return all
		}
		q.Before = page.Older
	}
}

func incidents(tb testing.TB, l *store.Ledger) []incident.Incident {
	tb.Helper()
	page, err := l.Incidents(context.Background(), history.IncidentQuery{Limit: history.MaxLimit})
	if err != nil {
		tb.Fatal(err)
	}
	return page.Incidents
}

func TestAFailureComesBackAsItWasFed(t *testing.T) {
	for name, change := range map[string]func(*incident.Fed){
		"a typical call":  func(*incident.Fed) {},
		"without answer":  func(e *incident.Fed) { e.Answer = incident.Answer{Document: []byte{}} },
		"late":            func(e *incident.Fed) { e.Failure.Late = true },
		"with a why":      func(e *incident.Fed) { e.Answer.Why, e.Answer.Outcome = "the standby was down", incident.Lost },
		"a drill":         func(e *incident.Fed) { e.Failure.Drill = true },
		"kept slim":       func(e *incident.Fed) { e.Failure = e.Failure.Slimmed() },
		"Backstop itself": func(e *incident.Fed) { e.Failure.Itself = true },
		"no parameters":   withParams("GET"),
		"only the SID":    withParams("GET", incident.Param{Name: "CallSid", Value: sid("CA", 7)}),
		"another SID":     withParams("POST", incident.Param{Name: "MessageSid", Value: sid("MM", 7)}, incident.Param{Name: "ErrorCode", Value: "12300"}),
		"upper-case SID":  withParams("POST", incident.Param{Name: "CallSid", Value: strings.ToUpper(sid("CA", 7))}),
		"a SID that lies": withParams("POST", incident.Param{Name: "CallSid", Value: "CA\x00' OR 1=1 --"}),
		"a URL with a query": withParams("POST", incident.Param{Name: "CallSid", Value: sid("CA", 7)},
			incident.Param{Name: "ErrorUrl", Value: "https://www.example.com/a?session=1#x?y"}, incident.Param{Name: "ErrorCode", Value: "11200"}),
		"a fragment first": withParams("POST", incident.Param{Name: "ErrorUrl", Value: "https://www.example.com/a#x?y=1"}),
		"hostile values": withParams("POST", incident.Param{Name: "From", Value: "+0123"}, incident.Param{Name: "To", Value: "<script>\xff\x00"},
			incident.Param{Name: "ErrorUrl", Value: "\x00://\xff"}, incident.Param{Name: "ErrorCode", Value: "-1"}, incident.Param{Name: "AccountSid", Value: "'; DROP TABLE failures"}),
		"a name for a number":   withParams("POST", incident.Param{Name: "From", Value: "client:anna"}, incident.Param{Name: "To", Value: "sip:bob@example.com"}),
		"the longest number":    withParams("POST", incident.Param{Name: "From", Value: "+999999999999999999"}, incident.Param{Name: "To", Value: "+9999999999999999999"}),
		"a code with zeros":     withParams("POST", incident.Param{Name: "ErrorCode", Value: "011200"}),
		"a huge code":           withParams("POST", incident.Param{Name: "ErrorCode", Value: "2147483647"}),
		"a withheld number":     withParams("POST", incident.Param{Name: "From", Value: "anonymous"}, incident.Param{Name: "From", Value: ""}),
		"a body of sixty KiB":   withParams("POST", incident.Param{Name: "Body", Value: strings.Repeat("emoji 🙂 ", 6000)}),
		"the same number twice": withParams("POST", incident.Param{Name: "From", Value: "+1"}, incident.Param{Name: "To", Value: "+1"}),
	} {
		t.Run(name, func(t *testing.T) {
			l := openLedger(t)
			e := call(1, change)
			if got := feed(t, l, e); got.Stored != 1 {
				t.Fatalf("got %+v, want one stored", got)
			}
			d := failure(t, l, e.Failure.ID)
			if diff := cmp.Diff(e.Failure.Params, d.Params); diff != "" && len(e.Failure.Params)+len(d.Params) > 0 {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(e.Answer, d.Answer); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			f := e.Failure
			want := history.Row{
				Serial: 1, ID: f.ID, ReceivedAt: f.ReceivedAt, Channel: f.Channel, AccountSID: f.AccountSID, SID: f.SID,
				From: f.From, To: f.To, Code: f.Code, ErrorURL: f.ErrorURL, Incident: 1, Outcome: e.Answer.Outcome,
				Step: e.Answer.Step, Situation: e.Answer.Situation, Drill: f.Drill, Late: f.Late, AskedFirst: f.AskedFirst,
				LineName: e.Answer.Name,
			}
			if f.Drill {
				want.Incident = 0
			}
			if diff := cmp.Diff(want, d.Row); diff != "" {
				t.Errorf("row (-want +got):\n%s", diff)
			}
			if d.Method != f.Method || !d.JournalAt.Equal(e.JournalAt) || !d.LedgerAt.Equal(start.Add(time.Minute)) {
				t.Errorf("got %s, journal %s, ledger %s", d.Method, d.JournalAt, d.LedgerAt)
			}
			if d.Slim != f.Slim || d.Itself != f.Itself {
				t.Errorf("got slim %v, itself %v, want %v and %v", d.Slim, d.Itself, f.Slim, f.Itself)
			}
			if got := rows(t, l, history.Query{Drills: true}); len(got) != 1 || got[0] != d.Row {
				t.Errorf("the list has %+v", got)
			}
		})
	}
}

func TestWhatWasFedBeforeIsStoredOnce(t *testing.T) {
	l := openLedger(t)
	batch := calls(0, 30)
	feed(t, l, batch...)
	before := incidents(t, l)
	got := feed(t, l, append(calls(0, 30), call(30))...)
	if got.Stored != 1 || got.Retries != 30 {
		t.Errorf("got %+v, want 1 stored and 30 retries", got)
	}
	if n := len(rows(t, l, history.Query{})); n != 31 {
		t.Errorf("%d rows, want 31", n)
	}
	if after := incidents(t, l); len(after) != 1 || after[0].Failures != before[0].Failures+1 {
		t.Errorf("incidents: %+v", after)
	}
}

func TestARetryIsAnotherFormOfTheSameRequest(t *testing.T) {
	sameKey := func(e *incident.Fed) { e.Failure.RequestKey = sha256key(0) }
	sameCall := func(e *incident.Fed) { e.Failure.SID = sid("CA", 0); sameKey(e) }
	tokenless := func(e *incident.Fed) { sameCall(e); e.Failure.Tokenless = true }
	noSID := func(e *incident.Fed) { sameKey(e); e.Failure.SID = "" }
	noKey := func(e *incident.Fed) { sameCall(e); e.Failure.RequestKey = [16]byte{} }
	for name, c := range map[string]struct {
		change func(*incident.Fed)
		second int // seconds after the first
		stored int
	}{
		"with the same token at once":                       {sameCall, 1, 1},
		"with the same token after a month":                 {sameCall, 30 * 86400, 1},
		"with the same token before":                        {sameCall, -5, 1},
		"without token within the window":                   {tokenless, 20, 1},
		"without token before, within the window":           {tokenless, -20, 1},
		"without token after the window is another failure": {tokenless, 21, 2},
		"without SID":                     {noSID, 1, 1},
		"without key there is no telling": {noKey, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLedger(t)
			if got := feed(t, l, call(0, c.change), call(c.second, c.change)); got.Stored != c.stored {
				t.Errorf("in one batch: got %+v, want %d stored", got, c.stored)
			}
			l = openLedger(t)
			feed(t, l, call(0, c.change))
			if got := feed(t, l, call(c.second, c.change)); got.Stored != c.stored-1 {
				t.Errorf("in two batches: got %+v, want %d stored", got, c.stored-1)
			}
		})
	}
}

func TestTheSameCallFailingAgainIsAnotherFailure(t *testing.T) {
	l := openLedger(t)
	same := func(e *incident.Fed) { e.Failure.SID = sid("CA", 0) }
	if got := feed(t, l, call(0, same), call(1, same), call(2, same)); got.Stored != 3 {
		t.Errorf("got %+v, want 3 stored", got)
	}
}

func TestARetryIsKnownAfterAReopening(t *testing.T) {
	path := t.TempDir() + "/backstop.db"
	l, err := store.OpenLedger(context.Background(), path, store.LedgerOptions{Policy: incident.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	feed(t, l, calls(0, 10)...)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = openLedgerAt(t, path)
	again := call(5)
	again.Failure.ID = incident.NewID(again.Failure.ReceivedAt.Add(time.Second))
	if got := feed(t, l, again); got.Retries != 1 {
		t.Errorf("got %+v, want a retry", got)
	}
}

// An answer names what it wrote down before the ledger knows that it is a retry:
// that leads to the failure all the same.
func TestTheIDOfARetryLeadsToTheFailureThatWasStored(t *testing.T) {
	window := int(incident.RetryWindow / time.Second)
	for name, c := range map[string]struct {
		second int // seconds after the first
		key    int
		found  bool
	}{
		"at once":                {0, 0, true},
		"a second later":         {1, 0, true},
		"a second before":        {-1, 0, true},
		"within the window":      {window, 0, true},
		"longer ago than Twilio": {window + 1, 0, false},
		"another request":        {1, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLedger(t)
			other, first := call(1000), call(0)
			for n, e := range map[int]*incident.Fed{2: &other, 0: &first} {
				e.Failure = e.Failure.Requested(sha256key(n), false)
			}
			feed(t, l, other, first)
			at := start.Add(time.Duration(c.second) * time.Second)
			d, err := l.Failure(context.Background(), incident.KeyedID(at, sha256key(c.key)))
			if found := err == nil; found != c.found || (!found && !errors.Is(err, history.ErrNotFound)) {
				t.Fatalf("found %v, %v; want found: %v", d.ID, err, c.found)
			}
			if c.found && (d.ID != first.Failure.ID || d.SID != first.Failure.SID || len(d.Params) == 0 || len(d.Deliveries) == 0) {
				t.Errorf("got %+v, want %s whole", d, first.Failure.ID)
			}
		})
	}
}

func TestADrillJoinsNoIncidentAndCountsInNoTotal(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	drill := call(1, func(e *incident.Fed) { e.Failure.Drill = true })
	if got := feed(t, l, drill); got.Stored != 1 || got.Alerts != 1 {
		t.Errorf("got %+v, want one stored and one alert", got)
	}
	if got := incidents(t, l); len(got) != 0 {
		t.Errorf("incidents: %+v", got)
	}
	if got := rows(t, l, history.Query{}); len(got) != 0 {
		t.Errorf("the history shows %+v", got)
	}
	for _, q := range []history.Query{{}, {SID: drill.Failure.SID}, {Drills: true, Number: drill.Failure.From}} {
		bars, err := l.Histogram(ctx, q, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range bars {
			if b.Total() != 0 {
				t.Errorf("histogram of %+v counts %+v", q, b)
			}
		}
	}
	report, err := l.Drill(ctx, drill.Failure.SID)
	if err != nil || !report.Found || report.FailureID != drill.Failure.ID || len(report.Deliveries) != 2 {
		t.Errorf("report: %+v, %v", report, err)
	}
	m, _, ok, err := l.Claim(ctx, "chat", start.Add(time.Hour), time.Minute)
	if err != nil || !ok || m.Alert.Kind != incident.DrillAlert || m.Incident != nil || m.Failure == nil {
		t.Fatalf("claimed %+v, %v, %v", m, ok, err)
	}
	if diff := cmp.Diff(drill.Failure.Params, m.Failure.Failure.Params); diff != "" {
		t.Error(diff)
	}
}

func settle(tb testing.TB, l *store.Ledger, notifier string, delivery int64, r incident.Result) {
	tb.Helper()
	if err := l.Settle(context.Background(), notifier, delivery, r); err != nil {
		tb.Fatal(err)
	}
}
