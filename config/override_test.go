package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/config"
)

// notifiers are one line each: name, server or token, whom to.
func notifiers(c config.Config) []string {
	var list []string
	for _, n := range c.Notifiers {
		if n.Email != nil {
			list = append(list, fmt.Sprintf("%s %s %s %s", n.Name, n.Email.Server.Address(), n.Email.From, strings.Join(n.Email.To, "+")))
		}
		if n.Slack != nil {
			list = append(list, fmt.Sprintf("%s %s%s %s", n.Name, n.Slack.BotToken, n.Slack.WebhookURL, n.Slack.Channel))
		}
	}
	return list
}

func TestNotifiersOfTheEnvironmentAndTheFileAreNoneTooMany(t *testing.T) {
	mail := map[string]string{"SMTP_URL": "smtp://env.example", "ALERT_EMAIL_FROM": "a@example.com", "ALERT_EMAIL_TO": "b@example.com, C <c@example.com>"}
	const one = "notifiers:\n- {name: ops, email: {smtp: 'smtp://file.example', from: f@example.com, to: [g@example.com]}}\n"
	tests := map[string]struct {
		yaml      string
		variables map[string]string
		want      []string
	}{
		"the environment alone makes one called email": {"", mail, []string{`email env.example:587 a@example.com <b@example.com>+"C" <c@example.com>`}},
		"it overrides the file's only one":             {one, mail, []string{`ops env.example:587 a@example.com <b@example.com>+"C" <c@example.com>`}},
		"a part of it, too":                            {one, map[string]string{"ALERT_EMAIL_TO": "h@example.com"}, []string{"ops file.example:587 f@example.com <h@example.com>"}},
		"of several it overrides the one of that name": {
			one + "- {name: email, email: {smtp: 'smtp://other.example', from: f@example.com, to: g@example.com}}\n",
			map[string]string{"ALERT_EMAIL_TO": "h@example.com"},
			[]string{"ops file.example:587 f@example.com <g@example.com>", "email other.example:587 f@example.com <h@example.com>"},
		},
		"what the file mentions is not told twice": {
			"notifiers:\n- {name: a, email: {smtp: '${SMTP_URL}', from: f@example.com, to: g@example.com}}\n- {name: b, email: {smtp: '${SMTP_URL}', from: f@example.com, to: h@example.com}}\n",
			map[string]string{"SMTP_URL": "smtps://env.example"},
			[]string{"a env.example:465 f@example.com <g@example.com>", "b env.example:465 f@example.com <h@example.com>"},
		},
		"e-mail and Slack are two": {
			one,
			map[string]string{"SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/a"},
			[]string{"ops file.example:587 f@example.com <g@example.com>", "slack https://hooks.slack.com/services/a "},
		},
		"a bot and its channel": {
			"", map[string]string{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_CHANNEL": "#ops"}, []string{"slack xoxb-1 #ops"},
		},
		"another channel for the file's bot": {
			"notifiers: [{name: a, slack: {bot_token: xoxb-1, channel: '#ops'}}]", map[string]string{"SLACK_CHANNEL": "C0123456789"}, []string{"a xoxb-1 C0123456789"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, notifiers(mustLoad(t, test.yaml, test.variables))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestIncompleteNotifiersOfTheEnvironmentNameVariables(t *testing.T) {
	tests := map[string]struct {
		variables map[string]string
		want      []string
	}{
		"a server and nobody to tell": {map[string]string{"SMTP_URL": "smtp://a.example"}, []string{"ALERT_EMAIL_FROM (environment) is missing: ", "ALERT_EMAIL_TO (environment) is missing: "}},
		"somebody and no server":      {map[string]string{"ALERT_EMAIL_TO": "a@example.com"}, []string{"SMTP_URL (environment) is missing: ", "ALERT_EMAIL_FROM (environment) is missing: "}},
		"a bot and no channel":        {map[string]string{"SLACK_BOT_TOKEN": "xoxb-1"}, []string{"SLACK_CHANNEL (environment) is missing: "}},
		"a channel and no bot":        {map[string]string{"SLACK_CHANNEL": "#a"}, []string{"SLACK_BOT_TOKEN (environment) is missing: "}},
		"a bot and a webhook":         {map[string]string{"SLACK_CHANNEL": "#a", "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/a"}, []string{"SLACK_WEBHOOK_URL = ••• (environment) stands beside a bot token: "}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := mistakes(t, "", test.variables)
			for _, want := range test.want {
				if !has(got, want) || len(got) != len(test.want) {
					t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), want)
				}
			}
		})
	}
}

func TestSeveralNotifiersAndOneVariableIsAMistake(t *testing.T) {
	const yaml = "notifiers:\n- {name: a, slack: {bot_token: xoxb-1, channel: '#a'}}\n- {name: b, slack: {bot_token: xoxb-1, channel: '#b'}}\n"
	got := mistakes(t, yaml, map[string]string{"SLACK_CHANNEL": "#c"})
	want := []string{`SLACK_CHANNEL = "#c" (environment) could belong to any of 2 notifiers: call one of them "slack", or write ${SLACK_CHANNEL} where it belongs`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAccountsOfTheEnvironmentAndTheFile(t *testing.T) {
	other := strings.Repeat("e", 32)
	tests := map[string]struct {
		yaml      string
		variables map[string]string
		want      []string // name, SID, tokens
	}{
		"the environment's own": {
			"",
			map[string]string{"TWILIO_ACCOUNT_SID": sid, "TWILIO_AUTH_TOKEN": token + "," + other},
			[]string{sid + " " + sid + " " + token + "+" + other},
		},
		"a token alone is for every account": {
			"", map[string]string{"TWILIO_AUTH_TOKEN": token}, []string{"  " + token},
		},
		"another account stands beside the file's": {
			"accounts: [{name: a, sid: " + sid2 + ", auth_tokens: [" + other + "]}]",
			map[string]string{"TWILIO_ACCOUNT_SID": sid, "TWILIO_AUTH_TOKEN": token},
			[]string{"a " + sid2 + " " + other, sid + " " + sid + " " + token},
		},
		"a token that the file mentions is for that account only": {
			"accounts: [{name: a, sid: " + sid + `, auth_tokens: ["${TWILIO_AUTH_TOKEN}"]}]`,
			map[string]string{"TWILIO_AUTH_TOKEN": token + "," + other},
			[]string{"a " + sid + " " + token + "+" + other},
		},
		"the file's account needs no token beside one for all": {
			"accounts: [{name: a, sid: " + sid + "}]",
			map[string]string{"TWILIO_AUTH_TOKEN": token},
			[]string{"a " + sid + " ", "  " + token},
		},
		"a SID without a token begins the setting up": {
			"", map[string]string{"TWILIO_ACCOUNT_SID": sid}, []string{sid + " " + sid + " "},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, a := range mustLoad(t, test.yaml, test.variables).Accounts {
				got = append(got, a.Name+" "+a.SID+" "+strings.Join(a.Tokens, "+"))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestHowCallersAreSpokenTo(t *testing.T) {
	c := mustLoad(t, `
accounts:
  - {sid: `+sid+`, auth_tokens: [`+token+`], display_name: Example, languages: "de, fr"}
  - {auth_tokens: [`+token+`], display_name: Everybody}
lines:
  - {match: +49 30 1234567, name: Praxis, language: de, voice: Polly.Vicki-Neural, say: Guten Tag, hold: https://a.example/m.mp3, tags: [a, b], critical: true}
countries: {CH: fr}
caller_country: true
`, nil)
	style := c.Recovery.Accounts[sid]
	line := c.Recovery.Lines[0]
	got := fmt.Sprintf("%+v %+v %+v %v %v", c.Recovery.House, style, line, c.Recovery.Countries, c.Recovery.ByCaller)
	want := "{Name:Everybody Languages:[] Voice: Say: Play: Hold:} {Name:Example Languages:[de fr] Voice: Say: Play: Hold:} " +
		"{Match:+49 30 1234567 Tags:[a b] Critical:true Style:{Name:Praxis Languages:[de] Voice:Polly.Vicki-Neural Say:Guten Tag Play: Hold:https://a.example/m.mp3}} map[CH:[fr]] true"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
