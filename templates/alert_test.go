package templates_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/notify/notifytest"
	"github.com/backstop-project/backstop/templates"
)

var updateAlerts = flag.Bool("update-alerts", false, "write the golden files of alerts anew")

func newAlerts(tb testing.TB, pages string) *templates.Alerts {
	tb.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		tb.Fatal(err)
	}
	alerts, err := templates.NewAlerts(templates.AlertOptions{Zone: zone, Pages: pages})
	if err != nil {
		tb.Fatal(err)
	}
	return alerts
}

// TestAlertsReadAsTheyDid compares every kind of alert, in every form, with its
// golden file.
func TestAlertsReadAsTheyDid(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "https://fallback.example.com/")
	for _, sample := range notifytest.Samples() {
		t.Run(sample.Name, func(t *testing.T) {
			t.Parallel()
			mail, err := alerts.Mail(sample.Message)
			if err != nil {
				t.Fatal(err)
			}
			slack := alerts.Slack(sample.Message)
			name := strings.ReplaceAll(sample.Name, " ", "_")
			goldenAlert(t, name+".txt", "Subject: "+mail.Subject+"\n\n"+mail.Text)
			goldenAlert(t, name+".html", mail.HTML)
			goldenAlert(t, name+".slack", slack.Line+"\n=====\n"+strings.Join(slack.Sections, "\n-----\n")+"\n=====\n"+slack.Event+"\n")
		})
	}
}

func goldenAlert(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "alerts", name)
	if *updateAlerts {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s changed (-want +got); if that is meant: go test ./templates -update-alerts\n%s", file, diff)
	}
}

// TestNothingPersonalLeavesByAnAlert looks for what must stay in the house.
func TestNothingPersonalLeavesByAnAlert(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "https://fallback.example.com")
	for _, sample := range notifytest.Samples() {
		mail, err := alerts.Mail(sample.Message)
		if err != nil {
			t.Fatal(err)
		}
		slack := alerts.Slack(sample.Message)
		all := strings.Join(append(slack.Sections, slack.Line, slack.Event, mail.Subject, mail.Text, mail.HTML), "\n")
		for _, personal := range []string{notifytest.Secret, "+4915112345678", "+4917612345699"} {
			if strings.Contains(all, personal) {
				t.Errorf("%s: %q is in the alert", sample.Name, personal)
			}
		}
	}
}

func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "https://fallback.example.com")
	m := notifytest.Hostile()
	mail, err := alerts.Mail(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<!channel", "href=\"https://evil", "javascript:", "src=", "url(", "<link", "@import", "zgotmplz"} {
		if strings.Contains(strings.ToLower(mail.HTML), bad) {
			t.Errorf("the html holds %q", bad)
		}
	}
	for _, text := range []string{mail.Text, mail.HTML} {
		checkCharacters(t, strings.ReplaceAll(text, "\n", ""))
	}
	slack := alerts.Slack(m)
	for _, section := range append(slack.Sections, slack.Line, slack.Event) {
		if utf8.RuneCountInString(section) > templates.SlackLimit {
			t.Errorf("a section has %d characters", utf8.RuneCountInString(section))
		}
		if strings.Contains(section, "<!") || strings.Contains(section, "<https://evil") || strings.Contains(section, "@channel") {
			t.Errorf("a section calls or links: %s", section)
		}
		checkCharacters(t, strings.ReplaceAll(strings.ReplaceAll(section, "\n", ""), "\u2060", ""))
	}
}

func checkCharacters(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Error("no valid UTF-8")
	}
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' {
			t.Errorf("%U is in it", r)
			return
		}
	}
}

func TestAlertWithoutAddressOfThePagesSaysWhichPage(t *testing.T) {
	t.Parallel()
	mail, err := newAlerts(t, "").Mail(notifytest.Samples()[0].Message)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(mail.Text, "/incidents/12") || strings.Contains(mail.Text, "<"+"/incidents") {
		t.Errorf("the page is not named:\n%s", mail.Text)
	}
}

func TestAddressOfThePagesIsChecked(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"ftp://x", "fallback.example.com", "https://", "https://u:hunter2@x", "https://x?y=1", "https://x/#a", "ht tp://x"} {
		_, err := templates.NewAlerts(templates.AlertOptions{Pages: bad})
		if err == nil {
			t.Errorf("%q is taken", bad)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error shows a password: %v", err)
		}
	}
}

// TestWhatToDoFirstStandsFirstInNewsOfBackstopItself, however long and whatever
// the rest is.
func TestWhatToDoFirstStandsFirstInNewsOfBackstopItself(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "")
	for claim, c := range map[string]struct{ detail, want string }{
		"as said":             {"The disk is full. " + incident.DoFirst + "run `df -h`.", "\n\nDo first\n  Run `df -h`.\n\nWhat it means\n  The disk is full.\n"},
		"behind much":         {strings.Repeat("long ", 1000) + incident.DoFirst + "look.", "\n\nDo first\n  Look.\n\nWhat it means\n  long long"},
		"the last one counts": {"It says: " + incident.DoFirst + "panic. " + incident.DoFirst + "look.", "\n\nDo first\n  Look.\n\nWhat it means\n  It says: First thing to do: panic.\n"},
		"nothing to do":       {"All is well.", "\n\nWhat it means\n  All is well.\n"},
	} {
		m := incident.Message{Alert: incident.Alert{Kind: incident.Meta, Title: "News", Detail: c.detail}}
		mail, err := alerts.Mail(m)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(mail.Text, "News"+c.want) {
			t.Errorf("%s: got %q\nwant it to begin %q", claim, mail.Text, "News"+c.want)
		}
	}
}

func TestATestIsNotRed(t *testing.T) {
	t.Parallel()
	for claim, c := range map[string]struct {
		m    incident.Message
		want string
	}{
		"a test":        {notify.TestMessage("ops-mail", time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)), `class="line practice"`},
		"any other one": {incident.Message{Alert: incident.Alert{Kind: incident.Meta, Topic: incident.JournalTopic}}, `class="line trouble"`},
	} {
		mail, err := newAlerts(t, "").Mail(c.m)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(mail.HTML, c.want) {
			t.Errorf("%s has no %s", claim, c.want)
		}
	}
}

func TestAnIncidentIsSaidToGoOnByTheTimeSinceItsLastFailure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		age, gap time.Duration
		state    incident.State
		want     string
	}{
		{2 * time.Minute, 0, incident.Open, "Yes: last failure"},
		{9 * time.Minute, 0, incident.Open, "Probably: last failure"},
		{11 * time.Minute, 0, incident.Open, "Perhaps not: last failure"},
		{2 * time.Hour, time.Hour, incident.Open, "Probably: last failure"},
		{26 * time.Hour, 0, incident.Open, "Perhaps not: last failure"},
		{11 * time.Minute, 0, incident.Quiet, "Perhaps not: no failure"},
		{11 * time.Minute, 0, incident.Quiet, "Place a call yourself. If your own server answers, resolve the incident. If not: "},
	} {
		in := *notifytest.Samples()[0].Message.Incident
		in.State, in.UsualGap = c.state, c.gap
		mail, err := newAlerts(t, "").Mail(incident.Message{Now: in.LastAt.Add(c.age), Incident: &in})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(mail.Text, "\n  "+c.want) {
			t.Errorf("%s after a failure, with a usual gap of %s: %q is not in\n%.600s", c.age, c.gap, c.want, mail.Text)
		}
	}
}

// TestWhatCallersHeardNamesNoCaller: own templates may say {{.From}}, in
// whatever way.
func TestWhatCallersHeardNamesNoCaller(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "")
	for claim, c := range map[string]struct{ from, heard, want string }{
		"as Twilio wrote it":   {"+4915112345678", "You called from +4915112345678.", "“You called from +491•••78.”"},
		"without its plus":     {"+4915112345678", "You called from 4915112345678.", "“You called from 491•••78.”"},
		"in WhatsApp":          {"whatsapp:+4915112345678", "You are whatsapp:+4915112345678 or +4915112345678.", "“You are whatsapp:+491•••78 or +491•••78.”"},
		"as a client's name":   {"client:anna.smith", "Hello client:anna.smith.", "“Hello client:a•••.”"},
		"somebody else's":      {"client:anna.smith", "Ring +4915112345678.", "“Ring +491•••78.”"},
		"where nothing is":     {"", "Hello.", "“Hello.”"},
		"a word for no number": {"anonymous", "Hello anonymous.", "“Hello anonymous.”"},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
			last := incident.Sample{At: now, Channel: incident.Voice, Code: 11200, SID: "CA1", From: c.from, To: "+493012345600", Heard: c.heard}
			in := incident.Incident{ID: 3, State: incident.Open, OpenedAt: now, LastAt: now, Failures: 1, Calls: 1, Callers: 1, Last: last}
			f := incident.Failure{Channel: incident.Voice, Code: 11200, From: c.from, ReceivedAt: now, Drill: true}
			for kind, m := range map[string]incident.Message{
				"incident": {Now: now, Alert: incident.Alert{Kind: incident.Opened, At: now}, Incident: &in},
				"drill":    {Now: now, Alert: incident.Alert{Kind: incident.DrillAlert, At: now}, Failure: &incident.Entry{Failure: f, Answer: incident.Answer{Heard: c.heard}}},
			} {
				mail, err := alerts.Mail(m)
				if err != nil {
					t.Fatal(err)
				}
				slack := strings.Join(alerts.Slack(m).Sections, "\n")
				for _, text := range []string{mail.Text, slack} {
					if !strings.Contains(text, c.want) || strings.Contains(text, "15112345678") {
						t.Errorf("%s: got %s\nwant %s in it", kind, text, c.want)
					}
				}
			}
		})
	}
}

// TestTheWordsOfAnAlertAreThoseOfWhomTheyWereSaidTo: others may have got others,
// and who was answered with silence is no reason to say that nobody is told.
func TestTheWordsOfAnAlertAreThoseOfWhomTheyWereSaidTo(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "")
	for claim, c := range map[string]struct {
		change func(*incident.Sample)
		want   string
	}{
		"a call":             {func(*incident.Sample) {}, "\nThe last caller heard\n  “Hello.”\n"},
		"a message":          {func(s *incident.Sample) { s.Channel = incident.Messaging }, "\nThe last sender read\n  “Hello.”\n"},
		"neither":            {func(s *incident.Sample) { s.Channel = incident.Unknown }, "\nThe last one got\n  “Hello.”\n"},
		"nobody was told":    {func(s *incident.Sample) { s.Heard = "" }, "\nThe last caller heard\n  Nothing: there are no words in what was sent.\n"},
		"nobody got a reply": {func(s *incident.Sample) { s.Channel, s.Heard = incident.Messaging, "" }, "\nThe last sender read\n  Nothing, on purpose: who had a reply within the hour"},
		"silence after words": {func(s *incident.Sample) {
			s.Channel, s.From, s.Heard = incident.Messaging, "+15550001", "Hello anna.smith."
			s.HeardOn, s.HeardBy = incident.Voice, "client:anna.smith"
		}, "\nThe last caller heard\n  “Hello a•••.”\n"},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			in := *notifytest.Samples()[0].Message.Incident
			in.Last.Heard = "Hello."
			c.change(&in.Last)
			mail, err := alerts.Mail(incident.Message{Now: in.LastAt, Alert: incident.Alert{Kind: incident.Opened, At: in.LastAt}, Incident: &in})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(mail.Text, c.want) {
				t.Errorf("got %s\nwant %q in it", mail.Text, c.want)
			}
		})
	}
}

// What the caps held back alone comes as a digest of one.
func TestADigestOfOneSpeaksOfOne(t *testing.T) {
	t.Parallel()
	for _, sample := range notifytest.Samples() {
		if sample.Name != "digest" {
			continue
		}
		m := sample.Message
		m.Digest, m.Others = m.Digest[:1], nil
		mail, err := newAlerts(t, "").Mail(m)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(mail.Subject, "1 incident, ") || !strings.Contains(mail.Text, "had to wait for its turn") || strings.Contains(mail.Text, "first of them") {
			t.Errorf("%s\n%s", mail.Subject, mail.Text)
		}
	}
}

// TestWhatTheHistoryNoLongerHasIsNoNewsOfBackstopItself holds that nobody gets up
// for what was removed before it could be told.
func TestWhatTheHistoryNoLongerHasIsNoNewsOfBackstopItself(t *testing.T) {
	t.Parallel()
	opened := func(id int64) incident.Alert {
		return incident.Alert{ID: id, Kind: incident.Opened, IncidentID: id, At: time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC), Reason: "first failure with this cause"}
	}
	for claim, c := range map[string]struct {
		m          incident.Message
		line, mood string
	}{
		"an incident":   {incident.Message{Alert: opened(7), Folded: []incident.Alert{opened(7)}}, "1 incident that the history no longer has", "calm"},
		"a digest":      {incident.Message{Alert: opened(9), Folded: []incident.Alert{opened(7), opened(8), opened(8)}}, "3 incidents that the history no longer has", "calm"},
		"an empty list": {incident.Message{Alert: opened(9), Digest: []incident.Incident{}}, "1 incident that the history no longer has", "calm"},
		"a drill": {
			incident.Message{Alert: incident.Alert{Kind: incident.DrillAlert, At: opened(1).At, Reason: "a drill"}},
			"Drill, nothing is broken: the history no longer has it", "practice",
		},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			alerts := newAlerts(t, "")
			mail, err := alerts.Mail(c.m)
			if err != nil {
				t.Fatal(err)
			}
			if mail.Subject != c.line || !strings.Contains(mail.HTML, `class="line `+c.mood+`"`) {
				t.Errorf("got %q\n%s\nwant %q, %s", mail.Subject, mail.Text, c.line, c.mood)
			}
			if strings.Contains(mail.Text, "had to wait") || strings.Contains(mail.Text, "at once that one message") {
				t.Errorf("it speaks of a digest: %s", mail.Text)
			}
			if slack := alerts.Slack(c.m); slack.Line != c.line || slack.Event == "" {
				t.Errorf("in Slack: %+v", slack)
			}
		})
	}
}
