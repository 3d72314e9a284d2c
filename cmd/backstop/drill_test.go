package main

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// freeAddress is one on this machine that nobody listens on now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestADrillGoesThroughTheWholeHouse(t *testing.T) {
	t.Parallel()
	mails, slack := newMailServer(t), newSlack(t)
	env := configured(t).with(mails.settings()).with(slack.webhookSettings())
	p := start(t, env)
	for _, channel := range []string{"voice", "messaging"} {
		code, printed, complained := command(t, env, nil, "drill", "--to", p.base, "--channel", channel)
		if code != 0 {
			t.Fatalf("drill ended with %d: %s%s", code, printed, complained)
		}
		for _, words := range []string{"technical problem", "Alert delivered by email", "Alert delivered by slack", "The drill is complete"} {
			if !strings.Contains(printed, words) {
				t.Errorf("the drill does not print %q:\n%s", words, printed)
			}
		}
	}
	mails.await(t, soon, "Drill, nothing is broken")
	slack.await(t, soon, "Drill, nothing is broken")
	who := p.person()
	who.get("/incidents").shows("No incident")
	who.get("/history?drills=1").shows("2 drills")
}

func TestADrillWithoutNotifierSaysThatNobodyWasToldAndWhereItIsShown(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := start(t, env)
	code, printed, complained := command(t, env, nil, "drill", "--to", p.base)
	if code != 0 || !strings.Contains(printed, "No notifier is configured: nobody was told. Set SMTP_URL with ALERT_EMAIL_TO and ALERT_EMAIL_FROM") {
		t.Errorf("drill ended with %d: %s%s", code, printed, complained)
	}
	_, address, _ := strings.Cut(printed, p.base+"/history/")
	id, _, _ := strings.Cut(address, "\n")
	p.person().get("/history/" + id).shows("drill")
}

func TestADrillTakesAnAddressAsTheGreetingPrintsIt(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := start(t, env)
	for _, path := range []string{"/", "/fallback", "/fallback/voice", "/fallback/messaging/"} {
		if code, printed, complained := command(t, env, nil, "drill", "--to", p.base+path); code != 0 {
			t.Errorf("%s: drill ended with %d: %s%s", path, code, printed, complained)
		}
	}
}

func TestADrillThatNobodyAnswersSaysWhatToDo(t *testing.T) {
	t.Parallel()
	env := configured(t)
	start(t, env) // for its drill key
	nobody := freeAddress(t)
	here := env.with(settings{"LISTEN": nobody, "PUBLIC_URL": ""})
	public := env.with(settings{"LISTEN": nobody, "PUBLIC_URL": "https://" + freeAddress(t)})
	cases := filepath.Join(t.TempDir(), "cases.yaml")
	write(t, cases, "[{name: busy}]")
	for name, c := range map[string]struct {
		env  settings
		args []string
		says []string
	}{
		"this machine":       {here, nil, []string{"http://" + nobody, "refused (11202)", "does Backstop run? Start it, or name another one with --to"}},
		"its cases":          {here, []string{"--cases", cases}, []string{"does Backstop run? Start it"}},
		"the public address": {public, nil, []string{"refused (11202)", "--to http://" + nobody + " tries the Backstop of this machine"}},
		"a named address":    {public, []string{"--to", "http://" + freeAddress(t)}, []string{"refused (11202)", "is the address of --to right?"}},
	} {
		code, printed, complained := command(t, c.env, nil, append([]string{"drill"}, c.args...)...)
		if code != exitFailed || !hasAll(complained, c.says) {
			t.Errorf("%s: drill ended with %d: %s%s, want %q", name, code, printed, complained, c.says)
		}
	}
}

func TestADrillOfWhatIsNoCodeCallsNobody(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := start(t, env)
	for _, no := range []string{"99", "", "many", "-11200", "112000"} {
		code, printed, complained := command(t, env, nil, "drill", "--to", p.base, "--code="+no)
		if code != exitFailed || printed != "" || !strings.Contains(complained, "a number of five digits, such as 11200") {
			t.Errorf("%q: drill ended with %d: %s%s", no, code, printed, complained)
		}
	}
}

func TestADrillFindsThePagesOnAPortOfTheirOwn(t *testing.T) {
	t.Parallel()
	env := configured(t).with(settings{"LISTEN": freeAddress(t), "ADMIN_LISTEN": freeAddress(t)})
	p := start(t, env)
	code, printed, complained := command(t, env, nil, "drill", "--to", p.base)
	if code != 0 || !strings.Contains(printed, "http://"+env["ADMIN_LISTEN"]+"/history/") {
		t.Errorf("drill ended with %d: %s%s", code, printed, complained)
	}
}

func TestADrillDoesNotAskForeverWhereNobodyKnows(t *testing.T) {
	t.Parallel()
	env := configured(t).with(settings{"ADMIN_LISTEN": "127.0.0.1:0"})
	p := start(t, env)
	elsewhere := env.with(settings{"ADMIN_LISTEN": ""}) // as on another machine
	code, printed, complained := command(t, elsewhere, nil, "drill", "--to", p.base)
	if code != exitFailed || !hasAll(complained, []string{"404 Not Found", "name them with --api"}) {
		t.Errorf("drill ended with %d: %s%s", code, printed, complained)
	}
}

func TestADrillThatIsRejectedAsksForTheKey(t *testing.T) {
	t.Parallel()
	env := configured(t).with(settings{"UNVERIFIED": "reject"})
	p := start(t, env)
	other := filepath.Join(t.TempDir(), "other.key")
	write(t, other, "0123456789")
	code, printed, complained := command(t, env, nil, "drill", "--to", p.base, "--key-file", other)
	if code != exitFailed || !strings.Contains(complained, "refuses the signature (UNVERIFIED=reject): is "+other+" its drill key?") {
		t.Errorf("drill ended with %d: %s%s", code, printed, complained)
	}
}

func TestADrillNamesTheNotifierThatDidNotDeliver(t *testing.T) {
	t.Parallel()
	mails, slack := newMailServer(t), newSlack(t)
	slack.answers(500)
	env := configured(t).with(mails.settings()).with(slack.webhookSettings())
	p := start(t, env)
	ctx, cancel := context.WithCancel(t.Context()) // instead of a minute
	defer cancel()
	var printed, complained output
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, world{
			args: []string{"drill", "--to", p.base}, getenv: func(name string) string { return env[name] },
			stdout: &printed, stderr: &complained,
		})
	}()
	eventually(t, 2*soon, "the other notifier delivers", func() bool {
		return strings.Contains(printed.String(), "Alert delivered by email") && slack.tried() > 0
	})
	cancel()
	code := <-ended
	if said := complained.String(); code != exitFailed || !strings.Contains(said, "slack: ") || strings.Contains(said, "email") {
		t.Errorf("drill ended with %d: %s%s", code, &printed, said)
	}
}

func TestADrillDoesNotWaitForADeadNotifier(t *testing.T) {
	t.Parallel()
	mails, slack := newMailServer(t), newSlack(t)
	mails.knowsNobody()
	env := configured(t).with(mails.settings()).with(slack.webhookSettings())
	p := start(t, env)
	began := time.Now()
	code, printed, complained := command(t, env, nil, "drill", "--to", p.base)
	if code != exitFailed || !hasAll(complained, []string{"email: dead", "no such user here"}) || strings.Contains(complained, "slack") {
		t.Errorf("drill ended with %d: %s%s", code, printed, complained)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestADrillWithAnotherKeySaysSo(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := start(t, env)
	other := filepath.Join(t.TempDir(), "other.key")
	write(t, other, "0123456789")
	code, printed, complained := command(t, env, nil, "drill", "--to", p.base, "--key-file", other)
	if code != exitFailed || !strings.Contains(complained, "not recorded: is "+other+" the key") {
		t.Errorf("drill ended with %d: %s%s", code, printed, complained)
	}
}
