package main

import (
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio/sim"
)

// secretsOf are all that a configuration with one notifier of each kind holds, by
// what they are.
func secretsOf() map[string]string {
	return map[string]string{
		"auth token": authToken, "older auth token": "0c0ffee0c0ffee0c0ffee0c0ffee0c01", "admin password": "canary-admin-password",
		"password of the mail server": "canary-mail-password", "path of Slack's webhook": "CanaryWebhookPath", "bot token": slackToken,
		"signing secret": "5160a15ec4e7005160a15ec4e7000001", "key of the webhook": "canary-webhook-signing-key", "path of the webhook": "canary-webhook-path",
		"header of the webhook": "canary-webhook-header", "routing key": "canaryroutingkey0123456789abcdef", "password of ntfy": "canary-ntfy-password",
		"auth token of texts": "canary00canary00canary00canary00", "path of the heartbeat": "canary-heartbeat-path",
	}
}

// secretive is configured with all of them; its mail goes to one server that is
// there and to one that is not.
func secretive(t *testing.T, mail *mailServer, slack *slackServer, others *services) settings {
	t.Helper()
	s := secretsOf()
	return configured(t).with(settings{
		"TWILIO_AUTH_TOKEN": s["auth token"] + "," + s["older auth token"], "ADMIN_PASSWORD": s["admin password"],
	}).withFile(t, fmt.Sprintf(`
log_level: debug
twilio_api_url: %[1]s
heartbeat: {url: "http://127.0.0.1:1/%[2]s", every: 1m}
primaries: ["https://primary.example.com"]
notifiers:
  - {name: mail, email: {smtp: "smtp://%[3]s?starttls=never", from: backstop@example.com, to: [ops@example.com]}}
  - {name: lost-mail, email: {smtp: "smtps://ops:%[4]s@127.0.0.1:1", from: backstop@example.com, to: [ops@example.com]}}
  - {name: chat, slack: {webhook_url: "%[5]s/services/T000/B000/%[6]s"}}
  - {name: bot, slack: {bot_token: %[7]s, channel: C0123456789, api_url: "%[5]s/api/", signing_secret: %[8]s, team: T0000001, app_id: A0000001}}
  - {name: hook, webhook: {url: "http://%[10]s/%[9]s", secret: %[11]s, headers: {X-Key: %[12]s}}}
  - {name: duty, pagerduty: {routing_key: %[13]s, api_url: "%[1]s"}}
  - {name: push, shoutrrr: {url: "ntfy://ops:%[14]s@127.0.0.1:1/alerts?scheme=http"}}
  - {name: sms, twilio_sms: {from: "+15550100", to: ["+15550123"], account: AC00000000000000000000000000000009, auth_token: %[15]s}}
`, others.URL, s["path of the heartbeat"], mail.address, s["password of the mail server"], slack.URL, s["path of Slack's webhook"], s["bot token"],
		s["signing secret"], s["path of the webhook"], others.Listener.Addr(), s["key of the webhook"], s["header of the webhook"],
		s["routing key"], s["password of ntfy"], s["auth token of texts"]))
}

// TestNoSecretIsShownAnywhere has a Backstop with every kind of secret go through
// a bad day, and looks for each of them in all that people and programs see.
func TestNoSecretIsShownAnywhere(t *testing.T) {
	t.Parallel()
	mail, slack, others := newMailServer(t), newSlack(t), newServices(t)
	env := secretive(t, mail, slack, others)
	p := spawn(t, env)
	secrets := secretsOf()
	for _, file := range []string{drillKeyFile, actKeyFile, followUpFile, apiTokenFile} {
		eventually(t, soon, file+" is there", func() bool { _, err := os.Stat(p.path(file)); return err == nil })
		secrets[file] = strings.TrimSpace(read(t, p.path(file)))
	}

	p.call(sim.Call{})
	p.call(sim.Call{Changes: sim.Changes{Add: sim.Params{{Name: "Note", Value: "harmless"}}}})
	forged := p.request("/fallback/voice", sim.Call{})
	forged.Header.Set("X-Twilio-Signature", "forged")
	p.twilio().Do(t.Context(), forged)
	mail.await(t, 2*soon, "not helped")
	others.refuse(true)
	p.call(sim.Call{ErrorURL: "https://other.example.com/voice"})
	eventually(t, 2*soon, "the webhook has failed", func() bool {
		return regexp.MustCompile(`backstop_attempts_failed_total\{notifier="hook"\} [1-9]`).MatchString(p.metrics())
	})

	who := p.visitor()
	who.tryLogin("wrong-password")
	who.login(secrets["admin password"])
	who.post("/notifiers/hook/test", url.Values{})
	who.post("/notifiers/lost-mail/test", url.Values{})
	shown := map[string]string{}
	who.walk(shown)
	shown["/metrics"], shown["/healthz"] = p.metrics(), who.get("/healthz").source
	for _, args := range [][]string{{"check"}, {"check", "--notify"}, {"check", "--primaries"}, {"doctor", "--send"}, {"health"}} {
		_, printed, complained := command(t, env, nil, args...)
		shown[strings.Join(args, " ")] = printed + complained
	}
	write(t, env["BACKSTOP_CONFIG"], read(t, env["BACKSTOP_CONFIG"])+"\nnotifers: ["+secrets["bot token"]+"]\n")
	p.reload()
	shown["the first page, of the mistake"] = who.get("/").source
	for _, m := range mail.got() {
		shown["a mail"] += m.subject() + m.text
	}
	for _, post := range slack.got() {
		shown["a post"] += post.text
	}
	p.end()
	shown["the log"], shown["the greeting"] = strings.Join(p.logged.lines(), "\n"), p.printed.String()

	if len(shown) < 30 || len(shown["the log"]) < 1000 || shown["a mail"] == "" || shown["a post"] == "" {
		t.Fatalf("only %d things were looked at", len(shown))
	}
	for what, text := range shown {
		for name, secret := range secrets {
			for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
				if strings.Contains(text, form) {
					t.Errorf("%s shows the %s", what, name)
					break
				}
			}
		}
	}
	count(t, "%d pages, outputs and messages, %d secrets", len(shown), len(secrets))
}

var linked = regexp.MustCompile(`(?:href|src|action)="(/[^"#]*)`)

// walk opens whatever can be reached by links from the first page, and notes what
// it is.
func (who *person) walk(into map[string]string) {
	who.t.Helper()
	const most = 50
	queue, seen := []string{"/"}, map[string]bool{"/": true}
	for n := 0; len(queue) > 0 && n < most; n++ {
		path := queue[0]
		queue = queue[1:]
		at := who.get(path)
		into[path] += at.source
		for _, link := range linked.FindAllStringSubmatch(at.source, -1) {
			next := strings.ReplaceAll(link[1], "&amp;", "&")
			if !seen[next] && !slices.Contains([]string{"/logout"}, next) {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
}
