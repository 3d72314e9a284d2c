package main

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestAStormIsToldInAFewMessagesThatNameEveryCause rehearses 5,000 failures with
// 20 causes with the example configuration, against a real SMTP server and a
// Slack that speaks the protocol.
func TestAStormIsToldInAFewMessagesThatNameEveryCause(t *testing.T) {
	t.Parallel()
	mails, slack := newMailServer(t), newSlack(t)
	example := strings.Replace(read(t, "../../examples/backstop.yaml"), "channel: C0123456789", "channel: C0123456789\n      api_url: "+slack.URL+"/api/", 1)
	env := settings{
		"DATA_DIR": t.TempDir(), "TWILIO_AUTH_TOKEN": authToken, "SMTP_URL": mails.settings()["SMTP_URL"], "SLACK_BOT_TOKEN": slackToken,
	}.withFile(t, example)
	code, printed, complained := command(t, env, nil, "drill", "--storm", "5000")
	if code != 0 {
		t.Fatalf("it ended with %d: %s\n%s", code, complained, printed)
	}
	t.Log(printed)
	for _, want := range []string{"5000 failures with 20 causes", "every one was answered", "every one of 21 incidents is named"} {
		if !strings.Contains(printed, want) {
			t.Errorf("it does not say %q:\n%s", want, printed)
		}
	}
	got := regexp.MustCompile(`(\S+) got (\d+) messages, the first after ([0-9.]+) s; every one`).FindAllStringSubmatch(printed, -1)
	if len(got) != 2 {
		t.Fatalf("got %q, want a line for each of two notifiers", got)
	}
	for _, one := range got {
		n, _ := strconv.Atoi(one[2])
		first, _ := strconv.ParseFloat(one[3], 64)
		if n > 30 || first > 5 {
			t.Errorf("%s got %d messages, the first after %g s", one[1], n, first)
		}
	}
	sent := mails.got()
	messages := map[string]bool{} // one whose answer comes late is sent again, as the same
	for _, m := range sent {
		messages[m.header.Get("Message-Id")] = true
	}
	if n, _ := strconv.Atoi(got[0][2]); got[0][1] != "ops-mail" || n != len(messages) {
		t.Errorf("%s got %d by its own word, and %d arrived", got[0][1], n, len(messages))
	}
	for _, m := range sent {
		if !strings.HasPrefix(m.subject(), "Drill") || len([]rune(m.subject())) > 70 || !strings.Contains(m.text, "all of this is made up") {
			t.Errorf("a mail that does not say that it is a drill: %q", m.subject())
		}
		if strings.Contains(m.text, "/incidents") || strings.Contains(m.text, "acknowledge it") {
			t.Errorf("a mail that leads to an incident of the real Backstop, or asks somebody to take it:\n%s", m.text)
		}
	}
}

func TestAStormThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"nobody would be told":    {"drill", "--storm", "10"},
		"at most 100000 failures": {"drill", "--storm", "1000000"},
		"1 to 1000 causes":        {"drill", "--storm", "10", "--causes", "0"},
	} {
		if code, _, complained := command(t, configured(t), nil, args...); code == 0 || !strings.Contains(complained, name) {
			t.Errorf("%v: ended with %d: %s", args, code, complained)
		}
	}
}
