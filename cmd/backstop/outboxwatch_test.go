package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
)

func TestOfANotifierThatFailsTheOtherOneTells(t *testing.T) {
	t.Parallel()
	slack := newSlack(t)
	env := configured(t).with(slack.webhookSettings()).with(settings{
		"SMTP_URL": "smtp://" + freeAddress(t) + "?starttls=never", "ALERT_EMAIL_FROM": "backstop@example.com", "ALERT_EMAIL_TO": "ops@example.com",
	})
	a := running(t, env)
	client := sim.Client{Account: customer(), Via: *a.heart.here.Load()}
	if _, err := client.Place(t.Context(), publicURL+"/fallback/voice", sim.Call{ErrorURL: "https://www.example.com/voice"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, soon, "mail has failed", func() bool { return slices.Contains(failingOf(a.dispatcher.Status(), nil), "email") })
	a.lookAtOutbox(t.Context(), time.Now())
	if len(a.backlogNotices(time.Now())) != 0 {
		t.Fatal("a backlog of seconds is told")
	}
	later := time.Now().Add(3 * time.Minute)
	eventually(t, soon, "the backlog is seen", func() bool {
		a.lookAtOutbox(t.Context(), later)
		return len(a.backlogNotices(later)) == 1
	})
	if notice := a.backlogNotices(later)[0]; !strings.Contains(notice.Detail, "connection refused") || notice.Title != "Alerts wait for email" {
		t.Errorf("got %+v", notice)
	}
	slack.await(t, soon, "Alerts wait: email does not take them")
}
