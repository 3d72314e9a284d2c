package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAPlanIsKeptByTheClockOfThePlace(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		moment, err := time.ParseInLocation("2006-01-02 15:04", text, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	for _, test := range []struct{ yaml, now, last, before, next string }{
		{`drills: {schedule: daily}`, "2026-11-28 10:00", "2026-11-28 10:00", "2026-11-27 10:00", "2026-11-29 10:00"},
		{`drills: {schedule: daily}`, "2026-11-28 09:59", "2026-11-27 10:00", "2026-11-26 10:00", "2026-11-28 10:00"},
		{`drills: {schedule: weekly}`, "2026-11-28 09:59", "2026-11-23 10:00", "2026-11-16 10:00", "2026-11-30 10:00"},
		{`drills: {schedule: weekly, at: "SAT 6:05"}`, "2026-11-28 09:59", "2026-11-28 06:05", "2026-11-21 06:05", "2026-12-05 06:05"},
		{`drills: {schedule: daily, at: "02:30"}`, "2026-03-28 12:00", "2026-03-28 02:30", "2026-03-27 02:30", "2026-03-29 03:30"}, // there is no 02:30
		{`drills: {schedule: daily, at: "02:30"}`, "2026-03-29 12:00", "2026-03-29 03:30", "2026-03-28 02:30", "2026-03-30 02:30"},
		{`drills: {schedule: daily, at: "02:30"}`, "2026-10-25 12:00", "2026-10-25 02:30", "2026-10-24 02:30", "2026-10-26 02:30"}, // there were two
	} {
		c := mustLoad(t, "public_url: https://fallback.example.com\ntime_zone: Europe/Berlin\n"+test.yaml, nil)
		last := c.Drills.Last(at(test.now), c.TimeZone)
		if before := c.Drills.Before(last, c.TimeZone); !last.Equal(at(test.last)) || !before.Equal(at(test.before)) {
			t.Errorf("%s at %s: got %s and before that %s, want %s and %s", test.yaml, test.now, last, before, test.last, test.before)
		}
		if next := c.Drills.Next(at(test.now), c.TimeZone); !next.Equal(at(test.next)) {
			t.Errorf("%s at %s: next at %s, want %s", test.yaml, test.now, next, test.next)
		}
	}
	never := mustLoad(t, "", nil).Drills
	if last, next := never.Last(at("2026-11-28 10:00"), time.UTC), never.Next(at("2026-11-28 10:00"), time.UTC); !last.IsZero() || !next.IsZero() {
		t.Errorf("nothing is planned, and due at %s and %s", last, next)
	}
}

func TestTheWeeksSummaryComesWhereThereIsEMail(t *testing.T) {
	const mail = "\nnotifiers: [{name: ops, email: {smtp: 'smtp://a.example', from: a@a.example, to: b@a.example}}, {name: chat, slack: {webhook_url: 'https://hooks.slack.com/services/a'}}]"
	const chat = "\nnotifiers: [{name: chat, slack: {webhook_url: 'https://hooks.slack.com/services/a'}}]"
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for yaml, want := range map[string]string{
		"":                                    "",
		mail:                                  "weekly ops",
		chat:                                  "",
		"summaries: {daily: '7:30'}" + mail:   "daily weekly ops",
		"summaries: {weekly: off}" + mail:     "ops",
		"summaries: {notifiers: chat}" + mail: "weekly chat",
		"summaries: {notifiers: chat, daily: '07:30', weekly: off}" + chat: "daily chat",
	} {
		s := mustLoad(t, yaml, nil).Summaries
		var got []string
		if !s.Daily.Last(now, time.UTC).IsZero() {
			got = append(got, "daily")
		}
		if !s.Weekly.Last(now, time.UTC).IsZero() {
			got = append(got, "weekly")
		}
		if got = append(got, s.Notifiers...); strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", yaml, got, want)
		}
	}
}

func TestWhatIsWrongWithWatchingItselfIsSaid(t *testing.T) {
	for yaml, want := range map[string][]string{
		"heartbeat: {url: 'hc-ping.com/x'}":        {`heartbeat.url = ••• (backstop.yaml:1:18) is no address that can be asked: copy the address that the service gives you, such as https://hc-ping.com/…`},
		"heartbeat: {every: 5m}":                   {`heartbeat.url (backstop.yaml:1:20) is missing: copy the address that the service gives you, such as https://hc-ping.com/…`},
		"heartbeat: {url: 'http://a', every: 1s}":  {`heartbeat.every = "1s" (backstop.yaml:1:37) is no time that can be waited for: write one between 30s and 1h, such as 1m`},
		"drills: {at: '10:00'}":                    {`drills.schedule (backstop.yaml:1:14) is missing: write daily or weekly beside it`},
		"drills: {schedule: monthly}":              {`drills.schedule = "monthly" (backstop.yaml:1:20) is no word for this: write off or daily or weekly`},
		"drills: {schedule: weekly, at: '10:00'}":  {`drills.at = "10:00" (backstop.yaml:1:32) is no day and time: write one such as "mon 07:30", or off`},
		"drills: {schedule: daily, at: 'mon 1:0'}": {`drills.at = "mon 1:0" (backstop.yaml:1:31) is no time of day: write one such as "07:30", or off`},
		"summaries: {daily: '24:00'}":              {`summaries.daily = "24:00" (backstop.yaml:1:20) is no time of day: write one such as "07:30", or off`, `summaries.notifiers (backstop.yaml:1:20) is missing: name who gets them, for no notifier sends e-mail`},
		"summaries: {notifiers: nobody}":           {`summaries.notifiers = "nobody" (backstop.yaml:1:24) is no notifier: add it under notifiers`},
	} {
		got := mistakes(t, yaml, nil)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", yaml, diff)
		}
	}
}
