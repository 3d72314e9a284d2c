package recovery_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio/sim"
)

// reloading swaps the rules of s when a request for that action comes in.
func reloading(t *testing.T, s *fallback, action string, to recovery.Options) {
	t.Helper()
	other := rules(t, to)
	next := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/"+action+"/") {
			s.mu.Lock()
			s.rules = other
			s.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

// otherRules are rules whose steps are others.
func otherRules(all ...recovery.StepOptions) recovery.Options {
	return steps(append([]recovery.StepOptions{{Reject: "busy"}}, all...)...)
}

// A mailbox must not get the call because somebody reloads while it rings.
func TestAMailboxDoesNotWinBecauseOfAReload(t *testing.T) {
	two := dialling(recovery.DialOptions{To: []string{anna}})
	vm := recovery.StepOptions{Voicemail: &recovery.VoicemailOptions{}}
	s := newFallback(t, steps(two, vm), recovery.Parts{})
	reloading(t, s, "screen", otherRules(two, vm))
	result := s.place(t, sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.Answered(time.Minute)}, Records: []sim.Recording{{Length: 9 * time.Second, EndedBy: "#"}}}})
	if n := count(result, sim.Spoke); n > 0 {
		t.Errorf("a mailbox that pressed no key was connected\n%s", result)
	}
}

// After accept: pressing 9 (declining) after a reload must not connect.
func TestWhoDeclinesIsNotConnectedBecauseOfAReload(t *testing.T) {
	two := dialling(recovery.DialOptions{To: []string{anna}})
	vm := recovery.StepOptions{Voicemail: &recovery.VoicemailOptions{}}
	s := newFallback(t, steps(two, vm), recovery.Parts{})
	reloading(t, s, "accept", otherRules(two, vm))
	result := s.place(t, sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.Answered(time.Minute).Pressing("9")}, Records: []sim.Recording{{Length: 9 * time.Second, EndedBy: "#"}}}})
	if n := count(result, sim.Spoke); n > 0 {
		t.Errorf("somebody who declined was connected\n%s", result)
	}
}

// Conversation over, reloaded meanwhile.
func TestAConversationIsSavedThroughAReload(t *testing.T) {
	two := dialling(recovery.DialOptions{To: []string{anna}, Moot: true})
	s := newFallback(t, steps(two), recovery.Parts{})
	reloading(t, s, "dialled", otherRules(two))
	result := s.place(t, sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.Answered(time.Minute)}}})
	if heard := strings.Join(result.Heard(), " "); strings.Contains(heard, "technical problem") {
		t.Errorf("after the conversation the caller heard %q", heard)
	}
	if got := s.outcome(); got != incident.Saved {
		t.Errorf("ended %v, want saved\n%s", got, result)
	}
}

// Queue: bridged out, reloaded meanwhile.
func TestACallTakenOutOfTheQueueIsSavedThroughAReload(t *testing.T) {
	q := recovery.StepOptions{Enqueue: &recovery.EnqueueOptions{Queue: "support"}}
	s := newFallback(t, steps(q), recovery.Parts{})
	reloading(t, s, "left", otherRules(q))
	result := s.place(t, sim.Call{Script: sim.Script{QueueFor: time.Minute}})
	if got := s.outcome(); got != incident.Saved {
		t.Errorf("ended %v, want saved; heard %q", got, result.Heard())
	}
}

// Waiting, reloaded: max_wait must still hold.
func TestWhoWaitsIsLetOutAfterAReload(t *testing.T) {
	q := recovery.StepOptions{Enqueue: &recovery.EnqueueOptions{Queue: "support", MaxWait: 10 * time.Second}}
	s := newFallback(t, steps(q), recovery.Parts{})
	reloading(t, s, "wait", otherRules(q))
	at := time.Now()
	s.now = func() time.Time { at = at.Add(15 * time.Second); return at }
	result := s.place(t, sim.Call{Script: sim.Script{QueueFor: 10 * time.Minute}})
	if result.Length > 5*time.Minute {
		t.Errorf("waited %v where 10 s were the most; heard %q", result.Length, result.Heard()[:3])
	}
}

// Message left, reloaded meanwhile.
func TestAMessageIsKeptThroughAReload(t *testing.T) {
	vm := recovery.StepOptions{Voicemail: &recovery.VoicemailOptions{}}
	for _, action := range []string{"recording", "recorded"} {
		s := newFallback(t, steps(vm), recovery.Parts{})
		reloading(t, s, action, otherRules(vm))
		result := s.place(t, sim.Call{Script: sim.Script{Records: []sim.Recording{{Length: 9 * time.Second, EndedBy: "#"}}}})
		if got := s.outcome(); got != incident.Voicemail {
			t.Errorf("%s: ended %v, want voicemail; heard %q", action, got, result.Heard())
		}
	}
}

func TestACallBackIsNotedThroughAReload(t *testing.T) {
	cb := recovery.StepOptions{Callback: true}
	s := newFallback(t, steps(cb), recovery.Parts{})
	reloading(t, s, "callback", otherRules(cb))
	result := s.place(t, sim.Call{Script: sim.Script{Gathers: []sim.Input{sim.Press("1")}}})
	if got := s.outcome(); got != incident.CallbackRequested {
		t.Errorf("ended %v, heard %q", got, result.Heard())
	}
}
