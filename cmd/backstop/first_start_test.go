package main

import (
	"os"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// unconfigured is what the two commands of the README start with.
func unconfigured(t *testing.T) settings {
	t.Helper()
	return configured(t).with(settings{"PUBLIC_URL": "", "TWILIO_ACCOUNT_SID": "", "TWILIO_AUTH_TOKEN": ""})
}

const unset = "PUBLIC_URL, TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are unset: requests are answered but not recorded until they are set."

func TestAFirstStartSaysWhatToDo(t *testing.T) {
	t.Parallel()
	p := start(t, unconfigured(t))
	printed := p.greeting()
	for _, words := range []string{
		"https://YOUR-PUBLIC-ADDRESS/fallback/voice\n", "https://YOUR-PUBLIC-ADDRESS/fallback/messaging\n", "https://YOUR-PUBLIC-ADDRESS/fallback\n",
		"The page: " + p.base + "\n", p.path(passwordFile), unset, "nobody will be told", " drill --to " + p.base + "\n",
	} {
		if !strings.Contains(printed, words) {
			t.Errorf("it does not print %q:\n%s", words, printed)
		}
	}
	password := p.password()
	if strings.Contains(printed, password) || strings.Contains(p.logged.String(), password) {
		t.Error("the password is printed or logged, though nobody may be at a terminal")
	}
	who := p.person()
	who.await(soon, "/history", "Nothing is recorded yet", "Requests are answered but not recorded until PUBLIC_URL , TWILIO_ACCOUNT_SID , TWILIO_AUTH_TOKEN are set.")
	who.get("/").shows("Nobody will be told")
}

func TestAStartSaysWhereThePageIsInPublicAndOnThisMachine(t *testing.T) {
	t.Parallel()
	p := start(t, configured(t))
	if printed := p.greeting(); !strings.Contains(printed, "The page: "+publicURL+"\nOn this machine: "+p.base+"\n") {
		t.Errorf("it prints:\n%s", printed)
	}
}

func TestWhatAStartPrintsCanBeCopied(t *testing.T) {
	t.Parallel()
	for started, want := range map[string]string{
		"backstop":                            "backstop",
		"./backstop":                          "./backstop",
		"/opt/backstop/bin/backstop":          "/opt/backstop/bin/backstop",
		"/srv/our tools/backstop":             "'/srv/our tools/backstop'",
		"/srv/it's/backstop":                  `'/srv/it'\''s/backstop'`,
		"/tmp/go-build1234/b001/exe/backstop": "go run ./cmd/backstop",
	} {
		if got := commandName(started); got != want {
			t.Errorf("started as %s: got %s, want %s", started, got, want)
		}
	}
	a := app{configFile: "our files/backstop.yaml"}
	if got := a.command(); !strings.HasSuffix(got, " --config 'our files/backstop.yaml'") {
		t.Errorf("with a configuration: got %s", got)
	}
}

func TestWithoutPublicURLAloneRequestsAreRecordedAndNothingElseIsSaid(t *testing.T) {
	t.Parallel()
	p := start(t, configured(t).with(settings{"PUBLIC_URL": ""}))
	if printed := p.greeting(); strings.Contains(printed, "not recorded") || !strings.Contains(printed, "PUBLIC_URL is unset: it is found out") {
		t.Errorf("it prints:\n%s", printed)
	}
	who := p.person()
	who.await(soon, "/history", "PUBLIC_URL is not set: it is found out from the first request whose signature matches.")
	if failure := p.call(sim.Call{}).First().Failure(); !strings.HasSuffix(failure, "written=yes") {
		t.Errorf("X-Backstop-Failure: got %q", failure)
	}
}

func TestBeforeAnythingIsSetCallersAreAnsweredAndNothingIsRecorded(t *testing.T) {
	t.Parallel()
	p := start(t, unconfigured(t))
	result := p.call(sim.Call{})
	if result.First().Failure() != "" {
		t.Errorf("X-Backstop-Failure: got %q, want none", result.First().Failure())
	}
	p.person().await(soon, "/", "1 request for your account failed the signature check")
}

// TestEverySecretIsAFileThatOnlyItsOwnerReads has a Backstop make each file that
// there can be in its folder, and looks at all of them.
func TestEverySecretIsAFileThatOnlyItsOwnerReads(t *testing.T) {
	t.Parallel()
	standby := newStandby(t)
	env := configured(t).withFile(t, `
primaries: [https://www.example.com]
targets: {standby: {url: "`+standby.URL+`{path}", allow_private: true}}
recovery: [{steps: [{failover: standby}, {last_good: true}]}]
`)
	p := start(t, env)
	p.ask(p.request("/fallback/voice", sim.Call{ErrorURL: "https://www.example.com/voice/menu"}), twiml.Voice)
	p.settle() // somebody logs in: only now the password is hashed
	erase(t, env, erasedNumber)
	backup(t, env)
	for _, name := range []string{journalFile + "-wal", ledgerFile + "-wal"} { // there while it runs
		judgePrivate(t, p.path(name), 0o600)
	}
	p.end() // only now what was good is kept
	for _, name := range []string{
		drillKeyFile, actKeyFile, followUpFile, apiTokenFile, adminHashFile, passwordFile, erasuresKeyFile, erasuresFile,
		lastGoodFile, backupNoted, journalFile, ledgerFile,
	} {
		judgePrivate(t, p.path(name), 0o600)
	}
	all, err := os.ReadDir(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		judgePrivate(t, p.path(file.Name()), 0o600)
	}
	judgePrivate(t, p.dir, 0o700)
}

// judgePrivate says whether a file is there with that mode.
func judgePrivate(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Error(err)
		return
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("%s has mode %o, want %o", path, got, want)
	}
}

func TestAtATerminalThePasswordIsShownThereAndNowhereElse(t *testing.T) {
	t.Parallel()
	p := startAt(t, unconfigured(t), true)
	_, rest, found := strings.Cut(p.greeting(), "User admin, password: ")
	password, _, _ := strings.Cut(rest, " ")
	if !found || len(password) < 20 {
		t.Fatalf("no password is shown:\n%s", p.printed)
	}
	if _, err := os.Stat(p.path(passwordFile)); err == nil {
		t.Error("the password is in a file, too")
	}
	if strings.Contains(p.logged.String(), password) {
		t.Error("the password is in the log")
	}
	p.visitor().login(password)
}

func TestASecondStartMakesNoNewSecrets(t *testing.T) {
	t.Parallel()
	env := unconfigured(t)
	first := start(t, env)
	password, key := first.password(), read(t, first.path(drillKeyFile))
	first.visitor().login(password)
	first.end()
	second := start(t, env)
	if strings.Contains(second.greeting(), "password") {
		t.Errorf("it speaks of a password again:\n%s", second.printed)
	}
	if again := read(t, second.path(drillKeyFile)); again != key {
		t.Error("the drill key changed")
	}
	second.visitor().login(password)
}

func TestSeveralProcessesThatStartAtOnceHaveTheSameSecrets(t *testing.T) {
	t.Parallel()
	env := unconfigured(t)
	const several = 5
	all := make([]*program, several)
	began := make(chan *program, several)
	for range several {
		go func() { began <- launch(t, env, false) }()
	}
	for i := range all {
		all[i] = <-began
	}
	for _, p := range all {
		p.awaitAnswering()
	}
	password := all[0].password()
	for i, p := range all {
		p.visitor().login(password)
		if code, printed, complained := command(t, env, nil, "drill", "--to", p.base); code != 0 {
			t.Errorf("process %d: drill ended with %d: %s%s", i, code, printed, complained)
		}
	}
}

func TestWithoutPublicURLTheFirstSignatureThatMatchesTellsIt(t *testing.T) {
	t.Parallel()
	p := start(t, configured(t).with(settings{"PUBLIC_URL": ""}))
	client := sim.Client{Account: customer()}
	result, err := client.Place(t.Context(), p.base+"/fallback/voice", sim.Call{})
	if err != nil || failureID(result.First()) == "" {
		t.Fatalf("got %q, %v", result.First().Failure(), err)
	}
	const said = "PUBLIC_URL is not set, and was found by a signature that matches: set it"
	eventually(t, soon, "what PUBLIC_URL is is logged", func() bool { return len(p.logLines(said)) > 0 })
	found := p.logLines(said)
	if len(found) != 1 || found[0].Set != "PUBLIC_URL="+p.base {
		t.Errorf("logged %+v, want PUBLIC_URL=%s", found, p.base)
	}
	p.person().await(soon, "/", "public_url: "+p.base)
}
