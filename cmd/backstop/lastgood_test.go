package main

import (
	"os"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

func TestWhatWasGoodIsServedAfterARestartWhenNobodyElseIs(t *testing.T) {
	t.Parallel()
	standby := newStandby(t)
	env := configured(t).withFile(t, `
primaries: [https://www.example.com]
targets: {standby: {url: "`+standby.URL+`{path}", allow_private: true}}
recovery: [{steps: [{failover: standby}, {last_good: true}]}]
`)
	p := spawn(t, env)
	const errorURL = "https://www.example.com/voice/menu"
	p.ask(p.request("/fallback/voice", sim.Call{ErrorURL: errorURL}), twiml.Voice)
	if code := p.end(); code != 0 {
		t.Fatalf("ended with %d", code)
	}
	if info, err := os.Stat(p.path(lastGoodFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	standby.Close()
	p = spawn(t, env)
	who := p.person()
	// It is read while callers are answered already.
	who.await(soon, "/rules?channel=voice&url="+errorURL, "Serves the last good answer for this path, kept ")
	answer := p.ask(p.request("/fallback/voice", sim.Call{ErrorURL: errorURL}), twiml.Voice)
	if !strings.Contains(string(answer.Body), "Welcome at /voice/menu") {
		t.Errorf("got %s", answer.Body)
	}
	who.await(soon, "/history", "got the last good answer")
	other := p.ask(p.request("/fallback/voice", sim.Call{ErrorURL: "https://www.example.com/other"}), twiml.Voice)
	if !strings.Contains(string(other.Body), "technical problem") {
		t.Errorf("another path got %s", other.Body)
	}
	who.await(soon, "/history/"+failureID(other), "last good: nothing kept for this path")
}
