package store_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

func TestTheCapsOfTenMinutesAndOfAnHourHold(t *testing.T) {
	for _, c := range []struct {
		notifier string
		singles  int
		digests  int
	}{
		// 30 in ten minutes, of which one in five is a digest's.
		{"chat", 24, 1},
	} {
		l := openLedger(t, func(o *store.LedgerOptions) { o.Policy.SinglesPerMinute = 1000 })
		for n := range 200 {
			feed(t, l, call(n, func(e *incident.Fed) { e.Failure.ErrorURL = fmt.Sprintf("https://h%d.example.com/", n) }))
		}
		var singles, digests, named int
		for {
			m, _, ok := claim(t, l, c.notifier, queued)
			if !ok {
				break
			}
			if m.Digest == nil {
				singles++
			} else {
				digests++
				named += len(m.Digest)
			}
			settle(t, l, c.notifier, m.DeliveryID, incident.Result{At: queued})
		}
		if singles != c.singles || digests != c.digests || singles+named != 200 {
			t.Errorf("%s: %d singles and %d digests with %d incidents", c.notifier, singles, digests, named)
		}
	}
}

func TestMailsAnHourAreBounded(t *testing.T) {
	l := openLedger(t, func(o *store.LedgerOptions) {
		o.Policy.Notifiers = []incident.Notifier{{Name: "mail", PerHour: 5}}
		o.Policy.SinglesPerMinute = 1000
	})
	for n := range 20 {
		feed(t, l, call(n, func(e *incident.Fed) { e.Failure.ErrorURL = fmt.Sprintf("https://h%d.example.com/", n) }))
	}
	sent := 0
	for now := queued; now.Before(queued.Add(59 * time.Minute)); now = now.Add(time.Minute) {
		if m, _, ok := claim(t, l, "mail", now); ok {
			sent++
			settle(t, l, "mail", m.DeliveryID, incident.Result{At: now})
		}
	}
	if sent != 5 {
		t.Errorf("%d messages in an hour, want 5", sent)
	}
}

func TestATopicIsToldOnceInAWhileAndNotToWhomItComplainsAbout(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	a := incident.Alert{Kind: incident.Meta, Topic: incident.NotifierTopic, At: queued, Title: "mail gave up", Detail: "Try port 2525.", Except: "mail"}
	for i, want := range []bool{true, false, false, true} {
		a.At = queued.Add(time.Duration(i) * 5 * time.Minute)
		if got, err := l.Tell(ctx, a); err != nil || got != want {
			t.Errorf("at %s: queued %v, %v, want %v", a.At, got, err, want)
		}
	}
	a.Topic = incident.JournalTopic
	if got, err := l.Tell(ctx, a); err != nil || !got {
		t.Errorf("another topic: queued %v, %v", got, err)
	}
	if _, _, ok := claim(t, l, "mail", queued); ok {
		t.Error("the one it is about was told")
	}
	m := mustClaim(t, l, "chat", queued)
	if m.Alert.Title != "mail gave up" || m.Alert.Detail != "Try port 2525." || m.Incident != nil || m.Alert.Topic != incident.NotifierTopic {
		t.Errorf("got %+v", m)
	}
}

func TestWhatWaitsForANotifierThatIsGoneIsGivenUpAfterADay(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	feed(t, l, call(0))
	p := incident.DefaultPolicy()
	p.Notifiers = []incident.Notifier{{Name: "mail"}}
	l.SetPolicy(p)
	if _, _, err := l.Tick(ctx, queued.Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := states(t, l, 1, "chat"); !strings.HasPrefix(got, "waiting") {
		t.Errorf("after a day: %s", got)
	}
	if _, _, err := l.Tick(ctx, queued.Add(26*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := states(t, l, 1, "chat"); !strings.HasPrefix(got, "dead") {
		t.Errorf("after 26 hours: %s", got)
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

func TestPeopleAreNoted(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	feed(t, l, call(0))
	for range 2 {
		in, err := l.Acknowledge(ctx, 1, "anna", queued)
		if err != nil || in.AcknowledgedBy != "anna" || !in.AcknowledgedAt.Equal(queued) {
			t.Errorf("got %+v, %v", in, err)
		}
		if in, err = l.Resolve(ctx, 1, "bob", queued.Add(time.Hour)); err != nil || in.ResolvedBy != "bob" {
			t.Errorf("got %+v, %v", in, err)
		}
	}
	d, err := l.Incident(ctx, 1)
	if err != nil || len(d.Events) != 3 || d.Events[1] != (history.Event{At: queued, By: "anna", What: "acknowledged"}) ||
		d.Events[2] != (history.Event{At: queued.Add(time.Hour), By: "bob", What: "resolved"}) {
		t.Errorf("events: %+v, %v", d.Events, err)
	}
}

func TestThatSomebodyHasTakenItGoesToNotifiersThatChangeTheirMessages(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t, func(o *store.LedgerOptions) {
		o.Policy.Notifiers = []incident.Notifier{{Name: "mail"}, {Name: "chat", InPlace: true}}
	})
	feed(t, l, call(0))
	for _, name := range []string{"mail", "chat"} {
		m := mustClaim(t, l, name, queued)
		settle(t, l, name, m.DeliveryID, incident.Result{At: queued, Receipt: incident.Receipt{Thread: name + "/1"}})
	}
	if _, err := l.Acknowledge(ctx, 1, "anna", queued); err != nil {
		t.Fatal(err)
	}
	if m, wait, ok := claim(t, l, "mail", queued); ok || !wait.IsZero() {
		t.Errorf("mail: got %+v", m)
	}
	m := mustClaim(t, l, "chat", queued)
	if m.Alert.Kind != incident.Taken || m.Thread != "chat/1" || m.Incident.AcknowledgedBy != "anna" || m.NotSent != 0 {
		t.Errorf("chat: got %+v", m)
	}
}

func TestThatSomebodyHasTakenItIsNothingThatWasNotSent(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t, func(o *store.LedgerOptions) {
		o.Policy.Notifiers = []incident.Notifier{{Name: "chat", InPlace: true}}
	})
	feed(t, l, call(0))
	if _, err := l.Acknowledge(ctx, 1, "anna", queued); err != nil {
		t.Fatal(err)
	}
	m := mustClaim(t, l, "chat", queued)
	if m.Alert.Kind != incident.Opened || len(m.Folded) != 1 || m.Folded[0].Kind != incident.Taken || m.NotSent != 0 {
		t.Errorf("got %+v", m)
	}
	settle(t, l, "chat", m.DeliveryID, incident.Result{At: queued})
	resolve(t, l, 1)
	if m := mustClaim(t, l, "chat", queued); m.NotSent != 0 {
		t.Errorf("later: %d not sent, want 0", m.NotSent)
	}
	if d, err := l.Incident(ctx, 1); err != nil || d.NotSent != 0 {
		t.Errorf("the incident: %d not sent, %v", d.NotSent, err)
	}
}

func TestWhoLookedIsNotedWithEachFailureOrNone(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	entries := calls(0, 3)
	feed(t, l, entries...)
	seen := history.Reveal{At: queued, By: "anna", What: "numbers"}
	first, second, third := entries[0].Failure.ID, entries[1].Failure.ID, entries[2].Failure.ID
	if err := l.Reveal(ctx, seen, first, second); err != nil {
		t.Fatal(err)
	}
	if err := l.Reveal(ctx, seen, second, third, incident.NewID(start)); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("one that is not there: got %v, want ErrNotFound", err)
	}
	for i, want := range [][]history.Reveal{{seen}, {seen}, nil} {
		if diff := cmp.Diff(want, failure(t, l, entries[i].Failure.ID).Reveals); diff != "" {
			t.Errorf("failure %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	id := incident.NewID(start)
	_, failure := l.Failure(ctx, id)
	_, one := l.Incident(ctx, 7)
	_, acknowledged := l.Acknowledge(ctx, 7, "anna", start)
	_, resolved := l.Resolve(ctx, 7, "anna", start)
	for name, err := range map[string]error{
		"failure": failure, "incident": one, "acknowledge": acknowledged, "resolve": resolved,
		"reveal": l.Reveal(ctx, history.Reveal{At: start, By: "anna"}, id),
	} {
		if !errors.Is(err, history.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	report, err := l.Drill(ctx, sid("CA", 1))
	if err != nil || report.Found {
		t.Errorf("drill: %+v, %v", report, err)
	}
}

func TestLateFailuresAreGatheredIntoOneAlert(t *testing.T) {
	l := openLedger(t)
	late := func(e *incident.Fed) { e.Failure.Late = true }
	feed(t, l, calls(0, 3, late)...)
	if m, wait, ok := claim(t, l, "mail", queued); ok || !wait.Equal(queued.Add(5*time.Second)) {
		t.Errorf("got %+v, %v, to be asked again at %s", m, ok, wait)
	}
	m := mustClaim(t, l, "mail", queued.Add(5*time.Second))
	if m.Alert.Kind != incident.Late || m.Incident == nil || m.Incident.Late != 3 {
		t.Errorf("got %+v", m)
	}
	settle(t, l, "mail", m.DeliveryID, incident.Result{At: queued.Add(5 * time.Second)})
	if _, wait, ok := claim(t, l, "mail", queued.Add(time.Hour)); ok || !wait.IsZero() {
		t.Error("the other late failures are told one by one")
	}
}

// TestWhatWaitsSaysUntilWhen holds that pages say the time at which Claim lets
// a delivery out.
func TestWhatWaitsSaysUntilWhen(t *testing.T) {
	const growth, room = "at most one about growth in 30 min", "at most 30 messages in 10 min and 60 in an hour"
	tell := func(t *testing.T, l *store.Ledger) {
		t.Helper()
		m := mustClaim(t, l, "mail", queued)
		settle(t, l, "mail", m.DeliveryID, incident.Result{At: queued})
	}
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
			tell(t, l)
			feed(t, l, calls(12, 120)...)
		}, 1, queued.Add(30 * time.Minute), growth},
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
