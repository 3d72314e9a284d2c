package store_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// TestWhatWaitsSaysUntilWhen holds that pages say the time at which Claim lets
// a delivery out.
func TestWhatWaitsSaysUntilWhen(t *testing.T) {
	const growth, room = "at most one about growth in 30 min", "at most 30 messages in 10 min and 60 in an hour"
	tellAt := func(t *testing.T, l *store.Ledger, at time.Time) {
		t.Helper()
		m := mustClaim(t, l, "mail", at)
		settle(t, l, "mail", m.DeliveryID, incident.Result{At: at})
	}
	tell := func(t *testing.T, l *store.Ledger) { t.Helper(); tellAt(t, l, queued) }
	gathered := queued.Add(5 * time.Second) // growth of what has just opened
	for name, c := range map[string]struct {
		prepare func(*testing.T, *store.Ledger)
		id      int64
		until   time.Time
		by      string
	}{
		"nothing holds it": {func(t *testing.T, l *store.Ledger) { t.Helper(); feed(t, l, call(0)) }, 1, time.Time{}, ""},
		"growth was told just now": {func(t *testing.T, l *store.Ledger) {
			t.Helper()
			feed(t, l, call(0))
			tell(t, l)
			feed(t, l, calls(1, 12)...)
			tellAt(t, l, gathered)
			feed(t, l, calls(12, 120)...)
		}, 1, gathered.Add(30 * time.Minute), growth},
		"an attempt failed": {func(t *testing.T, l *store.Ledger) {
			t.Helper()
			feed(t, l, call(0))
			m := mustClaim(t, l, "mail", queued)
			settle(t, l, "mail", m.DeliveryID, incident.Result{At: queued, Error: "refused", RetryAt: queued.Add(time.Minute)})
		}, 1, queued.Add(time.Minute), ""},
		"many opened at once": {func(t *testing.T, l *store.Ledger) {
			t.Helper()
			for n := range 11 {
				feed(t, l, call(0, toHost(n)))
			}
			for range 10 {
				tell(t, l)
			}
		}, 11, queued.Add(time.Minute), "many incidents opened at once, they are told together"},
		"too many messages": {func(t *testing.T, l *store.Ledger) {
			t.Helper()
			for n := range 25 { // 24 singly, the next out of the digests' share
				feed(t, l, call(200*n, toHost(n)))
				tell(t, l)
			}
			feed(t, l, call(200*25, toHost(25)))
		}, 26, queued.Add(5 * time.Minute), room},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			l := openLedger(t)
			c.prepare(t, l)
			d, err := l.Incident(ctx, c.id)
			if err != nil {
				t.Fatal(err)
			}
			for _, got := range d.Deliveries {
				if waits := got.Notifier == "mail" && got.State == history.Waiting; waits && (!got.HeldUntil.Equal(c.until) || got.HeldBy != c.by) {
					t.Errorf("held until %s by %q, want %s by %q", got.HeldUntil, got.HeldBy, c.until, c.by)
				}
			}
			status, err := l.Notifiers(ctx)
			if err != nil || status[1].Name != "mail" || status[1].Waiting != 1 || !status[1].NextAt.Equal(c.until) {
				t.Errorf("mail: %+v, %v, want 1 to wait until %s", status, err, c.until)
			}
			if _, wait, ok := claim(t, l, "mail", queued); ok != c.until.IsZero() || !wait.Equal(c.until) {
				t.Errorf("Claim: %v, asked again at %s, want %s", ok, wait, c.until)
			}
		})
	}
}

// toHost makes of a call the n-th of another cause each.
func toHost(n int) func(*incident.Fed) {
	return withParams("POST", incident.Param{Name: "AccountSid", Value: account}, incident.Param{Name: "CallSid", Value: sid("CA", n)},
		incident.Param{Name: "From", Value: "+14155550100"}, incident.Param{Name: "ErrorCode", Value: "11200"},
		incident.Param{Name: "ErrorUrl", Value: fmt.Sprintf("https://host%d.example.com/", n)})
}

func TestWhatADigestNamedIsNotCountedAsNotSent(t *testing.T) {
	l := openLedger(t)
	tell := func(at time.Time) incident.Message {
		m := mustClaim(t, l, "mail", at)
		settle(t, l, "mail", m.DeliveryID, incident.Result{At: at})
		return m
	}
	for n := range 13 {
		feed(t, l, call(0, toHost(n)))
	}
	for range 10 {
		tell(queued)
	}
	if m := tell(queued.Add(time.Minute)); len(m.Digest) != 3 {
		t.Fatalf("the digest names %d incidents, want 3", len(m.Digest))
	}
	ctx, later := context.Background(), queued.Add(10*time.Minute)
	if _, err := l.Resolve(ctx, 13, "anna", later); err != nil {
		t.Fatal(err)
	}
	if m := tell(later); m.Incident == nil || m.Incident.ID != 13 || m.NotSent != 0 {
		t.Errorf("got %+v with %d not sent, want incident 13 with none", m.Alert, m.NotSent)
	}
	if d, err := l.Incident(ctx, 13); err != nil || d.NotSent != 0 {
		t.Errorf("the page says that %d were not sent (%v)", d.NotSent, err)
	}
}

// The day that a message is worth sending begins with its newest alert.
func TestAMessageIsAsOldAsItsNewestAlert(t *testing.T) {
	now := queued
	l := openLedger(t, func(o *store.LedgerOptions) { o.Now = func() time.Time { return now } })
	feed(t, l, call(0))
	now = queued.Add(23 * time.Hour)
	if _, err := l.Resolve(context.Background(), 1, "anna", now); err != nil {
		t.Fatal(err)
	}
	m := mustClaim(t, l, "mail", now)
	if len(m.Folded) != 1 || m.Alert.Kind != incident.Over || !m.QueuedAt.Equal(now) {
		t.Errorf("got %s with %d folded, queued at %s, want the resolution with the opening, queued at %s", m.Alert.Kind, len(m.Folded), m.QueuedAt, now)
	}
}

func TestWhatTwoNotifiersDidNotSendIsCountedOnce(t *testing.T) {
	l := openLedger(t)
	feed(t, l, call(0))
	resolve(t, l, 1)
	for _, name := range []string{"mail", "chat"} {
		m := mustClaim(t, l, name, queued)
		if m.NotSent != 1 {
			t.Errorf("%s: %d not sent, want 1", name, m.NotSent)
		}
		settle(t, l, name, m.DeliveryID, incident.Result{At: queued})
	}
	if d, err := l.Incident(context.Background(), 1); err != nil || d.NotSent != 1 {
		t.Errorf("the page says that %d were not sent, want 1; %v", d.NotSent, err)
	}
}

// What takes a slot of the digests names its incident as they do, though it is
// the only one.
func TestADigestMayNameOneIncident(t *testing.T) {
	l := openLedger(t)
	var m incident.Message
	for n := range 25 {
		at := queued.Add(time.Duration(10*n) * time.Second)
		feed(t, l, call(10*n, toHost(n)))
		m = mustClaim(t, l, "chat", at)
		settle(t, l, "chat", m.DeliveryID, incident.Result{At: at, Receipt: incident.Receipt{Thread: strconv.Itoa(n)}})
	}
	if m.Incident != nil || len(m.Digest) != 1 || m.Digest[0].ID != 25 {
		t.Fatalf("got %+v, want a digest of incident 25", m)
	}
	resolve(t, l, 25)
	if m := mustClaim(t, l, "chat", queued.Add(time.Hour)); m.Alert.IncidentID != 25 || m.Thread != "" || m.NotSent != 0 {
		t.Errorf("got %+v, want the resolution on its own, in no thread", m)
	}
}
