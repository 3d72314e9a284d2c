package recovery_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// fallback is a server without signatures and databases: it decides,
// answers, goes on, and keeps what it did.
type fallback struct {
	*httptest.Server
	recovery *recovery.Recovery
	rules    recovery.Rules

	mu      sync.Mutex
	now     func() time.Time
	knows   recovery.State // of servers
	keys    *twilio.Keys
	entries []incident.Entry
}

func newFallback(t *testing.T, o recovery.Options, parts recovery.Parts) *fallback {
	t.Helper()
	parts.Texts = words(t)
	keys, err := twilio.NewKeys(twilio.KeyOptions{Accounts: []twilio.Account{{SID: account, Tokens: []string{"x"}}}})
	if err != nil {
		t.Fatal(err)
	}
	s := &fallback{recovery: recovery.New(parts), rules: rules(t, o), now: time.Now, keys: keys}
	mux := http.NewServeMux()
	mux.HandleFunc("/fallback/voice", s.failure)
	mux.HandleFunc("/fallback/messaging", s.failure)
	mux.HandleFunc("/fallback/voice/{action}/{token}", s.followUp)
	mux.HandleFunc("/fallback/messaging/{action}/{token}", s.followUp)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *fallback) request(r *http.Request) recovery.Request {
	_ = r.ParseForm()
	var params []incident.Param
	for name, values := range r.Form {
		for _, value := range values {
			params = append(params, incident.Param{Name: name, Value: value})
		}
	}
	f := incident.NewFailure(s.now(), r.Method, params)
	f.Itself = strings.HasPrefix(f.ErrorURL, s.URL)
	return recovery.Request{Failure: f, Keys: s.keys}
}

func (s *fallback) failure(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.request(r)
	document, a := s.recovery.Answer(context.Background(), q, recovery.Decide(q.Failure, s.rules, s.failed(q.Failure)))
	s.entries = append(s.entries, incident.Entry{Failure: q.Failure, Answer: a})
	w.Header().Set("Content-Type", twiml.ContentType)
	_, _ = w.Write(document)
}

func (s *fallback) failed(f incident.Failure) recovery.State {
	state := s.recovery.Failed(f)
	state.Health = s.knows.Health
	return state
}

func (s *fallback) followUp(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.request(r)
	back := s.recovery.Open(recovery.Action(r.PathValue("action")), r.PathValue("token"), q.AccountSID)
	document, a, up := s.recovery.FollowUp(context.Background(), q, back, s.rules, s.knows)
	if !up.IsZero() {
		s.entries = append(s.entries, incident.Entry{Failure: q.Failure, Answer: a, FollowUp: up})
	}
	if document == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", twiml.ContentType)
	_, _ = w.Write(document)
}

// outcome is how it ended, by all that came back.
func (s *fallback) outcome() incident.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	outcome := incident.OutcomeUnknown
	for _, e := range s.entries {
		outcome = e.After(outcome)
	}
	return outcome
}

func (s *fallback) place(t *testing.T, call sim.Call) sim.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	result, err := sim.Client{Account: sim.Account{SID: account, AuthToken: "x"}}.Place(ctx, s.URL+"/fallback/voice", call)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Problems) > 0 {
		t.Errorf("problems: %v\n%s", result.Problems, result)
	}
	if result.Ending == sim.ApplicationError || result.Ending == sim.TooLong {
		t.Errorf("ended by %q\n%s", result.Ending, result)
	}
	return result
}

func steps(all ...recovery.StepOptions) recovery.Options {
	return recovery.Options{
		House: recovery.Style{Name: "Praxis Berlin", Languages: []string{"en"}}, Primaries: []string{"https://primary.example.com"},
		Rules: []recovery.RuleOptions{{Name: "all", Steps: all}},
	}
}

func dialling(o recovery.DialOptions) recovery.StepOptions { return recovery.StepOptions{Dial: &o} }

const (
	anna = "+15551230001"
	ben  = "+15551230002"
)

func TestWholeCallsThroughEveryStep(t *testing.T) {
	t.Parallel()
	voicemail := recovery.StepOptions{Voicemail: &recovery.VoicemailOptions{}}
	two := dialling(recovery.DialOptions{To: []string{anna, ben}})
	for name, tt := range map[string]struct {
		steps   []recovery.StepOptions
		call    sim.Call
		heard   []string // in order, what begins so; others may lie between
		not     string   // never heard
		dialled int
		outcome incident.Outcome
	}{
		"the first person takes the call": {
			[]recovery.StepOptions{two, voicemail},
			sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.Answered(40 * time.Second).Pressing("1")}}},
			[]string{"You have reached Praxis Berlin. One moment"},
			"leave a message", 1, incident.Saved,
		},
		"busy, then the second person takes it": {
			[]recovery.StepOptions{two, voicemail},
			sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.Busy(), sim.Answered(time.Minute).Pressing("1")}}},
			[]string{"You have reached Praxis Berlin. One moment", "We are still trying"},
			"leave a message", 2, incident.Saved,
		},
		"busy, no answer, then a voicemail": {
			[]recovery.StepOptions{two, voicemail},
			sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.Busy(), sim.NoAnswer()}, Records: []sim.Recording{{Length: 12 * time.Second, EndedBy: "#"}}}},
			[]string{"You have reached", "We are still trying", "Please leave a message", "Thank you. We have your message"},
			"technical problem", 2, incident.Voicemail,
		},
		"a mailbox does not win": {
			[]recovery.StepOptions{two, voicemail},
			sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.Answered(time.Minute), sim.Answered(time.Minute)}, Records: []sim.Recording{{Length: 12 * time.Second, EndedBy: sim.HangUp}}}},
			[]string{"You have reached", "We are still trying", "Please leave a message"},
			"", 2, incident.Voicemail,
		},
		"who presses another key does not take it": {
			[]recovery.StepOptions{dialling(recovery.DialOptions{To: []string{anna}}), {Message: true}},
			sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.Answered(time.Minute).Pressing("9")}}},
			[]string{"You have reached", "Sorry, we have a technical problem"},
			"", 1, incident.Told,
		},
		"without being asked whoever picks up has it": {
			[]recovery.StepOptions{dialling(recovery.DialOptions{To: []string{anna}, Moot: true}), {Message: true}},
			sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.Answered(time.Minute)}}},
			[]string{"You have reached"},
			"Sorry", 1, incident.Saved,
		},
		"all at once": {
			[]recovery.StepOptions{dialling(recovery.DialOptions{To: []string{anna, ben}, Moot: true, AtOnce: true}), {Message: true}},
			sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.NoAnswer()}}},
			[]string{"You have reached", "Sorry, we have a technical problem"},
			"We are still trying", 1, incident.Told,
		},
		"the caller hangs up while somebody is rung": {
			[]recovery.StepOptions{two, voicemail},
			sim.Call{Script: sim.Script{HangUpAfter: 12 * time.Second, Dials: []sim.DialOutcome{sim.NoAnswer()}}},
			[]string{"You have reached"},
			"leave a message", 1, incident.Lost,
		},
		"a voicemail at once": {
			[]recovery.StepOptions{voicemail},
			sim.Call{Script: sim.Script{Records: []sim.Recording{{Length: 9 * time.Second, EndedBy: "#"}}}},
			[]string{"You have reached Praxis Berlin. Sorry", "Please leave a message", "Thank you. We have your message"},
			"", 0, incident.Voicemail,
		},
		"silence is no voicemail": {
			[]recovery.StepOptions{voicemail},
			sim.Call{Script: sim.Script{Records: []sim.Recording{{}}}},
			[]string{"You have reached", "Please leave a message", "We heard no message", "Sorry, we have a technical problem"},
			"Thank you", 0, incident.Told,
		},
		"recorded only with consent": {
			[]recovery.StepOptions{{Voicemail: &recovery.VoicemailOptions{Consent: true}}},
			sim.Call{Script: sim.Script{Gathers: []sim.Input{sim.Press("1")}, Records: []sim.Recording{{Length: 9 * time.Second, EndedBy: "#"}}}},
			[]string{"You have reached", "To leave a message, which will be recorded", "Please leave a message", "Thank you. We have your message"},
			"", 0, incident.Voicemail,
		},
		"no consent, no recording": {
			[]recovery.StepOptions{{Voicemail: &recovery.VoicemailOptions{Consent: true}}},
			sim.Call{},
			[]string{"You have reached", "To leave a message", "Sorry, we have a technical problem"},
			"after the tone", 0, incident.Told,
		},
		"a call back is asked for": {
			[]recovery.StepOptions{{Callback: true}, voicemail},
			sim.Call{Script: sim.Script{Gathers: []sim.Input{sim.Press("1")}}},
			[]string{"You have reached", "If you would like us to call you back", "Thank you. We will call you back"},
			"leave a message", 0, incident.CallbackRequested,
		},
		"a call back is not wanted": {
			[]recovery.StepOptions{{Callback: true}, voicemail},
			sim.Call{Script: sim.Script{Gathers: []sim.Input{sim.Press("2")}, Records: []sim.Recording{{Length: 9 * time.Second, EndedBy: "#"}}}},
			[]string{"You have reached", "If you would like us to call you back", "Please leave a message"},
			"We will call you back", 0, incident.Voicemail,
		},
		"nobody is called back who hides the number": {
			[]recovery.StepOptions{{Callback: true}, {Message: true}},
			sim.Call{From: "anonymous"},
			[]string{"You have reached"},
			"call you back", 0, incident.Told,
		},
		"somebody takes the call out of the queue": {
			[]recovery.StepOptions{{Enqueue: &recovery.EnqueueOptions{Queue: "support"}}, voicemail},
			sim.Call{Script: sim.Script{QueueFor: time.Minute}},
			[]string{"Please stay on the line"},
			"leave a message", 0, incident.Saved,
		},
		"nobody does in time": {
			[]recovery.StepOptions{{Enqueue: &recovery.EnqueueOptions{Queue: "support", MaxWait: time.Millisecond}}, voicemail},
			sim.Call{Script: sim.Script{QueueFor: time.Hour, Records: []sim.Recording{{Length: 9 * time.Second, EndedBy: "#"}}}},
			[]string{"Please leave a message"},
			"", 0, incident.Voicemail,
		},
		"the caller hangs up in the queue": {
			[]recovery.StepOptions{{Enqueue: &recovery.EnqueueOptions{Queue: "support"}}, voicemail},
			sim.Call{Script: sim.Script{QueueFor: time.Hour, HangUpAfter: time.Minute}},
			[]string{"Please stay on the line"},
			"leave a message", 0, incident.Lost,
		},
		"who waits already hears words only": {
			[]recovery.StepOptions{two, voicemail},
			sim.Call{Situation: sim.WaitingInQueue},
			[]string{"Please stay on the line"},
			"One moment", 0, incident.Told,
		},
		"a message that was left before the failure is one": {
			[]recovery.StepOptions{two, voicemail},
			sim.Call{Situation: sim.RecordingFinished},
			[]string{"Thank you for calling Praxis Berlin. Goodbye."},
			"One moment", 0, incident.Voicemail,
		},
		"whoever was called by us is not passed on": {
			[]recovery.StepOptions{two, voicemail},
			sim.Call{Situation: sim.Outbound},
			[]string{"Hello, this is"},
			"One moment", 0, incident.Told,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFallback(t, steps(tt.steps...), recovery.Parts{})
			result := s.place(t, tt.call)
			rest := result.Heard()
			for _, words := range tt.heard {
				at := slices.IndexFunc(rest, func(heard string) bool { return strings.HasPrefix(heard, words) })
				if at < 0 {
					t.Fatalf("never heard %q in its place\n%s", words, result)
				}
				rest = rest[at+1:]
			}
			if tt.not != "" && strings.Contains(strings.Join(result.Heard(), " "), tt.not) {
				t.Errorf("heard %q\n%s", tt.not, result)
			}
			if n := count(result, sim.Dialled); n != tt.dialled {
				t.Errorf("dialled %d times, want %d\n%s", n, tt.dialled, result)
			}
			if got := s.outcome(); got != tt.outcome {
				t.Errorf("ended %v, want %v\n%s", got, tt.outcome, result)
			}
		})
	}
}

func count(r sim.Result, kind sim.EventKind) (n int) {
	for _, e := range r.Events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func TestWhoeverIsDialledHearsWhichLineAndSeesTheCaller(t *testing.T) {
	o := steps(dialling(recovery.DialOptions{To: []string{anna}}))
	o.Lines = []recovery.Line{{Match: "+4930*", Style: recovery.Style{Name: "Zweigstelle", Languages: []string{"de"}}}}
	s := newFallback(t, o, recovery.Parts{})
	result := s.place(t, sim.Call{To: "+4930123456", Script: sim.Script{Dials: []sim.DialOutcome{sim.Answered(time.Minute).Pressing("1")}}})
	document := string(result.First().Body)
	if !strings.Contains(document, `callerId="+14158675310"`) || !strings.Contains(document, `answerOnBridge="true"`) {
		t.Errorf("got %s", document)
	}
	var told []string
	for _, e := range result.Events {
		if e.Who == sim.Callee && e.Kind == sim.Said {
			told = append(told, e.Text)
		}
	}
	if len(told) == 0 || !strings.HasPrefix(told[0], "Ein Anruf für Zweigstelle.") {
		t.Errorf("the person heard %q\n%s", told, result)
	}
}

func TestWhoeverIsDialledHearsTheRightOneOfVeryManyLines(t *testing.T) {
	o := steps(dialling(recovery.DialOptions{To: []string{anna}}))
	for i := range 1<<16 + 1 {
		o.Lines = append(o.Lines, recovery.Line{Match: fmt.Sprintf("+49301%06d", i), Style: recovery.Style{Name: fmt.Sprintf("Line %d", i)}})
	}
	s := newFallback(t, o, recovery.Parts{})
	result := s.place(t, sim.Call{To: o.Lines[1<<16].Match, Script: sim.Script{Dials: []sim.DialOutcome{sim.Answered(time.Minute).Pressing("1")}}})
	for _, e := range result.Events {
		if e.Who == sim.Callee && e.Kind == sim.Said && !strings.HasPrefix(e.Text, "A call for Line 65536,") {
			t.Errorf("the person heard %q", e.Text)
		}
	}
}

// What is kept of a document holds nothing of the caller, and is the same for
// all of them.
func TestWhatIsKeptOfADocumentIsTheSameForAllCallers(t *testing.T) {
	s := newFallback(t, steps(dialling(recovery.DialOptions{To: []string{anna}}), recovery.StepOptions{Voicemail: &recovery.VoicemailOptions{}}), recovery.Parts{})
	for i := range 2 {
		s.place(t, sim.Call{From: fmt.Sprintf("+1415867531%d", i), Script: sim.Script{Records: []sim.Recording{{}}}})
	}
	half := len(s.entries) / 2
	for i := range half {
		one, other := s.entries[i].Answer, s.entries[half+i].Answer
		if string(one.Document) != string(other.Document) || strings.Contains(string(one.Document), "+1415867531") {
			t.Errorf("kept\n%s\nand\n%s", one.Document, other.Document)
		}
	}
}

func TestATryAgainWaitsAndIsNotEndless(t *testing.T) {
	var asked int
	primary := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(primary.Close)
	o := steps(recovery.StepOptions{Retry: &recovery.RetryOptions{Times: 2, Wait: 5 * time.Second}}, recovery.StepOptions{Message: true})
	o.Primaries = []string{primary.URL}
	s := newFallback(t, o, recovery.Parts{})
	result, err := sim.Client{Account: sim.Account{SID: account}}.Place(t.Context(), s.URL+"/fallback/voice", sim.Call{ErrorURL: primary.URL + "/voice"})
	if err != nil {
		t.Fatal(err)
	}
	if asked != 2 {
		t.Errorf("the primary was asked %d times, want 2\n%s", asked, result)
	}
	heard := strings.Join(result.Heard(), " ")
	if strings.Count(heard, "One moment, please.") != 2 || !strings.Contains(heard, "Sorry, we have a technical problem") {
		t.Errorf("heard %q\n%s", heard, result)
	}
}

// A standby that leads back to us goes round in circles, and must not do so
// until the caller hangs up, not even where the program is started again.
func TestALoopEndsEvenThroughARestart(t *testing.T) {
	primary := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	t.Cleanup(primary.Close)
	o := steps(recovery.StepOptions{Retry: &recovery.RetryOptions{Times: 3, Wait: time.Second}}, recovery.StepOptions{Message: true})
	o.Primaries = []string{primary.URL}
	calls := recovery.NewCalls()
	s := newFallback(t, o, recovery.Parts{Calls: calls})
	sid := sim.NewSID("CA")
	calls.Recall(recovery.Recalled{AccountSID: account, SID: sid, Failure: incident.NewID(time.Now()), At: time.Now(), Failed: slices.Repeat([]time.Time{time.Now()}, recovery.MostVisits)})
	result := s.place(t, sim.Call{SID: sid, ErrorURL: primary.URL + "/voice"})
	if n := len(result.Exchanges); n != 1 {
		t.Errorf("%d requests, want one\n%s", n, result)
	}
	if why := s.entries[0].Answer.Why; !strings.Contains(why, "nothing else was tried: this is failure 9") {
		t.Errorf("why: %q", why)
	}
}

func TestAFollowUpThatFailsGoesOnWithTheNextStep(t *testing.T) {
	o := steps(dialling(recovery.DialOptions{To: []string{anna}}), recovery.StepOptions{Voicemail: &recovery.VoicemailOptions{}})
	s := newFallback(t, o, recovery.Parts{})
	first := s.place(t, sim.Call{Script: sim.Script{HangUpAfter: time.Second}})
	document := string(first.First().Body)
	_, address, _ := strings.Cut(document, `action="`)
	address, _, _ = strings.Cut(address, `"`)
	result := s.place(t, sim.Call{ErrorURL: s.URL + address, ErrorCode: "11205", Script: sim.Script{Records: []sim.Recording{{Length: 3 * time.Second, EndedBy: "#"}}}})
	if heard := result.Heard(); len(heard) == 0 || count(result, sim.Dialled) != 0 || count(result, sim.Recorded) != 1 {
		t.Errorf("heard %q\n%s", heard, result)
	}
}

func TestAfterAChangeOfRulesACallThatIsUnderWayIsStillSpokenTo(t *testing.T) {
	s := newFallback(t, steps(dialling(recovery.DialOptions{To: []string{anna}})), recovery.Parts{})
	first := s.place(t, sim.Call{Script: sim.Script{HangUpAfter: time.Second}})
	_, address, _ := strings.Cut(string(first.First().Body), `action="`)
	address, _, _ = strings.Cut(address, `"`)
	s.rules = rules(t, steps(recovery.StepOptions{Message: true}))
	for name, url := range map[string]string{"other rules": s.URL + address, "another's address": s.URL + address[:len(address)-3] + "AAA"} {
		result, err := sim.Client{Account: sim.Account{SID: account}}.Place(t.Context(), url, sim.Call{Situation: sim.MidCall, AskedFirst: true})
		if err != nil || len(result.Heard()) == 0 || !strings.HasPrefix(result.Heard()[0], "Sorry, we have a technical problem") {
			t.Errorf("%s: %v\n%s", name, err, result)
		}
	}
}

func TestAStormOfCallsGetsThePlainMessage(t *testing.T) {
	o := steps(dialling(recovery.DialOptions{To: []string{anna}}), recovery.StepOptions{Message: true})
	o.Limits = recovery.LimitOptions{DialsPerHour: 3, CallsPerCaller: 2}
	s := newFallback(t, o, recovery.Parts{})
	dialled := func(from string) int { return count(s.place(t, sim.Call{From: from}), sim.Dialled) }
	for i, want := range []int{1, 1, 0} {
		if got := dialled("+14158675310"); got != want {
			t.Errorf("call %d of one number: dialled %d times, want %d", i+1, got, want)
		}
	}
	if dialled("+14158675311") != 1 || dialled("+14158675312") != 0 {
		t.Error("the limit of dials an hour was not kept, or kept too early")
	}
	if why := s.entries[len(s.entries)-1].Answer.Why; !strings.Contains(why, "the limit of 3 dials an hour is reached") {
		t.Errorf("why: %q", why)
	}
}

func TestAReplyHasToldSomebodyOnceItWasSent(t *testing.T) {
	for name, tt := range map[string]struct {
		undelivered string
		outcome     incident.Outcome
		why         string
	}{
		"delivered":   {"", incident.Told, "the reply was delivered"},
		"undelivered": {"30003", incident.NotTold, "the reply was not delivered (30003): "},
	} {
		s := newFallback(t, recovery.Options{}, recovery.Parts{})
		result, err := sim.Client{Account: sim.Account{SID: account}}.Send(t.Context(), s.URL+"/fallback/messaging", sim.Message{Undelivered: tt.undelivered})
		if err != nil || result.Err() != nil {
			t.Fatal(err, result.Err())
		}
		if first := s.entries[0].Answer.Outcome; first != incident.OutcomeUnknown {
			t.Errorf("%s: before anything came back the outcome was %v", name, first)
		}
		last := s.entries[len(s.entries)-1]
		if last.FollowUp.About != s.entries[0].Failure.ID || last.Answer.Outcome != tt.outcome || !strings.HasPrefix(last.Answer.Why, tt.why) {
			t.Errorf("%s: got %+v, %v, %q\n%s", name, last.FollowUp, last.Answer.Outcome, last.Answer.Why, result)
		}
	}
}
