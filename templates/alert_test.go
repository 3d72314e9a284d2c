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
	"github.com/backstop-project/backstop/twilio"
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

func TestFirstLineSaysEffectCauseAndAge(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "")
	want := map[string]string{
		"opened":             "1 caller not helped: www.example.com refuses connections, since 03:12",
		"opened by messages": "1 sender not helped: www.example.com has no DNS entry, since 03:12",
		"growing":            "1,012 people not helped: example.com refuses connections, since 03:12",
		"regression":         "Back: 1 not helped: example.com refuses connections, since 03:12",
		"quiet":              "No failure since 03:41, not proven: www.example.com (1,012 people)",
		"resolved":           "Resolved: www.example.com, 1,012 people not helped, 03:12 to 03:41",
		"asked first":        "Twilio asked us first, as primary URL of +493012345600, since 03:12",
		"late":               "Late: 2 not helped: example.com refuses connections, since 23 Nov",
		"digest":             "14 incidents, 56 callers not helped, since 03:12",
		"drill":              "Drill, nothing is broken: drill.example.com does not answer Twilio",
		"meta":               "Real callers? 12 requests for your account failed the signature check",
	}
	for _, sample := range notifytest.Samples() {
		mail, err := alerts.Mail(sample.Message)
		if err != nil {
			t.Fatal(err)
		}
		if w, ok := want[sample.Name]; ok && mail.Subject != w {
			t.Errorf("%s: got  %q\n want %q", sample.Name, mail.Subject, w)
		}
	}
}

// TestTheHostOutlivesOtherWordsInTheFirstLine holds that people read whose
// server it is, and can search for what they read.
func TestTheHostOutlivesOtherWordsInTheFirstLine(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "")
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		host string
		code int
		want string
	}{
		{"api.example.com", 11200, "1 not helped: api.example.com gives no usable answer, since 03:00"},
		{"api.telephony.example.co.uk", 11200, "1 not helped: …telephony.example.co.uk: no usable answer, since 03:00"},
		{"voice.acme-telephony.com", 11236, "1 not helped: …acme-telephony.com: certificate expired, since 03:00"},
		{"a-very-long-name-of-a-company-that-nobody-shortens.com.br", 11202, "1 not helped: a-very-long-n…com.br refuses connections, since 03:00"},
		{"hooks.practice-1234567890.europe-west3.run.app", 11237, "1 not helped: practice-1234…un.app: untrusted certificate, since 03:00"},
		{"www.practice.herokuapp.com", 11237, "practice.herokuapp.com: untrusted certificate, since 03:00"},
		{"www.gov.uk", 11251, "1 not helped: www.gov.uk does not speak proper HTTP, since 03:00"},
		{"192.0.2.101:8443", 11235, "1 not helped: 192.0.2.101:8443 has the wrong certificate, since 03:00"},
		{"www.example.com", 99999, "1 caller not helped: www.example.com causes error 99999, since 03:00"},
	} {
		in := incident.Incident{ID: 3, Cause: incident.Cause{Kind: incident.FetchLevel}, State: incident.Open, OpenedAt: now, LastAt: now, Failures: 1, Calls: 1, Callers: 1}
		in.Last = incident.Sample{At: now, Channel: incident.Voice, Code: test.code, ErrorURL: "https://" + test.host + "/voice", To: "+15550001"}
		mail, err := alerts.Mail(incident.Message{Now: now, Alert: incident.Alert{Kind: incident.Opened, At: now}, Incident: &in})
		if err != nil {
			t.Fatal(err)
		}
		if mail.Subject != test.want {
			t.Errorf("%s: got  %q\n want %q", test.host, mail.Subject, test.want)
		}
	}
}

// TestARegisteredNameIsWholeInEveryFirstLine holds it for every code, number of
// callers and state: less than the name that somebody has registered is no host.
func TestARegisteredNameIsWholeInEveryFirstLine(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "")
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	hosts := map[string]string{
		"api.something.example.co.uk":   "example.co.uk",
		"voice.acme-telephony.com":      "acme-telephony.com",
		"www.praxis-am-markt.de":        "praxis-am-markt.de",
		"hooks.practice.herokuapp.com":  "practice.herokuapp.com",
		"a.b.c.d.e.f.g.h.i.example.com": "example.com",
	}
	for host, registered := range hosts {
		for _, code := range everyCode() {
			for _, callers := range []int64{1, 12_345} {
				for _, state := range []incident.State{incident.Open, incident.Quiet, incident.Resolved} {
					in := incident.Incident{ID: 3, Cause: incident.Cause{Kind: incident.FetchLevel}, State: state, OpenedAt: now, LastAt: now, Failures: callers, Calls: callers, Callers: callers}
					in.Previous = callers - 1
					in.Last = incident.Sample{At: now, Channel: incident.Voice, Code: code, ErrorURL: "https://" + host + "/voice", To: "+15550001"}
					mail, err := alerts.Mail(incident.Message{Now: now, Alert: incident.Alert{Kind: incident.Opened, At: now}, Incident: &in})
					if err != nil {
						t.Fatal(err)
					}
					if !strings.Contains(mail.Subject, registered) || utf8.RuneCountInString(mail.Subject) > templates.MaxLine {
						t.Errorf("%s, %d: %q", host, code, mail.Subject)
					}
					if whole, _, _ := strings.Cut(mail.Text, "\n"); !strings.Contains(whole, host) || !strings.Contains(mail.HTML, whole+"</h1>") {
						t.Errorf("%s, %d: the mail begins %q", host, code, whole)
					}
				}
			}
		}
	}
}

// everyCode are the codes that are about the host, with words of their own, of
// their range, and with none.
func everyCode() []int {
	codes := []int{99999}
	for code := 11000; code < 17000; code++ {
		if twilio.Lookup(code).About == "" && (code < 11300 || code%50 == 0) {
			codes = append(codes, code)
		}
	}
	return codes
}

func TestSlackSaysTheWholeHostBelowALineThatLacksSomeOfIt(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "")
	in := *notifytest.Samples()[0].Message.Incident
	for host, want := range map[string]string{
		"api.telephony.example.co.uk": "*1 caller not helped: …example.co.uk refuses connections, since 03:12*\n1 caller not helped: api.telephony.example.co.uk refuses connections, since 03:12\n*Still",
		"www.example.com":             "*1 caller not helped: www.example.com refuses connections, since 03:12*\n*Still",
	} {
		in.Last.ErrorURL = "https://" + host + "/"
		text := alerts.Slack(incident.Message{Now: in.LastAt, Alert: incident.Alert{Kind: incident.Opened, At: in.LastAt}, Incident: &in})
		if !strings.HasPrefix(text.Sections[0], want) {
			t.Errorf("got  %q\nwant %q", text.Sections[0], want)
		}
	}
}

// TestTheLineThatAskedUsFirstCanBeRead holds that the number to be set right
// is whole in the first line, however long it is, and in a digest.
func TestTheLineThatAskedUsFirstCanBeRead(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "")
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	for _, line := range []string{"+15551230001", "+123456789012345", "whatsapp:+123456789012345", "sip:reception@praxis-berlin.sip.twilio.com"} {
		in := incident.Incident{ID: 3, Cause: incident.Cause{Kind: incident.AskedFirst}, State: incident.Open, OpenedAt: now, LastAt: now, Failures: 1, Calls: 1, Callers: 1}
		in.First = incident.Sample{At: now, Channel: incident.Voice, From: "+4915112345678", To: line}
		in.Last = in.First
		alert := incident.Alert{Kind: incident.Opened, IncidentID: 3, At: now}
		mail, err := alerts.Mail(incident.Message{Now: now, Alert: alert, Incident: &in})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(mail.Subject, line) || !strings.Contains(strings.ToLower(mail.Subject), "asked ") {
			t.Errorf("%s: the subject is %q", line, mail.Subject)
		}
		if slack := alerts.Slack(incident.Message{Now: now, Alert: alert, Incident: &in}); !strings.Contains(slack.Line, line) {
			t.Errorf("%s: Slack's first line is %q", line, slack.Line)
		}
		in.State = incident.Quiet
		if mail, err = alerts.Mail(incident.Message{Now: now, Alert: alert, Incident: &in}); err != nil || len(line) < 20 && !strings.Contains(mail.Subject, line) {
			t.Errorf("%s: once quiet the subject is %q (%v)", line, mail.Subject, err)
		}
		digest, err := alerts.Mail(incident.Message{Now: now, Alert: alert, Digest: []incident.Incident{in, in}})
		if err != nil {
			t.Fatal(err)
		}
		if want := "Twilio asked us first: we seem to be the primary URL of " + line; !strings.Contains(digest.Text, want) {
			t.Errorf("%s: the digest does not say %q:\n%s", line, want, digest.Text)
		}
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

// FuzzFirstLine holds what every subject promises.
func FuzzFirstLine(f *testing.F) {
	f.Add("https://www.example.com/", "+4930123456", "refused", int64(12), 11202, uint8(1), uint8(1), uint8(1))
	f.Add("https://"+strings.Repeat("a", 300)+".example/", "", "x\r\ny", int64(1_000_000), 11205, uint8(2), uint8(2), uint8(2))
	f.Add("\xff\u202e", "\x00", "", int64(-1), 0, uint8(3), uint8(3), uint8(0))
	alerts := newAlerts(f, "")
	f.Fuzz(func(t *testing.T, errorURL, to, title string, callers int64, code int, kind, cause, state uint8) {
		now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
		last := incident.Sample{ErrorURL: errorURL, To: to, SID: title, Name: to, Heard: title, Code: code, At: now}
		in := incident.Incident{
			Cause: incident.Cause{Kind: incident.CauseKind(cause), Host: title}, State: incident.State(state),
			OpenedAt: now, LastAt: now, Last: last, First: last, Callers: callers, ResolvedBy: title, Previous: int64(kind % 2),
		}
		alert := incident.Alert{Kind: incident.Kind(kind), Title: title, Detail: to, Reason: title}
		for _, m := range []incident.Message{
			{Now: now, Alert: alert, Incident: &in},
			{Now: now, Alert: alert},
			{Now: now, Alert: alert, Digest: []incident.Incident{in, in}, Others: []incident.Alert{alert}},
			{Now: now, Alert: alert, Failure: &incident.Entry{Failure: incident.NewFailure(now, "GET", []incident.Param{{Name: "ErrorUrl", Value: errorURL}})}},
		} {
			mail, err := alerts.Mail(m)
			if err != nil {
				t.Fatal(err)
			}
			if n := utf8.RuneCountInString(mail.Subject); n == 0 || n > templates.MaxLine {
				t.Errorf("%d characters: %q", n, mail.Subject)
			}
			checkCharacters(t, mail.Subject)
			slack := alerts.Slack(m)
			for _, section := range append(slack.Sections, slack.Event) {
				if n := utf8.RuneCountInString(section); n == 0 || n > templates.SlackLimit {
					t.Errorf("a section of %d characters", n)
				}
			}
		}
	})
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
