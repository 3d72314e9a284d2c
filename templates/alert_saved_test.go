package templates_test

import (
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// Whoever was saved is not said to be not helped, nor to have heard what others
// heard.
func TestAlertsSayHowManyWereSaved(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "")
	at := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		ended      incident.Ended
		last       incident.Outcome
		line, says string
	}{
		"none":               {incident.Ended{incident.Told: 12}, incident.Told, "12 callers not helped: a.example refuses connections, since", "“Sorry”"},
		"none, or not yet":   {incident.Ended{incident.Told: 10, incident.OutcomeUnknown: 2}, incident.Told, "12 callers affected: a.example refuses connections, since", "12 callers (10 told, 2 not known yet)"},
		"some":               {incident.Ended{incident.Saved: 9, incident.Told: 3}, incident.Told, "9 of 12 callers saved: a.example refuses connections, since", "12 callers (9 saved, 3 told)"},
		"in several ways":    {incident.Ended{incident.Saved: 5, incident.Voicemail: 4, incident.CallbackRequested: 1, incident.Told: 1, incident.Lost: 1}, incident.Told, "5 of 12 callers saved: a.example refuses connections, since", "12 callers (5 saved, 4 voicemail, 1 to call back, 1 told, 1 lost)"},
		"one of one":         {incident.Ended{incident.Voicemail: 1}, incident.Told, "1 caller helped: a.example refuses connections, since", "1 caller (1 voicemail)"},
		"some not known yet": {incident.Ended{incident.Voicemail: 2, incident.CallbackRequested: 2, incident.Told: 2, incident.NotTold: 1, incident.OutcomeUnknown: 14}, incident.Told, "4 of 21 callers helped: a.example refuses connections, since", "21 callers (2 voicemail, 2 to call back, 2 told, 1 not told, 14 not known yet)"},
		"all":                {incident.Ended{incident.Saved: 12}, incident.Saved, "12 callers, all saved: a.example refuses connections, since", "By failover standby"},
		"some, and the last": {incident.Ended{incident.Saved: 9, incident.Told: 3}, incident.Saved, "9 of 12 callers saved: a.example refuses connections, since", "By failover standby"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sample := incident.Sample{At: at, Channel: incident.Voice, Code: 11202, ErrorURL: "https://a.example/voice", SID: "CA1", From: "+15551230001", To: "+4930123456", Heard: "Sorry", Outcome: c.last, Step: "failover standby"}
			in := incident.Incident{
				ID: 1, State: incident.Open, Cause: incident.Cause{Kind: incident.FetchLevel, Host: "a.example"}, OpenedAt: at, LastAt: at,
				Failures: 24, Calls: 24, Callers: everybody(c.ended), Ended: c.ended, First: sample, Last: sample,
			}
			mail, err := alerts.Mail(incident.Message{Now: at, Incident: &in, Alert: incident.Alert{ID: 1, Kind: incident.Growing, IncidentID: 1, At: at}})
			if err != nil {
				t.Fatal(err)
			}
			if heading, _, _ := strings.Cut(mail.Text, "\n"); heading != mail.Subject {
				t.Errorf("below the subject %q stands %q", mail.Subject, heading)
			}
			if !strings.HasPrefix(mail.Subject, c.line) || !strings.Contains(mail.Text, c.says) || c.last == incident.Saved && strings.Contains(mail.Text, "Sorry") {
				t.Errorf("got %q\n%s", mail.Subject, mail.Text)
			}
		})
	}
}

func everybody(e incident.Ended) (all int64) {
	for _, n := range e {
		all += n
	}
	return all
}

func TestADrillSaysWhoAnswered(t *testing.T) {
	t.Parallel()
	for step, wants := range map[string][]string{
		"failover standby": {"What the standby server says", "(failover standby)"},
		"last good":        {"The last good answer for that path: no standby server had one."},
	} {
		e := incident.Entry{
			Failure: incident.NewFailure(time.Now(), "POST", []incident.Param{{Name: "CallSid", Value: "CA1"}, {Name: "ErrorCode", Value: "11200"}}),
			Answer:  incident.Answer{Step: step, Outcome: incident.Saved},
		}
		e.Failure.Drill = true
		mail, err := newAlerts(t, "").Mail(incident.Message{Now: time.Now(), Failure: &e, Alert: incident.Alert{Kind: incident.DrillAlert, FailureID: e.Failure.ID, At: time.Now()}})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(mail.Text, want) {
				t.Errorf("%s: %q is missing in\n%s", step, want, mail.Text)
			}
		}
	}
}

func TestADigestSaysHowManyWereSaved(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	one := func(id, saved int64) incident.Incident {
		return incident.Incident{ID: id, State: incident.Open, Cause: incident.Cause{Kind: incident.FetchLevel, Host: "a.example"}, OpenedAt: at, LastAt: at, Failures: 4, Calls: 4, Callers: 3, Ended: incident.Ended{incident.Saved: saved, incident.Told: 3 - saved}}
	}
	for want, digest := range map[string][]incident.Incident{
		"2 incidents, 6 callers not helped: ": {one(1, 0), one(2, 0)},
		"2 incidents, 4 of 6 callers saved: ": {one(1, 3), one(2, 1)},
		"2 incidents, 6 callers, all saved: ": {one(1, 3), one(2, 3)},
	} {
		mail, err := newAlerts(t, "").Mail(incident.Message{Now: at, Digest: digest, Alert: incident.Alert{ID: 1, Kind: incident.Opened, IncidentID: 1, At: at}})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(mail.Subject, want) {
			t.Errorf("got %q, want %q", mail.Subject, want)
		}
	}
}
