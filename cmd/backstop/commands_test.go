package main

import (
	"os"
	"strings"
	"testing"
)

func TestANewPasswordCountsAtOnceAndEndsOldSessions(t *testing.T) {
	t.Parallel()
	env := unconfigured(t)
	p := start(t, env)
	old := p.password()
	who := p.visitor()
	who.login(old)

	const chosen = "correct horse battery staple"
	code, printed, complained := command(t, env, strings.NewReader(chosen+"\n"), "password", "--stdin")
	if code != 0 || strings.Contains(printed+complained, chosen) {
		t.Fatalf("password ended with %d: %s%s", code, printed, complained)
	}
	if at := who.get("/history"); at.path != "/login" {
		t.Errorf("a session under the old password goes on at %s", at.path)
	}
	if at := who.tryLogin(old); at.path == "/" {
		t.Error("the old password still counts")
	}
	who.login(chosen)

	code, printed, complained = command(t, env, nil, "password")
	made := p.password()
	if code != 0 || !strings.Contains(printed, p.path(passwordFile)) || strings.Contains(printed+complained, made) || made == old {
		t.Fatalf("password ended with %d: %s%s", code, printed, complained)
	}
	if at := who.get("/history"); at.path != "/login" {
		t.Errorf("a session under the chosen password goes on at %s", at.path)
	}
	who.login(made)
}

func TestPasswordsThatCannotBeSetAreRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		claim, stdin, configured, complaint string
	}{
		{"a short one", "short\n", "", "fewer than 12 characters"},
		{"none", "", "", "fewer than 12 characters"},
		{"one beside ADMIN_PASSWORD", "correct horse battery\n", "from the environment", "ADMIN_PASSWORD"},
	}
	for _, test := range tests {
		t.Run(test.claim, func(t *testing.T) {
			t.Parallel()
			env := unconfigured(t).with(settings{"ADMIN_PASSWORD": test.configured})
			code, printed, complained := command(t, env, strings.NewReader(test.stdin), "password", "--stdin")
			if code != exitFailed || !strings.Contains(complained, test.complaint) {
				t.Errorf("ended with %d: %s%s", code, printed, complained)
			}
		})
	}
}

func TestTheConfiguredPasswordCounts(t *testing.T) {
	t.Parallel()
	p := start(t, unconfigured(t).with(settings{"ADMIN_PASSWORD": "from the environment"}))
	if strings.Contains(p.greeting(), "generated password") {
		t.Errorf("it speaks of a generated password:\n%s", p.printed)
	}
	who := p.visitor()
	eventually(t, soon, "the configured password counts", func() bool { return who.tryLogin("from the environment").path == "/" })
}

func TestCheckListsEveryMistakeAtOnce(t *testing.T) {
	t.Parallel()
	env := configured(t).with(settings{"PUBLIC_URL": "ftp://example.com", "TIME_ZONE": "Mars/Olympus", "SMTP_URL": "smtp://secret-user:secret-word@"}).withFile(t, `
unverifed: reject
lines:
  - {match: "+49*", language: xx}
`)
	for _, args := range [][]string{{"check"}, {"serve"}, nil} {
		code, printed, complained := command(t, env, nil, args...)
		if code != exitMistake {
			t.Errorf("%q ended with %d, want %d: %s", args, code, exitMistake, printed)
		}
		for _, words := range []string{"PUBLIC_URL", "TIME_ZONE", "SMTP_URL", "unverifed", "language"} {
			if !strings.Contains(complained, words) {
				t.Errorf("%q does not name %s:\n%s", args, words, complained)
			}
		}
		if strings.Contains(complained, "secret-word") {
			t.Errorf("%q shows a secret:\n%s", args, complained)
		}
	}
}

func TestCheckSaysThatAllIsGoodAndWarns(t *testing.T) {
	t.Parallel()
	code, printed, complained := command(t, unconfigured(t), nil, "check")
	if code != 0 || !strings.Contains(printed, "good") || !strings.Contains(printed, "requests are answered but not recorded") {
		t.Errorf("check ended with %d: %s%s", code, printed, complained)
	}
}

func TestCheckNotifySendsATestThroughEachNotifier(t *testing.T) {
	t.Parallel()
	mails, slack := newMailServer(t), newSlack(t)
	env := configured(t).with(mails.settings()).with(slack.webhookSettings())
	code, printed, complained := command(t, env, nil, "check", "--notify")
	if code != 0 || !hasAll(printed, []string{"Notifier email took the test message", "Notifier slack took the test message"}) {
		t.Errorf("check ended with %d: %s%s", code, printed, complained)
	}
	if len(mails.got()) != 1 || len(slack.got()) != 1 {
		t.Errorf("got %d mails and %d posts, want one each", len(mails.got()), len(slack.got()))
	}
	slack.answers(404)
	code, printed, complained = command(t, env, nil, "check", "--notify")
	if code != exitFailed || !hasAll(printed, []string{"Notifier email took the test message", "Notifier slack FAILED"}) {
		t.Errorf("check ended with %d: %s%s", code, printed, complained)
	}
}

func TestCheckNotifyWithoutNotifierFails(t *testing.T) {
	t.Parallel()
	code, printed, complained := command(t, configured(t), nil, "check", "--notify")
	if code != exitFailed || !strings.Contains(complained, "nobody will be told") {
		t.Errorf("check ended with %d: %s%s", code, printed, complained)
	}
}

func TestHealthAsksTheRunningBackstop(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := start(t, env)
	listening := env.with(settings{"LISTEN": strings.TrimPrefix(p.base, "http://")})
	for _, args := range [][]string{{"health"}, {"health", "--url", p.base + "/"}} {
		eventually(t, soon, "it is healthy", func() bool {
			code, printed, _ := command(t, listening, nil, args...)
			return code == 0 && printed == "healthy\n"
		})
	}
	p.end()
	if code, printed, complained := command(t, listening, nil, "health"); code != exitFailed || !hasAll(complained, []string{"nothing answers at " + p.base, "refused", "does Backstop run? Start it, or name another one with --url"}) {
		t.Errorf("health of what has ended: got %d, %s%s", code, printed, complained)
	}
}

func TestTheCommandLineIsExplained(t *testing.T) {
	t.Parallel()
	tests := []struct {
		claim, printed, complained string
		args                       []string
		code                       int
	}{
		{claim: "help names every command", args: []string{"--help"}, printed: "drill"},
		{claim: "help of a command", args: []string{"drill", "--help"}, printed: "--key-file"},
		{claim: "the version", args: []string{"version"}, printed: "backstop "},
		{claim: "an unknown flag", args: []string{"--nonsense"}, code: exitMistake, complained: "--nonsense"},
		{claim: "an unknown command", args: []string{"fly"}, code: exitMistake, complained: "fly"},
		{claim: "a channel that is none", args: []string{"drill", "--channel", "smoke"}, code: exitMistake, complained: "voice"},
		{claim: "a file that is not there", args: []string{"check", "--config", "/nowhere.yaml"}, code: exitMistake, complained: "/nowhere.yaml"},
		{claim: "a drill without key", args: []string{"drill"}, code: exitFailed, complained: "start Backstop once"},
		{claim: "a drill key that is empty", args: []string{"drill", "--key-file", os.DevNull}, code: exitFailed, complained: "is empty"},
		{claim: "a database that is not built yet", args: []string{"check"}, code: exitMistake, complained: "asks for Postgres"},
	}
	for _, test := range tests {
		t.Run(test.claim, func(t *testing.T) {
			t.Parallel()
			env := configured(t)
			if test.complained == "asks for Postgres" {
				env["DATABASE_URL"] = "postgres://localhost/backstop"
			}
			code, printed, complained := command(t, env, nil, test.args...)
			if code != test.code || !strings.Contains(printed, test.printed) || !strings.Contains(complained, test.complained) {
				t.Errorf("ended with %d:\n%s\n%s", code, printed, complained)
			}
		})
	}
}
