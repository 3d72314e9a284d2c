package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/config"
)

// FuzzLoad gives Load any file and any variable beside real secrets: it must
// not panic, and whatever it says must not hold a secret.
func FuzzLoad(f *testing.F) {
	const hunter = "hunter2"
	known := map[string]string{
		"TWILIO_AUTH_TOKEN": "hunter2-token", "SMTP_URL": "smtp://me:hunter2-mail@mail.example.com",
		"SLACK_BOT_TOKEN": "xoxb-hunter2", "ADMIN_PASSWORD": "hunter2-admin", "X": "hunter2-x",
	}
	example, err := os.ReadFile("../examples/backstop.yaml")
	if err != nil {
		f.Fatal(err)
	}
	broken, err := os.ReadFile("testdata/broken.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example, "LISTEN", ":1")
	f.Add([]byte(strings.ReplaceAll(string(broken), hunter, "${X}")), "TIME_ZONE", "Berlin")
	for _, seed := range []string{
		"", "\x00", "- a", "a: [", "a: &x *x", "? [a]\n: b", "<<: {listen: 1}", "lines: [{match: ${X}}]", "${X}: ${X}",
		strings.Repeat("[", 50_000), strings.Repeat("{a: ", 50_000), strings.Repeat("- ", 50_000), "a: [" + strings.Repeat("[],", 50) + "]",
		"countries: {${X}: [${X}]}", "templates: ${X}\nmedia: ${X}", "notifiers: [{name: ${X}, email: {smtp: ${X}, from: ${X}, to: ${X}}}]",
		"notifiers:\n- {name: a, template: ${X}, webhook: {url: ${X}, secret: ${X}, headers: {A: ${X}, ${X}: b}}}\n- {name: b, pagerduty: {routing_key: ${X}, api_url: ${X}}}\n- {name: c, shoutrrr: {url: ${X}}}\n- {name: d, shoutrrr: {url: 'ntfy://${X}@a/${X}?${X}=${X}'}}",
		"notifiers:\n- {name: a, twilio_sms: {account: ${X}, auth_token: ${X}, from: ${X}, to: ${X}}}\n- {name: b, twilio_call: {from: ${X}, on_call: ${X}}}\n- {name: c, template: a, twilio_call: {to: [${X}], on_call: a}}\non_call: {${X}: {people: [{to: ${X}}]}}",
		"retention: {days: 99999999999999999999, max_size: 1e9GB}", "data_dir: |+\n\n\n", "listen: !!binary aGk=", "%YAML 1.1\n---\nlisten: 1",
		"accounts:\n- sid: ${X}\n  auth_tokens: ${X}\n  language: ${X}\n  say: ${X}\n  voice: ${X}", "unverified: ${X}${", "hours: {${X}: {zone: ${X}, open: ${X}, holidays: ${X}}}\non_call: {a: {rotate: ${X}, people: [{name: ${X}, to: ${X}, hours: ${X}}]}}",
		"hours: {a: }\non_call: {a: , b: {people: [{}, x]}}\nrecovery: [{match: {open: ${X}, closed: a}}]", "trusted_proxies: ${X}, ${X}", "heartbeat: {url: ${X}, every: ${X}}\ndrills: {schedule: weekly, at: ${X}}\nsummaries: {daily: ${X}, weekly: ${X}, notifiers: ${X}}",
	} {
		f.Add([]byte(seed), "PUBLIC_URL", "https://a.example")
	}
	f.Fuzz(func(t *testing.T, yaml []byte, name, text string) {
		path := filepath.Join(t.TempDir(), "x.yaml")
		if err := os.WriteFile(path, yaml, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(func(asked string) string {
			if secret, ok := known[asked]; ok {
				return secret
			}
			if asked == name && !strings.HasSuffix(name, "_FILE") {
				return text
			}
			return ""
		}, path)
		said := fmt.Sprintf("%v %+v %q", err, c, c.Warnings)
		var invalid *config.InvalidError
		if err != nil && (!errors.As(err, &invalid) || len(invalid.Mistakes) == 0) {
			t.Errorf("Load returned %T without mistakes", err)
		}
		if strings.Contains(said, hunter) && !strings.Contains(string(yaml)+name+text, "hunter") {
			t.Errorf("a secret was said: %s", said)
		}
	})
}
