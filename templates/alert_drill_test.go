package templates_test

import (
	"encoding/json"
	"strings"
	"testing"

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
