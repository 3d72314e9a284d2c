package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnknownKeysRefuseToStart(t *testing.T) {
	tests := map[string]struct{ yaml, want string }{
		"a slip of the finger": {
			"public_urll: https://a.example", `public_urll (backstop.yaml:1:1) is an unknown key: did you mean "public_url"?`,
		},
		"the variable's name": {
			"PUBLIC-URL: https://a.example", `PUBLIC-URL (backstop.yaml:1:1) is an unknown key: did you mean "public_url"?`,
		},
		"a variable whose key has another name": {
			"TWILIO_AUTH_TOKEN: x", `TWILIO_AUTH_TOKEN (backstop.yaml:1:1) is an unknown key: that is a variable of the environment: in the file write accounts[].auth_tokens`,
		},
		"below another key": {
			"retention:\n  daya: 3", `retention.daya (backstop.yaml:2:3) is an unknown key: did you mean "days"?`,
		},
		"in a list": {
			"accounts:\n  - {sid: " + sid + ", auth_tokens: [" + token + "]}\n  - {sidd: x}",
			`accounts[1].sidd (backstop.yaml:3:6) is an unknown key: did you mean "sid"?`,
		},
		"like no other: all keys are named": {
			"privacy: {zzzz: 1}", `privacy.zzzz (backstop.yaml:1:11) is an unknown key: remove it; the keys here are drop, keep_body, mask_numbers`,
		},
		"of a feature that is not built": {
			"pagers: {}", `pagers (backstop.yaml:1:1) is an unknown key: remove it; the keys here are `,
		},
		"what is no word is not repeated: it may be a secret": {
			token + ": x", `… (backstop.yaml:1:1) is an unknown key: `,
		},
		"twice the same": {
			"data_dir: a\nlisten: :1\ndata_dir: b", `data_dir (backstop.yaml:3:1) stands here a second time, after line 1: remove one of the two`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := mistakes(t, test.yaml, nil); !has(got, test.want) {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), test.want)
			}
		})
	}
}

func TestWhatIsNoConfigurationIsRefused(t *testing.T) {
	const quotes = `: mend it there, or just above; inside [ ] and { } a ${X} needs quotes: "${X}"`
	tests := map[string]struct{ yaml, want string }{
		"broken YAML":                    {"listen: \"", "the file (backstop.yaml:1:9) is no YAML: could not find end character of double-quoted text" + quotes},
		"an unquoted ${X} in brackets":   {"privacy: [${X}]", "the file (backstop.yaml:1:12) is no YAML: ',' or ']' must be specified" + quotes},
		"no UTF-8":                       {"listen: \xff", "the file (backstop.yaml:1:1) is not UTF-8 text" + quotes},
		"brackets in brackets":           {"listen: :1\ncountries: " + strings.Repeat("[", 50_000), "the file (backstop.yaml:2:32) is nested more than 20 deep" + quotes},
		"mappings in mappings":           {"accounts: " + strings.Repeat("{a: ", 50_000), "the file (backstop.yaml:1:91) is nested more than 20 deep" + quotes},
		"dashes behind dashes":           {"lines:\n" + strings.Repeat("- ", 50_000), "the file (backstop.yaml:2:41) is nested more than 20 deep" + quotes},
		"two documents":                  {"listen: :1\n---\nlisten: :2", "the file (backstop.yaml:1:1) holds several documents (---)" + quotes},
		"a list":                         {"- listen: :1", "the file (backstop.yaml:1:1) must be a mapping: "},
		"a mapping for a value":          {"listen: {a: 1}", "listen (backstop.yaml:1:10) must be one value: "},
		"a value for a mapping":          {"retention: 3", "retention (backstop.yaml:1:12) must be a mapping: "},
		"a value for a list of mappings": {"accounts: x", "accounts (backstop.yaml:1:11) must be a list: "},
		"an entry that is none":          {"notifiers: [x]", "notifiers[0] (backstop.yaml:1:13) must be a mapping: "},
		"an alias":                       {"listen: &a :1\nadmin_listen: *a", "listen (backstop.yaml:1:9) uses an anchor (&), an alias (*) or a tag (!): "},
		"too large":                      {"# " + strings.Repeat("x", 2<<20), `backstop.yaml = "backstop.yaml" (environment) cannot be read: it is too large: `},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := mistakes(t, test.yaml, nil); !has(got, test.want) {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), test.want)
			}
		})
	}
}

func TestBracketsThatDoNotNestAreNotCounted(t *testing.T) {
	for name, yaml := range map[string]string{
		"in quotes":      `data_dir: "` + strings.Repeat("[", 50) + `"`,
		"in a comment":   "data_dir: x # " + strings.Repeat("[", 50),
		"in a block":     "data_dir: |\n  " + strings.Repeat("- [{", 50),
		"side by side":   "trusted_proxies: [" + strings.Repeat(`"10.0.0.7", `, 50) + "]\nlines: [{match: +4930123456}, {match: +4931123456}]",
		"line upon line": "trusted_proxies:" + strings.Repeat("\n- 10.0.0.7", 50),
	} {
		t.Run(name, func(t *testing.T) { mustLoad(t, yaml, nil) })
	}
}

func TestOneMistakeIsListedOnce(t *testing.T) {
	for name, yaml := range map[string]string{
		"a notifier that is none":     "notifiers: [x]",
		"an e-mail that is none":      "notifiers: [{name: a, email: x}]",
		"a Slack that is none":        "notifiers: [{name: a, slack: x}]",
		"a webhook that is none":      "notifiers: [{name: a, webhook: x}]",
		"headers that are none":       "notifiers: [{name: a, webhook: {url: 'https://a.example', secret: 0123456789abcdef, headers: x}}]",
		"a PagerDuty that is none":    "notifiers: [{name: a, pagerduty: x}]",
		"a text that is none":         "notifiers: [{name: a, twilio_sms: x}]",
		"a call that is none":         "notifiers: [{name: a, twilio_call: x}]",
		"a service that is none":      "notifiers: [{name: a, shoutrrr: x}]",
		"an unset secret":             `notifiers: [{name: a, webhook: {url: "https://a.example", secret: "${GONE}"}}]`,
		"an unset URL":                `notifiers: [{name: a, shoutrrr: {url: "${GONE}"}}]`,
		"an unset template":           `notifiers: [{name: a, template: "${GONE}", webhook: {url: "https://a.example", secret: 0123456789abcdef}}]`,
		"an unset list":               `notifiers: [{name: a, twilio_call: {account: "` + sid + `", auth_token: x, from: "+15550100", on_call: "${GONE}"}}]`,
		"an unset number":             `notifiers: [{name: a, twilio_call: {account: "` + sid + `", auth_token: x, from: "+15550100", to: "${GONE}"}}]`,
		"an unset account":            `notifiers: [{name: a, twilio_call: {account: "${GONE}", from: "+15550100", to: "+15550123"}}]`,
		"an account that is none":     "accounts: [x]",
		"a token that is none":        "accounts: [{sid: " + sid + ", auth_tokens: {a: 1}}]",
		"an unset variable":           "accounts: [{sid: " + sid + `, auth_tokens: ["${GONE}"]}]`,
		"an unset variable elsewhere": `notifiers: [{name: a, slack: {webhook_url: "${GONE}"}}]`,
		"an alias for a SID":          "accounts: [{sid: &a " + sid + ", auth_tokens: [" + token + "]}]",
		"an alias for tokens":         "accounts: [{sid: " + sid + ", auth_tokens: &a [" + token + "]}]",
		"an alias for a notifier":     "notifiers: [{name: a, email: &a {}}]",
		"an alias for all":            "retention: &a {days: 0}",
		"a line that is none":         "lines: [x]",
	} {
		t.Run(name, func(t *testing.T) {
			if got := mistakes(t, yaml, nil); len(got) != 1 {
				t.Errorf("got %d mistakes, want 1:\n%s", len(got), strings.Join(got, "\n"))
			}
		})
	}
}

func TestVariablesStandInTheFile(t *testing.T) {
	tests := map[string]struct {
		yaml      string
		variables map[string]string
		want      string // of data_dir
	}{
		"a whole value":                          {"data_dir: ${X}", map[string]string{"X": "a"}, "a"},
		"a part of one":                          {"data_dir: a${X}c${Y}", map[string]string{"X": "b", "Y": "d"}, "abcd"},
		"what YAML would stumble over":           {"data_dir: ${X}", map[string]string{"X": "a: \"[{#'\n- &*!"}, "a: \"[{#'\n- &*!"},
		"not a second time":                      {"data_dir: ${X}", map[string]string{"X": "${Y}", "Y": "b"}, "${Y}"},
		"$$ is a dollar":                         {"data_dir: a$${X}$$", map[string]string{"X": "b"}, "a${X}$"},
		"a lone dollar stays":                    {"data_dir: a$X$", map[string]string{"X": "b"}, "a$X$"},
		"in single quotes too":                   {"data_dir: '${X}'", map[string]string{"X": "b"}, "b"},
		"from a file, as secrets come":           {"data_dir: ${X}", map[string]string{"X_FILE": "backstop.yaml"}, "data_dir: ${X}"},
		"a number is taken as it is written":     {"data_dir: 0x10", nil, "0x10"},
		"so is what YAML 1.1 took for a boolean": {"data_dir: yes", nil, "yes"},
		"a block keeps its words":                {"data_dir: >-\n  a\n  b", nil, "a b"},
		"null is nothing":                        {"data_dir: null", nil, "data"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if c := mustLoad(t, test.yaml, test.variables); c.DataDir != test.want {
				t.Errorf("got %q, want %q", c.DataDir, test.want)
			}
		})
	}
}

func TestUnsetVariablesAreListed(t *testing.T) {
	got := mistakes(t, "data_dir: ${A}\nlisten: x${B}\nadmin_url: ${}\npublic_url: ${E}", map[string]string{"E": ""})
	const remedy = " or write $${ for the two characters themselves"
	want := []string{
		"data_dir = ${A} (backstop.yaml:1:11) needs the variable A, which is unset or empty: set A or A_FILE," + remedy,
		`listen = "x${B}" (backstop.yaml:2:9) needs the variable B, which is unset or empty: set B or B_FILE,` + remedy,
		`admin_url = "${}" (backstop.yaml:3:12) has a ${ that names no variable: write ${NAME}, or $${ for the two characters themselves`,
		"public_url = ${E} (backstop.yaml:4:13) needs the variable E, which is unset or empty: set E or E_FILE," + remedy,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAListMayBeOneValueOrHaveCommas(t *testing.T) {
	for name, yaml := range map[string]string{
		"one value": "trusted_proxies: 10.0.0.7,10.0.0.8",
		"a list":    "trusted_proxies:\n  - 10.0.0.7\n  - 10.0.0.8",
		"commas":    `trusted_proxies: ["${X}"]`,
	} {
		t.Run(name, func(t *testing.T) {
			c := mustLoad(t, yaml, map[string]string{"X": "10.0.0.7, 10.0.0.8,"})
			if got, want := fmt.Sprint(c.TrustedProxies), "[10.0.0.7/32 10.0.0.8/32]"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestAnEmptyFileIsAConfiguration(t *testing.T) {
	for _, yaml := range []string{"\n", "# nothing\n", "---\n", "\ufefflisten: :1\n", "lines:\n", "{}"} {
		mustLoad(t, yaml, nil)
	}
}
