package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// queued is when alerts of these tests are put into the outbox.
var queued = start.Add(time.Minute)

func claim(tb testing.TB, l *store.Ledger, notifier string, now time.Time) (incident.Message, time.Time, bool) {
	tb.Helper()
	m, wait, ok, err := l.Claim(context.Background(), notifier, now, time.Minute)
	if err != nil {
		tb.Fatal(err)
	}
	return m, wait, ok
}

func mustClaim(tb testing.TB, l *store.Ledger, notifier string, now time.Time) incident.Message {
	tb.Helper()
	m, wait, ok := claim(tb, l, notifier, now)
	if !ok {
		tb.Fatalf("nothing to claim for %s before %s", notifier, wait)
	}
	return m
}

// states are the deliveries of an incident to one notifier, oldest first.
func states(tb testing.TB, l *store.Ledger, id int64, notifier string) string {
	tb.Helper()
	d, err := l.Incident(context.Background(), id)
	if err != nil {
		tb.Fatal(err)
	}
	var words []string
	for _, delivery := range d.Deliveries {
		if delivery.Notifier == notifier {
			words = append([]string{delivery.State.String()}, words...)
		}
	}
	return strings.Join(words, " ")
}

func TestEveryNotifierIsToldOnceWithTheStateOfThingsNow(t *testing.T) {
	l := openLedger(t)
	feed(t, l, calls(0, 9)...)
	for _, name := range []string{"mail", "chat"} {
		m := mustClaim(t, l, name, queued)
		if m.Ledger != l.ID() || m.Attempt != 1 || m.Alert.Kind != incident.Opened || m.Alert.Callers != 1 ||
			m.Incident == nil || m.Incident.Callers != 9 || m.Thread != "" || m.NotSent != 0 || !m.QueuedAt.Equal(queued) {
			t.Errorf("%s: got %+v", name, m)
		}
		settle(t, l, name, m.DeliveryID, incident.Result{At: queued, Receipt: incident.Receipt{Detail: "id 7"}})
		if _, wait, ok := claim(t, l, name, queued); ok || !wait.IsZero() {
			t.Errorf("%s: more is waiting until %s", name, wait)
		}
	}
	d, err := l.Incident(context.Background(), 1)
	if err != nil || len(d.Deliveries) != 2 || d.Deliveries[0].State != history.Sent || d.Deliveries[0].Detail != "id 7" ||
		!d.Deliveries[0].SentAt.Equal(queued) || d.Deliveries[0].Attempts != 1 {
		t.Errorf("deliveries: %+v, %v", d.Deliveries, err)
	}
}

func TestTheThreadComesBackWithTheNextMessage(t *testing.T) {
	l := openLedger(t)
	feed(t, l, call(0))
	m := mustClaim(t, l, "chat", queued)
	settle(t, l, "chat", m.DeliveryID, incident.Result{At: queued, Receipt: incident.Receipt{Thread: "1700.42"}})
	resolve(t, l, 1)
	m = mustClaim(t, l, "chat", queued)
	if m.Thread != "1700.42" || m.Alert.Kind != incident.Over {
		t.Errorf("got %+v", m)
	}
	settle(t, l, "chat", m.DeliveryID, incident.Result{At: queued})
	feed(t, l, call(100))
	if m = mustClaim(t, l, "chat", queued.Add(time.Hour)); m.Thread != "" || m.Incident.ID != 2 {
		t.Errorf("another incident has its own thread: got %+v", m)
	}
}

func resolve(tb testing.TB, l *store.Ledger, id int64) {
	tb.Helper()
	if _, err := l.Resolve(context.Background(), id, "anna", queued); err != nil {
		tb.Fatal(err)
	}
}

func TestAnAttemptThatFailedIsRepeatedUnderTheSameNameAndFoldsWhatCameMeanwhile(t *testing.T) {
	l := openLedger(t)
	feed(t, l, call(0))
	first := mustClaim(t, l, "mail", queued)
	retry := queued.Add(30 * time.Second)
	settle(t, l, "mail", first.DeliveryID, incident.Result{At: queued, Error: "connection refused", RetryAt: retry})
	if _, wait, ok := claim(t, l, "mail", queued); ok || !wait.Equal(retry) {
		t.Errorf("ask again at %s, want %s", wait, retry)
	}
	resolve(t, l, 1)
	again := mustClaim(t, l, "mail", retry)
	if again.DeliveryID != first.DeliveryID || again.Attempt != 2 || again.Alert.Kind != incident.Over ||
		len(again.Folded) != 1 || again.Folded[0].Kind != incident.Opened || again.NotSent != 1 {
		t.Errorf("got %+v", again)
	}
	settle(t, l, "mail", again.DeliveryID, incident.Result{At: retry})
	if got := states(t, l, 1, "mail"); got != "sent folded" {
		t.Errorf("states: %s", got)
	}
	if got := states(t, l, 1, "chat"); got != "waiting waiting" {
		t.Errorf("the other notifier's states: %s", got)
	}
}

func TestAPermanentErrorGivesUpAndIsCounted(t *testing.T) {
	l := openLedger(t)
	feed(t, l, call(0))
	m := mustClaim(t, l, "mail", queued)
	settle(t, l, "mail", m.DeliveryID, incident.Result{At: queued, Error: "550 no such user", Permanent: true})
	if got := states(t, l, 1, "mail"); got != "dead" {
		t.Errorf("states: %s", got)
	}
	if _, wait, ok := claim(t, l, "mail", queued.Add(time.Hour)); ok || !wait.IsZero() {
		t.Errorf("it is still waiting until %s", wait)
	}
	got, err := l.Notifiers(context.Background())
	want := []history.NotifierStatus{
		{Name: "chat", Waiting: 1},
		{Name: "mail", LastFailure: queued, LastError: "550 no such user", Dead: 1},
	}
	if err != nil || len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestASuccessMakesTheNotifiersWaitingMessagesDue(t *testing.T) {
	l := openLedger(t)
	other := func(e *incident.Fed) { e.Failure.ErrorURL = "https://other.example.com/" }
	feed(t, l, call(0), call(1, other))
	later := queued.Add(30 * time.Second)
	for range 2 {
		m := mustClaim(t, l, "mail", queued)
		settle(t, l, "mail", m.DeliveryID, incident.Result{At: queued, Error: "timeout", RetryAt: later.Add(time.Duration(m.DeliveryID) * time.Second)})
	}
	_, wait, _ := claim(t, l, "mail", queued)
	m := mustClaim(t, l, "mail", wait)
	settle(t, l, "mail", m.DeliveryID, incident.Result{At: wait})
	if m := mustClaim(t, l, "mail", wait); m.Incident.ID != 2 {
		t.Errorf("got %+v", m)
	}
}

func TestASuccessDoesNotHurryADigest(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	for n := range 11 {
		feed(t, l, call(n, func(e *incident.Fed) { e.Failure.ErrorURL = fmt.Sprintf("https://h%d.example.com/", n) }))
	}
	m := mustClaim(t, l, "mail", queued)
	settle(t, l, "mail", m.DeliveryID, incident.Result{At: queued})
	d, err := l.Incident(ctx, 11)
	if err != nil || !d.Deliveries[0].DueAt.Equal(queued.Add(time.Minute)) {
		t.Errorf("due %s, want a minute later; %v", d.Deliveries[0].DueAt, err)
	}
}

func TestAClaimThatNobodySettledWaitsAgainWhenItsLeaseIsOver(t *testing.T) {
	path := t.TempDir() + "/backstop.db"
	l := openLedgerAt(t, path)
	feed(t, l, call(0))
	first := mustClaim(t, l, "mail", queued)
	// The process dies here; another one opens the ledger.
	l = openLedgerAt(t, path)
	if _, wait, ok := claim(t, l, "mail", queued.Add(time.Second)); ok || !wait.Equal(queued.Add(time.Minute)) {
		t.Errorf("ask again at %s, want when the lease ends", wait)
	}
	again := mustClaim(t, l, "mail", queued.Add(time.Minute))
	if again.DeliveryID != first.DeliveryID || again.Attempt != 2 {
		t.Errorf("got %+v, want the same message once more", again)
	}
	// The first worker was only slow: its mark counts.
	settle(t, l, "mail", first.DeliveryID, incident.Result{At: queued.Add(time.Minute)})
	settle(t, l, "mail", again.DeliveryID, incident.Result{At: queued.Add(2 * time.Minute), Error: "timeout", RetryAt: queued.Add(time.Hour)})
	if got := states(t, l, 1, "mail"); got != "sent" {
		t.Errorf("states: %s", got)
	}
}

func TestWhatIsReleasedIsClaimedAtOnceUnderItsNameAndWhatWaitsGoesOnWaiting(t *testing.T) {
	l := openLedger(t)
	feed(t, l, call(0), call(1, func(e *incident.Fed) { e.Failure.ErrorURL = "https://other.example.com/" }))
	first := mustClaim(t, l, "mail", queued)
	failed := mustClaim(t, l, "mail", queued)
	retryAt := queued.Add(time.Hour)
	settle(t, l, "mail", failed.DeliveryID, incident.Result{At: queued, Error: "timeout", RetryAt: retryAt})
	if err := l.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := mustClaim(t, l, "mail", queued); again.DeliveryID != first.DeliveryID || again.Attempt != 2 {
		t.Errorf("got %+v, want the message that was released once more", again)
	}
	if m, _, ok := claim(t, l, "mail", queued); ok {
		t.Errorf("got %+v before its time", m)
	}
}

func TestNothingAboutAnIncidentOvertakesWhatIsBeingSent(t *testing.T) {
	l := openLedger(t)
	feed(t, l, call(0))
	mustClaim(t, l, "mail", queued)
	resolve(t, l, 1)
	feed(t, l, call(1, func(e *incident.Fed) { e.Failure.ErrorURL = "https://other.example.com/" }))
	if m := mustClaim(t, l, "mail", queued); m.Incident.ID != 2 {
		t.Errorf("got a message about incident %d, want the other one", m.Incident.ID)
	}
	if m, _, ok := claim(t, l, "mail", queued); ok {
		t.Errorf("got %+v while the first message is under way", m)
	}
}

func TestSettlingTwiceChangesNothingAndSettlingNothingIsRefused(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	feed(t, l, call(0))
	m := mustClaim(t, l, "mail", queued)
	settle(t, l, "mail", m.DeliveryID, incident.Result{At: queued})
	settle(t, l, "mail", m.DeliveryID, incident.Result{At: queued.Add(time.Hour)})
	d, err := l.Incident(ctx, 1)
	if err != nil || !d.Deliveries[1].SentAt.Equal(queued) {
		t.Errorf("got %+v, %v", d.Deliveries, err)
	}
	for _, c := range []struct {
		notifier string
		delivery int64
	}{{"mail", 999}, {"chat", m.DeliveryID}, {"chat", 2}} {
		var refused *incident.RefusedError
		if err := l.Settle(ctx, c.notifier, c.delivery, incident.Result{At: queued}); !errors.As(err, &refused) {
			t.Errorf("%+v: got %v, want it refused", c, err)
		}
	}
}

func TestAPanicOfThePolicyEndsNothing(t *testing.T) {
	l := openLedger(t)
	feed(t, l, call(0))
	l.SetPolicy(incident.Policy{}) // divides by zero
	if _, _, _, err := l.Claim(context.Background(), "mail", queued, time.Minute); err == nil {
		t.Error("no error")
	}
	l.SetPolicy(incident.DefaultPolicy())
	mustClaim(t, l, "mail", queued)
}
