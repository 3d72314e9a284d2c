package templates_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify/notifytest"
	"github.com/backstop-project/backstop/templates"
)

// TestAlertsForProgramsAndSmallScreensReadAsTheyDid compares the forms that
// webhooks, chats, text messages and calls have with their golden files.
func TestAlertsForProgramsAndSmallScreensReadAsTheyDid(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "https://fallback.example.com/")
	for _, sample := range notifytest.Samples() {
		t.Run(sample.Name, func(t *testing.T) {
			t.Parallel()
			name := strings.ReplaceAll(sample.Name, " ", "_")
			plain := alerts.Plain(sample.Message)
			goldenAlert(t, name+".plain", plain.Line+"\n=====\n"+strings.Join(plain.Lines, "\n")+
				"\n===== SMS\n"+alerts.SMS(sample.Message, "")+"\n===== call\n"+alerts.Spoken(sample.Message)+"\n")
			if sample.Name == "huge digest" {
				return // its text is in the golden file above
			}
			raw, err := json.MarshalIndent(alerts.Event(sample.Message), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			goldenAlert(t, name+".json", string(raw)+"\n")
		})
	}
}

func TestNothingPersonalOrHostileLeavesByAnyOtherForm(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "https://fallback.example.com")
	for _, sample := range notifytest.Samples() {
		event := alerts.Event(sample.Message)
		raw, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.Join(alerts.Plain(sample.Message).Lines, "\n")
		all := strings.Join([]string{string(raw), plain, alerts.SMS(sample.Message, ""), alerts.Spoken(sample.Message)}, "\n")
		for _, personal := range []string{notifytest.Secret, "+4915112345678", "+4917612345699"} {
			if strings.Contains(all, personal) {
				t.Errorf("%s: %q is in it", sample.Name, personal)
			}
		}
		for _, calls := range []string{"@channel", "<!channel", "](https://evil", "<https://evil"} {
			if strings.Contains(plain, calls) {
				t.Errorf("%s: %q is in the plain text", sample.Name, calls)
			}
		}
		for _, text := range append([]string{event.Line, event.Reason, alerts.Spoken(sample.Message)}, event.Text...) {
			checkCharacters(t, text)
		}
		if len(raw) > 256<<10 {
			t.Errorf("%s: an event of %d bytes", sample.Name, len(raw))
		}
	}
}

func TestATextMessageHasTwoSegmentsAtMost(t *testing.T) {
	t.Parallel()
	link := "https://fallback.example.com/incidents/12"
	for claim, c := range map[string]struct{ text, tail, want string }{
		"as it is":                      {"12 callers not helped", link, "12 callers not helped\n" + link},
		"without the typist's dots":     {"…example.com “down”", "", `...example.com "down"`},
		"the text is cut, not the link": {strings.Repeat("long ", 100), link, strings.Repeat("long ", 51) + "long...\n" + link},
		"other alphabets have less":     {strings.Repeat("長", 200), link, strings.Repeat("長", 87) + "...\n" + link},
		"a link without end is no link": {"down", "https://" + strings.Repeat("x", 400), "down"},
		"nothing is nothing":            {"", "", ""},
		"more than anybody cuts bit by": {strings.Repeat("x", 1<<20), "", strings.Repeat("x", 301) + "..."},
		"an emoji is two":               {strings.Repeat("😀", 80), "", strings.Repeat("😀", 64) + "..."},
	} {
		got := templates.FitSMS(c.text, c.tail)
		if got != c.want {
			t.Errorf("%s: got %q, want %q", claim, got, c.want)
		}
		if n := templates.Segments(got); n > 2 {
			t.Errorf("%s: %d segments", claim, n)
		}
	}
	for text, want := range map[string]int{"": 1, strings.Repeat("a", 160): 1, strings.Repeat("a", 161): 2, strings.Repeat("€", 81): 2, strings.Repeat("ж", 70): 1, strings.Repeat("ж", 71): 2} {
		if got := templates.Segments(text); got != want {
			t.Errorf("%d characters: %d segments, want %d", utf8.RuneCountInString(text), got, want)
		}
	}
}

func TestAnEventKeepsItsNameOverAllAttempts(t *testing.T) {
	t.Parallel()
	m := notifytest.Samples()[0].Message
	first := templates.EventID(m)
	m.Attempt, m.Now = 7, m.Now.Add(1)
	if again := templates.EventID(m); again != first || first != "4f6c8a10b2d3e5f7-41-7" {
		t.Errorf("%s, then %s", first, again)
	}
	m.Alert.ID++ // a newer alert has joined
	if templates.EventID(m) == first {
		t.Error("another alert has the same name")
	}
	if id := templates.EventID(notifytest.Hostile()); strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > 'z' }) {
		t.Errorf("%q", id)
	}
	m.Ledger = ""
	if id := templates.EventID(m); !strings.HasPrefix(id, "urgent-") {
		t.Errorf("%q", id)
	}
}

func TestAnOwnTextIsTriedOutBeforeItIsNeeded(t *testing.T) {
	t.Parallel()
	for claim, c := range map[string]struct {
		source  string
		refused string
		warning string
	}{
		"a good one":               {"{{.Line}}{{with .Incident}} {{.Callers}}{{end}}\n{{join .Text \"\\n\"}} {{lower .Kind}} {{json .Incidents}}", "", ""},
		"no template":              {"{{.Line", "line 1: unclosed action", ""},
		"an unknown field":         {"{{.Caller}}", "fails on every alert", ""},
		"an unknown function":      {"{{env \"SECRET\"}}", `function "env" not defined`, ""},
		"for incidents only":       {"{{.Incident.Number}}", "", "(digest, drill, meta, summary)"},
		"for digests only":         {"{{(index .Incidents 0).Number}}", "", "resolved, taken, drill, meta, summary)"},
		"not for what is quiet":    {`{{with .Incident}}{{if eq .State "quiet"}}{{.Nope}}{{end}}{{end}}`, "", "(quiet)"},
		"not for what is over":     {`{{with .Incident}}{{if eq .State "resolved"}}{{.Nope}}{{end}}{{end}}`, "", "(resolved)"},
		"not for who resolved it":  {`{{with .Incident}}{{if .ResolvedBy}}{{.Nope}}{{end}}{{end}}`, "", "(resolved)"},
		"not for a kind":           {`{{if eq .Kind "escalated"}}{{.Nope}}{{end}}`, "", "(escalated)"},
		"not for what is muted":    {`{{if eq .Kind "taken"}}{{if not .Incident.AcknowledgedBy}}{{.Nope}}{{end}}{{end}}`, "", "(taken)"},
		"not for many servers":     {`{{if and .Incident .Incidents}}{{.Nope}}{{end}}`, "", "(many servers at once)"},
		"not for summaries":        {`{{if eq .Kind "summary"}}{{.Nope}}{{end}}`, "", "(summary)"},
		"not for tests":            {`{{if .Test}}{{.Nope}}{{end}}`, "", "(meta)"},
		"not for news that is old": {`{{range .News}}{{if .Over}}{{.Nope}}{{end}}{{end}}`, "", "(meta)"},
		"not for pages":            {`{{if eq .Urgency "page"}}{{.Nope}}{{end}}`, "", "(opened, raised, reminder, escalated, resumed)"},
		"not for messages":         {`{{with .Incident}}{{if .Messages}}{{.Nope}}{{end}}{{end}}`, "", "opened"},
		"not for a probe":          {`{{with .Incident}}{{if .Probe.Said}}{{.Nope}}{{end}}{{end}}`, "", "(opened, raised, reminder, escalated, resumed)"},
		"without end":              {"{{range 100000}}xxxxxxxxxx{{end}}", "more than 262144 bytes", ""},
		"larger than any template": {strings.Repeat("x", 65<<10), "larger than 65536 bytes", ""},
	} {
		own, warning, err := templates.ParseOwnText("own.tmpl", c.source)
		if c.refused != "" {
			if _, ok := errors.AsType[*templates.OwnError](err); !ok || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s: got %v, want %q in it", claim, err, c.refused)
			}
			continue
		}
		if err != nil || own == nil || !strings.Contains(warning, c.warning) || (warning == "") != (c.warning == "") {
			t.Errorf("%s: %v, %q, want %q", claim, err, warning, c.warning)
		}
	}
}

func TestWhatAnOwnTextIsFilledWithIsEscapedWhereverItStands(t *testing.T) {
	t.Parallel()
	own, _, err := templates.ParseOwnText("own.tmpl", "{{.}} {{with .Incident}}{{.}} {{.Cause.Host}}{{end}} {{range .Text}}{{.}}{{end}}")
	if err != nil {
		t.Fatal(err)
	}
	event := newAlerts(t, "").Event(notifytest.Hostile())
	before, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	text, err := own.Write(event, templates.SlackText)
	if err != nil || strings.Contains(text, "<!channel") || strings.Contains(text, "<https") || !strings.Contains(text, "&lt;!channel") {
		t.Errorf("%v: %s", err, text)
	}
	if after, err := json.Marshal(event); err != nil || string(after) != string(before) {
		t.Errorf("the event itself was changed: %v", err)
	}
}

func TestANoteStandsAtTheEndOfEveryForm(t *testing.T) {
	t.Parallel()
	alerts := newAlerts(t, "https://fallback.example.com").Noting("Your own template failed.")
	m := notifytest.Samples()[0].Message
	mail, err := alerts.Mail(m)
	if err != nil {
		t.Fatal(err)
	}
	for form, text := range map[string]string{
		"mail": mail.Text, "page": mail.HTML, "slack": strings.Join(alerts.Slack(m).Sections, "\n"), "plain": strings.Join(alerts.Plain(m).Lines, "\n"),
		"event": strings.Join(alerts.Event(m).Text, "\n"),
	} {
		if !strings.Contains(text, "Your own template failed.") {
			t.Errorf("%s: %s", form, text)
		}
	}
	if sms := alerts.SMS(m, ""); !strings.HasSuffix(sms, "\n(built-in text)") {
		t.Errorf("sms: %s", sms)
	}
	if got := alerts.SMS(incident.Message{Alert: incident.Alert{Kind: incident.Meta, Title: "News"}}, ""); got != "News\n(built-in text)" {
		t.Errorf("sms: %q", got)
	}
}

func FuzzATextMessageFits(f *testing.F) {
	f.Add("12 callers not helped: www.example.com", "https://fallback.example.com/incidents/12")
	f.Add(strings.Repeat("€…长😀", 100), "x")
	f.Add("\xff\xfe", strings.Repeat("[", 300))
	f.Fuzz(func(t *testing.T, text, tail string) {
		got := templates.FitSMS(text, tail)
		if n := templates.Segments(got); n > 2 {
			t.Errorf("%d segments: %q", n, got)
		}
		if utf8.ValidString(text) && utf8.ValidString(tail) && !utf8.ValidString(got) {
			t.Errorf("cut within a character: %q", got)
		}
	})
}
