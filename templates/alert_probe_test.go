package templates_test

import (
	"strings"
	"testing"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify/notifytest"
)

// TestWhatToDoFirstGoesByWhatBackstopSawItself: nobody reads the log of a server that
// cannot be found, whatever code Twilio gave.
func TestWhatToDoFirstGoesByWhatBackstopSawItself(t *testing.T) {
	t.Parallel()
	for claim, c := range map[string]struct {
		said string
		kind incident.CauseKind
		want string
	}{
		"a name that is not found": {incident.NameNotFound, incident.FetchLevel, "\nDo first\n  Ask a public name server: `dig +short www.example.com @1.1.1.1`."},
		"one that is":              {"DNS ok, connection refused", incident.FetchLevel, "\nDo first\n  From outside your network run `curl "},
		"a document that came":     {incident.NameNotFound, incident.DocumentLevel, "\nDo first\n  From outside your network run `curl "},
	} {
		in := *notifytest.Samples()[0].Message.Incident
		in.Cause.Kind, in.Last.Code, in.Watch.Probe = c.kind, 11200, incident.Finding{At: in.LastAt, Said: c.said}
		mail, err := newAlerts(t, "").Mail(incident.Message{Now: in.LastAt, Alert: incident.Alert{Kind: incident.Opened, At: in.LastAt}, Incident: &in})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(mail.Text, c.want) {
			t.Errorf("%s: want %q in\n%s", claim, c.want, mail.Text)
		}
		if want := "\nBackstop asked the server itself\n  " + strings.ToUpper(c.said[:1]) + c.said[1:] + ", at 03:12."; !strings.Contains(mail.Text, want) {
			t.Errorf("%s: want %q in\n%s", claim, want, mail.Text)
		}
	}
}

// TestTheCriticalLineIsNamedWhicheverWasHitLast: it is the one that people get up for.
func TestTheCriticalLineIsNamedWhicheverWasHitLast(t *testing.T) {
	t.Parallel()
	in := *notifytest.Samples()[0].Message.Incident
	in.Last.To, in.Last.Name, in.MoreLines = "+15551230000", "Shop", true
	in.Watch = incident.Watch{
		Urgency: incident.Page, Urgent: "a critical line is hit", PagedAt: in.LastAt, CriticalLine: "+15551230001", CriticalName: "Front desk",
	}
	mail, err := newAlerts(t, "").Mail(incident.Message{Now: in.LastAt, Alert: incident.Alert{Kind: incident.Opened, At: in.LastAt}, Incident: &in})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nUrgent\n  A critical line is hit: +15551230001 (Front desk).\n", "\nLine\n  +15551230001 (Front desk), which is critical, and others\n",
	} {
		if !strings.Contains(mail.Text, want) {
			t.Errorf("want %q in\n%s", want, mail.Text)
		}
	}
}
