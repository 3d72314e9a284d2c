package main

import (
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/twilio/sim"
)

func TestADayAndAWeekAreSummedUpByMailOnceEach(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	env := configured(t).with(mails.settings()).withFile(t, `
summaries: {daily: "07:30"}
time_zone: Europe/Berlin
`)
	a := running(t, env)
	berlin := zone(a.current.Load().config)
	now := time.Now()
	eventually(t, soon, "the journal is read to its end", func() bool { _, ok := a.feeder.Until(now); return ok })
	a.sumUpIfDue(t.Context(), now) // where the plan begins
	client := sim.Client{Account: customer(), Via: *a.heart.here.Load()}
	if _, err := client.Place(t.Context(), publicURL+"/fallback/voice", sim.Call{ErrorURL: "https://www.example.com/voice"}); err != nil {
		t.Fatal(err)
	}
	mails.await(t, soon, "example.com gives")
	day := now.In(berlin)
	tomorrow := time.Date(day.Year(), day.Month(), day.Day()+1, 7, 30, 0, 0, berlin)
	if early := time.Date(day.Year(), day.Month(), day.Day(), 7, 30, 0, 0, berlin); early.After(now) {
		tomorrow = early
	}
	eventually(t, soon, "the day is summed up", func() bool { // once the journal is read to its end
		a.sumUpIfDue(t.Context(), tomorrow.Add(time.Minute))
		return mails.about("Day to ")
	})
	mail := mails.await(t, soon, "Day to "+tomorrow.Format("Mon 2 Jan")+": 1 incident, 1 caller, 0 helped")
	if text := mail.text; !strings.Contains(text, "# 1") || !strings.Contains(text, "1 told") || !strings.Contains(text, "Nobody has taken one") {
		t.Errorf("got\n%s", text)
	}
	// The incident is still open for the next day's; resolved, nothing is left to say.
	page, err := a.slot.Incidents(t.Context(), history.IncidentQuery{})
	if err != nil || len(page.Incidents) != 1 {
		t.Fatal(page, err)
	}
	if _, err := a.slot.Resolve(t.Context(), page.Incidents[0].ID, "anna", now); err != nil {
		t.Fatal(err)
	}
	a.sumUpIfDue(t.Context(), tomorrow.AddDate(0, 0, 1).Add(time.Minute))
	a.sumUpIfDue(t.Context(), tomorrow.AddDate(0, 0, 20)) // two weeks in which nothing failed
	mails.await(t, soon, ": nothing failed")
	daily := 0
	for _, subject := range mails.subjects() {
		if strings.HasPrefix(subject, "Day to ") {
			daily++
		}
	}
	if daily != 1 {
		t.Errorf("%d summaries of days were sent: one for each day, and none of a day with nothing", daily)
	}
}
