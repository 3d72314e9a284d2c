package recovery_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// Whatever comes back, and to whatever address: the caller gets TwiML, or Twilio
// nothing where it wants nothing.
func FuzzWhateverComesBackIsAnswered(f *testing.F) {
	o := steps(
		dialling(recovery.DialOptions{To: []string{anna, ben}}), recovery.StepOptions{Enqueue: &recovery.EnqueueOptions{Queue: "a & b"}},
		recovery.StepOptions{Callback: true}, recovery.StepOptions{Voicemail: &recovery.VoicemailOptions{Consent: true, Transcribe: true}},
	)
	r, err := recovery.NewRules(o, words(f).Knows)
	if err != nil {
		f.Fatal(err)
	}
	seal := recovery.NewSeal("fuzz")
	answers := recovery.New(recovery.Parts{Texts: words(f), Seal: seal})
	first := placeIn(f, answers, seal, r)
	for _, action := range []recovery.Action{
		recovery.ActionNext, recovery.ActionScreen, recovery.ActionAccept, recovery.ActionDialled, recovery.ActionWait, recovery.ActionLeft,
		recovery.ActionConsent, recovery.ActionRecorded, recovery.ActionRecording, recovery.ActionTranscribed, recovery.ActionCallback, recovery.ActionStatus, "",
	} {
		for step := range 4 {
			f.Add(string(action), "", "DialCallStatus", "busy", step, step, "in-progress")
		}
	}
	f.Add("dialled", "AQ", "DialBridged", "true", 300, 300, "completed")
	f.Add("left", "", "QueueResult", "\xff<x>", -1, 200, "")
	f.Fuzz(func(t *testing.T, action, token, name, value string, step, at int, status string) {
		q := recovery.Request{Failure: failure(noon(), "CallSid", callSID, "AccountSid", account, "From", "+14155550100", "CallStatus", status, name, value)}
		if step >= 0 && step < 4 && at >= 0 && at < 256 {
			token = seal.Token(recovery.Action(action), recovery.Place{Failure: q.ID, Rule: first.Rule, Step: step, At: at, Since: q.ReceivedAt}, account)
		}
		document, a, _ := answers.FollowUp(t.Context(), q, answers.Open(recovery.Action(action), token, account), r, recovery.State{})
		if document == nil {
			return
		}
		if err := twiml.Check(document, twiml.Voice).Err(); err != nil {
			t.Errorf("%s %s=%q: %v in %s (%+v)", action, name, value, err, document, a)
		}
	})
}

// placeIn is the place of the first step of rules, as an address in a document of
// ours says it.
func placeIn(tb testing.TB, answers *recovery.Recovery, seal *recovery.Seal, r recovery.Rules) recovery.Place {
	tb.Helper()
	q := recovery.Request{Failure: failed(failedURL, "AccountSid", account)}
	document, _ := answers.Answer(tb.Context(), q, recovery.Decide(q.Failure, r, recovery.State{}))
	link := regexp.MustCompile(`/fallback/voice/([a-z]+)/([A-Za-z0-9_-]+)`).FindStringSubmatch(string(document))
	if link == nil {
		tb.Fatalf("no address of ours in %s", document)
	}
	place, ok := seal.Open(recovery.Action(link[1]), link[2], q.AccountSID)
	if !ok {
		tb.Fatalf("%s is not read", link[2])
	}
	return place
}

// A token says the same to whoever made it, and nothing to others.
func FuzzATokenIsReadAsItWasMade(f *testing.F) {
	f.Add("dialled", 7, 2, uint32(9), "pt-BR", uint32(1_800_000_000), account)
	f.Fuzz(func(t *testing.T, action string, step, at int, line uint32, language string, since uint32, account string) {
		if step < 0 || step > 255 || at < 0 || at > 255 || len(language) > 8 {
			t.Skip()
		}
		seal := recovery.NewSeal("a")
		p := recovery.Place{
			Failure: incident.NewID(noon()), Rule: [6]byte{1, 2, 3}, Step: step, At: at, Visit: 2,
			Since: time.Unix(int64(since), 0).UTC(), Line: line, Language: language,
		}
		token := seal.Token(recovery.Action(action), p, account)
		if got, ok := seal.Open(recovery.Action(action), token, account); !ok || got != p {
			t.Errorf("got %+v, %v, want %+v", got, ok, p)
		}
		for name, open := range map[string]func() (recovery.Place, bool){
			"another action":  func() (recovery.Place, bool) { return seal.Open(recovery.Action(action+"x"), token, account) },
			"another account": func() (recovery.Place, bool) { return seal.Open(recovery.Action(action), token, account+"x") },
			"another seal": func() (recovery.Place, bool) {
				return recovery.NewSeal("b").Open(recovery.Action(action), token, account)
			},
			"half a token": func() (recovery.Place, bool) {
				return seal.Open(recovery.Action(action), token[:len(token)/2], account)
			},
		} {
			if _, ok := open(); ok {
				t.Errorf("%s opened it", name)
			}
		}
	})
}
