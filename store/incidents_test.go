package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

func TestCallersAreCountedOnceAndStepsAreTold(t *testing.T) {
	l := openLedger(t)
	alerts := 0
	for n := range 25 {
		// Everybody calls twice.
		e := call(n, func(e *incident.Fed) { e.Failure.From = voiceParams(n / 2)[9].Value })
		alerts += feed(t, l, e).Alerts
	}
	got := incidents(t, l)
	if len(got) != 1 || got[0].Callers != 13 || got[0].Failures != 25 || got[0].Calls != 25 || got[0].Told != 10 {
		t.Errorf("got %+v", got)
	}
	if alerts != 3 {
		t.Errorf("%d alerts, want opened, a page for 2 callers, and 10 callers", alerts)
	}
}

func TestAFailureAfterSomebodyResolvedIsARegression(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	feed(t, l, call(0))
	if _, err := l.Resolve(ctx, 1, "anna", start.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	feed(t, l, call(120))
	got := incidents(t, l)
	if len(got) != 2 || got[0].Previous != 1 || got[0].State != incident.Open || got[1].ResolvedBy != "anna" {
		t.Fatalf("got %+v", got)
	}
	d, err := l.Incident(ctx, 2)
	if err != nil || len(d.Events) != 1 || d.Events[0].What != "regression: back after being resolved by anna" {
		t.Errorf("events: %+v, %v", d.Events, err)
	}
	if got := rows(t, l, history.Query{Incident: 1}); len(got) != 1 || got[0].Incident != 1 {
		t.Errorf("failures of the first: %+v", got)
	}
}

func TestAQuietIncidentIsContinuedAndThenCloses(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	feed(t, l, call(0))
	next, alerts, err := l.Tick(ctx, start.Add(time.Minute))
	if err != nil || alerts != 0 || !next.Equal(start.Add(10*time.Minute)) {
		t.Fatalf("next %s, %d alerts, %v", next, alerts, err)
	}
	quiet := start.Add(11 * time.Minute)
	next, alerts, err = l.Tick(ctx, quiet)
	if err != nil || alerts != 1 || !next.Equal(quiet.Add(24*time.Hour)) {
		t.Fatalf("next %s, %d alerts, %v", next, alerts, err)
	}
	feed(t, l, call(720))
	if got := incidents(t, l); len(got) != 1 || got[0].State != incident.Open || got[0].Failures != 2 {
		t.Fatalf("got %+v", got)
	}
	at := start.Add(24 * time.Hour)
	for range 2 {
		if _, _, err = l.Tick(ctx, at); err != nil {
			t.Fatal(err)
		}
		at = at.Add(48 * time.Hour)
	}
	if got := incidents(t, l); got[0].State != incident.Resolved || got[0].ResolvedBy != "" {
		t.Errorf("got %+v", got)
	}
	if next, _, err = l.Tick(ctx, at); err != nil || !next.IsZero() {
		t.Errorf("next %s, %v, want never", next, err)
	}
}

func TestAShorterPolicyCountsForIncidentsThatAreOpen(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	feed(t, l, call(0))
	p := incident.DefaultPolicy()
	p.QuietAfter = time.Hour
	l.SetPolicy(p)
	if _, alerts, err := l.Tick(ctx, start.Add(15*time.Minute)); err != nil || alerts != 0 {
		t.Errorf("%d alerts, %v, want none yet", alerts, err)
	}
	if _, alerts, err := l.Tick(ctx, start.Add(61*time.Minute)); err != nil || alerts != 1 {
		t.Errorf("%d alerts, %v, want one", alerts, err)
	}
}

func TestTheEleventhIncidentOfAMinuteWaitsForADigest(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	for n := range 14 {
		feed(t, l, call(n, func(e *incident.Fed) {
			e.Failure.ErrorURL = "https://" + string(rune('a'+n)) + ".example.com/"
		}))
	}
	now := start.Add(time.Minute) // the ledger's clock
	var singles int
	for {
		m, wait, ok, err := l.Claim(ctx, "chat", now, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			if !wait.Equal(now.Add(time.Minute)) {
				t.Errorf("ask again at %s, want %s", wait, now.Add(time.Minute))
			}
			break
		}
		singles++
		settle(t, l, "chat", m.DeliveryID, incident.Result{At: now})
	}
	if singles != 10 {
		t.Errorf("%d told one by one, want 10", singles)
	}
	m, _, ok, err := l.Claim(ctx, "chat", now.Add(time.Minute), time.Minute)
	if err != nil || !ok || len(m.Digest) != 4 || m.Digest[0].Cause.Host != "k.example.com" || m.Incident != nil {
		t.Errorf("digest: %+v, %v, %v", m, ok, err)
	}
}

func TestTheMostUrgentIncidentsComeFirst(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	for n, host := range []string{"three", "taken", "over", "one", "two", "three", "three", "taken", "taken", "taken", "two", "over"} {
		feed(t, l, call(n, withParams("POST",
			incident.Param{Name: "AccountSid", Value: account}, incident.Param{Name: "CallSid", Value: sid("CA", n)},
			incident.Param{Name: "From", Value: fmt.Sprintf("+1415555%04d", n)}, incident.Param{Name: "ErrorCode", Value: "11200"},
			incident.Param{Name: "ErrorUrl", Value: "https://" + host + ".example.com/"})))
	}
	if _, err := l.Acknowledge(ctx, 2, "anna", queued); err != nil {
		t.Fatal(err)
	}
	resolve(t, l, 3)
	for name, c := range map[string]struct {
		limit int
		want  string
	}{
		"all of them":   {10, "[1 5 4 2]"},
		"the first two": {2, "[1 5]"},
	} {
		page, err := l.Incidents(ctx, history.IncidentQuery{State: incident.Open, Urgent: true, Limit: c.limit})
		var ids []int64
		for _, in := range page.Incidents {
			ids = append(ids, in.ID)
		}
		if err != nil || fmt.Sprint(ids) != c.want || page.Older != 0 || page.Open != 4 || page.Callers != 10 {
			t.Errorf("%s: got %v of %+v, %v, want %s of 4 with 10 callers", name, ids, page, err, c.want)
		}
	}
}

func TestAHostFindsItsIncidentsBehindWWWToo(t *testing.T) {
	l := openLedger(t)
	feed(t, l, call(0), call(1, toHost(1)))
	for host, want := range map[string]int{"example.com": 1, "www.example.com": 1, "host1.example.com": 1, "xample.com": 0} {
		page, err := l.Incidents(context.Background(), history.IncidentQuery{Host: host})
		if err != nil || len(page.Incidents) != want {
			t.Errorf("%s: got %+v, %v, want %d", host, page.Incidents, err, want)
		}
	}
}

func TestAnIncidentKnowsTheOneThatGoesOn(t *testing.T) {
	l := openLedger(t)
	for n := range 3 {
		feed(t, l, call(3*n), call(3*n+1, toHost(n)))
		resolve(t, l, int64(2*n+1))
	}
	for id, want := range map[int64]int64{1: 3, 2: 0, 3: 5, 5: 0} {
		if d, err := l.Incident(context.Background(), id); err != nil || d.Next != want {
			t.Errorf("incident %d: next is %d, %v, want %d", id, d.Next, err, want)
		}
	}
}

func TestOfManyEventsTheFirstAndTheNewestAreNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backstop.db")
	l := openLedgerAt(t, path)
	feed(t, l, call(1))
	db := raw(t, path)
	for n := 2; n <= history.MostEvents+5; n++ {
		if _, err := db.Exec(`INSERT INTO events (incident_id, at, by_whom, what) VALUES (1, ?1, '', ?2)`, start.UnixMilli()+int64(n), fmt.Sprint("event ", n)); err != nil {
			t.Fatal(err)
		}
		d, err := l.Incident(context.Background(), 1)
		if err != nil {
			t.Fatal(err)
		}
		left := max(0, n-history.MostEvents)
		if len(d.Events) != n-left || d.EventsLeft != int64(left) {
			t.Fatalf("of %d events %d are named and %d left out", n, len(d.Events), d.EventsLeft)
		}
		if !strings.HasPrefix(d.Events[0].What, "opened") || d.Events[1].What != fmt.Sprint("event ", left+2) || d.Events[len(d.Events)-1].What != fmt.Sprint("event ", n) {
			t.Errorf("of %d events: %q, %q … %q", n, d.Events[0].What, d.Events[1].What, d.Events[len(d.Events)-1].What)
		}
	}
}
