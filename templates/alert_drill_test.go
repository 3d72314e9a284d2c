package templates_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify/notifytest"
	"github.com/backstop-project/backstop/templates"
)

// TestARehearsalLeadsToNoIncidentAndAsksNobodyToTakeOne: its numbers are those of a
// history that is thrown away, and the page has other incidents under them.
func TestARehearsalLeadsToNoIncidentAndAsksNobodyToTakeOne(t *testing.T) {
	t.Parallel()
	for _, pages := range []string{"https://fallback.example.com", ""} {
		alerts, err := templates.NewAlerts(templates.AlertOptions{Pages: pages, Drill: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, sample := range notifytest.Samples() {
			if sample.Name == "meta" || sample.Name == "hostile" {
				continue // what they quote is not ours
			}
			mail, err := alerts.Mail(sample.Message)
			if err != nil {
				t.Fatal(err)
			}
			event := alerts.Event(sample.Message)
			whole, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			slack := strings.Join(alerts.Slack(sample.Message).Sections, "\n")
			for _, text := range []string{mail.Text, mail.HTML, slack, alerts.SMS(sample.Message, ""), string(whole)} {
				for _, bad := range []string{`href="https://fallback`, "<https://fallback", "/history/", "/incidents", "Incident 1", "incident 1", "Nobody has taken it", "acknowledge it", "open Backstop's page"} {
					if strings.Contains(text, bad) {
						t.Errorf("%s, pages at %q: it says %q:\n%s", sample.Name, pages, bad, text)
					}
				}
			}
			if !event.Drill {
				t.Errorf("%s: programs are not told that it is a drill", sample.Name)
			}
		}
	}
}

// TestASubjectOfARehearsalTellsItFromEveryOther holds that what "Drill" takes of its
// room is not what tells incidents apart, nor since when they are.
func TestASubjectOfARehearsalTellsItFromEveryOther(t *testing.T) {
	t.Parallel()
	alerts, err := templates.NewAlerts(templates.AlertOptions{Drill: true})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 3, 12, 0, 0, time.UTC)
	seen := map[string]bool{}
	for n := range 20 {
		host, cause, code := fmt.Sprintf("server-%d.storm.example", n), incident.Cause{Kind: incident.FetchLevel}, 11202
		if n >= 12 {
			host, code = "www.storm.example", 12100
			cause = incident.Cause{Kind: incident.DocumentLevel, Code: code, Path: fmt.Sprintf("/page-%c%d/voice", 'a'+n, n)}
		}
		in := incident.Incident{ID: int64(n), Cause: cause, State: incident.Open, OpenedAt: now, LastAt: now, Failures: 2, Calls: 2, Callers: 2}
		in.Last = incident.Sample{At: now, Channel: incident.Voice, Code: code, ErrorURL: "https://" + host + cause.Path, To: "+15550001111"}
		mail, err := alerts.Mail(incident.Message{Now: now, Alert: incident.Alert{Kind: incident.Growing, At: now}, Incident: &in})
		if err != nil {
			t.Fatal(err)
		}
		s := mail.Subject
		if seen[s] || !strings.HasPrefix(s, "Drill: 2 not helped: ") || !strings.HasSuffix(s, ", since 03:12") || utf8.RuneCountInString(s) > templates.MaxLine {
			t.Errorf("the subject is %q", s)
		}
		seen[s] = true
	}
}
