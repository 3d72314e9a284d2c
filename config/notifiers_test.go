package config_test

import (
	"strings"
	"testing"

	"github.com/backstop-project/backstop/config"
)

// place is a notifier called a of some kind.
func place(inner string) string { return "notifiers: [{name: a, " + inner + "}]" }

// owner is the account that most notifiers of these tests send by.
const owner = "\naccounts: [{name: main, sid: " + sid + ", auth_tokens: [" + token + "]}]"

func TestMistakesInNotifiersAreFound(t *testing.T) {
	const signed = ", secret: 0123456789abcdefhunter2}"
	tests := map[string]struct{ yaml, want string }{
		"a webhook to nowhere":              {place("webhook: {secret: 0123456789abcdef}"), `notifiers[0].webhook.url (backstop.yaml:1:33) is missing: `},
		"a webhook that nobody signs":       {place("webhook: {url: 'https://a.example'}"), `notifiers[0].webhook.secret (backstop.yaml:1:33) is missing: make one with openssl rand -hex 32`},
		"a webhook with a short key":        {place("webhook: {url: 'https://a.example', secret: hunter2}"), `notifiers[0] (backstop.yaml:1:14) secret: is missing or shorter`},
		"a webhook over the open net":       {place("webhook: {url: 'http://a.example/hunter2'" + signed), `notifiers[0] (backstop.yaml:1:14) url: is no address to post to`},
		"a webhook with our header":         {place("webhook: {url: 'https://a.example', headers: {Idempotency-Key: x}" + signed), `notifiers[0] (backstop.yaml:1:14) headers: Idempotency-Key is set by Backstop itself`},
		"a webhook with an empty header":    {place("webhook: {url: 'https://a.example', headers: {X-A: ''}" + signed), `notifiers[0].webhook.headers.X-A (backstop.yaml:1:74) says nothing: `},
		"a webhook and Slack":               {place("webhook: {url: 'https://a.example'" + signed + ", slack: {}"), `notifiers[0] (backstop.yaml:1:14) is Slack and a webhook at once: `},
		"PagerDuty without a key":           {place("pagerduty: {api_url: 'https://events.eu.pagerduty.com'}"), `notifiers[0].pagerduty.routing_key (backstop.yaml:1:35) is missing: `},
		"PagerDuty with another key":        {place("pagerduty: {routing_key: hunter2}"), `notifiers[0].pagerduty.routing_key = ••• (backstop.yaml:1:48) is no Integration Key: `},
		"PagerDuty in the clear":            {place("pagerduty: {routing_key: 0123456789abcdefghij0123456789ab, api_url: 'http://a.example'}"), `notifiers[0].pagerduty.api_url = "http://a.example" (backstop.yaml:1:91) is not https://: `},
		"a template for PagerDuty":          {place("template: good.tmpl, pagerduty: {routing_key: 0123456789abcdefghij0123456789ab}"), `notifiers[0].template = "good.tmpl" (backstop.yaml:1:33) stands beside what has a form of its own: `},
		"buttons of a webhook":              {place("slack: {webhook_url: 'https://hooks.slack.com/x', signing_secret: 0123456789abcdef0123456789abcdef, team: T0000001, app_id: A0000001}"), `notifiers[0].slack.signing_secret = ••• (backstop.yaml:1:89) stands beside a webhook, whose messages have no buttons: `},
		"buttons of no team":                {place("slack: {bot_token: xoxb-1, channel: C0000001, app_token: xapp-1, app_id: A0000001}"), `notifiers[0].slack.team (backstop.yaml:1:31) is missing: `},
		"buttons of no app":                 {place("slack: {bot_token: xoxb-1, channel: C0000001, app_token: xapp-1, team: T0000001}"), `notifiers[0].slack.app_id (backstop.yaml:1:31) is missing: `},
		"buttons of a name":                 {place("slack: {bot_token: xoxb-1, channel: C0000001, app_token: xapp-1, team: ops, app_id: A0000001}"), `notifiers[0].slack.team = "ops" (backstop.yaml:1:94) is no team: `},
		"buttons that nobody hears of":      {place("slack: {bot_token: xoxb-1, channel: C0000001, allowed_users: [U0000001]}"), `notifiers[0].slack.signing_secret (backstop.yaml:1:31) is missing: `},
		"buttons for a name":                {place("slack: {bot_token: xoxb-1, channel: C0000001, app_token: xapp-1, team: T0000001, app_id: A0000001, allowed_users: [anna]}"), `notifiers[0].slack.allowed_users[0] = "anna" (backstop.yaml:1:138) is no member of Slack: `},
		"a bot's token for the socket":      {place("slack: {bot_token: xoxb-1, channel: C0000001, app_token: xoxb-hunter2, team: T0000001, app_id: A0000001}"), `notifiers[0].slack.app_token = ••• (backstop.yaml:1:80) is no app-level token: `},
		"a short signing secret":            {place("slack: {bot_token: xoxb-1, channel: C0000001, signing_secret: hunter2, team: T0000001, app_id: A0000001}"), `notifiers[0].slack.signing_secret = ••• (backstop.yaml:1:85) is no signing secret: `},
		"replies to a call":                 {place("twilio_call: {from: '+15550100', to: '+15550123', replies: true}") + owner, `notifiers[0].twilio_call.replies = "true" (backstop.yaml:1:82) is for texts: `},
		"replies to a name":                 {place("twilio_sms: {from: Backstop, to: '+15550123', replies: true}") + owner, `notifiers[0].twilio_sms.replies = "true" (backstop.yaml:1:78) stands beside a sender's name`},
		"a text from nobody":                {place("twilio_sms: {to: '+15550123'}") + owner, `notifiers[0].twilio_sms.from (backstop.yaml:1:36) is missing: `},
		"a text from a client":              {place("twilio_sms: {from: 'client:anna', to: '+15550123'}") + owner, `notifiers[0].twilio_sms.from = "client:anna" (backstop.yaml:1:42) is nothing that Twilio sends from: `},
		"a call from a name":                {place("twilio_call: {from: Backstop, to: '+15550123'}") + owner, `notifiers[0].twilio_call.from = "Backstop" (backstop.yaml:1:43) is nothing that Twilio sends from: `},
		"a text to nobody":                  {place("twilio_sms: {from: '+15550100'}") + owner, `notifiers[0].twilio_sms.to (backstop.yaml:1:36) is missing: `},
		"a text to no number":               {place("twilio_sms: {from: '+15550100', to: ['+15550123', anna]}") + owner, `notifiers[0].twilio_sms.to[1] = "anna" (backstop.yaml:1:73) is no telephone number: `},
		"a text to somebody twice":          {place("twilio_sms: {from: '+15550100', to: ['+15550123', '+15550123']}") + owner, `notifiers[0].twilio_sms.to[1] = "+15550123" (backstop.yaml:1:73) stands there twice: `},
		"a text to a crowd":                 {place("twilio_sms: {from: '+15550100', to: ['+1555012301,+1555012302,+1555012303,+1555012304,+1555012305,+1555012306,+1555012307,+1555012308,+1555012309,+1555012310,+1555012311']}") + owner, `notifiers[0].twilio_sms.to[0] = "+1555012311" (backstop.yaml:1:60) is one too many: `},
		"a text to its sender":              {place("twilio_sms: {from: '+15550100', to: '+15550100'}") + owner, `notifiers[0].twilio_sms.to = "+15550100" (backstop.yaml:1:59) is the number that it would come from: `},
		"a text both ways":                  {place("twilio_sms: {from: '+15550100', to: '+15550123', on_call: ops}") + owner, `notifiers[0].twilio_sms.on_call = "ops" (backstop.yaml:1:81) stands beside to: `},
		"a text to an unknown list":         {place("twilio_sms: {from: '+15550100', on_call: ops}") + owner, `notifiers[0].twilio_sms.on_call = "ops" (backstop.yaml:1:64) is no on-call list: `},
		"a text to people without numbers":  {place("twilio_sms: {from: '+15550100', on_call: ops}") + owner + "\non_call: {ops: {people: [{name: Anna, to: 'client:anna'}]}}", `notifiers[0].twilio_sms.on_call = "ops" (backstop.yaml:1:64) has nobody with a telephone number: `},
		"a text by no account":              {place("twilio_sms: {from: '+15550100', to: '+15550123'}"), `notifiers[0].twilio_sms.account (backstop.yaml:1:36) is missing: `},
		"a text by an unknown account":      {place("twilio_sms: {account: other, from: '+15550100', to: '+15550123'}") + owner, `notifiers[0].twilio_sms.account = "other" (backstop.yaml:1:45) is none of the accounts: `},
		"a text by a token without account": {place("twilio_sms: {auth_token: hunter2hunter2, from: '+15550100', to: '+15550123'}") + owner, `notifiers[0].twilio_sms.account (backstop.yaml:1:36) is missing: `},
		"a text by a token and a name":      {place("twilio_sms: {account: main, auth_token: hunter2hunter2, from: '+15550100', to: '+15550123'}") + owner, `notifiers[0].twilio_sms.account = "main" (backstop.yaml:1:45) is no Account SID, and has a token beside it: `},
		"a template for a call":             {place("template: good.tmpl, twilio_call: {from: '+15550100', to: '+15550123'}") + owner, `notifiers[0].template = "good.tmpl" (backstop.yaml:1:33) stands beside what has a form of its own: `},
		"shoutrrr without a URL":            {place("shoutrrr: {}"), `notifiers[0].shoutrrr.url (backstop.yaml:1:33) is missing: `},
		"a service that nobody knows":       {place("shoutrrr: {url: 'pigeon://hunter2@x'}"), `notifiers[0] (backstop.yaml:1:14) url: begins with no service that is known: the services are bark, discord, `},
		"a service with its own notifier":   {place("shoutrrr: {url: 'slack://hook:hunter2@webhook'}"), `notifiers[0] (backstop.yaml:1:14) url: slack has a notifier of its own here: write slack: `},
		"a service that lacks something":    {place("shoutrrr: {url: 'discord://hunter2'}"), `notifiers[0] (backstop.yaml:1:14) url: is not what discord takes`},
		"a template that is not there":      {place("template: gone.tmpl, webhook: {url: 'https://a.example'" + signed), `notifiers[0].template = "gone.tmpl" (backstop.yaml:1:33) cannot be read: no such file or directory: `},
		"a template that is none":           {place("template: bad.tmpl, webhook: {url: 'https://a.example'" + signed), `notifiers[0].template = "bad.tmpl" (backstop.yaml:1:33) is no template: line 1: unclosed action`},
		"a template with an unknown field":  {place("template: unknown.tmpl, webhook: {url: 'https://a.example'" + signed), `notifiers[0].template = "unknown.tmpl" (backstop.yaml:1:33) fails on every alert: `},
		"a template for no kind of message": {place("template: good.tmpl"), `notifiers[0] (backstop.yaml:1:14) says nowhere to send to: `},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := mistakesBeside(t, test.yaml)
			if !has(got, test.want) || len(got) != 1 {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), test.want)
			}
			if strings.Contains(strings.Join(got, ""), "hunter2") {
				t.Errorf("a secret is in %q", got)
			}
		})
	}
}

// mistakesBeside are the mistakes of a file that lies beside some templates.
func mistakesBeside(t *testing.T, yaml string) []string {
	t.Helper()
	_, err := loadBeside(t, yaml)
	return lines(t, err)
}

func loadBeside(t *testing.T, yaml string) (config.Config, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	write(t, config.DefaultFile, yaml)
	write(t, "good.tmpl", "{{.Line}}")
	write(t, "bad.tmpl", "{{.Line")
	write(t, "unknown.tmpl", "{{.Caller}}")
	write(t, "partly.tmpl", "{{.Incident.Number}}")
	return config.Load(getenv(nil), "")
}

func TestAnOwnTextThatFailsOnSomeAlertsIsWarnedOf(t *testing.T) {
	c, err := loadBeside(t, place("template: partly.tmpl, webhook: {url: 'https://a.example', secret: 0123456789abcdef, headers: {Authorization: Bearer abc-hunter2}}"))
	if err != nil {
		t.Fatal(err)
	}
	if !has(c.Warnings, `notifiers[0].template = "partly.tmpl" fails on some alerts, which then go out with the built-in text (digest, drill, meta, summary): line 1:11: `) || c.Notifiers[0].Own == nil {
		t.Errorf("got %q", c.Warnings)
	}
	if got := everyWay(t, c); strings.Contains(got, "hunter2") {
		t.Errorf("printed: %s", got)
	}
	if n := c.Notifiers[0]; n.Webhook.Headers["Authorization"] != "Bearer abc-hunter2" || n.Pages() || !n.UpdatesInPlace() {
		t.Errorf("got %+v", n.Webhook.Headers)
	}
}

func TestANotifierThatFailsWithTheAccountItWatchesIsWarnedOf(t *testing.T) {
	const sends = " sends by an account that is being watched: if that account fails, this notifier fails with it"
	for name, test := range map[string]struct {
		account, want string
		sid           string
	}{
		"the only one":           {"", "notifiers[0].twilio_call" + sends, sid},
		"one by its name":        {"account: main, ", `notifiers[0].twilio_call.account = "main"` + sends, sid},
		"one by its SID":         {"account: " + sid + ", ", `notifiers[0].twilio_call.account = "` + sid + `"` + sends, sid},
		"the same, with a token": {"account: " + sid + ", auth_token: hunter2hunter2, ", `notifiers[0].twilio_call.account = "` + sid + `"` + sends, sid},
		"one of its own":         {"account: " + sid2 + ", auth_token: hunter2hunter2, ", "", sid2},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := loadBeside(t, place("twilio_call: {"+test.account+"from: '+15550100', on_call: ops}")+owner+"\non_call: {ops: {people: [{name: Anna, to: 'client:anna'}]}}")
			if err != nil {
				t.Fatal(err)
			}
			if warned := has(c.Warnings, test.want); warned != (test.want != "") && test.want != "" || test.want == "" && strings.Contains(strings.Join(c.Warnings, ""), "watched") {
				t.Errorf("got %q", c.Warnings)
			}
			n := c.Notifiers[0]
			if n.Call.Options.Account != test.sid || n.Call.OnCall != "ops" || !n.Pages() || n.UpdatesInPlace() {
				t.Errorf("got %+v", n.Call)
			}
			if got := everyWay(t, c); strings.Contains(got, "hunter2") {
				t.Errorf("printed: %s", got)
			}
		})
	}
}

func TestAServiceInTheClearIsWarnedOf(t *testing.T) {
	for url, warned := range map[string]bool{
		"ntfy://hunter2@ntfy.example.com/alerts?scheme=http":         true,
		"gotify://gotify.example.com/AT0K3Nabcdefghi?disabletls=yes": true,
		"gotify://gotify.example.com/AT0K3Nabcdefghi":                false,
		"gotify://127.0.0.1/AT0K3Nabcdefghi?disabletls=yes":          false,
		"gotify://gotify.example.com/AT0K3Nabcdefghi?disabletls=no":  false,
		"ntfy://hunter2@ntfy.example.com/alerts?scheme=https&tags=x": false,
	} {
		c, err := loadBeside(t, place("shoutrrr: {url: '"+url+"'}"))
		if err != nil {
			t.Fatal(err)
		}
		if got := has(c.Warnings, `notifiers[0].shoutrrr.url = ••• is sent to in the clear`); got != warned || c.Notifiers[0].Pages() || c.Notifiers[0].UpdatesInPlace() {
			t.Errorf("%s: got %q", url, c.Warnings)
		}
	}
}
