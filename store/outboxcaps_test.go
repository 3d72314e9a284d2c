package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

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

// TestThatSomethingIsOverIsToldToWhoHeardOfIt holds it for news of Backstop
// itself, as it is for incidents.
func TestThatSomethingIsOverIsToldToWhoHeardOfIt(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t, func(o *store.LedgerOptions) {
		o.Policy.Notifiers = []incident.Notifier{{Name: "mail"}, {Name: "chat"}, {Name: "pager", OnlyPages: true, Wakes: true}}
	})
	tell := func(after time.Duration, topic incident.Topic, reason string, ends ...incident.Topic) string {
		t.Helper()
		a := incident.Alert{Kind: incident.Meta, Topic: topic, Reason: reason, At: queued.Add(after), Title: reason, Ends: ends}
		if topic == incident.JournalTopic.About("callers") {
			a.Except = "chat"
		}
		if got, err := l.Tell(ctx, a); err != nil || !got {
			t.Fatalf("%s: queued %v, %v", reason, got, err)
		}
		var told []string
		for _, name := range []string{"mail", "chat", "pager"} {
			m, _, ok := claim(t, l, name, queued.Add(after))
			if !ok {
				continue
			}
			if !slices.Equal(m.Alert.Ends, ends) || len(ends) > 0 && m.Wakes() {
				t.Errorf("%s: %s got %+v", reason, name, m.Alert)
			}
			settle(t, l, name, m.DeliveryID, incident.Result{At: queued.Add(after)})
			told = append(told, name)
		}
		return strings.Join(told, " ")
	}
	for _, step := range []struct {
		after  time.Duration
		topic  incident.Topic
		reason string
		ends   []incident.Topic
		told   string
	}{
		{0, incident.HeartbeatTopic, "the check fails", nil, "mail chat"},
		{time.Minute, incident.HeartbeatTopic, "it goes well again", []incident.Topic{incident.HeartbeatTopic}, "mail chat"},
		{2 * time.Minute, incident.JournalTopic.About("callers"), "callers are not written down", nil, "mail pager"},
		{3 * time.Minute, incident.JournalTopic, "the journal works again", []incident.Topic{incident.JournalTopic, incident.JournalTopic.About("callers")}, "mail pager"},
		{20 * time.Minute, incident.LedgerTopic, "told without the history", []incident.Topic{incident.LedgerTopic}, "mail chat pager"},
	} {
		if told := tell(step.after, step.topic, step.reason, step.ends...); told != step.told {
			t.Errorf("%s: told %q, want %q", step.reason, told, step.told)
		}
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
