package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/store"
)

// listener is a notifier that takes everything.
type listener struct {
	name string
	mu   sync.Mutex
	got  []string
}

func (l *listener) Name() string { return l.name }

func (l *listener) Send(_ context.Context, m incident.Message) (incident.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !m.Alert.Kind.InPlace() {
		l.got = append(l.got, m.Alert.Kind.String())
	}
	return incident.Receipt{}, nil
}

func (*listener) Check(context.Context) error { return nil }

func (l *listener) heard() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.got, " ")
}

// night is everything behind the answer but the journal: ledger, timers and
// dispatcher, in a bubble in which hours take no time.
type night struct {
	*store.Ledger
	t    *testing.T
	mail *listener
	boss *listener
	n    int
}

// overNight plays story to a ledger whose policy is changed by change.
func overNight(t *testing.T, change func(*incident.Policy), story func(*night)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), ledgerFile)
	synctest.Test(t, func(t *testing.T) {
		p := incident.DefaultPolicy()
		n := &night{t: t, mail: &listener{name: "mail"}, boss: &listener{name: "boss"}}
		p.Notifiers = []incident.Notifier{{Name: "mail", PerHour: incident.MailsPerHour}, {Name: "boss", Wakes: true, OnlyPages: true}}
		change(&p)
		var err error
		if n.Ledger, err = store.OpenLedger(context.Background(), path, store.LedgerOptions{Policy: p, Now: time.Now}); err != nil {
			t.Fatal(err)
		}
		dispatcher := notify.New(n.Ledger, []notify.Notifier{n.mail, n.boss}, notify.Options{})
		timers := intake.Timers{
			Ledger: func() (intake.Ledger, error) { return n.Ledger, nil }, Until: func(now time.Time) (time.Time, bool) { return now, true },
			Alerts: dispatcher.Wake, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		}
		ctx, stop := context.WithCancel(context.Background())
		var all sync.WaitGroup
		all.Go(func() { _ = timers.Run(ctx) })
		all.Go(func() { _ = dispatcher.Run(ctx) })
		story(n)
		stop()
		all.Wait()
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
}

// fails has a caller fail now.
func (n *night) fails(caller int) {
	n.t.Helper()
	n.n++
	f := incident.NewFailure(time.Now(), "POST", []incident.Param{
		{Name: "AccountSid", Value: accountSID},
		{Name: "CallSid", Value: fmt.Sprintf("CA%032d", n.n)},
		{Name: "From", Value: fmt.Sprintf("+1555%07d", caller)},
		{Name: "To", Value: "+15550000000"},
		{Name: "ErrorCode", Value: "11200"},
		{Name: "ErrorUrl", Value: "https://www.example.com/voice"},
	})
	e := incident.Fed{Entry: incident.Entry{Failure: f, Answer: incident.Answer{Outcome: incident.Told}}, JournalAt: time.Now()}
	if _, err := n.Feed(context.Background(), incident.Batch{Entries: []incident.Fed{e}}); err != nil {
		n.t.Fatal(err)
	}
}

func TestOneFailureAnHourForEightHoursIsAtMostFourMessagesInAll(t *testing.T) {
	overNight(t, func(*incident.Policy) {}, func(n *night) {
		for hour := range 8 {
			n.fails(hour)
			time.Sleep(time.Hour)
		}
		time.Sleep(48 * time.Hour)
		if got := n.mail.heard(); got != "opened quiet reminder quiet" || n.boss.heard() != "" {
			t.Errorf("mail got %q, the boss %q", got, n.boss.heard())
		}
	})
}

func TestAnOutageWakesEscalatesAndEnds(t *testing.T) {
	overNight(t, func(p *incident.Policy) {
		p.Routes = []incident.Route{{Notifiers: []string{"mail"}, Escalation: []incident.Level{{After: 10 * time.Minute, Notifiers: []string{"boss"}}}}}
	}, func(n *night) {
		for minute := range 30 {
			n.fails(minute)
			time.Sleep(time.Minute)
		}
		if got := n.boss.heard(); got != "escalated" {
			t.Errorf("the boss got %q", got)
		}
		at := time.Now()
		for i := range 4 {
			if _, err := n.Probed(context.Background(), 1, incident.Finding{At: at.Add(time.Duration(i) * time.Minute), OK: i > 0, Said: "asked"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		time.Sleep(20 * time.Second)
		if got := n.boss.heard(); got != "escalated resolved" {
			t.Errorf("the boss got %q", got)
		}
		if got := n.mail.heard(); got != "opened growing resolved" {
			t.Errorf("mail got %q", got)
		}
	})
}

func TestANightOfNoticesIsReadInTheMorning(t *testing.T) {
	var evening time.Time
	overNight(t, func(p *incident.Policy) {
		evening = time.Now()
		p.QuietHours = func(at time.Time) (time.Time, bool) { return evening.Add(8 * time.Hour), at.Sub(evening) < 8*time.Hour }
	}, func(n *night) {
		n.fails(1)
		time.Sleep(7 * time.Hour)
		if got := n.mail.heard(); got != "" {
			t.Errorf("in the night: %q", got)
		}
		time.Sleep(2 * time.Hour)
		if got := n.mail.heard(); got != "quiet" {
			t.Errorf("in the morning: %q, want one message for all of the night", got)
		}
	})
}
