package config_test

import (
	"strings"
	"testing"

	"github.com/backstop-project/backstop/config"
)

// place is a notifier called a of some kind.
func place(inner string) string { return "notifiers: [{name: a, " + inner + "}]" }

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
	if !has(c.Warnings, `notifiers[0].template = "partly.tmpl" fails on alerts of the kind digest, which then go out with the built-in text: `) || c.Notifiers[0].Own == nil {
		t.Errorf("got %q", c.Warnings)
	}
	if got := everyWay(t, c); strings.Contains(got, "hunter2") {
		t.Errorf("printed: %s", got)
	}
	if n := c.Notifiers[0]; n.Webhook.Headers["Authorization"] != "Bearer abc-hunter2" || n.Pages() || !n.UpdatesInPlace() {
		t.Errorf("got %+v", n.Webhook.Headers)
	}
}
