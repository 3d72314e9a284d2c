package main

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/url"
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
		"signing secret": "5160a15ec4e7005160a15ec4e7000001", "app token": "xapp-1-A0000001-canaryapptoken", "key of the webhook": "canary-webhook-signing-key", "path of the webhook": "canary-webhook-path",
		"header of the webhook": "canary-webhook-header", "routing key": "canaryroutingkey0123456789abcdef", "password of ntfy": "canary-ntfy-password",
		"auth token of texts": "canary00canary00canary00canary00", "path of the heartbeat": "canary-heartbeat-path", "password of the database": "canary-database-password",
	}
}

// secretive is configured with all of them but the admin's password, for one is
// generated; its mail goes to one server that is there and to one that is not.
func secretive(t *testing.T, mail *mailServer, slack *slackServer, others *services) settings {
	t.Helper()
	s := secretsOf()
	return configured(t).with(settings{"TWILIO_AUTH_TOKEN": s["auth token"] + "," + s["older auth token"]}).withFile(t, fmt.Sprintf(`
log_level: debug
twilio_api_url: %[1]s
heartbeat: {url: "http://127.0.0.1:1/%[2]s", every: 1m}
primaries: ["https://primary.example.com"]
notifiers:
  - {name: mail, email: {smtp: "smtp://%[3]s?starttls=never", from: backstop@example.com, to: [ops@example.com]}}
  - {name: lost-mail, email: {smtp: "smtps://ops:%[4]s@127.0.0.1:1", from: backstop@example.com, to: [ops@example.com]}}
  - {name: chat, slack: {webhook_url: "%[5]s/services/T000/B000/%[6]s"}}
  - {name: bot, slack: {bot_token: %[7]s, channel: C0123456789, api_url: "%[5]s/api/", signing_secret: %[8]s, app_token: %[16]s, team: T0000001, app_id: A0000001}}
  - {name: hook, webhook: {url: "%[1]s/%[9]s", secret: %[11]s, headers: {X-Key: %[12]s}}}
  - {name: duty, pagerduty: {routing_key: %[13]s, api_url: "%[1]s"}}
  - {name: push, shoutrrr: {url: "ntfy://ops:%[14]s@%[10]s/alerts?scheme=http"}}
  - {name: sms, twilio_sms: {from: "+15550100", to: ["+15550123"], account: AC00000000000000000000000000000009, auth_token: %[15]s}}
`, others.URL, s["path of the heartbeat"], mail.address, s["password of the mail server"], slack.URL, s["path of Slack's webhook"], s["bot token"],
		s["signing secret"], s["path of the webhook"], others.Listener.Addr(), s["key of the webhook"], s["header of the webhook"],
		s["routing key"], s["password of ntfy"], s["auth token of texts"], s["app token"]))
}

// textsAt is where the account that sends texts has Twilio send them.
const textsAt = "/2010-04-01/Accounts/AC00000000000000000000000000000009/Messages.json"

// TestNoSecretIsShownAnywhere has a Backstop with every kind of secret go through
// a bad day, and looks for each of them in all that people and programs see.
func TestNoSecretIsShownAnywhere(t *testing.T) {
	t.Parallel()
	mail, slack, others := newMailServer(t), newSlack(t), newServices(t)
	env := secretive(t, mail, slack, others)
	p := spawn(t, env)
	badDay(t, p, mail, others)
	shown := map[string]string{}
	p.look(shown)
	p.runCommands(shown)
	p.misconfigure(shown)
	secrets := secretsOf()
	p.ownSecrets(secrets)
	p.end()
	shown["the log"], shown["the greeting"] = strings.Join(p.logged.lines(), "\n"), p.printed.String()
	for _, m := range mail.got() {
		shown["a mail"] += m.whole()
	}
	for _, post := range slack.got() {
		shown["a post by "+post.method] += post.text + post.body
	}
	for path, bodies := range others.everything() {
		// PagerDuty is told who sends in the body, and by that alone.
		shown["sent to "+strings.ReplaceAll(path, secrets["path of the webhook"], "hook")] = strings.ReplaceAll(bodies, `"routing_key":"`+secrets["routing key"]+`"`, "")
	}
	for _, what := range []string{
		"a mail", "a post by webhook", "a post by chat.postMessage", "the log", "sent to /hook", "sent to refused /hook", "sent to /v2/enqueue", "sent to /alerts", "sent to " + textsAt,
	} {
		if !strings.Contains(shown[what], ".example.com") {
			t.Errorf("%s says nothing of what failed: %q", what, shown[what])
		}
	}
	if len(shown) < 40 || len(secrets) < 24 {
		t.Fatalf("only %d things were looked at, for %d secrets", len(shown), len(secrets))
	}
	judgeSecret(t, shown, secrets)
	count(t, "%d pages, outputs and messages, %d secrets", len(shown), len(secrets))
}

// badDay has everybody told of what fails, and more than one thing fail.
func badDay(t *testing.T, p *program, mail *mailServer, others *services) {
	t.Helper()
	p.call(sim.Call{})
	p.call(sim.Call{From: "+14158675311", Changes: sim.Changes{Add: sim.Params{{Name: "Note", Value: "harmless"}}}}) // the second makes a page of it
	forged := p.request("/fallback/voice", sim.Call{})
	forged.Header.Set("X-Twilio-Signature", "forged")
	p.twilio().Do(t.Context(), forged)
	mail.await(t, 2*soon, "not helped")
	told := []string{"/" + secretsOf()["path of the webhook"], "/v2/enqueue", "/alerts", textsAt}
	eventually(t, 2*soon, "everybody is told", func() bool {
		return !slices.ContainsFunc(told, func(path string) bool {
			return !strings.Contains(strings.Join(others.at(path), ""), "primary.example.com")
		})
	})
	others.refuse(true)
	p.call(sim.Call{ErrorURL: "https://other.example.com/voice"})
	eventually(t, 2*soon, "the webhook has failed", func() bool {
		return regexp.MustCompile(`backstop_attempts_failed_total\{notifier="hook"\} [1-9]`).MatchString(p.metrics())
	})
	eventually(t, 2*soon, "Slack's socket has failed", func() bool { return len(p.logLines("Slack's socket ended, connecting again: buttons wait for it")) > 0 })
}

// look notes all that somebody sees who logs in and looks at everything.
func (p *program) look(shown map[string]string) {
	who := p.visitor()
	who.tryLogin("wrong-password")
	who.login(p.password())
	who.post("/notifiers/hook/test", url.Values{})
	who.post("/notifiers/lost-mail/test", url.Values{})
	who.walk(shown)
	shown["/metrics"], shown["/healthz"] = p.metrics(), who.get("/healthz").source
}

// runCommands notes what the commands say that are run beside it, some of them
// with settings of their own.
func (p *program) runCommands(shown map[string]string) {
	p.t.Helper()
	secrets := secretsOf()
	env := p.env.with(settings{"ADMIN_PASSWORD": secrets["admin password"]})
	for _, args := range [][]string{
		{"check"},
		{"check", "--notify"},
		{"check", "--primaries"},
		{"doctor", "--send"},
		{"health"},
		{"password"},
		{"backup", p.t.TempDir()},
		{"erase", "--number", erasedNumber},
	} {
		_, printed, complained := command(p.t, env, nil, args...)
		shown[strings.Join(args[:min(2, len(args))], " ")] = printed + complained
	}
	code, printed, complained := command(p.t, env.with(settings{"DATABASE_URL": "postgres://ops:" + secrets["password of the database"] + "@db.example.com/backstop"}), nil, "check")
	if shown["check, of the database"] = printed + complained; code == 0 || !strings.Contains(complained, "Postgres") {
		p.t.Errorf("check ended with %d: %s%s", code, printed, complained)
	}
}

// misconfigure reloads a password that only a restart takes, then a mistake.
func (p *program) misconfigure(shown map[string]string) {
	p.t.Helper()
	secrets := secretsOf()
	for _, line := range []string{"admin_password: " + secrets["admin password"], "notifers: [" + secrets["bot token"] + "]"} {
		write(p.t, p.env["BACKSTOP_CONFIG"], read(p.t, p.env["BACKSTOP_CONFIG"])+"\n"+line+"\n")
		p.reload()
	}
	who := p.visitor()
	who.login(p.password())
	at := who.get("/")
	at.shows("notifers")
	shown["the first page, of the mistake"] = at.source
}

// ownSecrets are those that it has made itself.
func (p *program) ownSecrets(into map[string]string) {
	p.t.Helper()
	for _, name := range []string{drillKeyFile, actKeyFile, followUpFile, apiTokenFile, erasuresKeyFile, passwordFile, adminHashFile} {
		into[name] = strings.TrimSpace(read(p.t, p.path(name)))
	}
	into["token for drills"] = drillToken(into[drillKeyFile])
}

// judgeSecret says which secrets stand where, however they are written.
func judgeSecret(t *testing.T, shown, secrets map[string]string) {
	t.Helper()
	for name, secret := range secrets {
		forms := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret), base64.StdEncoding.EncodeToString([]byte(secret))}
		for what, text := range shown {
			if slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(text, form) }) {
				t.Errorf("%s shows the %s", what, name)
			}
		}
	}
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
