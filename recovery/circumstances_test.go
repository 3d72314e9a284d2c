package recovery_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// One call counts once for calls_per_caller.
func TestAStepThatIsPassedOverIsNotCounted(t *testing.T) {
	vm := recovery.StepOptions{Voicemail: &recovery.VoicemailOptions{}}
	o := steps(dialling(recovery.DialOptions{To: []string{anna}}), vm)
	o.Limits = recovery.LimitOptions{CallsPerCaller: 1, DialsPerHour: 1}
	spent := recovery.NewSpent()
	s := newFallback(t, o, recovery.Parts{Spent: spent})
	s.place(t, sim.Call{From: "+14158670001"}) // uses the dial
	result := s.place(t, sim.Call{From: "+14158670002", Script: sim.Script{Records: []sim.Recording{{Length: 9 * time.Second, EndedBy: "#"}}}})
	if n := count(result, sim.Recorded); n != 1 {
		t.Errorf("the first call of this number was not recorded\n%s\n%+v", result, s.entries[len(s.entries)-1].Answer.Why)
	}
}

func TestOneCallIsCountedOnce(t *testing.T) {
	vm := recovery.StepOptions{Voicemail: &recovery.VoicemailOptions{}}
	o := steps(vm)
	r := recovery.New(recovery.Parts{Texts: words(t)})
	o.Limits = recovery.LimitOptions{CallsPerCaller: 2}
	rs := rules(t, o)
	for i := range 3 {
		f := failure(noon().Add(time.Duration(i)*time.Second), "CallSid", callSID, "From", "+15550001", "To", "+15550002", "Direction", "inbound", "CallStatus", "in-progress", "ErrorUrl", failedURL)
		_, a := r.Answer(t.Context(), recovery.Request{Failure: f}, recovery.Decide(f, rs, r.Failed(f)))
		if a.Step != "voicemail" {
			t.Errorf("failure %d of ONE call: %q %q", i, a.Step, a.Why)
		}
	}
}

// A reply's statuses may come in any order.
func TestTheStatusesOfAReplyComeInAnyOrder(t *testing.T) {
	r := recovery.New(recovery.Parts{Texts: words(t)})
	rs := rules(t, recovery.Options{})
	for _, order := range [][]string{{"sent", "undelivered"}, {"undelivered", "sent"}, {"delivered", "sent"}, {"failed", "sent"}} {
		o := incident.OutcomeUnknown
		for _, status := range order {
			f := failure(noon(), "MessageSid", messageSID, "MessageStatus", status)
			_, a, up := r.FollowUp(t.Context(), recovery.Request{Failure: f}, recovery.Back{Action: recovery.ActionStatus, Known: true}, rs, recovery.State{})
			o = incident.Entry{Failure: f, Answer: a, FollowUp: up}.After(o)
		}
		want := incident.NotTold
		if order[0] == "delivered" {
			want = incident.Told
		}
		if o != want {
			t.Errorf("%v: ended %v, want %v", order, o, want)
		}
	}
}

// A loop that is slow is a loop, too.
func TestASlowCircleEndsToo(t *testing.T) {
	r := recovery.New(recovery.Parts{Texts: words(t)})
	rs := rules(t, steps(recovery.StepOptions{Voicemail: &recovery.VoicemailOptions{}}))
	tried := 0
	for i := range 200 {
		f := failure(noon().Add(time.Duration(i)*45*time.Second), "CallSid", callSID, "From", "anonymous", "To", "+15550002", "Direction", "inbound", "CallStatus", "in-progress", "ErrorUrl", failedURL)
		p := recovery.Decide(f, rs, r.Failed(f))
		_, a := r.Answer(t.Context(), recovery.Request{Failure: f}, p)
		if a.Step == "voicemail" {
			tried++
		}
	}
	if tried > recovery.MostInAll {
		t.Errorf("one call got something tried %d times in 2.5 hours", tried)
	}
}

func TestTheQueryOfAnAddressIsNotKept(t *testing.T) {
	for _, u := range []string{"https://www.example.com/voice?name=<bernd>&n=1", "https://www.example.com/voice?name=O'Brien", "https://www.example.com/voice?a=\xff1234secret", "https://www.example.com/voice#secret?x=1234secret", "https://www.example.com/voice?a=1234secret\r"} {
		o := probedServers(recovery.Match{})
		o.Rules[0].Steps = []recovery.StepOptions{{Retry: &recovery.RetryOptions{}}, {Message: true}}
		f := failed(u)
		state := knowing(map[string]standby.Verdict{"https://www.example.com": standby.Up})
		_, a := recovery.New(recovery.Parts{Texts: words(t)}).Answer(t.Context(), recovery.Request{Failure: f}, recovery.Decide(f, rules(t, o), state))
		for _, secret := range []string{"bernd", "Brien", "secret"} {
			if strings.Contains(string(a.Document), secret) {
				t.Errorf("%q: kept %s", u, a.Document)
			}
		}
	}
}

// What stands behind a dial is tried when nobody takes the call.
func TestServersBehindADialAreAsked(t *testing.T) {
	live := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", twiml.ContentType)
		_, _ = io.WriteString(w, "<Response><Say>Standby here</Say></Response>")
	})
	two := dialling(recovery.DialOptions{To: []string{anna}})
	for name, tt := range map[string]struct {
		step recovery.StepOptions
		url  string
	}{
		"failover with a fixed address": {recovery.StepOptions{Failover: []string{"live"}}, live.URL + "/voice"},
		"failover with the path":        {recovery.StepOptions{Failover: []string{"live"}}, live.URL + "{path}"},
		"redirect":                      {recovery.StepOptions{Redirect: "live"}, live.URL + "/voice"},
		"redirect with the path":        {recovery.StepOptions{Redirect: "live"}, live.URL + "{path}"},
		"retry":                         {recovery.StepOptions{Retry: &recovery.RetryOptions{Wait: 5 * time.Second}}, live.URL + "/voice"},
	} {
		t.Run(name, func(t *testing.T) {
			o := steps(two, tt.step)
			o.Primaries = []string{live.URL, "https://www.example.com"}
			if !strings.HasPrefix(name, "retry") {
				o.Primaries = []string{"https://www.example.com"}
			}
			o.Targets = map[string]standby.Options{"live": {URL: tt.url, AllowPrivate: true, Timeout: 3 * time.Second, Probe: "/healthz"}}
			s := newFallback(t, o, recovery.Parts{Standbys: standby.NewClient(standby.ClientOptions{})})
			s.knows = knowing(map[string]standby.Verdict{"live": standby.Up})
			errorURL := "https://www.example.com/voice"
			if name == "retry" {
				errorURL = live.URL + "/voice"
			}
			result, err := sim.Client{Account: sim.Account{SID: account}}.Place(t.Context(), s.URL+"/fallback/voice", sim.Call{ErrorURL: errorURL})
			if err != nil {
				t.Fatal(err)
			}
			if heard := strings.Join(result.Heard(), " "); !strings.Contains(heard, "Standby here") {
				t.Errorf("the standby was not reached: %q", s.entries[len(s.entries)-1].Answer.Why)
			}
		})
	}
}

// The only thing that fails is the last address, ours, after a conversation.
func TestWhoSpokeWithSomebodyIsSavedThoughOurLastAddressFails(t *testing.T) {
	two := dialling(recovery.DialOptions{To: []string{anna}})
	vm := recovery.StepOptions{Voicemail: &recovery.VoicemailOptions{}}
	s := newFallback(t, steps(two, vm), recovery.Parts{})
	next := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/dialled/") {
			w.WriteHeader(500)
			return
		}
		next.ServeHTTP(w, r)
	})
	result, err := sim.Client{Account: sim.Account{SID: account}}.Place(t.Context(), s.URL+"/fallback/voice", sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.Answered(time.Minute).Pressing("1")}}})
	if err != nil {
		t.Fatal(err)
	}
	last := s.entries[len(s.entries)-1]
	if last.Answer.Outcome != incident.Saved || !last.Failure.Itself {
		t.Errorf("a caller who spoke with Anna counts as %v\n%s", last.Answer.Outcome, result)
	}
}

// Anna presses 1 as the caller hangs up: the two have never spoken.
func TestWhoNeverCameToSpeakIsNotSaved(t *testing.T) {
	seal := recovery.NewSeal("x")
	r := recovery.New(recovery.Parts{Texts: words(t), Seal: seal})
	o := steps(dialling(recovery.DialOptions{To: []string{anna}}), recovery.StepOptions{Message: true})
	rs := rules(t, o)
	for name, status := range map[string][2]string{"the caller hung up": {"completed", "canceled"}, "it could not be connected": {"in-progress", "failed"}} {
		f := failed(failedURL)
		q := recovery.Request{Failure: f}
		_, a := r.Answer(t.Context(), q, recovery.Decide(f, rs, r.Failed(f)))
		outcome := a.Outcome
		place := placeIn(t, r, seal, rs)
		child := failure(noon().Add(10*time.Second), "CallSid", sim.NewSID("CA"), "Digits", "1", "Direction", "outbound-dial", "CallStatus", "in-progress")
		_, a, _ = r.FollowUp(t.Context(), recovery.Request{Failure: child}, recovery.Back{Action: recovery.ActionAccept, Place: place, Known: true}, rs, recovery.State{})
		outcome = outcome.Then(a.Outcome)
		end := failure(noon().Add(11*time.Second), "CallSid", callSID, "CallStatus", status[0], "DialCallStatus", status[1], "DialBridged", "false")
		_, a, _ = r.FollowUp(t.Context(), recovery.Request{Failure: end}, recovery.Back{Action: recovery.ActionDialled, Place: place, Known: true}, rs, recovery.State{})
		outcome = outcome.Then(a.Outcome)
		if outcome == incident.Saved {
			t.Errorf("%s: counts as %v", name, outcome)
		}
	}
}

// Who hangs up at the tone has left nothing.
func TestWhoHangsUpAtTheToneHasLeftNothing(t *testing.T) {
	seal := recovery.NewSeal("x")
	r := recovery.New(recovery.Parts{Texts: words(t), Seal: seal})
	rs := rules(t, steps(recovery.StepOptions{Voicemail: &recovery.VoicemailOptions{}}))
	place := placeIn(t, r, seal, rs)
	for _, seconds := range []string{"0", "1", ""} {
		for action, extra := range map[recovery.Action][]string{recovery.ActionRecorded: {"Digits", "hangup"}, recovery.ActionRecording: {"RecordingStatus", "completed"}, recovery.ActionTranscribed: {"TranscriptionStatus", "failed"}} {
			pairs := append([]string{"CallSid", callSID, "CallStatus", "completed", "RecordingSid", sim.NewSID("RE")}, extra...)
			if seconds != "" {
				pairs = append(pairs, "RecordingDuration", seconds)
			}
			_, a, up := r.FollowUp(t.Context(), recovery.Request{Failure: failure(noon(), pairs...)}, recovery.Back{Action: action, Place: place, Known: true}, rs, recovery.State{})
			if left := a.Outcome == incident.Voicemail; left != (seconds != "0" && action != recovery.ActionTranscribed) || up.What == incident.MessageLeft && seconds == "0" {
				t.Errorf("%s of %q s: %v, %v", action, seconds, up.What, a.Outcome)
			}
		}
	}
}

func TestLimitsHoldOverTheTurnOfTheHour(t *testing.T) {
	o := steps(dialling(recovery.DialOptions{To: []string{anna}}))
	o.Limits = recovery.LimitOptions{DialsPerHour: 5, CallsPerCaller: 1000}
	rs := rules(t, o)
	r := recovery.New(recovery.Parts{Texts: words(t)})
	n := 0
	dial := func(at time.Time, drill bool) bool {
		n++
		f := failure(at, "CallSid", sim.NewSID("CA"), "From", fmt.Sprintf("+1555%07d", n), "To", "+15550002", "Direction", "inbound", "CallStatus", "ringing", "ErrorUrl", failedURL)
		f.Drill = drill
		_, a := r.Answer(t.Context(), recovery.Request{Failure: f}, recovery.Decide(f, rs, r.Failed(f)))
		return a.Outcome == incident.OutcomeUnknown
	}
	count := func(at time.Time, tries int, step time.Duration) (ok int) {
		for i := range tries {
			if dial(at.Add(time.Duration(i)*step), false) {
				ok++
			}
		}
		return ok
	}
	for _, at := range []struct {
		claim string
		from  time.Time
		want  int
	}{
		{"just before the hour", noon().Add(-10 * time.Second), 5},
		{"just after it, what was spent counts nearly whole", noon(), 1},
		{"a clock set back by a minute gives nothing again", noon().Add(-30 * time.Second), 0},
		{"nor when it goes on", noon().Add(time.Minute), 0},
		{"half an hour later half of it is forgotten", noon().Add(31 * time.Minute), 2},
		{"a clock set back by a day silences nobody", noon().Add(-24 * time.Hour), 5},
	} {
		if got := count(at.from, 9, time.Second); got != at.want {
			t.Errorf("%s: %d were dialled, want %d", at.claim, got, at.want)
		}
	}
	for range 100 {
		if !dial(noon().Add(2*time.Minute), true) {
			t.Error("a drill is limited")
		}
	}
}
