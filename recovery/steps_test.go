package recovery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio/twiml"
)

func TestOnlyACallThatRingsIsRejected(t *testing.T) {
	t.Parallel()
	steps := []recovery.StepOptions{{Reject: "busy"}, {Message: true}}
	message := failure(noon(), "MessageSid", messageSID, "From", "+4917100000", "To", "+4930123456", "Body", "Hello")
	for name, c := range map[string]struct {
		failure   incident.Failure
		step, why string
	}{
		"a call that rings":         {failed(failedURL), "reject busy", "rejected, as the rule says"},
		"a call under way":          {failed(failedURL, "CallStatus", "in-progress"), "message", "only a call that rings"},
		"a call of ours that rings": {failed(failedURL, "Direction", "outbound-api"), "message", "only a call that rings"},
		"a call that says nothing":  {incident.NewFailure(noon(), "POST", []incident.Param{{Name: "CallSid", Value: callSID}}), "message", "only a call that rings"},
		"a message":                 {message, "message", "only a call that rings"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rules(t, recovery.Options{Rules: []recovery.RuleOptions{{Steps: steps}}})
			document, a := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent()}).Answer(t.Context(), recovery.Request{Failure: c.failure}, recovery.Decide(c.failure, r, recovery.State{}))
			if a.Step != c.step || !strings.Contains(a.Why, c.why) {
				t.Errorf("got %q, %q, want %q, %q", a.Step, a.Why, c.step, c.why)
			}
			if rejected := strings.HasSuffix(string(document), `<Response><Reject reason="busy"/></Response>`); rejected != strings.HasPrefix(c.step, "reject") {
				t.Errorf("got %s", document)
			}
			kind := twiml.Voice
			if c.failure.Channel == incident.Messaging {
				kind = twiml.Messaging
			}
			if err := twiml.Check(document, kind).Err(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatIsIgnoredIsAnsweredWithNothingAndSaysSo(t *testing.T) {
	t.Parallel()
	r := rules(t, recovery.Options{Rules: []recovery.RuleOptions{{Steps: []recovery.StepOptions{{Ignore: true}}}}})
	f := failed(failedURL)
	document, a := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent()}).Answer(t.Context(), recovery.Request{Failure: f}, recovery.Decide(f, r, recovery.State{}))
	if !strings.HasSuffix(string(document), "<Response/>") || a.Step != "ignore" || a.Outcome != incident.NotTold || a.Why != "ignored, as the rule says" {
		t.Errorf("got %s, %+v", document, a)
	}
}

func TestStepsAreTriedInTheirOrder(t *testing.T) {
	t.Parallel()
	live := newServer(t, serves(hello))
	o := recovery.Options{
		Targets: map[string]standby.Options{"live": {URL: live.URL + "/voice", AllowPrivate: true, Timeout: 3 * time.Second}},
		Rules:   []recovery.RuleOptions{{Steps: []recovery.StepOptions{{Reject: "rejected"}, {Failover: []string{"live"}}, {Ignore: true}}}},
	}
	answers := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent(), Standbys: standby.NewClient(standby.ClientOptions{})})
	r := rules(t, o)
	for status, want := range map[string]string{"ringing": "reject rejected", "in-progress": "failover live"} {
		q := request(t, failed(failedURL, "CallStatus", status))
		if _, a := answers.Answer(t.Context(), q, recovery.Decide(q.Failure, r, recovery.State{})); a.Step != want {
			t.Errorf("%s: got %q, want %q", status, a.Step, want)
		}
	}
	live.Close()
	q := request(t, failed(failedURL, "CallStatus", "in-progress"))
	if _, a := answers.Answer(t.Context(), q, recovery.Decide(q.Failure, r, recovery.State{})); a.Step != "ignore" || !strings.Contains(a.Why, "live: ") {
		t.Errorf("got %q, %q", a.Step, a.Why)
	}
}

func TestEachRuleIsSummedUpForPeople(t *testing.T) {
	t.Parallel()
	r := rules(t, recovery.Options{
		Targets: map[string]standby.Options{"a": {URL: "https://a.example"}, "b": {URL: "https://b.example"}},
		Rules: []recovery.RuleOptions{
			{Name: "our server is down", Match: recovery.Match{Channel: "voice"}, Steps: []recovery.StepOptions{{Failover: []string{"a", "b"}}, {Message: true}}},
			{Match: recovery.Match{From: []string{"+882*"}}, Steps: []recovery.StepOptions{{Reject: "busy"}}},
			{Match: recovery.Match{From: []string{"+1*"}}, Steps: []recovery.StepOptions{{Failover: []string{"a", "b"}, Hedge: 300 * time.Millisecond}}},
			{Match: recovery.Match{From: []string{"+7*"}}, Steps: []recovery.StepOptions{{Failover: []string{"a"}}, {Reject: "busy"}}},
			{Match: recovery.Match{From: []string{"+8*"}}, Steps: []recovery.StepOptions{{Failover: []string{"a"}}, {Ignore: true}}},
			{Match: recovery.Match{From: []string{"+9*"}}, Steps: []recovery.StepOptions{{Voicemail: &recovery.VoicemailOptions{}}, {Failover: []string{"a"}}, {Reject: "busy"}}},
			{Name: "the rest", Steps: []recovery.StepOptions{{Ignore: true}}},
		},
	})
	want := []string{
		"Rule 1, our server is down: asks a, then asks b, then says the apology. Calls are answered, and billed.",
		"Rule 2: rejects a call that rings (busy), then says the apology. Calls that ring are not answered, and not billed; all others are.",
		"Rule 3: asks a, then asks b 300ms later at most, then says the apology. Calls are answered, and billed.",
		"Rule 4: asks a, then rejects a call that rings (busy), then says the apology. Calls are answered, and billed, but those that ring are not where nothing before the rejecting serves.",
		"Rule 5: asks a, then says nothing. Calls are answered, and billed.",
		"Rule 6: records a voicemail, then asks a, then rejects a call that rings (busy), then says the apology. Calls are answered, and billed. What callers say is recorded.",
		"Rule 7, the rest: says nothing. Calls are answered and ended at once, and billed.",
	}
	if diff := cmp.Diff(want, r.Summaries()); diff != "" {
		t.Error(diff)
	}
}
