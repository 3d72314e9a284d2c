package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/backstop-project/backstop/incident"
)

func outcome(o incident.Outcome) func(*incident.Fed) {
	return func(e *incident.Fed) { e.Answer.Outcome = o }
}

func sum(e incident.Ended) (n int64) {
	for _, x := range e {
		n += x
	}
	return n
}

// Two calls of one caller at once: by the best of them, as they stand in the end.
func TestTwoCallsAtOnceCountByTheBetterAsTheyEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		first, second incident.Outcome
		ends          []incident.Outcome // of the first, of the second, in turn
		want          incident.Outcome
	}{
		"both lost":               {incident.OutcomeUnknown, incident.OutcomeUnknown, []incident.Outcome{incident.Lost, incident.Lost}, incident.Lost},
		"both not reached at all": {incident.Told, incident.Told, []incident.Outcome{incident.NotTold, incident.NotTold}, incident.NotTold},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLedger(t)
			first := call(1, outcome(tt.first))
			again := call(2, outcome(tt.second), withParams("POST", replaced(first.Failure.Params, "CallSid", sid("CA", 2))...))
			feed(t, l, first, again)
			for i, o := range tt.ends {
				to := first
				if i%2 == 1 {
					to = again
				}
				feed(t, l, about(to, 10+i, incident.DialEnded, o))
			}
			in := incidents(t, l)[0]
			if in.Ended != (incident.Ended{}).Add(tt.want) {
				t.Errorf("ended %v, want one %v; the failures: %v %v", in.Ended, tt.want, failure(t, l, first.Failure.ID).Outcome, failure(t, l, again.Failure.ID).Outcome)
			}
		})
	}
	t.Run("the save of the first turns out to be none", func(t *testing.T) {
		l := openLedger(t)
		first := call(1, saved)
		again := call(2, onlyTold, withParams("POST", replaced(first.Failure.Params, "CallSid", sid("CA", 2))...))
		failedAgain := call(3, onlyTold, sameCall(first))
		failedAgain.FollowUp = incident.FollowUp{About: first.Failure.ID, What: incident.FailedAgain}
		feed(t, l, first, again, failedAgain)
		in := incidents(t, l)[0]
		if in.Ended != (incident.Ended{}).Add(incident.Told) {
			t.Errorf("ended %v, want one told; failures %v %v %v", in.Ended, failure(t, l, first.Failure.ID).Outcome, failure(t, l, again.Failure.ID).Outcome, failure(t, l, failedAgain.Failure.ID).Outcome)
		}
	})
}

// Whatever comes in whatever order, nobody counts twice.
func TestNobodyIsCountedTwiceWhateverComesInWhateverOrder(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		l := openLedger(t)
		var all []incident.Fed
		for n := range 120 {
			var e incident.Fed
			switch k := r.IntN(10); {
			case k < 4 || len(all) == 0:
				caller := r.IntN(6)
				e = call(n, outcome(incident.Outcome(r.IntN(7))))
				e.Failure.Params = replaced(replaced(e.Failure.Params, "From", fmt.Sprintf("+1555000%d", caller)), "CallSid", sid("CA", r.IntN(12)))
				key := e.Failure.RequestKey
				e.Failure = incident.RestoreFailure(e.Failure.ID, e.Failure.ReceivedAt, "POST", e.Failure.Params)
				e.Failure.RequestKey = key
				if r.IntN(3) == 0 && len(all) > 0 {
					e.FollowUp = incident.FollowUp{About: all[r.IntN(len(all))].Failure.ID, What: incident.FailedAgain}
				}
				all = append(all, e)
			default:
				e = about(all[r.IntN(len(all))], n, incident.What(2+r.IntN(13)), incident.Outcome(r.IntN(7)))
			}
			if r.IntN(30) == 0 {
				for _, in := range incidents(t, l) {
					if in.State != incident.Resolved {
						resolve(t, l, in.ID)
					}
				}
			}
			feed(t, l, e)
			if r.IntN(10) == 0 {
				feed(t, l, e)
			}
		}
		for _, in := range incidents(t, l) {
			if sum(in.Ended) != in.Callers {
				t.Errorf("seed %d: %d callers, ended %v", seed, in.Callers, in.Ended)
			}
		}
	}
}

// Under overload a follow-up is kept slim: the recording must not be lost for it.
func TestAVoicemailIsKeptUnderOverload(t *testing.T) {
	l := openLedger(t)
	first := call(1, onlyTold)
	back := about(first, 2, incident.RecordingReady, incident.Voicemail, incident.Param{Name: "RecordingSid", Value: sid("RE", 1)}, incident.Param{Name: "RecordingDuration", Value: "12"})
	back.Failure = back.Failure.Slimmed()
	feed(t, l, first, back)
	d := failure(t, l, first.Failure.ID)
	if d.Outcome == incident.Voicemail && len(d.Recordings) == 0 {
		t.Errorf("it ended %v, and there is no recording to listen to", d.Outcome)
	}
}

// The words and numbers of a message that came twice.
func TestOneMessageThatFailsThreeTimesIsOneMessage(t *testing.T) {
	l := openLedger(t)
	msg := func(n int, o incident.Outcome) incident.Fed {
		e := call(n, outcome(o), withParams("POST", incident.Param{Name: "MessageSid", Value: sid("SM", 1)}, incident.Param{Name: "AccountSid", Value: account}, incident.Param{Name: "From", Value: "+491700000001"}, incident.Param{Name: "To", Value: "+4930111"}, incident.Param{Name: "Body", Value: "hello"}, incident.Param{Name: "ErrorCode", Value: "11200"}, incident.Param{Name: "ErrorUrl", Value: "https://sms.example.com/x"}))
		return e
	}
	first, second := msg(1, incident.Saved), msg(2, incident.NotTold)
	second.FollowUp = incident.FollowUp{About: first.Failure.ID, What: incident.FailedAgain}
	third := msg(3, incident.NotTold)
	third.FollowUp = incident.FollowUp{About: second.Failure.ID, What: incident.FailedAgain}
	feed(t, l, first, second, third)
	in := incidents(t, l)[0]
	if in.Unseen != 1 {
		t.Errorf("one message counts as %d unseen", in.Unseen)
	}
}

func TestTriesComeBackAsTheyWere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	l := openLedger(t)
	first := call(1, onlyTold)
	feed(t, l, first)
	// More calls of one caller than are remembered singly: the best of all counts.
	for n := 2; n < 30; n++ {
		o := incident.Outcome(r.IntN(7))
		if n == 5 {
			o = incident.Saved
		} else if o == incident.Saved {
			o = incident.Told
		}
		feed(t, l, call(n, outcome(o), withParams("POST", replaced(first.Failure.Params, "CallSid", sid("CA", n))...)))
	}
	if got := incidents(t, l)[0]; got.Callers != 1 || got.Ended != (incident.Ended{}).Add(incident.Saved) {
		t.Errorf("%d callers ended %v, want one saved", got.Callers, got.Ended)
	}
}
