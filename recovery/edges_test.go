package recovery_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/hours"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio"
)

// standing is a server that says that on every path, and what it was asked for.
func standing(t *testing.T, document string) (options map[string]standby.Options, asked *string) {
	t.Helper()
	asked = new(string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = r.URL.Path
		_, _ = io.WriteString(w, document)
	}))
	t.Cleanup(s.Close)
	return map[string]standby.Options{"s": {URL: s.URL + "{path}", AllowPrivate: true}}, asked
}

// TestTheMusicOfAQueueIsNoLoop holds that a caller who waits while the wait
// document fails, round after round, still gets the steps behind the waiting.
func TestTheMusicOfAQueueIsNoLoop(t *testing.T) {
	t.Parallel()
	r := rules(t, recovery.Options{Rules: []recovery.RuleOptions{{Steps: []recovery.StepOptions{{Voicemail: &recovery.VoicemailOptions{}}}}}})
	rec := recovery.New(recovery.Parts{Texts: words(t)})
	at := noon()
	for round := range 90 {
		f := failure(at, "CallSid", callSID, "From", "+15550000001", "To", "+15550100001", "Direction", "inbound", "CallStatus", "in-progress",
			"QueuePosition", "1", "QueueTime", strconv.Itoa(round*20), "ErrorUrl", "https://www.example.com/wait")
		if _, a := rec.Answer(t.Context(), recovery.Request{Failure: f}, recovery.Decide(f, r, rec.Failed(f))); a.Situation != incident.InQueue {
			t.Fatalf("round %d: %s", round, a.Situation)
		}
		at = at.Add(6 * time.Second)
	}
	f := failure(at, "CallSid", callSID, "From", "+15550000001", "To", "+15550100001", "Direction", "inbound", "CallStatus", "in-progress",
		"QueueResult", "leave", "ErrorUrl", "https://www.example.com/left")
	if _, a := rec.Answer(t.Context(), recovery.Request{Failure: f}, recovery.Decide(f, r, rec.Failed(f))); a.Step != "voicemail" {
		t.Errorf("behind the queue: %s, %q", a.Step, a.Why)
	}
}

// TestALoopInAQueueStillEnds holds that where the document of a queue fails again
// at once, sent on by a rule, the sending on ends.
func TestALoopInAQueueStillEnds(t *testing.T) {
	t.Parallel()
	o := probedServers(recovery.Match{})
	o.Targets["standby"] = standby.Options{URL: "https://standby.example.com{path}", Probe: "/healthz"}
	o.Rules[0].Steps = []recovery.StepOptions{{Redirect: "standby"}}
	r := rules(t, o)
	rec := recovery.New(recovery.Parts{Texts: words(t)})
	up := knowing(map[string]standby.Verdict{"standby": standby.Up})
	sent := 0
	for round := range 30 {
		f := failure(noon().Add(time.Duration(round)*time.Second), "CallSid", callSID, "From", "+15550000001", "To", "+15550100001", "Direction", "inbound",
			"CallStatus", "in-progress", "QueuePosition", "1", "ErrorUrl", failedURL)
		s := rec.Failed(f)
		s.Health = up.Health
		if doc, _ := rec.Answer(t.Context(), recovery.Request{Failure: f}, recovery.Decide(f, r, s)); strings.Contains(string(doc), "<Redirect>") {
			sent++
		}
	}
	if sent == 0 || sent > recovery.MostVisits {
		t.Errorf("sent on %d times of 30", sent)
	}
}

func TestWhoReachedNobodyHasNotHadWhatTheCallWasFor(t *testing.T) {
	t.Parallel()
	r := rules(t, recovery.Options{Rules: []recovery.RuleOptions{{Steps: []recovery.StepOptions{{Voicemail: &recovery.VoicemailOptions{}}}}}})
	for claim, test := range map[string]struct {
		extra []string
		want  incident.Situation
		step  string
	}{
		"a mailbox picked up":             {[]string{"DialCallStatus", "completed", "DialBridged", "false"}, incident.MidCall, "voicemail"},
		"whichever stands first":          {[]string{"DialBridged", "false", "DialCallStatus", "completed"}, incident.MidCall, "voicemail"},
		"somebody picked up":              {[]string{"DialCallStatus", "completed", "DialBridged", "true"}, incident.AfterSuccess, "message"},
		"nobody says whether they spoke":  {[]string{"DialCallStatus", "completed"}, incident.AfterSuccess, "message"},
		"a recording without any length":  {[]string{"RecordingUrl", "https://api.twilio.com/x", "RecordingDuration", "0"}, incident.MidCall, "voicemail"},
		"which may stand behind it":       {[]string{"RecordingDuration", "0", "RecordingUrl", "https://api.twilio.com/x"}, incident.MidCall, "voicemail"},
		"a recording with something said": {[]string{"RecordingUrl", "https://api.twilio.com/x", "RecordingDuration", "7"}, incident.AfterSuccess, "message"},
	} {
		f := call(append(test.extra, "From", "+15550000001", "To", "+15550100001", "Direction", "inbound", "CallStatus", "in-progress", "ErrorUrl", "https://www.example.com/after")...)
		rec := recovery.New(recovery.Parts{Texts: words(t)})
		p := recovery.Decide(f, r, rec.Failed(f))
		if _, a := rec.Answer(t.Context(), recovery.Request{Failure: f}, p); p.Situation != test.want || a.Step != test.step {
			t.Errorf("%s: %s, %s", claim, p.Situation, a.Step)
		}
	}
}

// TestAFailureOfOurOwnAddressGoesOnFromTheOneThatFailedFirst plays a dial whose
// end could not be told to us: the step behind it, and the one behind that, know
// what had failed.
func TestAFailureOfOurOwnAddressGoesOnFromTheOneThatFailedFirst(t *testing.T) {
	t.Parallel()
	targets, asked := standing(t, "<Response><Say>standby</Say></Response>")
	dial, failover := recovery.StepOptions{Dial: &recovery.DialOptions{To: []string{"+15551230001"}}}, recovery.StepOptions{Failover: []string{"s"}}
	for claim, steps := range map[string][]recovery.StepOptions{
		"at once": {dial, failover}, "behind another step": {dial, {Callback: true}, failover},
	} {
		*asked = ""
		r := rules(t, recovery.Options{Primaries: []string{"https://www.example.com"}, Targets: targets, Rules: []recovery.RuleOptions{{Steps: steps}}})
		rec := recovery.New(recovery.Parts{Texts: words(t), Standbys: standby.NewClient(standby.ClientOptions{})})
		keys := &twilio.Keys{}
		f := failed("https://www.example.com/menu/3", "From", "+15550000001", "To", "+15550100001")
		doc, _ := rec.Answer(t.Context(), recovery.Request{Failure: f, Keys: keys}, recovery.Decide(f, r, rec.Failed(f)))
		path := regexp.MustCompile(`/fallback/voice/dialled/[^"]+`).FindString(string(doc))
		ours := call("From", "+15550000001", "To", "+15550100001", "Direction", "inbound", "CallStatus", "in-progress", "DialCallStatus", "busy", "ErrorUrl", "https://fallback.example.com"+path)
		ours.Itself = true
		doc, _ = rec.Answer(t.Context(), recovery.Request{Failure: ours, Keys: keys}, recovery.Decide(ours, r, rec.Failed(ours)))
		if offer := regexp.MustCompile(`/fallback/voice/callback/([^"]+)`).FindStringSubmatch(string(doc)); offer != nil {
			no := call("From", "+15550000001", "To", "+15550100001", "Direction", "inbound", "CallStatus", "in-progress", "Digits", "2")
			_, _, _ = rec.FollowUp(t.Context(), recovery.Request{Failure: no, Keys: keys}, rec.Open(recovery.ActionCallback, offer[1], account), r, recovery.State{})
		}
		if *asked != "/menu/3" {
			t.Errorf("%s: the standby was asked for %q", claim, *asked)
		}
	}
}

func TestWhoeverCouldNotBeAskedDoesNotHaveTheCall(t *testing.T) {
	t.Parallel()
	r := rules(t, recovery.Options{})
	rec := recovery.New(recovery.Parts{Texts: words(t)})
	for _, action := range []string{"screen", "accept"} {
		f := call("From", "+15550000001", "To", "+15551230001", "Direction", "outbound-dial", "CallStatus", "in-progress", "ErrorUrl", "https://fallback.example.com/fallback/voice/"+action+"/x")
		f.Itself = true
		if doc, _ := rec.Answer(t.Context(), recovery.Request{Failure: f}, recovery.Decide(f, r, rec.Failed(f))); !strings.Contains(string(doc), "<Response><Hangup/></Response>") {
			t.Errorf("%s: %s", action, doc)
		}
	}
}

func TestPeopleWhoAreRungAtOnceAreCountedEach(t *testing.T) {
	t.Parallel()
	to := []string{"+15551230001", "+15551230002", "+15551230003", "+15551230004"}
	r := rules(t, recovery.Options{Limits: recovery.LimitOptions{DialsPerHour: 8}, Rules: []recovery.RuleOptions{{Steps: []recovery.StepOptions{{Dial: &recovery.DialOptions{To: to, AtOnce: true, Moot: true}}}}}})
	rec := recovery.New(recovery.Parts{Texts: words(t)})
	rung := 0
	for i := range 5 {
		f := failure(noon(), "CallSid", fmt.Sprintf("CA%032d", i), "From", fmt.Sprintf("+1555000000%d", i), "To", "+15550100001", "Direction", "inbound", "CallStatus", "ringing")
		doc, _ := rec.Answer(t.Context(), recovery.Request{Failure: f}, recovery.Decide(f, r, rec.Failed(f)))
		rung += strings.Count(string(doc), "<Number")
	}
	if rung != 8 {
		t.Errorf("%d people were rung, where 8 may be", rung)
	}
}

func TestOfALongListTenAreRungAtOnce(t *testing.T) {
	t.Parallel()
	var people []hours.PersonOptions
	for i := range 12 {
		people = append(people, hours.PersonOptions{Name: fmt.Sprint("P", i), To: fmt.Sprintf("+155512300%02d", i)})
	}
	r := rules(t, recovery.Options{
		OnCall: map[string]hours.RosterOptions{"ops": {People: people}},
		Rules:  []recovery.RuleOptions{{Steps: []recovery.StepOptions{{Dial: &recovery.DialOptions{OnCall: "ops", AtOnce: true, Moot: true}}}}},
	})
	rec := recovery.New(recovery.Parts{Texts: words(t)})
	f := failed("https://www.example.com/x", "From", "+15550000000", "To", "+15550100001")
	doc, a := rec.Answer(t.Context(), recovery.Request{Failure: f}, recovery.Decide(f, r, rec.Failed(f)))
	if n := strings.Count(string(doc), "<Number"); n != 10 || a.Step != "dial 10 people at once" {
		t.Errorf("%d are rung: %s", n, a.Step)
	}
}

// TestNothingOfOneCallerIsServedToAnother holds that what is relative in a
// standby's document is so to its address, not to the parameters that a GET
// carries there: they would be kept with the last good answer.
func TestNothingOfOneCallerIsServedToAnother(t *testing.T) {
	t.Parallel()
	document := `<Response><Gather numDigits="1"><Say>Menu</Say></Gather><Redirect/></Response>`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/voice" {
			http.Redirect(w, r, "/menu?x=1", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, document)
	}))
	defer s.Close()
	r := rules(t, recovery.Options{
		Primaries: []string{"https://www.example.com"}, Targets: map[string]standby.Options{"s": {URL: s.URL + "{path}", AllowPrivate: true}},
		Rules: []recovery.RuleOptions{{Steps: []recovery.StepOptions{{Failover: []string{"s"}}}}},
	})
	for _, method := range []string{"GET", "POST"} {
		for path, here := range map[string]string{"/voice": "/menu?x=1", "/other": "/other"} {
			rec := recovery.New(recovery.Parts{Texts: words(t), Standbys: standby.NewClient(standby.ClientOptions{})})
			f := failed("https://www.example.com"+path, "From", "+15550000001", "To", "+15550100001")
			f.Method = method
			doc, a := rec.Answer(t.Context(), recovery.Request{Failure: f, Keys: &twilio.Keys{}}, recovery.Decide(f, r, rec.Failed(f)))
			if a.Step != "failover s" || !strings.Contains(string(doc), `action="`+s.URL+here+`"`) || strings.Contains(string(doc), "15550000001") {
				t.Errorf("%s %s: %s, %s", method, path, a.Step, doc)
			}
		}
	}
}

func TestNoContentIsAnAnswerToAMessage(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer s.Close()
	r := rules(t, recovery.Options{
		Primaries: []string{"https://www.example.com"}, Targets: map[string]standby.Options{"s": {URL: s.URL + "{path}", AllowPrivate: true}},
		Rules: []recovery.RuleOptions{{Steps: []recovery.StepOptions{{Failover: []string{"s"}}}}},
	})
	rec := recovery.New(recovery.Parts{Texts: words(t), Standbys: standby.NewClient(standby.ClientOptions{})})
	f := message(noon(), "+15550000001", "order 3", "ErrorUrl", "https://www.example.com/sms", "ErrorCode", "11202")
	doc, a := rec.Answer(t.Context(), recovery.Request{Failure: f, Keys: &twilio.Keys{}}, recovery.Decide(f, r, rec.Failed(f)))
	if a.Outcome != incident.Saved || string(doc) != "<Response/>" {
		t.Errorf("a message: %s, %q, %s", a.Outcome, a.Why, doc)
	}
	g := failed("https://www.example.com/voice", "From", "+15550000001", "To", "+15550100001")
	if _, a := rec.Answer(t.Context(), recovery.Request{Failure: g, Keys: &twilio.Keys{}}, recovery.Decide(g, r, rec.Failed(g))); a.Outcome == incident.Saved {
		t.Error("a call is saved by an answer without a document")
	}
}
