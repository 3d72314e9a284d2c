package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// on is e on another line of the customer's.
func on(e incident.Fed, line string) incident.Fed {
	e.Failure.To = line
	return e
}

func TestASilenceOfOneLineHushesNoOther(t *testing.T) {
	l := newTicking(t, nil)
	if _, err := l.Silence(context.Background(), incident.Silence{
		Match: incident.Match{Lines: []string{"+4930111*"}}, From: l.now, Until: l.now.Add(time.Hour), Reason: "moving", By: "kim",
	}); err != nil {
		t.Fatal(err)
	}
	feed(t, l.Ledger, on(l.failure(1, "www.example.com"), "+4930111222"), on(l.failure(2, "www.example.com"), "+4930111222"))
	l.wantSent("chat", "")
	feed(t, l.Ledger, on(l.failure(3, "www.example.com"), "+4930888222"))
	l.wantSent("chat", "resumed")
}

func TestAWindowThatIsConfiguredNoLongerHushesNothing(t *testing.T) {
	l := newTicking(t, nil)
	p := incident.DefaultPolicy()
	p.Notifiers = []incident.Notifier{{Name: "chat"}}
	with := p
	with.Windows = []incident.Window{{From: l.now, Until: l.now.Add(9000 * time.Hour), Reason: "typing errors"}}
	l.SetPolicy(with)
	l.failed(1, "www.example.com")
	l.failed(2, "www.example.com")
	l.pass(time.Second)
	l.wantSent("chat", "")
	l.SetPolicy(p)
	l.pass(time.Second)
	if m := l.wantSent("chat", "resumed"); len(m) == 1 && !strings.HasSuffix(m[0].Alert.Reason, "; what was new was not told: maintenance (typing errors)") {
		t.Errorf("got %q", m[0].Alert.Reason)
	}
}

func TestWhatFailsAfterManyServersWereQuietIsNews(t *testing.T) {
	l := newTicking(t, nil)
	for n := range 5 {
		l.failed(n, fmt.Sprintf("h%d.example.com", n))
	}
	wide := l.wantSent("chat", "opened")
	if _, err := l.Acknowledge(context.Background(), wide[0].Incident.ID, "ann", l.now); err != nil {
		t.Fatal(err)
	}
	l.pass(12 * time.Hour)
	l.wantSent("chat", "quiet")
	l.failed(1, "h1.example.com")
	l.failed(2, "h1.example.com")
	m := l.wantSent("chat", "resumed")
	if len(m) == 1 && (m[0].Incident.Cause.Host != "h1.example.com" || m[0].Incident.Watch.Urgency != incident.Page) {
		t.Errorf("told of %+v", m[0].Incident)
	}
}

func TestManyServersThatFailAgainAreToldAgainAndTakenByNobody(t *testing.T) {
	l := newTicking(t, nil)
	storm := func() {
		var batch []incident.Fed
		for n := range 12 {
			batch = append(batch, l.failure(n, fmt.Sprintf("h%d.example.com", n%6)))
		}
		feed(t, l.Ledger, batch...)
	}
	storm()
	first := l.wantSent("chat", "opened")[0].Incident
	if _, err := l.Acknowledge(context.Background(), first.ID, "ann", l.now); err != nil {
		t.Fatal(err)
	}
	l.pass(3 * time.Hour)
	l.sent("chat")
	storm()
	m := l.wantSent("chat", "resumed")
	if in := m[0].Incident; in.ID != first.ID || in.Acknowledged() || in.State != incident.Open || m[0].Alert.Reason != "back after 2 hours of quiet: 5 servers of one account at once" {
		t.Errorf("told %q of %+v", m[0].Alert.Reason, in)
	}
}

func TestMaintenanceOfManyServersExplainsNothing(t *testing.T) {
	window := incident.Window{Match: incident.Match{Hosts: []string{"m*.example.com"}}, Reason: "new database"}
	l := newTicking(t, func(p *incident.Policy) {
		window.From, window.Until = start.Add(-time.Hour), start.Add(4*time.Hour)
		p.Windows = []incident.Window{window}
	})
	for n := range 6 {
		l.failed(n, fmt.Sprintf("m%d.example.com", n))
	}
	l.wantSent("chat", "")
	for n := range 6 {
		l.failed(10+n, "www.example.com")
	}
	if m := l.wantSent("chat", "opened"); len(m) == 1 && m[0].Incident.Cause.Host != "www.example.com" {
		t.Errorf("told of %+v", m[0].Incident.Cause)
	}
}

func TestAnErrorOfTheAccountExplainsWhatItCaused(t *testing.T) {
	l := newTicking(t, nil)
	feed(t, l.Ledger, l.failure(1, "a.example.com"), l.failure(2, "a.example.com"), l.failure(3, "b.example.com"))
	l.sent("chat")
	account := l.failure(4, "c.example.com")
	account.Failure.Code = 20005
	feed(t, l.Ledger, account)
	m := l.wantSent("chat", "opened")
	if len(m) != 1 || m[0].Incident.Cause.Code != 20005 || len(m[0].Explained) != 2 || m[0].Urgency() != incident.Page {
		t.Fatalf("told %+v", m)
	}
	for n := range 20 {
		l.failed(20+n, "a.example.com")
	}
	l.wantSent("chat", "")
}

func TestGrowthThatADigestToldIsNotToldAgainAtOnce(t *testing.T) {
	l := newTicking(t, func(p *incident.Policy) { p.Wide = incident.Volume{} })
	grow := func(from, to int) {
		var batch []incident.Fed
		for n := from; n < to; n++ {
			batch = append(batch, l.failure(n, fmt.Sprintf("h%d.example.com", n%4)))
		}
		feed(t, l.Ledger, batch...)
	}
	grow(0, 48)
	l.wantSent("chat", "opened opened opened opened")
	l.now = l.now.Add(6 * time.Second)
	l.wantSent("chat", "digest of 4")
	grow(48, 480)
	l.now = l.now.Add(20 * time.Minute)
	l.wantSent("chat", "")
	l.now = l.now.Add(10 * time.Minute)
	l.wantSent("chat", "digest of 4")
}
