package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// doctored is what the doctor says.
func doctored(t *testing.T, env settings, args ...string) (code int, said string) {
	t.Helper()
	code, printed, complained := command(t, env, nil, append([]string{"doctor"}, args...)...)
	return code, printed + complained
}

// patient is a Backstop that runs and is well, and what it was configured with:
// reached as Twilio would reach it.
func patient(t *testing.T) settings {
	t.Helper()
	mail := newMailServer(t)
	env := configured(t).with(mail.settings()).with(settings{"LISTEN": freeAddress(t)})
	env["PUBLIC_URL"] = "http://" + env["LISTEN"]
	return spawn(t, env.withFile(t, "primaries: [https://www.example.org]\n")).env
}

func TestTheDoctorFindsABackstopWell(t *testing.T) {
	t.Parallel()
	env := patient(t)
	code, said := doctored(t, env, "--send")
	for _, words := range []string{
		"ok       running: ", "ok       versions: backstop " + versionName() + ", SQLite 3.", runtime.Version(), "ok       data folder: ", " MB free, an fsync takes ", "ok       open files: ", "answers a signed request, and has written it down",
		"as the one behind PUBLIC_URL says", "ok       shared fate: ", "there is only email", "ok       notifier email: took the test message",
	} {
		if !strings.Contains(said, words) {
			t.Errorf("it does not say %q", words)
		}
	}
	if code != 0 || strings.Contains(said, string(ill)) {
		t.Errorf("ended with %d:\n%s", code, said)
	}
	for _, secret := range []string{authToken, read(t, filepath.Join(env["DATA_DIR"], drillKeyFile))} {
		if strings.Contains(said, strings.TrimSpace(secret)) {
			t.Errorf("it shows a secret:\n%s", said)
		}
	}
}

func TestTheDoctorSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	env := patient(t)
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", "Sun, 01 Mar 2020 10:00:00 GMT")
		_, _ = w.Write([]byte("<Response/>"))
	}))
	t.Cleanup(stranger.Close)
	for claim, c := range map[string]struct {
		env          settings
		change       func(t *testing.T, dir string)
		code         int
		want, remedy string
	}{
		"nobody is told":               {settings{"SMTP_URL": "", "ALERT_EMAIL_TO": "", "ALERT_EMAIL_FROM": ""}, nil, exitFailed, "FAILS    notifiers: none is configured", "set SMTP_URL"},
		"the address is not ours":      {settings{"PUBLIC_URL": stranger.URL}, nil, exitFailed, "FAILS    PUBLIC_URL: the answer is the plain apology", "The proxy must pass the address on unchanged"},
		"Backstop does not run":        {settings{"LISTEN": "127.0.0.1:1", "DATA_DIR": t.TempDir(), "PUBLIC_URL": ""}, nil, exitFailed, "FAILS    running: nothing answers at http://127.0.0.1:1: ", "start Backstop"},
		"it listens elsewhere":         {settings{"LISTEN": "127.0.0.1:1"}, nil, 0, "WARNING  running: a Backstop has ", "another LISTEN"},
		"another server listens there": {settings{"LISTEN": strings.TrimPrefix(stranger.URL, "http://")}, nil, 0, "does not say that it is healthy", "ss -ltnp"},
		"PUBLIC_URL alone is missing":  {settings{"PUBLIC_URL": ""}, nil, 0, "shared fate: nobody knows: not configured: PUBLIC_URL\n", "set PUBLIC_URL to the address that Twilio uses\n"},
		"primaries alone are missing":  {settings{"BACKSTOP_CONFIG": ""}, nil, 0, "shared fate: nobody knows: not configured: primaries\n", "primaries: [https://www.example.com]"},
		"the clock differs":            {settings{"PUBLIC_URL": stranger.URL}, nil, exitFailed, "WARNING  clock: it differs by", "timedatectl"},
		"nobody is there":              {settings{"PUBLIC_URL": "http://127.0.0.1:1"}, nil, exitFailed, "FAILS    PUBLIC_URL: a request to http://127.0.0.1:1 comes to nothing", "DNS, firewall"},
		"the name is a primary's":      {settings{"PUBLIC_URL": "https://www.example.org:8443"}, nil, exitFailed, "FAILS    shared fate: PUBLIC_URL and the primary https://www.example.org have the same name", "another machine"},
		"the zone is a primary's":      {settings{"PUBLIC_URL": "https://fallback.example.org"}, nil, exitFailed, "WARNING  shared fate: PUBLIC_URL and the primary https://www.example.org are both in the DNS zone example.org", "a zone of its own"},
		"no Backstop has lived there":  {settings{"DATA_DIR": filepath.Join(t.TempDir(), "none")}, nil, 0, "is not there yet", "DATA_DIR"},
		"others may read the keys": {settings{"DATA_DIR": ""}, func(t *testing.T, dir string) {
			t.Helper()
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, apiTokenFile), "x")
			if err := os.Chmod(filepath.Join(dir, apiTokenFile), 0o644); err != nil {
				t.Fatal(err)
			}
		}, 0, "other users may read", "chmod 700"},
		"the address is a primary's": {env.withFile(t, "primaries: ['https://localhost:8443']\n"), nil, exitFailed, "FAILS    shared fate: PUBLIC_URL and the primary https://localhost:8443 are both at 127.0.0.1", "another machine"},
		"a notifier fails":           {settings{"SMTP_URL": "smtp://127.0.0.1:1?starttls=never"}, nil, exitFailed, "FAILS    notifier email: mail server 127.0.0.1:1 cannot be reached", "check --notify"},
		"no backup was ever made":    {settings{"DATA_DIR": t.TempDir()}, nil, 0, "WARNING  backups: none was ever made", "deploy/backstop-backup.timer"},
		"the backup is old": {settings{"DATA_DIR": t.TempDir()}, func(t *testing.T, dir string) {
			t.Helper()
			if err := noteBackup(dir, time.Now().Add(-10*24*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}, 0, "WARNING  backups: the last one is 10 days old", "journalctl -u backstop-backup"},
		"the history is newer": {settings{"DATA_DIR": ""}, func(t *testing.T, dir string) {
			t.Helper()
			pragma(t, filepath.Join(dir, ledgerFile), "user_version", 99)
		}, exitFailed, "FAILS    data folder: ", "use the newer version"},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			sick := env.with(c.env)
			if c.change != nil {
				sick["DATA_DIR"], sick["LISTEN"] = filepath.Join(t.TempDir(), "data"), "127.0.0.1:0"
				sick["PUBLIC_URL"] = ""
				p := spawn(t, sick)
				p.awaitWritten()
				p.settle()
				p.end()
				c.change(t, sick["DATA_DIR"])
				sick["LISTEN"] = env["LISTEN"] // of one that runs
			}
			code, said := doctored(t, sick, "--send")
			if code != c.code || !strings.Contains(said, c.want) || !strings.Contains(said, c.remedy) {
				t.Errorf("ended with %d, want %d, %q and %q:\n%s", code, c.code, c.want, c.remedy, said)
			}
		})
	}
}

func TestTheDoctorSaysThatItsUserMayNotWriteToTheFolder(t *testing.T) {
	t.Parallel()
	env := configured(t)
	if err := os.Mkdir(env["DATA_DIR"], 0o500); err != nil {
		t.Fatal(err)
	}
	said, err := other(t, env, obediently(t), "doctor").CombinedOutput()
	if err == nil || !strings.Contains(string(said), "FAILS    data folder: open "+env["DATA_DIR"]) || !strings.Contains(string(said), "let the user that Backstop runs as write there") {
		t.Errorf("ended with %v:\n%s", err, said)
	}
}

// A machine whose battery is empty starts in the past, as time does in here.
func TestTheDoctorFindsAClockOfBeforeTheProgramWasBuilt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := lookAtClock(time.Now())
		if got.state != ill || got.about != "clock" || got.said != "it says 2000-01-01 00:00:00, which is before this program was built" || !strings.Contains(got.remedy, "timedatectl") {
			t.Errorf("got %+v", got)
		}
	})
}
