package templates_test

import (
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// Whoever goes on writing to people who said STOP breaks the law, and cannot
// know of it: but their numbers are nobody else's.
func TestAlertsNameTheStopsThatTheServerHasNotSeenAndNoNumber(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	sample := incident.Sample{At: at, Channel: incident.Messaging, Code: 11200, ErrorURL: "https://a.example/sms", SID: "SM1", From: "+15551230001", To: "+4930123456"}
	for name, c := range map[string]struct {
		optOuts int64
		want    string
	}{
		"none":    {0, ""},
		"one":     {1, "1 message says STOP or the like, and your server has not seen it"},
		"several": {12, "12 messages say STOP or the like, and your server has not seen them"},
	} {
		for _, kind := range []incident.Kind{incident.Opened, incident.FellQuiet, incident.Over} {
			in := incident.Incident{
				ID: 1, State: incident.Open, Cause: incident.Cause{Kind: incident.FetchLevel, Host: "a.example"}, OpenedAt: at, LastAt: at,
				Failures: 14, Callers: 12, First: sample, Last: sample, Unseen: 14, OptOuts: c.optOuts,
			}
			alert := incident.Alert{ID: 1, Kind: kind, IncidentID: 1, At: at}
			mail, err := newAlerts(t, "").Mail(incident.Message{Now: at, Incident: &in, Alert: alert})
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" && strings.Contains(mail.Text, "\nSTOP\n") || !strings.Contains(mail.Text, c.want) || strings.Contains(mail.Text, sample.From) {
				t.Errorf("%s, %s: got\n%s", name, kind, mail.Text)
			}
			digest, err := newAlerts(t, "").Mail(incident.Message{Now: at, Digest: []incident.Incident{in, in}, Alert: alert})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(digest.Text, " wrote STOP, which your server has not seen"); got != (c.optOuts > 0) {
				t.Errorf("%s: the digest says\n%s", name, digest.Text)
			}
		}
	}
}
