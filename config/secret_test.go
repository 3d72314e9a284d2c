package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"golang.org/x/sys/unix"

	"github.com/backstop-project/backstop/config"
)

// everyWay prints v in all the ways in which things are printed.
func everyWay(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&b, verb+"\n", v)
	}
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", slog.Any("v", v))
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", slog.Any("v", v))
	asJSON, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	b.Write(asJSON)
	b.Write(asYAML)
	return b.String()
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	const secret = "hunter2-hunter2"
	for name, v := range map[string]any{
		"alone":        config.Secret(secret),
		"in a struct":  struct{ S config.Secret }{secret},
		"in a pointer": &struct{ S config.Secret }{secret},
		"in a list":    []config.Secret{secret},
	} {
		t.Run(name, func(t *testing.T) {
			got := everyWay(t, v)
			if strings.Contains(got, "hunter2") || strings.Contains(got, fmt.Sprintf("%x", secret)) {
				t.Errorf("printed: %s", got)
			}
			if !strings.Contains(got, "•••") {
				t.Errorf("got no dots: %s", got)
			}
		})
	}
	if got := config.Secret(secret).Reveal(); got != secret {
		t.Errorf("Reveal is %q", got)
	}
	if got := config.Secret("").String(); got != "" {
		t.Errorf("no secret prints %q", got)
	}
}

// secrets are values that must never be seen again.
var secrets = map[string]string{
	"TWILIO_AUTH_TOKEN": "c0ffee00c0ffee00c0ffee00c0ffee00",
	"SMTP_URL":          "smtp://me:hunter2-mail@mail.example.com:587",
	"SLACK_BOT_TOKEN":   "xoxb-1234-hunter2-slack",
	"ADMIN_PASSWORD":    "hunter2-admin",
}

func TestAConfigIsPrintedWithoutItsSecrets(t *testing.T) {
	variables := map[string]string{
		"PUBLIC_URL": "https://fallback.example.com", "TWILIO_ACCOUNT_SID": sid,
		"ALERT_EMAIL_FROM": "backstop@example.com", "ALERT_EMAIL_TO": "ops@example.com", "SLACK_CHANNEL": "#ops",
	}
	maps.Copy(variables, secrets)
	c := mustLoad(t, `
accounts:
  - {sid: `+sid2+`, auth_tokens: [feed0000feed0000feed0000feed0000]}
`, variables)
	got := everyWay(t, c) + everyWay(t, &c)
	for _, leak := range []string{"c0ffee00", "feed0000", "hunter2", "xoxb-"} {
		if strings.Contains(got, leak) {
			t.Errorf("%q was printed", leak)
		}
	}
	for _, want := range []string{
		`PUBLIC_URL = "https://fallback.example.com" (environment)`,
		`accounts[0].auth_tokens[0] = ••• (backstop.yaml:3:`,
		`ADMIN_PASSWORD = ••• (environment)`,
	} {
		if !strings.Contains(c.String(), want) {
			t.Errorf("%s\nlacks %s", c, want)
		}
	}
}

func TestSecretsComeFromFiles(t *testing.T) {
	for name, secret := range secrets {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			variables := map[string]string{
				"TWILIO_ACCOUNT_SID": sid, "ALERT_EMAIL_FROM": "a@example.com", "ALERT_EMAIL_TO": "b@example.com", "SLACK_CHANNEL": "#ops",
			}
			maps.Copy(variables, secrets)
			want, err := config.Load(getenv(variables), "")
			if err != nil {
				t.Fatal(err)
			}
			delete(variables, name)
			variables[name+"_FILE"] = "secret"
			write(t, "secret", secret+"\r\n")
			got, err := config.Load(getenv(variables), "")
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != want.String() || fmt.Sprint(got.Accounts) != fmt.Sprint(want.Accounts) || got.AdminPassword != want.AdminPassword {
				t.Errorf("from a file it is another configuration:\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestSecretFilesCanBeWrong(t *testing.T) {
	tests := map[string]struct {
		variables map[string]string
		want      string
	}{
		"both are set": {
			map[string]string{"ADMIN_PASSWORD": "hunter2-admin", "ADMIN_PASSWORD_FILE": "secret"},
			`ADMIN_PASSWORD_FILE = "secret" (environment) is set, and so is ADMIN_PASSWORD: unset one of the two`,
		},
		"it is not there": {
			map[string]string{"TWILIO_AUTH_TOKEN_FILE": "gone"},
			`TWILIO_AUTH_TOKEN_FILE = "gone" (environment) cannot be read: no such file or directory: name a readable file that holds nothing but the secret`,
		},
		"it is empty": {
			map[string]string{"SLACK_BOT_TOKEN_FILE": "empty"},
			`SLACK_BOT_TOKEN_FILE = "empty" (environment) names an empty file: write the secret into it, or unset the variable`,
		},
		"it is a folder": {
			map[string]string{"SMTP_URL_FILE": "."},
			`SMTP_URL_FILE = "." (environment) cannot be read: is a directory: name a readable file that holds nothing but the secret`,
		},
		"it is a pipe, which would hold up the start": {
			map[string]string{"SMTP_URL_FILE": "pipe"},
			`SMTP_URL_FILE = "pipe" (environment) cannot be read: is a pipe or a device: name a readable file that holds nothing but the secret`,
		},
		"it is no secret at all": {
			map[string]string{"SMTP_URL_FILE": "large"},
			`SMTP_URL_FILE = "large" (environment) cannot be read: it is too large: name a readable file that holds nothing but the secret`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "secret", "x")
			write(t, "empty", "\n")
			write(t, "large", strings.Repeat("x", 1<<20))
			if err := unix.Mkfifo("pipe", 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := config.Load(getenv(test.variables), "")
			if got := lines(t, err); !has(got, test.want) {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), test.want)
			}
		})
	}
}

func TestMistakesShowNoSecret(t *testing.T) {
	const hidden = "•••"
	tests := map[string]struct {
		yaml      string
		variables map[string]string
		want      string
	}{
		"in a key that is secret": {
			"notifiers: [{name: a, slack: {bot_token: hunter2, channel: '#a'}}]", nil,
			"notifiers[0].slack.bot_token = " + hidden,
		},
		"a Slack token where the channel belongs": {
			"", map[string]string{"SLACK_CHANNEL": "xoxb-hunter2", "SLACK_BOT_TOKEN": "C0123456789"}, "SLACK_CHANNEL = " + hidden,
		},
		"a token where the SID belongs": {
			"", map[string]string{"TWILIO_ACCOUNT_SID": token}, "TWILIO_ACCOUNT_SID = " + hidden,
		},
		"a password in a URL": {
			"admin_url: https://me:hunter2@example.com", nil, "admin_url = " + hidden,
		},
		"a secret variable in a key that is not secret": {
			"time_zone: ${ADMIN_PASSWORD}", map[string]string{"ADMIN_PASSWORD": "hunter2-admin"}, "time_zone = ${ADMIN_PASSWORD}",
		},
		"a part of such a one": {
			"templates: x/${ADMIN_PASSWORD}", map[string]string{"ADMIN_PASSWORD": "hunter2-admin"}, `templates = "x/${ADMIN_PASSWORD}"`,
		},
		"the same secret in two keys": {
			"", map[string]string{"ADMIN_PASSWORD": "hunter2-admin", "TIME_ZONE": "hunter2-admin"}, `TIME_ZONE = "` + hidden + `"`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, test.yaml, test.variables)
			if err == nil {
				t.Fatal("no mistake was found")
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), token) {
				t.Errorf("the secret is in %v", err)
			}
			if !has(lines(t, err), test.want) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestUnreadableSecretsAreReadOnceOnly(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "backstop.yaml", "data_dir: ${X}\nadmin_url: ${X}\n")
	if err := os.WriteFile("x", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(getenv(map[string]string{"X_FILE": "x"}), "")
	if got := lines(t, err); len(got) != 1 {
		t.Errorf("got %d mistakes, want one: %q", len(got), got)
	}
}
