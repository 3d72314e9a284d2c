package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
)

// newTwilioAPI has one recording for whoever knows the account's token.
func newTwilioAPI(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != accountSID || password != authToken || !strings.HasSuffix(r.URL.Path, ".mp3") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "audio/mpeg")
		_, _ = io.WriteString(w, "the caller's voice")
	}))
	t.Cleanup(server.Close)
	return server
}

// withPeople has calls ring two people, and then be recorded.
func withPeople(t *testing.T, env settings, api string) settings {
	t.Helper()
	return env.withFile(t, `
twilio_api_url: `+api+`
recovery:
  - {name: at night, match: {channel: voice}, steps: [{dial: {to: ["+15551230001", "+15551230002"]}}, {voicemail: {}}]}
`)
}

func TestACallRingsPeopleAndIsRecordedAndEverybodyIsToldSo(t *testing.T) {
	t.Parallel()
	mails, api := newMailServer(t), newTwilioAPI(t)
	p := start(t, withPeople(t, configured(t).with(mails.settings()), api.URL))
	result := p.call(sim.Call{Script: sim.Script{
		Dials:   []sim.DialOutcome{sim.Busy(), sim.NoAnswer()},
		Records: []sim.Recording{{Length: 12 * time.Second, EndedBy: "#"}},
	}})
	heard := strings.Join(result.Heard(), " ")
	if !strings.Contains(heard, "leave a message") || !strings.Contains(heard, "We have your message") {
		t.Fatalf("heard %q\n%s", heard, result)
	}
	who := p.person()
	who.await(soon, "/history", "left a voicemail")
	address := "/history/" + failureID(result.First())
	page := who.get(address)
	for _, want := range []string{"dialled", "…01 was busy", "…02 did not answer", "left a message", "recording ready", "Voicemail, 12 s"} {
		if !strings.Contains(page.text, want) {
			t.Errorf("the page of the failure lacks %q: %s", want, page.text)
		}
	}
	listen := regexp.MustCompile(`/recordings/RE[0-9a-f]{32}`).FindString(page.source)
	if played := who.post(address+listen, url.Values{}); played.status != http.StatusOK || played.source == "" || !strings.Contains(played.source, "the caller's voice") {
		t.Errorf("listening: %d %s", played.status, played.source)
	}
	if page := who.get(address); !strings.Contains(page.text, "revealed recording RE") {
		t.Errorf("it is not recorded who listened: %s", page.text)
	}
	if stranger := p.visitor().post(address+listen, url.Values{}); strings.Contains(stranger.source, "voice") {
		t.Error("a stranger may listen")
	}
	if page := who.get("/incidents/1"); !strings.Contains(page.text, "1 voicemail") {
		t.Errorf("the page of the incident: %s", page.text)
	}
}

func TestACallThatASecondPersonTakesIsSaved(t *testing.T) {
	t.Parallel()
	p := start(t, withPeople(t, configured(t), newTwilioAPI(t).URL))
	result := p.call(sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.Busy(), sim.Answered(time.Minute).Pressing("1")}}})
	if result.Ending != sim.Completed || strings.Contains(strings.Join(result.Heard(), " "), "leave a message") {
		t.Errorf("the call:\n%s", result)
	}
	who := p.person()
	who.await(soon, "/history", "saved")
	if page := who.get("/history/" + failureID(result.First())); !strings.Contains(page.text, "…02 took the call") {
		t.Errorf("the page of the failure: %s", page.text)
	}
	if page := who.get("/incidents/1"); !strings.Contains(page.text, "1 saved") {
		t.Errorf("the page of the incident: %s", page.text)
	}
}

// A restart while somebody is rung loses neither the call nor what comes back.
func TestACallUnderWayGoesOnThroughARestart(t *testing.T) {
	t.Parallel()
	env := withPeople(t, configured(t), newTwilioAPI(t).URL)
	p := start(t, env)
	first := p.call(sim.Call{Script: sim.Script{HangUpAfter: time.Second, Dials: []sim.DialOutcome{sim.NoAnswer()}}})
	address := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(string(first.First().Body))[1]
	p.end()
	p = start(t, env)
	second, err := p.twilio().Place(t.Context(), publicURL+address, sim.Call{
		SID: first.SID, Situation: sim.MidCall, AskedFirst: true,
		Changes: sim.Changes{Set: sim.Params{{Name: "DialCallStatus", Value: "no-answer"}, {Name: "DialBridged", Value: "false"}}, Drop: []string{"Digits", "FinishedOnKey", "msg"}},
		Script:  sim.Script{Dials: []sim.DialOutcome{sim.NoAnswer()}, Records: []sim.Recording{{Length: 5 * time.Second, EndedBy: "#"}}},
	})
	if err != nil || second.Err() != nil {
		t.Fatal(err, second.Err())
	}
	if heard := strings.Join(second.Heard(), " "); !strings.Contains(heard, "still trying") || !strings.Contains(heard, "We have your message") {
		t.Errorf("heard %q\n%s", heard, second)
	}
	p.person().await(soon, "/history", "left a voicemail")
}

// After it, what had failed is known still: a standby is asked for that very path.
func TestAfterARestartACallUnderWayGoesOnAtTheStandby(t *testing.T) {
	t.Parallel()
	live := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "<Response><Say>Welcome at "+r.URL.Path+"</Say></Response>")
	}))
	t.Cleanup(live.Close)
	env := configured(t).withFile(t, `
primaries: [https://www.example.com]
targets: {standby: {url: "`+live.URL+`{path}", allow_private: true}}
recovery: [{match: {channel: voice}, steps: [{dial: {to: ["+15551230001"]}}, {failover: standby}]}]
`)
	p := start(t, env)
	first := p.call(sim.Call{ErrorURL: "https://www.example.com/voice/menu", Script: sim.Script{HangUpAfter: time.Second, Dials: []sim.DialOutcome{sim.NoAnswer()}}})
	p.person().await(soon, "/history", "voice/menu")
	address := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(string(first.First().Body))[1]
	p.end()
	p = start(t, env)
	p.person().await(soon, "/history", "voice/menu") // the ledger is open, and was asked
	second, err := p.twilio().Place(t.Context(), publicURL+address, sim.Call{
		SID: first.SID, Situation: sim.MidCall, AskedFirst: true,
		Changes: sim.Changes{Set: sim.Params{{Name: "DialCallStatus", Value: "no-answer"}, {Name: "DialBridged", Value: "false"}}, Drop: []string{"Digits", "FinishedOnKey", "msg"}},
	})
	if err != nil || second.Err() != nil {
		t.Fatal(err, second.Err())
	}
	if heard := strings.Join(second.Heard(), " "); !strings.Contains(heard, "Welcome at /voice/menu") {
		t.Errorf("heard %q\n%s", heard, second)
	}
}
