package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// aheadBy is how far the clocks of these tests were ahead before they were put back.
const aheadBy = 5 * time.Hour

// openAhead opens a ledger whose clock is ahead until it is put back.
func openAhead(t *testing.T, change ...func(*store.LedgerOptions)) (l *store.Ledger, putBack func()) {
	t.Helper()
	now := queued.Add(aheadBy)
	l = openLedger(t, append(change, func(o *store.LedgerOptions) { o.Now = func() time.Time { return now } })...)
	return l, func() { now = queued }
}

func ahead(e *incident.Fed) {
	later := incident.NewFailure(e.Failure.ReceivedAt.Add(aheadBy), "POST", nil)
	e.Failure.ID, e.Failure.ReceivedAt = later.ID, later.ReceivedAt
	e.JournalAt = e.JournalAt.Add(aheadBy)
}

func TestWhatWasQueuedBeforeTheClockWasPutBackGoesOut(t *testing.T) {
	t.Parallel()
	l, putBack := openAhead(t)
	feed(t, l, call(0, ahead))
	putBack()
	mustClaim(t, l, "mail", queued.Add(time.Minute))
}

func TestWhatWasToWaitAMomentWaitsNoLongerWhenTheClockWasPutBack(t *testing.T) {
	t.Parallel()
	l, putBack := openAhead(t, func(o *store.LedgerOptions) { o.Policy.Probes = func(string) bool { return true } })
	feed(t, l, call(0, ahead))
	putBack()
	_, wait, ok := claim(t, l, "mail", queued.Add(time.Minute))
	if ok || wait.After(queued.Add(time.Minute+incident.ProbeWait)) {
		t.Fatalf("claimed: %t, and it waits until %s", ok, wait)
	}
	mustClaim(t, l, "mail", wait)
}

func TestWhatIsToBeTriedAgainIsTriedAgainWhenTheClockWasPutBack(t *testing.T) {
	t.Parallel()
	l, putBack := openAhead(t)
	feed(t, l, call(0, ahead))
	m := mustClaim(t, l, "mail", queued.Add(aheadBy))
	putBack()
	settle(t, l, "mail", m.DeliveryID, incident.Result{At: queued.Add(aheadBy), Error: "refused", RetryAt: queued.Add(aheadBy + time.Minute)})
	mustClaim(t, l, "mail", queued.Add(time.Minute))
}

func TestWhatWasBeingSentWhenTheClockWasPutBackIsSentAgain(t *testing.T) {
	t.Parallel()
	l, putBack := openAhead(t)
	feed(t, l, call(0, ahead))
	mustClaim(t, l, "mail", queued.Add(aheadBy)) // and never settled
	putBack()
	mustClaim(t, l, "mail", queued.Add(time.Minute))
}

func TestWhatWasSentBeforeTheClockWasPutBackCountsForNoCap(t *testing.T) {
	t.Parallel()
	l, putBack := openAhead(t)
	most := incident.DefaultPolicy().PerTenMinutes
	for n := range most {
		at := queued.Add(aheadBy + time.Duration(n)*time.Second)
		feed(t, l, call(n, ahead, toHost(n)))
		for range 2 {
			if m, _, ok := claim(t, l, "chat", at.Add(2*time.Minute)); ok {
				settle(t, l, "chat", m.DeliveryID, incident.Result{At: at.Add(2 * time.Minute)})
			}
		}
	}
	putBack()
	feed(t, l, call(most, toHost(most)))
	mustClaim(t, l, "chat", queued.Add(2*time.Minute))
}

func TestAnIncidentFallsQuietAlsoWhereTheClockWasPutBack(t *testing.T) {
	t.Parallel()
	l, putBack := openAhead(t)
	feed(t, l, call(0, ahead))
	putBack()
	for minute := range 30 {
		if _, _, err := l.Tick(context.Background(), queued.Add(time.Duration(minute)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if d, err := l.Incident(context.Background(), 1); err != nil || d.State != incident.Quiet || d.QuietAt.After(queued.Add(15*time.Minute)) {
		t.Errorf("got %+v, %v, want it quiet after ten minutes", d.Incident, err)
	}
}
