package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio/sim"
)

// trouble is something that a notifier's other side does.
type trouble struct {
	claim       string
	begin, heal func(*mailServer, *slackServer)
	slack       bool // it is Slack that is in trouble, else the mail server
}

func troubles() []trouble {
	status := func(code int) func(*mailServer, *slackServer) {
		return func(_ *mailServer, s *slackServer) { s.answers(code) }
	}
	return []trouble{
		{"the mail server accepts and hangs", func(m *mailServer, _ *slackServer) { m.hang() }, func(m *mailServer, _ *slackServer) { m.heal() }, false},
		{"Slack hangs", func(_ *mailServer, s *slackServer) { s.hangs() }, status(0), true},
		{"Slack answers 500", status(500), status(0), true},
		{"Slack answers 429", status(429), status(0), true},
		{"Slack does not know the webhook", status(404), status(0), true},
	}
}

func TestANotifierInTroubleDelaysNobodyAndDeliversWhenItIsWell(t *testing.T) {
	t.Parallel()
	for _, trouble := range troubles() {
		t.Run(trouble.claim, func(t *testing.T) {
			t.Parallel()
			mails, slack := newMailServer(t), newSlack(t)
			p := start(t, configured(t).with(mails.settings()).with(slack.webhookSettings()))
			trouble.begin(mails, slack)
			for n := range 10 {
				p.call(sim.Call{ErrorURL: fmt.Sprintf("https://host%d.example.com/voice", n%2)})
			}
			inTrouble := func() bool { return mails.holding() > 0 }
			if trouble.slack {
				inTrouble = func() bool { return slack.tried() > 0 }
				mails.await(t, soon, "not helped", "host0.example.com")
				mails.await(t, soon, "not helped", "host1.example.com")
			} else {
				slack.await(t, soon, "not helped", "host0.example.com")
				slack.await(t, soon, "not helped", "host1.example.com")
			}
			eventually(t, soon, "the notifier in trouble was tried", inTrouble)
			p.call(sim.Call{ErrorURL: "https://host0.example.com/voice"})
			trouble.heal(mails, slack)
			if trouble.slack {
				slack.await(t, 4*soon, "not helped", "host0.example.com")
				slack.await(t, 4*soon, "not helped", "host1.example.com")
			} else {
				mails.await(t, 4*soon, "not helped", "host0.example.com")
				mails.await(t, 4*soon, "not helped", "host1.example.com")
			}
		})
	}
}

func TestWithEveryNotifierInTroubleThePageSaysThatNobodyIsTold(t *testing.T) {
	t.Parallel()
	slack := newSlack(t)
	slack.answers(500)
	p := start(t, configured(t).with(slack.webhookSettings()))
	p.call(sim.Call{})
	who := p.person()
	who.await(2*soon, "/", "Nobody will be told", "slack answers with status 500")
	if health := who.get("/healthz"); health.status != 200 || !strings.Contains(health.source, "notifiers") {
		t.Errorf("health says %d %s", health.status, health.source)
	}
	p.end()
	slack.hangs() // so that nobody tries to an end
	p = start(t, p.env)
	who = p.person()
	who.await(2*soon, "/", "Nobody will be told")
	if health := who.get("/healthz"); !strings.Contains(health.source, "notifiers") {
		t.Errorf("after a restart health says %s", health.source)
	}
	slack.answers(0)
	slack.await(t, 8*soon, "not helped", "primary.example.com")
	eventually(t, soon, "the page says no more that nobody is told", func() bool {
		return !strings.Contains(who.get("/").text, "Nobody will be told")
	})
}

func TestAlertsThatWaitAreSentAfterARestart(t *testing.T) {
	t.Parallel()
	slack := newSlack(t)
	slack.answers(500)
	env := configured(t).with(slack.webhookSettings())
	p := start(t, env)
	p.call(sim.Call{})
	eventually(t, 2*soon, "Slack was tried", func() bool { return slack.tried() > 0 })
	p.end()
	slack.answers(0)
	start(t, env)
	slack.await(t, 4*soon, "not helped", "primary.example.com")
}
