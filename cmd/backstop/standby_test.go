package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twilio/twilio-go/client"

	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// newStandby is a server that serves calls, and nobody whose signature Twilio's
// own library refuses. It answers what it is asked at with where that was.
func newStandby(t *testing.T) *httptest.Server {
	t.Helper()
	validator := client.NewRequestValidator(authToken)
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		params := map[string]string{}
		for name := range r.PostForm {
			params[name] = r.PostForm.Get(name)
		}
		if !validator.Validate(server.URL+r.RequestURI, params, r.Header.Get("X-Twilio-Signature")) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, "<Response><Say>Welcome at "+r.URL.Path+"</Say><Redirect>next</Redirect></Response>")
	}))
	t.Cleanup(server.Close)
	return server
}

// withStandby has calls whose server failed go on at that one.
func withStandby(t *testing.T, env settings, server string) settings {
	t.Helper()
	return env.withFile(t, `
primaries: [https://www.example.com]
targets: {standby: {url: "`+server+`{path}", allow_private: true}}
recovery:
  - {name: our server is down, match: {channel: voice, codes: ["11200-11299"]}, steps: [{failover: standby}, {message: apology}]}
`)
}

func TestACallGoesOnAtTheStandbyAndEverybodyIsToldSo(t *testing.T) {
	t.Parallel()
	standby, mails := newStandby(t), newMailServer(t)
	p := start(t, withStandby(t, configured(t).with(mails.settings()), standby.URL))
	request := p.request("/fallback/voice", sim.Call{ErrorURL: "https://www.example.com/voice/menu"})
	answer := p.ask(request, twiml.Voice)
	for _, want := range []string{"Welcome at /voice/menu", "<Redirect>" + standby.URL + "/voice/next</Redirect>"} {
		if !strings.Contains(string(answer.Body), want) {
			t.Errorf("got %s, want %q in it", answer.Body, want)
		}
	}
	if again := p.ask(request, twiml.Voice); string(again.Body) != string(answer.Body) {
		t.Errorf("a retry got %s", again.Body)
	}
	mail := mails.await(t, soon, "1 caller saved: www.example.com")
	if !strings.Contains(mail.text, "By failover standby") {
		t.Errorf("the mail says nothing of the standby:\n%s", mail.text)
	}
	who := p.person()
	who.await(soon, "/history", "saved")
	page := who.get("/history/" + failureID(answer))
	for _, want := range []string{"failover standby", "went on there"} {
		if !strings.Contains(page.text, want) {
			t.Errorf("the page of the failure lacks %q: %s", want, page.text)
		}
	}
	if page := who.get("/incidents/1"); !strings.Contains(page.text, "By failover standby") {
		t.Errorf("the page of the incident: %s", page.text)
	}
}

func TestWhereTheStandbyIsDownTooTheCallerHearsTheApologyAndThePageSaysWhy(t *testing.T) {
	t.Parallel()
	standby := newStandby(t)
	p := start(t, withStandby(t, configured(t), standby.URL))
	standby.Close()
	answer := p.ask(p.request("/fallback/voice", sim.Call{ErrorURL: "https://www.example.com/voice"}), twiml.Voice)
	if !strings.Contains(string(answer.Body), "technical problem") {
		t.Errorf("got %s", answer.Body)
	}
	who := p.person()
	who.await(soon, "/history", "heard our message")
	if page := who.get("/history/" + failureID(answer)); !strings.Contains(page.text, "standby: it refuses connections") {
		t.Errorf("the page does not say why: %s", page.text)
	}
}

// Two hundred callers wait for a standby that hangs; the others must not.
func TestAStandbyThatHangsKeepsNobodyElseWaiting(t *testing.T) {
	t.Parallel()
	var hanging, most atomic.Int64
	standby := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		now := hanging.Add(1)
		defer hanging.Add(-1)
		for before := most.Load(); now > before && !most.CompareAndSwap(before, now); before = most.Load() {
		}
		<-r.Context().Done()
	}))
	t.Cleanup(standby.Close)
	p := start(t, withStandby(t, configured(t), standby.URL))
	const waiting = 200
	answers := make(chan sim.Exchange, waiting)
	for range waiting {
		request := p.request("/fallback/voice", sim.Call{ErrorURL: "https://www.example.com/voice"})
		go func() { answers <- p.twilio().Do(t.Context(), request) }()
	}
	eventually(t, 2*soon, "many of them wait at once", func() bool { return most.Load() > waiting/4 })
	for range 5 { // another code, so another rule: none
		p.call(sim.Call{ErrorCode: "12100", ErrorURL: "https://www.example.com/voice"}) // which judges how long it takes
	}
	for range waiting {
		answer := <-answers
		if err := fault(answer, twiml.Voice); err != nil || !strings.Contains(string(answer.Body), "technical problem") {
			t.Errorf("got %s, %v", answer.Body, err)
		}
	}
}

// An upgrade must not cut off whoever waits for a standby.
func TestWhoWaitsForAStandbyIsAnsweredBeforeAStop(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	standby := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(standby.Close)
	p := spawn(t, withStandby(t, configured(t), standby.URL))
	answer := make(chan sim.Exchange, 1)
	request := p.request("/fallback/voice", sim.Call{ErrorURL: "https://www.example.com/voice"})
	go func() { answer <- p.twilio().Do(t.Context(), request) }()
	<-asked
	if code := p.end(); code != 0 {
		t.Errorf("ended with %d, want 0", code)
	}
	if err := fault(<-answer, twiml.Voice); err != nil {
		t.Error(err)
	}
}

func TestCheckSaysWhoIsThereAtPresent(t *testing.T) {
	t.Parallel()
	env := configured(t).withFile(t, `
hours:
  always: {open: daily 00:00-24:00}
on_call:
  ops: {people: [{name: Anna, to: "+4930123456", hours: always}, {name: Ben, to: client:ben}]}
`)
	code, printed, complained := command(t, env, nil, "check")
	for _, want := range []string{
		"At present always is open (daily 00:00-24:00; UTC).\n",
		"At present on call for ops: Anna, then Ben.\n",
	} {
		if code != 0 || !strings.Contains(printed, want) {
			t.Errorf("ended with %d: %s%s\nwant %q", code, printed, complained, want)
		}
	}
}

func TestCheckSaysWhatRulesDoAndWhomTheyLeaveOut(t *testing.T) {
	t.Parallel()
	env := withStandby(t, configured(t), "https://standby.example.com")
	code, printed, complained := command(t, env, nil, "check", "--coverage")
	for _, want := range []string{
		"1 target, 1 rule", "Rule 1, our server is down: asks standby, then says the apology. Calls are answered, and billed.",
		"Every line gets something better than the apology",
	} {
		if code != 0 || !strings.Contains(printed, want) {
			t.Errorf("ended with %d: %s%s\nwant %q", code, printed, complained, want)
		}
	}
	env = configured(t).withFile(t, "lines: [{match: '+4930*'}, {match: '+4940*'}]")
	if code, printed, _ := command(t, env, nil, "check", "--coverage"); code != 0 || !strings.Contains(printed, "2 lines of 2 would get nothing better") || !strings.Contains(printed, "\n  +4930* (calls, messages)\n") {
		t.Errorf("ended with %d: %s", code, printed)
	}
}

// TestWhatAStandbyGetsSatisfiesTheOfficialLibrary has npm's twilio, which the
// standby may use, check what calls and messages are re-signed as.
func TestWhatAStandbyGetsSatisfiesTheOfficialLibrary(t *testing.T) {
	t.Parallel()
	standby := newShop(t)
	p := start(t, configured(t).withFile(t, `
primaries: [https://www.example.com]
targets: {standby: {url: "`+standby.URL+`{path}?{query}", allow_private: true}}
recovery: [{name: all, steps: [{failover: standby}]}]
`))
	text, err := sim.Message{Body: "Grüße & more", ErrorCode: "11210", ErrorURL: "https://www.example.com/sms"}.Request(customer(), publicURL+"/fallback/messaging")
	if err != nil {
		t.Fatal(err)
	}
	if answer := p.ask(text, twiml.Messaging); !strings.Contains(string(answer.Body), "Thank you") {
		t.Errorf("the message was answered with %s", answer.Body)
	}
	p.ask(p.request("/fallback/voice", sim.Call{ErrorURL: "https://www.example.com/voice/menu?shop=Z%C3%BCrich&x=1+2"}), twiml.Voice)
	p.ask(p.request("/fallback/voice", sim.Call{Method: "GET", ErrorURL: "https://www.example.com/voice?shop=berlin", Situation: sim.MidCall}), twiml.Voice)
	got := standby.arrivals()
	if len(got) != 3 {
		t.Fatalf("%d arrived, want 3", len(got))
	}
	judge(t, got)
}
