package notify_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack/slacktest"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/notify/notifytest"
)

func newSlack(t *testing.T, o notify.SlackOptions) *notify.Slack {
	t.Helper()
	o.Name, o.Texts = "ops-slack", alerts(t)
	s, err := notify.NewSlack(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newBot(t *testing.T, url string) *notify.Slack {
	t.Helper()
	return newSlack(t, notify.SlackOptions{BotToken: botToken, Channel: "#ops", APIURL: url + "/api"})
}

func sample(t *testing.T, name string) incident.Message {
	t.Helper()
	for _, s := range notifytest.Samples() {
		if s.Name == name {
			return s.Message
		}
	}
	t.Fatalf("no sample %q", name)
	return incident.Message{}
}

func TestBotKeepsOneMessagePerIncidentUpToDate(t *testing.T) {
	t.Parallel()
	server := newSlackServer(t)
	bot := newBot(t, server.url)
	receipt, err := bot.Send(t.Context(), sample(t, "opened"))
	if err != nil || receipt.Thread != "C0123/1700000000.000000" {
		t.Fatalf("%+v, %v", receipt, err)
	}
	for _, name := range []string{"growing", "quiet", "resolved"} {
		m := sample(t, name)
		m.Thread = receipt.Thread
		if r, err := bot.Send(t.Context(), m); err != nil || r.Thread != "" || r.Detail != "updated in place" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	messages := server.got()
	if len(messages) != 4 || messages[0].edits != 3 || messages[0].thread != "" {
		t.Fatalf("got %+v", messages)
	}
	if !strings.HasPrefix(messages[0].text, "Resolved: www.example.com") {
		t.Errorf("the message reads %q", messages[0].text)
	}
	for i, want := range []string{"Growing: ", "Quiet: ", "Resolved by anna"} {
		reply := messages[i+1]
		if reply.thread != messages[0].ts || !strings.HasPrefix(reply.text, want) {
			t.Errorf("reply %+v, want %q", reply, want)
		}
	}
}

// taken is what a notifier gets when somebody has acknowledged an incident.
func taken(t *testing.T) incident.Message {
	t.Helper()
	m := sample(t, "opened")
	in := *m.Incident
	in, alerts := in.Acknowledge("anna", in.LastAt.Add(time.Minute))
	m.Incident, m.Alert = &in, alerts[0]
	return m
}

// muted says that somebody has muted an incident that nobody has taken.
func muted(t *testing.T) incident.Message {
	t.Helper()
	m := taken(t)
	m.Incident.AcknowledgedAt, m.Incident.AcknowledgedBy = time.Time{}, ""
	m.Alert.Reason = "muted by anna"
	return m
}

func TestAMessageSaysWhoHasTakenTheIncident(t *testing.T) {
	t.Parallel()
	server := newSlackServer(t)
	bot := newBot(t, server.url)
	opened, err := bot.Send(t.Context(), sample(t, "opened"))
	if err != nil || !strings.Contains(server.got()[0].blocks, "Nobody has taken it") {
		t.Fatalf("%+v, %v", server.got(), err)
	}
	m := taken(t)
	m.Thread = opened.Thread
	if r, err := bot.Send(t.Context(), m); err != nil || r.Thread != "" || r.Detail != "updated in place" {
		t.Fatalf("%+v, %v", r, err)
	}
	messages := server.got()
	if len(messages) != 2 || messages[0].edits != 1 || strings.Contains(messages[0].blocks, "Nobody has taken it") || !strings.Contains(messages[0].blocks, "*Taken care of by* anna") {
		t.Errorf("got %+v", messages)
	}
	if reply := messages[1]; reply.thread != messages[0].ts || reply.text != "anna has taken it." {
		t.Errorf("the thread says %+v", reply)
	}
}

func TestThatSomebodyHasTakenItIsNoMessageWhereThereIsNoneToChange(t *testing.T) {
	t.Parallel()
	server := newSlackServer(t)
	bot, hook := newBot(t, server.url), newSlack(t, notify.SlackOptions{WebhookURL: server.url + webhookPath})
	mail := mailTo(t, "smtp", "127.0.0.1:1", "?starttls=never", nil) // an attempt would fail
	never, gone, forgotten := taken(t), taken(t), taken(t)
	gone.Thread = "C0123/1600000000.000000"
	forgotten.Thread, forgotten.Incident = gone.Thread, nil
	for name, m := range map[string]incident.Message{"no message yet": never, "a deleted message": gone, "an incident that retention took": forgotten} {
		for _, n := range []notify.Notifier{bot, hook, mail} {
			if r, err := n.Send(t.Context(), m); err != nil || r.Thread != "" {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
		}
	}
	if got := server.got(); len(got) != 0 || len(server.hooks) != 0 {
		t.Errorf("posted: %+v, %+v", got, server.hooks)
	}
}

func TestADeletedMessageIsPostedAnew(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"", "cant_update_message", "edit_window_closed", "channel_not_found"} {
		server := newSlackServer(t)
		bot := newBot(t, server.url)
		m := sample(t, "growing")
		m.Thread = "C0123/1600000000.000000"
		server.refuse("chat.update", code)
		if r, err := bot.Send(t.Context(), m); err != nil || r.Thread != "C0123/1700000000.000000" {
			t.Errorf("%q: %+v, %v", code, r, err)
		}
	}
}

func TestAMessageDeletedBetweenUpdateAndReplyIsReplacedByTheReply(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ts := "1700000000.000001"
		if strings.HasSuffix(r.URL.Path, "chat.postMessage") {
			ts = "1700000000.000002"
		}
		fmt.Fprintf(w, `{"ok":true,"channel":"C0123","ts":%q,"message":{"ts":%q}}`, ts, ts)
	}))
	t.Cleanup(server.Close)
	m := sample(t, "growing")
	m.Thread = "C0123/1700000000.000001"
	if r, err := newBot(t, server.URL).Send(t.Context(), m); err != nil || r.Thread != "C0123/1700000000.000002" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestWhatIsNoIncidentIsAMessageOfItsOwn(t *testing.T) {
	t.Parallel()
	server := newSlackServer(t)
	bot := newBot(t, server.url)
	for _, name := range []string{"drill", "meta", "digest"} {
		if r, err := bot.Send(t.Context(), sample(t, name)); err != nil || r.Thread != "" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	for _, m := range server.got() {
		if m.thread != "" || m.edits != 0 {
			t.Errorf("%+v", m)
		}
	}
}

// TestEverySlackMessageKeepsToTheLimits also compares what is sent with golden
// files.
func TestEverySlackMessageKeepsToTheLimits(t *testing.T) {
	t.Parallel()
	server := newSlackServer(t)
	bot := newBot(t, server.url)
	hook := newSlack(t, notify.SlackOptions{WebhookURL: server.url + webhookPath})
	for _, sample := range notifytest.Samples() {
		m := sample.Message
		m.Thread = ""
		if m.Alert.Kind.InPlace() {
			continue // without a message to be changed nothing is sent
		}
		if _, err := bot.Send(t.Context(), m); err != nil {
			t.Fatalf("%s: %v", sample.Name, err)
		}
		if _, err := hook.Send(t.Context(), m); err != nil {
			t.Fatalf("%s: %v", sample.Name, err)
		}
		got := server.got()[len(server.got())-1]
		checkSlack(t, sample.Name, got)
		posted := server.hooks[len(server.hooks)-1]
		if posted["parse"] != "none" || posted["blocks"] != nil || posted["unfurl_links"] != false {
			t.Errorf("%s: the webhook got %v", sample.Name, posted)
		}
		if strings.HasPrefix(sample.Name, "huge") {
			continue // its text is compared in package templates
		}
		var blocks any
		if err := json.Unmarshal([]byte(got.blocks), &blocks); err != nil {
			t.Fatal(err)
		}
		pretty, err := json.MarshalIndent(map[string]any{"bot": map[string]any{"text": got.text, "blocks": blocks}, "webhook": posted}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("testdata", "slack", strings.ReplaceAll(sample.Name, " ", "_")+".json"), string(pretty)+"\n")
	}
}

func checkSlack(t *testing.T, name string, m slackMessage) {
	t.Helper()
	if m.parse != "none" || m.text == "" || utf8.RuneCountInString(m.text) > 200 {
		t.Errorf("%s: text %q, parse %q", name, m.text, m.parse)
	}
	var blocks []struct {
		Type string
		Text struct {
			Type, Text string
			Verbatim   bool
		}
	}
	if err := json.Unmarshal([]byte(m.blocks), &blocks); err != nil || len(blocks) == 0 || len(blocks) > 50 {
		t.Fatalf("%s: %d blocks, %v", name, len(blocks), err)
	}
	for _, b := range blocks {
		if n := utf8.RuneCountInString(b.Text.Text); n == 0 || n > 3000 || !b.Text.Verbatim || b.Text.Type != "mrkdwn" {
			t.Errorf("%s: a block of %d characters: %+v", name, n, b)
		}
		if strings.Contains(b.Text.Text, "<!") || strings.Contains(b.Text.Text, notifytest.Secret) {
			t.Errorf("%s: %s", name, b.Text.Text)
		}
	}
}

func TestAnOwnTextOfTooManySectionsEndsWithAMark(t *testing.T) {
	t.Parallel()
	server := newSlackServer(t)
	own := ownText(t, "{{range .Incidents}}"+strings.Repeat(strings.Repeat("x", 1600)+"\n", 10)+"{{end}}")
	bot := newSlack(t, notify.SlackOptions{BotToken: botToken, Channel: "#ops", APIURL: server.url + "/api", Own: own})
	if _, err := bot.Send(t.Context(), sample(t, "digest")); err != nil {
		t.Fatal(err)
	}
	checkSlack(t, "own", server.got()[0])
	if blocks := server.got()[0].blocks; !strings.Contains(blocks, `"text":"…"`) {
		t.Errorf("it ends with %s", blocks[max(0, len(blocks)-300):])
	}
}

// TestBotWorksWithSlackGosOwnServer is a second opinion on the requests.
func TestBotWorksWithSlackGosOwnServer(t *testing.T) {
	t.Parallel()
	updated := make(chan string, 1)
	server := slacktest.NewTestServer(func(c slacktest.Customize) {
		c.Handle("/chat.update", func(w http.ResponseWriter, r *http.Request) {
			updated <- r.FormValue("ts")
			fmt.Fprintf(w, `{"ok":true,"channel":%q,"ts":%q}`, r.FormValue("channel"), r.FormValue("ts"))
		})
	})
	server.Start()
	t.Cleanup(server.Stop)
	bot := newSlack(t, notify.SlackOptions{BotToken: botToken, Channel: "C0123456789", APIURL: server.GetAPIURL()})
	if err := bot.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	receipt, err := bot.Send(t.Context(), sample(t, "opened"))
	if err != nil || !strings.HasPrefix(receipt.Thread, "C0123456789/") {
		t.Fatalf("%+v, %v", receipt, err)
	}
	m := sample(t, "growing")
	m.Thread = receipt.Thread
	if _, err := bot.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if ts := <-updated; receipt.Thread != "C0123456789/"+ts {
		t.Errorf("updated %s, want %s", ts, receipt.Thread)
	}
}

// TestPeopleAreCalledTogetherOnlyForWhatMayWakeThem holds that the mention stands
// on a page that begins or goes on, and on nothing else, whatever strangers wrote.
func TestPeopleAreCalledTogetherOnlyForWhatMayWakeThem(t *testing.T) {
	t.Parallel()
	for who, markup := range map[string]string{"here": "<!here>", "U0123456789": "<@U0123456789>", "S0123456789": "<!subteam^S0123456789>"} {
		server := newSlackServer(t)
		hook := newSlack(t, notify.SlackOptions{WebhookURL: server.url + webhookPath, Mention: who})
		for _, sample := range notifytest.Samples() {
			if sample.Message.Alert.Kind.InPlace() {
				continue
			}
			if _, err := hook.Send(t.Context(), sample.Message); err != nil {
				t.Fatalf("%s: %v", sample.Name, err)
			}
			text, _ := server.hooks[len(server.hooks)-1]["text"].(string)
			called := strings.HasPrefix(text, markup)
			if called != sample.Message.Wakes() || strings.Count(text, markup) > 1 {
				t.Errorf("%s: called together: %v, want %v", sample.Name, called, sample.Message.Wakes())
			}
		}
	}
	if err := (notify.SlackOptions{Name: "s", WebhookURL: "https://hooks.slack.com/services/x", Mention: "everyone"}).Validate(); err == nil {
		t.Error("everyone may be called together")
	}
}
