package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// watch looks at the outbox, and returns how many alerts that came to.
func watch(tb testing.TB, l *store.Ledger, now time.Time) (queues map[string]incident.Queue, alerts int) {
	tb.Helper()
	all, alerts, err := l.WatchOutbox(context.Background(), now)
	if err != nil {
		tb.Fatal(err)
	}
	queues = map[string]incident.Queue{}
	for _, q := range all {
		queues[q.Notifier] = q
	}
	return queues, alerts
}

func TestABacklogIsToldThroughTheOthersAndSoIsItsEnd(t *testing.T) {
	l := openLedger(t)
	feed(t, l, call(0))
	fails := func(at time.Time) {
		m := mustClaim(t, l, "mail", at)
		settle(t, l, "mail", m.DeliveryID, incident.Result{At: at, Error: "connection refused", RetryAt: at.Add(30 * time.Second)})
	}
	chat := mustClaim(t, l, "chat", queued)
	settle(t, l, "chat", chat.DeliveryID, incident.Result{At: queued})
	fails(queued)
	if _, alerts := watch(t, l, queued.Add(119*time.Second)); alerts != 0 {
		t.Fatal("told before 2 min were over")
	}
	fails(queued.Add(time.Minute))
	at := queued.Add(2 * time.Minute)
	queues, alerts := watch(t, l, at)
	if q := queues["mail"]; alerts != 1 || q.Waiting != 1 || !q.Since.Equal(queued) || q.LastError != "connection refused" || !queues["chat"].Since.IsZero() {
		t.Fatalf("got %+v, %d alerts", queues, alerts)
	}
	if m := mustClaim(t, l, "chat", at); !strings.HasPrefix(m.Alert.Title, "Alerts wait: mail") {
		t.Errorf("chat is told %q", m.Alert.Title)
	} else {
		settle(t, l, "chat", m.DeliveryID, incident.Result{At: at})
	}
	for range 3 {
		if queues, alerts := watch(t, l, at.Add(time.Hour)); alerts != 0 || !queues["mail"].Told {
			t.Fatal("it is told again")
		}
	}
	at = at.Add(2 * time.Hour)
	m := mustClaim(t, l, "mail", at)
	settle(t, l, "mail", m.DeliveryID, incident.Result{At: at})
	if _, alerts := watch(t, l, at); alerts != 1 {
		t.Error("nobody is told that it is over")
	}
	if m := mustClaim(t, l, "chat", at); m.Alert.Title != "Alerts get out again: mail" {
		t.Errorf("chat is told %q", m.Alert.Title)
	}
	if _, _, ok := claim(t, l, "mail", at); ok {
		t.Error("mail complains about itself")
	}
	if _, alerts := watch(t, l, at); alerts != 0 {
		t.Error("its end is told again")
	}
}

func TestWhatIsMeantToWaitIsNoBacklog(t *testing.T) {
	p := incident.DefaultPolicy()
	p.PerTenMinutes = 1
	p.Notifiers = []incident.Notifier{{Name: "mail"}, {Name: "chat"}}
	l := openLedgerWith(t, p)
	feed(t, l, call(0))
	m := mustClaim(t, l, "mail", queued)
	settle(t, l, "mail", m.DeliveryID, incident.Result{At: queued})
	resolve(t, l, 1)
	feed(t, l, call(100))
	if _, _, ok := claim(t, l, "mail", queued.Add(5*time.Minute)); ok {
		t.Fatal("the cap holds nothing")
	}
	if queues, alerts := watch(t, l, queued.Add(5*time.Minute)); alerts != 0 || !queues["mail"].Since.IsZero() {
		t.Errorf("got %+v, %d alerts", queues, alerts)
	}
}

func TestAnAttemptThatNeverEndsIsABacklog(t *testing.T) {
	l := openLedger(t)
	feed(t, l, call(0))
	mustClaim(t, l, "mail", queued) // for a minute
	if queues, _ := watch(t, l, queued.Add(time.Minute)); !queues["mail"].Since.IsZero() {
		t.Errorf("got %+v while it goes on", queues["mail"])
	}
	if queues, alerts := watch(t, l, queued.Add(2*time.Minute)); alerts != 1 || queues["mail"].Since.IsZero() {
		t.Errorf("got %+v, %d alerts", queues["mail"], alerts)
	}
}

func TestADeadLetterIsToldByNotifiersThatWork(t *testing.T) {
	p := incident.DefaultPolicy()
	p.Notifiers = []incident.Notifier{{Name: "mail"}, {Name: "chat"}, {Name: "hook"}}
	l := openLedgerWith(t, p)
	feed(t, l, call(0))
	for _, name := range []string{"mail", "chat", "hook"} {
		m := mustClaim(t, l, name, queued)
		r := incident.Result{At: queued}
		if name != "hook" {
			r.Error, r.Permanent = "no such channel", true
		}
		settle(t, l, name, m.DeliveryID, r)
	}
	dead := incident.Alert{Kind: incident.Meta, Topic: incident.NotifierTopic.About("mail"), At: queued, Title: "dead", Except: "mail"}
	if told, err := l.Tell(context.Background(), dead); err != nil || !told {
		t.Fatal(told, err)
	}
	if m := mustClaim(t, l, "hook", queued); m.Alert.Title != "dead" {
		t.Errorf("got %+v", m.Alert)
	}
	if _, _, ok := claim(t, l, "chat", queued); ok {
		t.Error("one that fails itself is told")
	}
}

func TestWhatWaitedForANotifierThatIsGoneIsTold(t *testing.T) {
	l := openLedger(t)
	feed(t, l, call(0))
	p := incident.DefaultPolicy()
	p.Notifiers = []incident.Notifier{{Name: "mail"}}
	l.SetPolicy(p)
	m := mustClaim(t, l, "mail", queued)
	settle(t, l, "mail", m.DeliveryID, incident.Result{At: queued})
	if _, _, err := l.Tick(context.Background(), queued.Add(26*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		m, _, ok := claim(t, l, "mail", queued.Add(26*time.Hour))
		if !ok {
			break
		}
		if m.Alert.Title == "Alerts were given up: chat is gone" {
			return
		}
		settle(t, l, "mail", m.DeliveryID, incident.Result{At: queued})
	}
	t.Error("nobody is told")
}

func openLedgerWith(tb testing.TB, p incident.Policy) *store.Ledger {
	tb.Helper()
	return openLedger(tb, func(o *store.LedgerOptions) { o.Policy = p })
}
