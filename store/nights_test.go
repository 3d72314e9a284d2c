package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// three are a mail, a chat whose messages change, and a pager.
func three(p *incident.Policy) {
	p.Notifiers = []incident.Notifier{{Name: "mail"}, {Name: "chat", InPlace: true}, {Name: "pd", Wakes: true, OnlyPages: true, InPlace: true}}
}

// said are the kinds of what a notifier may say now.
func (l *ticking) said(notifier string) string {
	l.t.Helper()
	return kindsOf(l.sent(notifier))
}

// walk lets that much time pass, in which a notifier says what it may.
func (l *ticking) walk(d time.Duration, notifier string) string {
	l.t.Helper()
	var kinds []string
	for until := l.now.Add(d); l.now.Before(until); {
		l.pass(min(time.Minute, until.Sub(l.now)))
		if said := l.said(notifier); said != "" {
			kinds = append(kinds, said)
		}
	}
	return strings.Join(kinds, " ")
}

func TestAPageThatComesBackInQuietHoursDoesNotWaitForTheMorning(t *testing.T) {
	l := newTicking(t, func(p *incident.Policy) {
		morning := start.Add(8 * time.Hour)
		p.QuietHours = func(at time.Time) (time.Time, bool) { return morning, at.Before(morning) }
	})
	l.failed(1, "www.example.com")
	if said := l.walk(80*time.Minute, "chat"); said != "" {
		t.Errorf("a notice is told in the night: %s", said)
	}
	l.failed(2, "www.example.com")
	l.failed(3, "www.example.com")
	if said := l.said("chat"); said != "resumed" {
		t.Errorf("told %q", said)
	}
}

func TestAPageBehindANoticeIsTold(t *testing.T) {
	l := newTicking(t, three)
	account := func() {
		e := l.failure(1, "www.example.com")
		e.Failure.Code = 20005
		feed(t, l.Ledger, e)
	}
	account()
	for n := range 20 {
		l.failed(n, "api.example.com")
	}
	if said := l.said("pd"); said != "resumed" {
		t.Errorf("the pager got %q", said)
	}
	l.walk(time.Hour, "pd")
	account() // it comes back, of which nobody is told: it explains nothing
	for n := range 20 {
		l.failed(n, "b.example.com")
	}
	if said := l.said("pd"); !strings.Contains(said, "opened") && !strings.Contains(said, "raised") {
		t.Errorf("behind an error of the account that people take to be over the pager got %q", said)
	}
}

func TestWhatComesAndGoesIsFewMessages(t *testing.T) {
	for name, c := range map[string]struct {
		every   time.Duration
		callers int
	}{
		"every 12 minutes": {12 * time.Minute, 5}, "every 50 minutes": {50 * time.Minute, 5}, "three tries of one caller an hour": {time.Hour, 1},
	} {
		l := newTicking(t, three)
		mails, pages := 0, 0
		for range 8 * time.Hour / c.every {
			for n := range 5 {
				l.failed(n%c.callers, "www.example.com")
			}
			for range c.every / time.Minute {
				l.pass(time.Minute)
				mails, pages = mails+len(l.sent("mail")), pages+len(l.sent("pd"))
			}
		}
		if mails > 6 || pages > 6 {
			t.Errorf("%s for eight hours: %d mails, %d pages", name, mails, pages)
		}
	}
}

func TestAnOutageWithinTheHourIsToldToThoseWhoHeardThatItWasQuiet(t *testing.T) {
	l := newTicking(t, three)
	for n := range 5 {
		l.failed(n, "www.example.com")
	}
	l.said("mail")
	if said := l.walk(40*time.Minute, "mail"); said != "quiet" {
		t.Fatalf("told %q", said)
	}
	for n := range 8 {
		l.failed(n, "www.example.com")
	}
	if said := l.said("mail"); said != "resumed" {
		t.Errorf("told %q", said)
	}
}

// TestAnOutageOfACriticalLineIsToldToThoseWhoHeardThatItWasQuiet holds it where its
// first caller makes a page already, of which only who is woken hears.
func TestAnOutageOfACriticalLineIsToldToThoseWhoHeardThatItWasQuiet(t *testing.T) {
	l := newTicking(t, func(p *incident.Policy) {
		three(p)
		p.Line = func(string) incident.Traits { return incident.Traits{Critical: true} }
	})
	l.failed(1, "www.example.com")
	l.said("mail")
	if said := l.walk(40*time.Minute, "mail"); said != "quiet" {
		t.Fatalf("told %q", said)
	}
	l.failed(1, "www.example.com")
	l.failed(1, "www.example.com")
	if said := l.said("mail"); said != "" {
		t.Errorf("of a single caller told %q", said)
	}
	l.failed(2, "www.example.com")
	if m := l.sent("mail"); len(m) != 1 || m[0].Alert.Reason != "back after 30 minutes of quiet: 2 callers within 10 minutes" {
		t.Errorf("of an outage told %+v", m)
	}
	l.failed(3, "www.example.com")
	if said := l.said("mail"); said != "" {
		t.Errorf("and once more %q", said)
	}
}

func TestWhatWasMutedIsToldWhenItIsAPageAgain(t *testing.T) {
	l := newTicking(t, func(p *incident.Policy) {
		three(p)
		p.Line = func(string) incident.Traits { return incident.Traits{Critical: true} }
	})
	l.failed(1, "www.example.com")
	l.said("mail")
	if _, err := l.Mute(context.Background(), 1, "kim", l.now.Add(20*time.Minute), 0, l.now); err != nil {
		t.Fatal(err)
	}
	for n := range 99 {
		l.failed(n, "www.example.com")
	}
	l.walk(40*time.Minute, "mail")
	l.failed(1, "www.example.com")
	if said := l.said("mail"); said != "resumed" {
		t.Errorf("told %q", said)
	}
}

func TestAnAcknowledgementOfAnEarlierOutageDoesNotStopTheNext(t *testing.T) {
	l := newTicking(t, three)
	for n := range 5 {
		l.failed(n, "www.example.com")
	}
	if _, err := l.Acknowledge(context.Background(), 1, "ann", l.now); err != nil {
		t.Fatal(err)
	}
	l.pass(5 * time.Hour)
	l.failed(1, "www.example.com") // alone
	l.pass(6 * time.Hour)
	for n := range 5 {
		l.failed(n, "www.example.com")
	}
	d, err := l.Incident(context.Background(), 1)
	if err != nil || d.Acknowledged() {
		t.Errorf("it is still %q's: %v", d.AcknowledgedBy, err)
	}
}

func TestPagersHearTheEndAtOnceAndHowItCloses(t *testing.T) {
	l := newTicking(t, func(p *incident.Policy) {
		three(p)
		morning := start.Add(8 * time.Hour)
		p.QuietHours = func(at time.Time) (time.Time, bool) { return morning, at.Before(morning) }
	})
	for n := range 5 {
		l.failed(n, "www.example.com")
		l.failed(n, "api.example.com")
	}
	l.said("pd")
	l.pass(20 * time.Minute)
	l.said("pd")
	l.failed(1, "www.example.com") // a notice again
	if _, err := l.Resolve(context.Background(), 1, "ann", l.now); err != nil {
		t.Fatal(err)
	}
	if said := l.said("pd"); said != "resolved" {
		t.Errorf("at night the pager got %q", said)
	}
	closed := false
	for range 30 {
		l.pass(time.Hour)
		for _, m := range l.sent("pd") {
			closed = closed || m.Alert.Kind == incident.Taken && m.Incident.State == incident.Resolved
		}
		l.sent("mail")
	}
	if !closed {
		t.Error("of what closed by itself the pager was not told")
	}
}

func TestTheEndOfAWindowOverManyServersIsOneMessage(t *testing.T) {
	l := newTicking(t, func(p *incident.Policy) {
		p.Windows = []incident.Window{{Match: incident.Match{Hosts: []string{"*.example.com"}}, From: start.Add(-time.Hour), Until: start.Add(time.Hour), Reason: "moving"}}
	})
	var got []string
	for range 31 {
		for n := range 40 {
			l.failed(n, fmt.Sprintf("h%d.example.com", n%20))
		}
		l.pass(2 * time.Minute)
		if said := l.said("chat"); said != "" {
			got = append(got, said)
		}
	}
	if len(got) == 0 || len(strings.Fields(strings.Join(got, " "))) > 6 {
		t.Errorf("told %q", got)
	}
}

func TestWhoHasTakenItKeepsOthersFromBeingCalled(t *testing.T) {
	l := newTicking(t, func(p *incident.Policy) {
		p.Notifiers = append(p.Notifiers, incident.Notifier{Name: "boss"})
		p.Escalation = []incident.Level{{After: 10 * time.Minute, Notifiers: []string{"boss"}}}
	})
	for n := range 5 {
		l.failed(n, "www.example.com")
	}
	l.sent("boss")
	l.pass(9 * time.Minute)
	l.failed(6, "www.example.com")
	l.pass(2 * time.Minute)
	m := mustClaim(t, l.Ledger, "boss", l.now)
	settle(t, l.Ledger, "boss", m.DeliveryID, incident.Result{At: l.now, Error: "busy", RetryAt: l.now.Add(30 * time.Second)})
	if _, err := l.Acknowledge(context.Background(), 1, "ann", l.now); err != nil {
		t.Fatal(err)
	}
	l.now = l.now.Add(time.Minute)
	if said := l.said("boss"); said != "" {
		t.Errorf("the boss got %q", said)
	}
}

func TestManyServersThatAreAllSilencedAreSilent(t *testing.T) {
	l := newTicking(t, nil)
	for n := range 6 {
		l.failed(n, fmt.Sprintf("h%d.example.com", n))
	}
	l.sent("chat")
	if _, err := l.Silence(context.Background(), incident.Silence{
		Match: incident.Match{Hosts: []string{"*.example.com"}}, From: l.now, Until: l.now.Add(10 * time.Hour), Reason: "moving", By: "kim",
	}); err != nil {
		t.Fatal(err)
	}
	for range 90 {
		for n := range 60 {
			l.failed(n, fmt.Sprintf("h%d.example.com", n%6))
		}
		l.pass(4 * time.Minute)
		if said := l.said("chat"); said != "" {
			t.Fatalf("told %q", said)
		}
	}
}

func TestAServerThatIsDownForAMinuteEachHourIsFewIncidents(t *testing.T) {
	l := newTicking(t, three)
	mails := 0
	for hour := range 8 {
		l.failed(1, "www.example.com")
		id := int64(1 + min(hour, 1))
		for i, ok := range []bool{false, true, true, true} {
			at := l.now.Add(time.Duration(i+1) * 30 * time.Second)
			if _, err := l.Probed(context.Background(), id, incident.Finding{At: at, OK: ok, Said: "asked"}); err != nil {
				t.Fatal(err)
			}
		}
		for range 60 {
			l.pass(time.Minute)
			mails += len(l.sent("mail"))
		}
	}
	if mails > 5 {
		t.Errorf("%d mails in eight hours", mails)
	}
}

func TestWhatAMessageSaidOfManyServersIsNoGrowth(t *testing.T) {
	l := newTicking(t, nil)
	for n := range 60 {
		l.failed(n, fmt.Sprintf("h%d.example.com", n%5))
	}
	if m := l.wantSent("chat", "opened"); m[0].Incident.Callers != 60 {
		t.Errorf("told of %d callers", m[0].Incident.Callers)
	}
	l.pass(time.Minute)
	l.wantSent("chat", "")
	for n := range 60 {
		l.failed(100+n, "h1.example.com")
	}
	l.pass(time.Minute)
	l.wantSent("chat", "growing")
}
