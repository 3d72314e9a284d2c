package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

func TestPeopleAreKeptFromBeingToldAndToldAfterAll(t *testing.T) {
	t.Parallel()
	mail := newMailServer(t)
	env := configured(t).with(mail.settings()).withFile(t, `
alerts:
  routes:
    - {match: {tags: [clinic]}, notifiers: [email]}
lines: [{match: "+4930*", name: Praxis, tags: [clinic]}]
`)
	p := start(t, env)
	who := p.person()
	who.get("/notifiers").shows("email", "e-mail", "Weekly summary to email next at", "1 tag clinic → email", "What no route matches goes to everybody")
	if at := who.post("/notifiers/email/test", nil); at.path != "/notifiers" {
		t.Errorf("a test leads to %s", at.path)
	}
	who.await(soon, "/notifiers", "test taken")
	mail.await(t, soon, "Test: alerts of Backstop arrive here")
	eventually(t, soon, "it is logged once", func() bool { return len(p.logLines("notifier tested")) == 1 })

	who.await(2*soon, "/silences", "what people are not told of") // the ledger is open
	made := who.post("/silences", url.Values{"hosts": {"shop.example.com"}, "for": {"2h"}, "reason": {"moving house"}})
	made.shows("host shop.example.com", "moving house", "admin")
	p.ask(p.request("/fallback/voice", sim.Call{ErrorURL: "https://shop.example.com/voice"}), twiml.Voice)
	hushed := who.await(soon, "/", "Nobody is told of 1 open incident: 1 silenced or in maintenance").link("/incidents/")
	who.await(soon, hushed, "Nobody was told: silenced by admin (moving house), until", "nobody was told: silenced by admin (moving house)")
	p.ask(p.request("/fallback/voice", sim.Call{ErrorURL: "https://www.example.com/voice"}), twiml.Voice)
	mail.await(t, soon, "not helped: www.example.com")
	if mail.about("shop.example.com") {
		t.Error("people were told of what is silenced")
	}
	if at := who.post("/silences/1/end", nil); at.status != http.StatusOK {
		t.Errorf("end: %d", at.status)
	}
	mail.await(t, 4*soon, "shop.example.com") // time passes for incidents every 15 s at most
	who.await(soon, hushed, "resumed", "open for")

	muted := who.post(hushed+"/mute", url.Values{"callers": {"100"}})
	muted.shows("muted by admin", "or 100 callers are reached", "Unmute")
	if at := who.post(hushed+"/unmute", nil); strings.Contains(at.text, "Unmute") {
		t.Error("it is muted all the same")
	}
	if at := who.post(hushed+"/mute", url.Values{"until": {time.Now().Add(-time.Hour).UTC().Format("2006-01-02 15:04")}}); at.status != http.StatusBadRequest {
		t.Errorf("a mute until an hour ago: %d", at.status)
	}
}
