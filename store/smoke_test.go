package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

func TestAFailureComesBackAsItWasFed(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	e := call(1)
	if got := feed(t, l, e); got.Stored != 1 || got.Alerts != 1 {
		t.Fatalf("got %+v", got)
	}
	d, err := l.Failure(ctx, e.Failure.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e.Failure.Params, d.Params); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(e.Answer, d.Answer); diff != "" {
		t.Error(diff)
	}
	t.Logf("%+v", d)
	page, err := l.Failures(ctx, history.Query{Code: 11200, Number: "+493012345678"})
	if err != nil || len(page.Rows) != 1 {
		t.Fatal(page, err)
	}
	m, wait, ok, err := l.Claim(ctx, "mail", start.Add(2*time.Minute), time.Minute)
	t.Logf("%+v %v %v %v", m, wait, ok, err)
	if err := l.Settle(ctx, "mail", m.DeliveryID, incident.Result{At: start.Add(3 * time.Minute), Receipt: incident.Receipt{Thread: "x"}}); err != nil {
		t.Fatal(err)
	}
	bars, err := l.Histogram(ctx, history.Query{}, 50)
	t.Log(bars, err)
	in, err := l.Incident(ctx, d.Incident)
	t.Logf("%+v %v", in, err)
	ns, err := l.Notifiers(ctx)
	t.Log(ns, err)
	if _, err := l.Resolve(ctx, d.Incident, "anna", start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	next, alerts, err := l.Tick(ctx, start.Add(time.Hour))
	t.Log(next, alerts, err)
	r, err := l.Retain(ctx, start.Add(100*24*time.Hour), store.Retention{Days: 90, PersonalDays: 30})
	t.Log(r, err)
}
