package templates_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify/notifytest"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio"
)

func TestFirstLineSaysEffectCauseAndAge(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "")
	want := map[string]string{
		"opened":             "1 caller not helped: www.example.com refuses connections, since 03:12",
		"opened by messages": "1 sender not helped: www.example.com has no DNS entry, since 03:12",
		"growing":            "1,012 not helped: www.example.com refuses connections, since 03:12",
		"regression":         "Back: 1 not helped: www.example.com refuses connections, since 03:12",
		"quiet":              "No failure since 03:41, not proven: www.example.com (1,012 people)",
		"resolved":           "Resolved: www.example.com, 1,012 people not helped, 03:12 to 03:41",
		"asked first":        "Twilio asked us first, as primary URL of +493012345600, since 03:12",
		"late":               "Late: 2 not helped: www.example.com refuses connections, since 23 Nov",
		"bad document":       "1 not helped: www.example.com/orders/:id/voice: 12100, since 03:12",
		"digest":             "14 incidents, 56 not helped: …example.com and 13 more, since 03:12",
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
		{"api.telephony.example.co.uk", 11200, "1 not helped: api.telephony.example.co.uk: error 11200, since 03:00"},
		{"voice.acme-telephony.com", 11236, "1 not helped: voice.acme-telephony.com: error 11236, since 03:00"},
		{"a-very-long-name-of-a-company-that-nobody-shortens.com.br", 11202, "1 not helped: a-very-long-n…com.br refuses connections, since 03:00"},
		{"hooks.practice-1234567890.europe-west3.run.app", 11237, "1 not helped: practice-1234…un.app: untrusted certificate, since 03:00"},
		{"www.practice.herokuapp.com", 11237, "1 not helped: www.practice.herokuapp.com: error 11237, since 03:00"},
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

// TestARegisteredNameIsWholeInEveryFirstLine holds it for every code and state,
// with all else that makes a line long: less than the name that somebody has
// registered is no host.
func TestARegisteredNameIsWholeInEveryFirstLine(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "")
	in := *notifytest.Samples()[0].Message.Incident
	in.Previous, in.Failures, in.Calls, in.Callers = 4, 12_345, 12_345, 12_345
	check := func(host, registered string) {
		mail, err := alerts.Mail(incident.Message{Now: in.LastAt, Alert: incident.Alert{Kind: incident.Regression, At: in.LastAt}, Incident: &in})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(mail.Subject, registered) || utf8.RuneCountInString(mail.Subject) > templates.MaxLine {
			t.Errorf("%s, %d, %s: %q", host, in.Last.Code, in.State, mail.Subject)
		}
		if whole, _, _ := strings.Cut(mail.Text, "\n"); !strings.Contains(whole, host) || !strings.Contains(mail.HTML, whole+"</h1>") {
			t.Errorf("%s, %d, %s: the mail begins %q", host, in.Last.Code, in.State, whole)
		}
	}
	for host, registered := range map[string]string{
		"api.something.example.co.uk":   "example.co.uk",
		"voice.acme-telephony.com":      "acme-telephony.com",
		"www.praxis-am-markt.de":        "praxis-am-markt.de",
		"hooks.practice.herokuapp.com":  "practice.herokuapp.com",
		"a.b.c.d.e.f.g.h.i.example.com": "example.com",
	} {
		in.Last.ErrorURL = "https://" + host + "/voice"
		for _, in.State = range []incident.State{incident.Quiet, incident.Resolved, incident.Open} {
			check(host, registered)
		}
		for _, in.Last.Code = range everyCode() {
			check(host, registered)
		}
	}
}

// everyCode are the codes that are about the host, with words of their own, of
// their range, and with none.

func everyCode() []int {
	codes := []int{99999}
	for code := 11000; code < 17000; code++ {
		if twilio.Lookup(code).About == "" && (code >= 11200 && code < 11260 || code%50 == 0) {
			codes = append(codes, code)
		}
	}
	return codes
}

// TestSlackSaysTheWholeLineOnce: what it notifies by is cut to what a phone shows,
// and there is no need to read that above the same in full.
func TestSlackSaysTheWholeLineOnce(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "")
	in := *notifytest.Samples()[0].Message.Incident
	in.Last.ErrorURL = "https://api.telephony.example.co.uk/"
	slack := alerts.Slack(incident.Message{Now: in.LastAt, Alert: incident.Alert{Kind: incident.Opened, At: in.LastAt}, Incident: &in})
	if want := "*1 caller not helped: api.telephony.example.co.uk refuses connections, since 03:12*\n*Still"; !strings.HasPrefix(slack.Sections[0], want) {
		t.Errorf("got  %q\nwant %q", slack.Sections[0], want)
	}
	if want := "1 not helped: api.telephony.example.co.uk: error 11202, since 03:12"; slack.Line != want {
		t.Errorf("it notifies by %q, want %q", slack.Line, want)
	}
}

// TestCausesOfOneServerAreToldApartByTheirPaths holds that no two lines of a
// message are the same word for word, and that one server is one.
func TestCausesOfOneServerAreToldApartByTheirPaths(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	page := func(id int64, host, path string) incident.Incident {
		return incident.Incident{
			ID: id, Cause: incident.Cause{Kind: incident.DocumentLevel, Code: 12100, Host: host, Path: path}, State: incident.Open,
			OpenedAt: now, LastAt: now, Failures: 250, Calls: 250, Callers: 250,
			Last: incident.Sample{At: now, Channel: incident.Voice, Code: 12100, ErrorURL: "https://" + host + "/"},
		}
	}
	var pages []incident.Incident
	for id, path := range []string{"", "/", "/voice", "/orders/:id/voice", "/straße <b>@here</b>", "/" + strings.Repeat("very/", 30) + "deep", "/" + strings.Repeat("very/", 30) + "low", "/*_`~|"} {
		pages = append(pages, page(int64(id), "www.storm.example", path))
	}
	alerts := newAlerts(t, "")
	for claim, c := range map[string]struct {
		digest  []incident.Incident
		subject string
	}{
		"pages of one server":         {pages, "8 incidents, 2,000 callers not helped: www.storm.example, since 03:00"},
		"with another server":         {append([]incident.Incident{page(9, "storm.example", "/voice")}, pages...), "9 incidents, 2,250 not helped: storm.example and 1 other, since 03:00"},
		"one page":                    {pages[2:3], "1 incident, 250 not helped: www.storm.example/voice, since 03:00"},
		"two servers, a page of each": {[]incident.Incident{pages[2], page(9, "storm.example", "/voice")}, "2 incidents, 500 not helped: www.storm.example and 1 more, since 03:00"},
	} {
		m := incident.Message{Now: now, Digest: c.digest}
		mail, err := alerts.Mail(m)
		if err != nil {
			t.Fatal(err)
		}
		if mail.Subject != c.subject {
			t.Errorf("%s: the subject is %q, want %q", claim, mail.Subject, c.subject)
		}
		seen := map[string]bool{}
		for line := range strings.SplitSeq(alerts.Slack(m).Sections[0], "\n") {
			what, _, item := strings.Cut(line, ", since ")
			if !item || !strings.HasPrefix(line, "•") {
				continue
			}
			if seen[what] {
				t.Errorf("%s: two lines say %q", claim, what)
			}
			seen[what] = true
			if strings.ContainsAny(line, "<>*`") || strings.Contains(line, "@here") || utf8.RuneCountInString(line) > 220 {
				t.Errorf("%s: the line is %q", claim, line)
			}
		}
		if len(seen) != len(c.digest) {
			t.Errorf("%s: %d incidents of %d are named", claim, len(seen), len(c.digest))
		}
	}
}

// TestAFirstLineNamesAsMuchOfThePathAsFits: the words for what is wrong go before
// it does, and above a mail stands all of it.
func TestAFirstLineNamesAsMuchOfThePathAsFits(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "")
	in := *notifytest.Samples()[0].Message.Incident
	for _, c := range []struct {
		host, path string
		code       int
		line       string
	}{
		{"a.example", "/voice", 12100, "1 not helped: a.example/voice sends unreadable TwiML, since 03:12"},
		{"www.example.com", "/voice", 12100, "1 not helped: www.example.com/voice: TwiML cannot be read, since 03:12"},
		{"www.example.com", "/api/answer/voice", 12100, "1 not helped: www.example.com/api/answer/voice: 12100, since 03:12"},
		{"www.example.com", "/a-page-with-a-long-name", 12100, "1 not helped: example.com/a-page-with-a-long-name: 12100, since 03:12"},
		{"www.example.com", "/api/answer/to/everybody/who/calls/voice", 12100, "1 not helped: www.example.com/…/who/calls/voice: 12100, since 03:12"},
		{"www.example.com", "/one-page-with-a-name-that-is-very-long", 12100, "1 not helped: www.example.com/one-…t-is-very-long: 12100, since 03:12"},
		{"www.example.com", "/voice", 20003, "1 not helped: a program of yours cannot log in to Twilio, since 03:12"},
		{"", "/voice", 12100, "1 caller not helped: your server sends unreadable TwiML, since 03:12"},
	} {
		in.Cause = incident.Cause{Kind: incident.DocumentLevel, Code: c.code, Host: c.host, Path: c.path}
		in.Last.Code, in.Last.ErrorURL = c.code, "https://"+c.host+c.path
		mail, err := alerts.Mail(incident.Message{Now: in.LastAt, Alert: incident.Alert{Kind: incident.Opened, At: in.LastAt}, Incident: &in})
		if err != nil {
			t.Fatal(err)
		}
		if mail.Subject != c.line {
			t.Errorf("got  %q\nwant %q", mail.Subject, c.line)
		}
		if above, _, _ := strings.Cut(mail.Text, "\n"); c.code == 12100 && c.host != "" && !strings.Contains(above, c.host+c.path+" sends unreadable TwiML, since") {
			t.Errorf("below %q stands %q", mail.Subject, above)
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

// TestADigestNamesTheWorstFirst: whoever was woken by many things begins with
// the one that hits most people, and 100 are all that a mail names.
func TestADigestNamesTheWorstFirst(t *testing.T) {
	t.Parallel()
	in := *notifytest.Samples()[0].Message.Incident
	var many []incident.Incident
	for n := range 1500 {
		in.ID, in.Callers = int64(n), int64(n%7)
		many = append(many, in)
	}
	many[1234].Callers = 4000
	many[1234].Last.ErrorURL = "https://worst.example.com/"
	mail, err := newAlerts(t, "").Mail(incident.Message{Now: many[0].LastAt, Digest: many})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := mail.Subject, "1,500 incidents, 8,493 callers not helped, since 03:12"; got != want {
		t.Errorf("the subject is %q, want %q", got, want)
	}
	for _, want := range []string{"1,500 incidents, 8,493 callers not helped: worst.example.com and 1 other, since 03:12\n", "\n- 4,000 callers: worst.example.com refuses connections, since 03:12 (open, incident 1234)\n- 6 callers: ", "\n- and 1,400 more\n", "\nDo first, for the first of them\n"} {
		if !strings.Contains(mail.Text, want) {
			t.Errorf("the mail does not say %q:\n%.600s", want, mail.Text)
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
			Cause: incident.Cause{Kind: incident.CauseKind(cause), Host: title, Path: title}, State: incident.State(state),
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
