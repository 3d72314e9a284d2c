package hook_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio/sim"
)

func TestARetryGetsTheSameBytesAndIsRecordedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	request := r.message("/fallback/messaging", sim.Message{})
	first, second := r.ask(request), r.ask(request)
	if string(first.Body) != string(second.Body) || first.Failure() != second.Failure() {
		t.Errorf("a retry got %q %s, want %q %s", second.Body, second.Failure(), first.Body, first.Failure())
	}
	if !strings.Contains(string(first.Body), "<Message ") {
		t.Errorf("no reply at all: %s", first.Body)
	}
	if got := len(r.recorder.all()); got != 1 {
		t.Errorf("recorded %d, want 1", got)
	}
}

func TestARetryOfARequestThatIsStuckGetsTheApologyOfItsKind(t *testing.T) {
	t.Parallel()
	for path, channel := range map[string]incident.Channel{"/fallback/messaging": incident.Messaging, "/fallback": incident.Messaging, "/fallback/voice": incident.Voice} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			request := r.message(path, sim.Message{})
			if channel == incident.Voice {
				request = r.call(path, sim.Call{})
			}
			retry, _ := r.retryStuck(request)
			if want := string(recovery.Apology(channel)); retry != want {
				t.Errorf("the retry got %s, want %s", retry, want)
			}
		})
	}
}

func TestARetryOfWhoWaitsHearsSo(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	retry, first := r.retryStuck(r.call("/fallback/voice", sim.Call{Situation: sim.WaitingInQueue}))
	if retry != first || !strings.Contains(retry, "stay on the line") {
		t.Errorf("the retry got %s, want %s", retry, first)
	}
}

// retryStuck asks twice, the second time while the first is stuck.
func (r *rig) retryStuck(request sim.Request) (retry, first string) {
	r.t.Helper()
	r.recorder.stuck = make(chan struct{})
	began := make(chan sim.Exchange, 1)
	go func() { began <- r.client.Do(r.t.Context(), request) }()
	<-r.recorder.stuck
	retry = string(r.ask(request).Body)
	r.recorder.stuck <- struct{}{}
	e := <-began
	if e.Err != nil || e.Status != 200 {
		r.t.Errorf("the first got %d, %v", e.Status, e.Err)
	}
	return retry, string(e.Body)
}

func TestTheSameCallFailingAgainIsAnotherFailure(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	c := sim.Call{SID: sim.NewSID("CA")}
	r.ask(r.call("/fallback/voice", c))
	r.ask(r.call("/fallback/voice", c)) // equal signature, another token
	if got := len(r.recorder.all()); got != 2 {
		t.Errorf("recorded %d, want 2", got)
	}
}

func TestWithoutTokenARetryIsKnownForTwentySeconds(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	request := r.call("/fallback/voice", sim.Call{})
	request.Header.Del("I-Twilio-Idempotency-Token")
	r.ask(request)
	r.ask(request)
	entries := r.recorder.all()
	if len(entries) != 1 || !entries[0].Failure.Tokenless {
		t.Errorf("recorded %d, tokenless %v; want one, tokenless", len(entries), entries[0].Failure.Tokenless)
	}
}

func TestOneSignatureUnderEverNewTokensIsAReplay(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	request := r.call("/fallback/voice", sim.Call{})
	for range 30 {
		request.Header.Set("I-Twilio-Idempotency-Token", sim.NewSID("xx"))
		e := r.ask(request)
		if e.Status != 200 || !strings.Contains(string(e.Body), "<Say") {
			t.Fatalf("a replay got %d %s", e.Status, e.Body)
		}
	}
	if got := len(r.recorder.all()); got != 20 {
		t.Errorf("recorded %d, want 20", got)
	}
	if got := r.hook.Stats.Replays.Load(); got != 10 {
		t.Errorf("counted %d replays, want 10", got)
	}
}

// TestWhoWaitsHearsSoEvenInAReplay: the apology says to call again, which
// somebody in a queue must not do.
func TestWhoWaitsHearsSoEvenInAReplay(t *testing.T) {
	t.Parallel()
	for claim, set := range map[string]sim.Params{
		"in a queue":           nil,
		"in a conference":      {{Name: "QueuePosition"}, {Name: "CurrentQueueSize"}, {Name: "AvgQueueTime"}, {Name: "ConferenceSid", Value: sim.NewSID("CF")}},
		"taken out of a queue": {{Name: "DequeingCallSid", Value: sim.NewSID("CA")}},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			request := r.call("/fallback", sim.Call{Situation: sim.WaitingInQueue, Changes: sim.Changes{Set: set}})
			var first, last string
			for range 21 {
				request.Header.Set("I-Twilio-Idempotency-Token", sim.NewSID("xx"))
				if last = string(r.ask(request).Body); first == "" {
					first = last
				}
			}
			if first != last || strings.Contains(last, "later") {
				t.Errorf("the replay got %s, want %s", last, first)
			}
			if recorded, replays := len(r.recorder.all()), r.hook.Stats.Replays.Load(); recorded != 20 || replays != 1 {
				t.Errorf("recorded %d, counted %d replays, want 20 and 1", recorded, replays)
			}
		})
	}
}

func TestAReplayIsRememberedForADay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		claim       string
		first, then int
		after       time.Duration
		want        int // recorded in all
	}{
		{"over the limit, an hour later", 25, 5, time.Hour, 20},
		{"over the limit, nearly a day later", 25, 5, 23 * time.Hour, 20},
		{"not yet over the limit: it is counted on", 15, 15, 23 * time.Hour, 20},
		{"a call that failed twice may fail again", 2, 3, time.Hour, 5},
		{"a call that failed once may fail again", 1, 19, time.Hour, 20},
	}
	for _, test := range tests {
		t.Run(test.claim, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := newQuietRig(t)
				captured := q.another()
				q.replay(captured, test.first)
				time.Sleep(test.after)
				for range 3 { // what others send does not make it forgotten
					q.replay(q.another(), 2)
				}
				q.replay(captured, test.then)
				if got := len(q.recorder.all()) - 6; got != test.want {
					t.Errorf("recorded %d, want %d", got, test.want)
				}
			})
		})
	}
}
