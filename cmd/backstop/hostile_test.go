package main

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/twilio/sim"
)

// hostile are values that somebody may have signed by Twilio: a caller's name,
// a message, a SIP header.
func hostile() map[string]string {
	return map[string]string{
		"HTML":             `"'><script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">`,
		"mail headers":     "x\r\nBcc: victim@example.net\r\nSubject: owned\r\n\r\nbody",
		"Slack markup":     "<!channel> <https://evil.example|click> *bold* `code` <!subteam^S1> &lt;!here&gt;",
		"a spreadsheet":    `=cmd|' /C calc'!A0`,
		"TwiML":            `]]></Say></Response><Response><Dial>+19005550100</Dial><!--`,
		"log lines":        "x\n{\"level\":\"ERROR\",\"msg\":\"owned\"}\n\u2028",
		"templates":        `{{.}}{{template "x"}}${HOME}%s%n`,
		"no UTF-8":         "\xff\xfe\xc0\x80 \xed\xa0\x80",
		"NUL bytes":        "a\x00b\x00",
		"writing backward": "\u202egnp.exe\u2066",
		"ten kilobytes":    strings.Repeat("A", 10_000),
		"nothing":          "",
	}
}

// changes put v everywhere but where Twilio itself speaks.
func changes(v, errorURL string) sim.Changes {
	set := sim.Params{{Name: "From", Value: v}, {Name: "To", Value: v}, {Name: "ErrorUrl", Value: errorURL}, {Name: "CallerName", Value: v}}
	return sim.Changes{Set: set, Add: sim.Params{{Name: "Unknown" + cutTo(v, 100), Value: v}, {Name: "FromCity", Value: v}}}
}

func cutTo(s string, n int) string { return s[:min(len(s), n)] }

func TestHostileValuesAreAnsweredStoredAsTheyCameAndShownHarmlessly(t *testing.T) {
	t.Parallel()
	for claim, v := range hostile() {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			mails, slack := newMailServer(t), newSlack(t)
			p := start(t, configured(t).with(mails.settings()).with(slack.webhookSettings()))
			call := p.call(sim.Call{Changes: changes(v, v)})
			message := p.message(sim.Message{
				ErrorCode: "12100",
				Changes:   sim.Changes{Set: append(changes(v, "https://evil.example/"+v).Set, sim.Param{Name: "Body", Value: v})},
			})
			code := p.call(sim.Call{ErrorURL: "https://code.example/", Changes: sim.Changes{Set: sim.Params{{Name: "ErrorCode", Value: "1" + v}}}})
			results := []sim.Result{call, message, code}
			for _, result := range results {
				if bytes.Contains(result.First().Body, []byte("Dial")) {
					t.Errorf("the answer dials: %s", result.First().Body)
				}
			}
			judgeLog(t, p, results)
			judgePages(t, p, results)
			eventually(t, 2*soon, "people are told", func() bool { return len(mails.got()) >= 3 && len(slack.got()) >= 3 })
			for _, mail := range mails.got() {
				judgeMail(t, mail)
			}
			for _, post := range slack.got() {
				judgePost(t, post)
			}
			p.end()
			judgeParams(t, p, results)
		})
	}
}

// judgeLog wants one line for each failure; that it is JSON logLines sees to.
func judgeLog(t *testing.T, p *program, results []sim.Result) {
	t.Helper()
	// Lines go through a buffer, so that nobody who is on the line waits for them.
	eventually(t, soon, "a line for each failure", func() bool { return len(p.logLines("failure answered")) >= len(results) })
	lines := p.logLines("failure answered")
	if len(lines) != len(results) {
		t.Errorf("the log has %d lines about %d failures", len(lines), len(results))
	}
	for i, result := range results {
		if id := failureID(result.First()); i < len(lines) && lines[i].Failure != id {
			t.Errorf("line %d is about %s, want %s", i, lines[i].Failure, id)
		}
	}
	if strings.Contains(p.logged.String(), `"owned"`) {
		t.Error("a stranger wrote into the log")
	}
	for line := range strings.Lines(p.logged.String()) {
		if history.Visible(line) != line {
			t.Errorf("a line has what a terminal does not show, or shows as something else: %q", line)
		}
	}
}

func judgePages(t *testing.T, p *program, results []sim.Result) {
	t.Helper()
	who := p.person()
	who.await(2*soon, "/history", "3 failures")
	for _, path := range []string{"/", "/history", "/incidents", "/incidents/1", "/incidents/2", "/incidents/3"} {
		judgePage(t, who.get(path))
	}
	for _, result := range results {
		id := failureID(result.First())
		judgePage(t, who.get("/history/"+id))
		judgePage(t, who.post("/history/"+id+"/reveal", url.Values{"what": {"all"}}))
	}
	for _, v := range hostile() {
		if at := who.get("/history?" + url.Values{"q": {v}, "host": {v}}.Encode()); at.status >= 500 {
			t.Errorf("searching for %q got %d", v, at.status)
		} else {
			harmless(t, at.path, at.source)
		}
	}
}

func judgePage(t *testing.T, at page) {
	t.Helper()
	if at.status != 200 {
		t.Errorf("%s: got %d", at.path, at.status)
	}
	harmless(t, at.path, at.source)
}

// harmless says whether a document holds nothing that strangers put there.
func harmless(t *testing.T, where, source string) {
	t.Helper()
	if !utf8.ValidString(source) || strings.ContainsRune(source, 0) {
		t.Errorf("%s is no text", where)
	}
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "img" || n.Data == "iframe" || n.Data == "script" && n.FirstChild != nil {
			t.Errorf("%s has a stranger's <%s>", where, n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
				t.Errorf("%s has %s=%q", where, a.Key, a.Val)
			}
		}
	}
}

func judgeMail(t *testing.T, mail received) {
	t.Helper()
	for name, values := range mail.header {
		if len(values) != 1 || strings.ContainsAny(values[0], "\r\n\x00") || slices.Contains([]string{"Bcc", "Cc", "Reply-To"}, name) {
			t.Errorf("the mail has the header %s: %q", name, values)
		}
	}
	if strings.Contains(mail.subject(), "owned") && !strings.Contains(mail.subject(), "Bcc") {
		t.Errorf("somebody else wrote the subject: %q", mail.subject())
	}
	if n := utf8.RuneCountInString(mail.subject()); n > 70 {
		t.Errorf("the subject has %d characters: %q", n, mail.subject())
	}
	harmless(t, "the mail", mail.html)
	if !utf8.ValidString(mail.text) || strings.ContainsAny(mail.text, "\x00\u202e") {
		t.Errorf("the mail is no plain text: %q", mail.text)
	}
}

// angle is what Slack takes for a link or a mention.
var angle = regexp.MustCompile(`<[^>]*>`)

func judgePost(t *testing.T, post slackPost) {
	t.Helper()
	for _, found := range angle.FindAllString(post.text, -1) {
		if !strings.HasPrefix(found, "<"+publicURL) && !strings.HasPrefix(found, "<https://www.twilio.com/") && !strings.HasPrefix(found, "<https://console.twilio.com/") {
			t.Errorf("the post has %s", found)
		}
	}
}

// judgeParams wants every parameter back, byte for byte.
func judgeParams(t *testing.T, p *program, results []sim.Result) {
	t.Helper()
	l, err := store.OpenLedger(t.Context(), p.path(ledgerFile), store.LedgerOptions{Policy: incident.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, result := range results {
		var want []incident.Param
		for _, param := range result.First().Request.Params {
			want = append(want, incident.Param(param))
		}
		for _, row := range rowsOf(t, l) {
			if row.SID != result.SID {
				continue
			}
			detail, err := l.Failure(t.Context(), row.ID)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, detail.Params); diff != "" {
				t.Errorf("stored otherwise than sent (-sent +stored):\n%s", diff)
			}
		}
	}
}
