package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// soon is how long people wait for the first alert.
const soon = 5 * time.Second

func TestAFailedCallIsAnsweredWrittenDownToldAndShown(t *testing.T) {
	t.Parallel()
	mails, slack := newMailServer(t), newSlack(t)
	p := start(t, configured(t).with(mails.settings()).with(slack.webhookSettings()))

	result := p.call(sim.Call{From: "+14158675310"})
	if heard := strings.Join(result.Heard(), " "); !strings.Contains(heard, "technical problem") {
		t.Errorf("the caller heard %q", heard)
	}

	mail := mails.await(t, soon, "1 ", "not helped", "primary.example.com")
	for _, words := range []string{"Still happening?", "The last caller heard", "Do first", result.SID, "https://primary.example.com/voice", publicURL + "/incidents/1"} {
		if !strings.Contains(mail.text, words) {
			t.Errorf("the mail does not say %q:\n%s", words, mail.text)
		}
	}
	if !slices.Equal(mail.to, []string{"ops@example.com"}) {
		t.Errorf("the mail went to %q", mail.to)
	}
	slack.await(t, soon, "1 ", "not helped", "primary.example.com")

	who := p.person()
	list := who.await(soon, "/history", result.SID)
	list.shows("primary.example.com", "11200", "#1")
	id := failureID(result.First())
	detail := who.await(soon, list.link("/history/"+id), "told by email", "told by slack")
	detail.shows(result.SID, "StirVerstat", "TN-Validation-Passed-A", "technical problem", "29, as Twilio sent them", "Incident #1")
	if strings.Contains(detail.source, "+14158675310") {
		t.Error("the caller's number is not masked")
	}
	revealed := who.post("/history/"+id+"/reveal", url.Values{"what": {"all"}})
	revealed.shows("+14158675310", "Revealed: everything")

	incident := who.await(soon, "/incidents/1", "email", "slack", "sent")
	incident.shows("opened", "nobody has taken it", "primary.example.com")
	who.get("/incidents").shows("#1", "open", "primary.example.com")

	who.post("/incidents/1/acknowledge", nil).shows("taken by admin")
	who.post("/incidents/1/resolve", nil).shows("resolved by admin")
	mails.await(t, soon, "Resolved: primary.example.com")
	slack.await(t, soon, "Resolved: primary.example.com")

	p.call(sim.Call{From: "+14158675311"})
	mails.await(t, soon, "Back: 1", "example.com")
	slack.await(t, soon, "Back: 1", "example.com")
	who.await(soon, "/incidents/2", "back again after #1")

	p.awaitWritten()
	if code := p.end(); code != 0 {
		t.Errorf("ended with %d, want 0", code)
	}
}

func TestABotKeepsOneSlackMessageAnIncidentAndALineHasItsNameAndLanguage(t *testing.T) {
	t.Parallel()
	slack := newSlack(t)
	p := start(t, configured(t).with(slack.botSettings()).withFile(t, slack.botFile()+`
lines:
  - {match: "+4930*", name: Praxis Berlin, language: de, tags: [clinic]}
`))
	result := p.call(sim.Call{To: "+4930123456", From: "+4930999001"})
	heard := strings.Join(result.Heard(), " ")
	if !strings.Contains(heard, "Praxis Berlin") || !strings.Contains(heard, "technische Störung") {
		t.Errorf("the caller heard %q", heard)
	}
	first := slack.await(t, soon, "1 ", "not helped")
	for n := range 9 {
		p.call(sim.Call{To: "+4930123456", From: fmt.Sprintf("+49309990%02d", 10+n)})
	}
	grown := slack.await(t, soon, "10 ", "not helped", "primary.example.com")
	if grown.method != "chat.update" || grown.ts != first.ts {
		t.Errorf("growth: got %s of %s, want an update of %s", grown.method, grown.ts, first.ts)
	}
	slack.await(t, soon, "Growing: 10 callers")
	if last := slack.got()[len(slack.got())-1]; last.thread != first.ts {
		t.Errorf("its history is in the thread %q, want %q", last.thread, first.ts)
	}
	p.person().post("/incidents/1/acknowledge", nil).shows("taken by admin")
	taken := slack.await(t, soon, "admin has taken it.")
	posts := slack.got()
	update := posts[len(posts)-2]
	if taken.thread != first.ts || update.method != "chat.update" || update.ts != first.ts || !strings.Contains(update.body, "*Taken care of by* admin") {
		t.Errorf("who has taken it is said in the thread %q, want %q, after %s of %s: %s", taken.thread, first.ts, update.method, update.ts, update.body)
	}
}

func TestAFailedMessageIsAnsweredOnceAndToldAsSenders(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	p := start(t, configured(t).with(mails.settings()))
	result := p.message(sim.Message{Body: "is it open today?"})
	if len(result.Replies) != 1 || !strings.Contains(result.Replies[0].Body, "technical problem") {
		t.Errorf("replies: got %+v", result.Replies)
	}
	if again := p.message(sim.Message{Body: "hello?"}); len(again.Replies) != 0 {
		t.Errorf("a second apology within the hour: %+v", again.Replies)
	}
	if stop := p.message(sim.Message{From: "+14158675399", Body: "STOP"}); len(stop.Replies) != 0 {
		t.Errorf("STOP was answered: %+v", stop.Replies)
	}
	mails.await(t, soon, "not helped", "primary.example.com")
	p.person().await(soon, "/history?channel=messaging", "3 failures")
}

func TestARetryGetsTheSameBytesAndIsStoredOnce(t *testing.T) {
	t.Parallel()
	p := start(t, configured(t))
	request := p.request("/fallback/voice", sim.Call{})
	first, second := p.ask(request, twiml.Voice), p.ask(request, twiml.Voice)
	if string(first.Body) != string(second.Body) || failureID(first) != failureID(second) {
		t.Errorf("the retry got %s %s, want %s %s", second.Failure(), second.Body, first.Failure(), first.Body)
	}
	sid := request.Params.Value("CallSid")
	again := p.ask(p.request("/fallback/voice", sim.Call{SID: sid}), twiml.Voice)
	if failureID(again) == failureID(first) {
		t.Error("the same call failing again was taken for a retry")
	}
	p.person().await(soon, "/history?sid="+sid, "2 failures")
}

// Twilio sends again what a process that is gone has written down: what both
// answers name can be looked up.
func TestBothAnswersToARequestAroundARestartLeadToTheFailure(t *testing.T) {
	t.Parallel()
	p := spawn(t, configured(t))
	request := p.request("/fallback/voice", sim.Call{})
	first := p.ask(request, twiml.Voice)
	p.kill()
	p = spawn(t, p.env)
	second := p.ask(request, twiml.Voice)
	sid := request.Params.Value("CallSid")
	p.settle()
	who := p.person()
	who.await(soon, "/history?sid="+sid, "1 failure")
	for name, e := range map[string]sim.Exchange{"first": first, "second": second} {
		if at := who.get("/history/" + failureID(e)); at.status != 200 || !strings.Contains(at.text, sid) {
			t.Errorf("the %s answer says %q, and there is %d %s", name, e.Failure(), at.status, at.text)
		}
	}
}

func TestWhoeverSetsBackstopAsThePrimaryURLIsToldSo(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	p := start(t, configured(t).with(mails.settings()))
	result := p.call(sim.Call{AskedFirst: true, To: "+18005551212"})
	mail := mails.await(t, soon, "Twilio asked us first", "+18005551212")
	if !strings.Contains(mail.text, "primary URL") {
		t.Errorf("the mail does not say what is set wrong:\n%s", mail.text)
	}
	p.person().await(soon, "/history", result.SID, "asked us first")
}

func TestARequestAboutNeitherCallNorMessageIsStoredAsUnknown(t *testing.T) {
	t.Parallel()
	p := start(t, configured(t))
	e := p.ask(p.request("/fallback", sim.Call{Changes: sim.Changes{Drop: []string{"CallSid"}}}), twiml.Voice)
	if !strings.HasSuffix(string(e.Body), "<Response/>") || failureID(e) == "" {
		t.Errorf("got %s %s", e.Failure(), e.Body)
	}
	p.person().await(soon, "/history?channel=unknown", "1 failure", "primary.example.com")
}
