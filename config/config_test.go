package config_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/config"
)

var update = flag.Bool("update", false, "write golden files anew")

const (
	sid   = "AC0123456789abcdef0123456789abcdef"
	sid2  = "AC00000000000000000000000000000001"
	token = "0123456789abcdef0123456789abcdee"
)

// getenv makes an environment of a map.
func getenv(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

// load writes yaml into the working folder's backstop.yaml, "" for none, and
// loads it.
func load(t *testing.T, yaml string, variables map[string]string) (config.Config, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if yaml != "" {
		write(t, config.DefaultFile, yaml)
	}
	return config.Load(getenv(variables), "")
}

func mustLoad(t *testing.T, yaml string, variables map[string]string) config.Config {
	t.Helper()
	c, err := load(t, yaml, variables)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return c
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// mistakes are the mistakes that Load finds, one line each.
func mistakes(t *testing.T, yaml string, variables map[string]string) []string {
	t.Helper()
	_, err := load(t, yaml, variables)
	return lines(t, err)
}

func lines(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var invalid *config.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("Load returned %T, want *config.InvalidError", err)
	}
	var list []string
	for _, m := range invalid.Mistakes {
		list = append(list, m.String())
	}
	return list
}

// has says whether one of the lines begins so.
func has(list []string, beginning string) bool {
	return slices.ContainsFunc(list, func(line string) bool { return strings.HasPrefix(line, beginning) })
}

func TestWithNothingSetItRuns(t *testing.T) {
	c := mustLoad(t, "", nil)
	if c.Listen != ":8080" || c.DataDir != "data" || c.Ledger != "data/backstop.db" || c.TimeZone.String() != "UTC" || c.Reject {
		t.Errorf("defaults are %q %q %q %v reject=%v", c.Listen, c.DataDir, c.Ledger, c.TimeZone, c.Reject)
	}
	want := []string{
		"PUBLIC_URL, TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are unset: requests are answered but not recorded until they are set",
		"no notifier is configured: nobody will be told. Set SMTP_URL with ALERT_EMAIL_FROM and ALERT_EMAIL_TO, or SLACK_WEBHOOK_URL",
	}
	if diff := cmp.Diff(want, c.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestTheWarningNamesJustWhatIsUnset(t *testing.T) {
	tests := map[string]struct {
		variables map[string]string
		want      string // "" is no such warning
	}{
		"only the token": {
			map[string]string{"PUBLIC_URL": "https://fallback.example.com", "TWILIO_ACCOUNT_SID": sid},
			"TWILIO_AUTH_TOKEN is unset: requests are answered but not recorded until it is set",
		},
		"account and token": {
			map[string]string{"PUBLIC_URL": "https://fallback.example.com"},
			"TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are unset: requests are answered but not recorded until they are set",
		},
		"only PUBLIC_URL, which is found out": {
			map[string]string{"TWILIO_ACCOUNT_SID": sid, "TWILIO_AUTH_TOKEN": token},
			"PUBLIC_URL is unset: it is found out from the first request whose signature matches; set it, so that no request is taken for a stranger's",
		},
		"nothing that matters": {
			map[string]string{"PUBLIC_URL": "https://fallback.example.com", "TWILIO_AUTH_TOKEN": token}, "",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := mustLoad(t, "", test.variables)
			var got string
			if unset := slices.DeleteFunc(c.Warnings, func(w string) bool { return !strings.Contains(w, "unset") }); len(unset) > 0 {
				got = unset[0]
			}
			if got != test.want {
				t.Errorf("got %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestTheFileIsFound(t *testing.T) {
	tests := map[string]struct {
		path, variable string
		want           string
	}{
		"--config goes first":                 {"flag.yaml", "variable.yaml", "flag"},
		"BACKSTOP_CONFIG comes second":        {"", "variable.yaml", "variable"},
		"else ./backstop.yaml if it is there": {"", "", "default"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "flag.yaml", "data_dir: flag")
			write(t, "variable.yaml", "data_dir: variable")
			write(t, "backstop.yaml", "data_dir: default")
			c, err := config.Load(getenv(map[string]string{"BACKSTOP_CONFIG": test.variable}), test.path)
			if err != nil || c.DataDir != test.want {
				t.Errorf("got %q, %v; want %q", c.DataDir, err, test.want)
			}
		})
	}
	t.Run("a named file that is missing is a mistake", func(t *testing.T) {
		t.Chdir(t.TempDir())
		for _, path := range []string{"", "gone.yaml"} {
			_, err := config.Load(getenv(map[string]string{"BACKSTOP_CONFIG": "gone.yaml"}), path)
			if got := lines(t, err); len(got) != 1 || !strings.Contains(got[0], `= "gone.yaml" (environment) cannot be read: no such file or directory`) {
				t.Errorf("got %q", got)
			}
		}
	})
}

func TestTheEnvironmentOverridesTheFile(t *testing.T) {
	const yaml = `
public_url: https://file.example.com
accounts:
  - {name: main, sid: ` + sid + `, auth_tokens: [` + token + `]}
listen: ":1000"
admin_listen: ":1001"
admin_url: https://file.example.com
data_dir: file
time_zone: Europe/Berlin
unverified: answer
log_level: debug
trusted_proxies: [10.0.0.0/8]
`
	other := strings.Repeat("f", 32)
	c := mustLoad(t, yaml, map[string]string{
		"PUBLIC_URL": "https://env.example.com/", "LISTEN": ":2000", "ADMIN_LISTEN": ":2001",
		"ADMIN_URL": "https://admin.example.com/", "DATA_DIR": "env", "TIME_ZONE": "Asia/Tokyo",
		"UNVERIFIED": "reject", "LOG_LEVEL": "error", "TRUSTED_PROXIES": "192.0.2.1, 2001:db8::/32",
		"TWILIO_ACCOUNT_SID": sid, "TWILIO_AUTH_TOKEN": other + "," + token,
	})
	got := []string{
		c.PublicURL.String(), c.Listen, c.AdminListen, c.AdminURL, c.DataDir, c.TimeZone.String(),
		c.LogLevel.String(), c.TrustedProxies[0].String(), c.TrustedProxies[1].String(),
		c.Accounts[0].Name, c.Accounts[0].SID, strings.Join(c.Accounts[0].Tokens, "+"),
	}
	want := []string{
		"https://env.example.com", ":2000", ":2001", "https://admin.example.com", "env", "Asia/Tokyo",
		"ERROR", "192.0.2.1/32", "2001:db8::/32",
		"main", sid, other + "+" + token,
	}
	if diff := cmp.Diff(want, got); diff != "" || !c.Reject || len(c.Accounts) != 1 {
		t.Errorf("reject %v, accounts %d (-want +got):\n%s", c.Reject, len(c.Accounts), diff)
	}
}

func TestListenElsePortElseTheFile(t *testing.T) {
	tests := map[string]struct {
		yaml, listen, port, want string
	}{
		"LISTEN goes first":                  {"listen: :1", ":2", "3", ":2"},
		"PORT is what hosting platforms set": {"listen: :1", "", "3", ":3"},
		"the file comes third":               {"listen: :1", "", "", ":1"},
		"the default is :8080":               {"", "", "", ":8080"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := mustLoad(t, test.yaml, map[string]string{"LISTEN": test.listen, "PORT": test.port})
			if c.Listen != test.want {
				t.Errorf("got %q, want %q", c.Listen, test.want)
			}
		})
	}
}

func TestPathsAreRelativeToWhoSaysThem(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "etc/backstop.yaml", "data_dir: data\ntemplates: texts\n")
	write(t, "etc/texts/x", "")
	c, err := config.Load(getenv(nil), "etc/backstop.yaml")
	if err != nil || c.DataDir != "etc/data" || c.Templates != "etc/texts" || c.File != "etc/backstop.yaml" {
		t.Errorf("got %q %q %q, %v", c.DataDir, c.Templates, c.File, err)
	}
	c, err = config.Load(getenv(map[string]string{"DATA_DIR": "here"}), "etc/backstop.yaml")
	if err != nil || c.DataDir != "here" {
		t.Errorf("got %q, %v", c.DataDir, err)
	}
}
