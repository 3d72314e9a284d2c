package recovery

import (
	"context"
	"strings"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// Back is what a follow-up is about.
type Back struct {
	Action Action
	Place  Place
	Known  bool // its address is one of ours
}

// FollowUp answers what came back about an earlier failure; state is what is
// known now of servers. document is nil where Twilio wants none. up says what it
// was; its zero value is nothing worth being written down. It never fails: where
// the rule says something else by now, whatever needs no rule is done, and else
// the caller gets the text for the situation.
func (r *Recovery) FollowUp(ctx context.Context, q Request, b Back, rules Rules, state State) (document []byte, a incident.Answer, up incident.FollowUp) {
	defer func() {
		if cause := recover(); cause != nil {
			a = lastResort(q.Failure, Plan{Situation: incident.MidCall}, cause)
			document = harmless(b.Action, a.Document)
			up = incident.FollowUp{About: b.Place.Failure, What: incident.WentOn}
		}
	}()
	if !b.Known {
		f := r.resumed(q, b, rules, state)
		s := plain(r.message(&q.Failure, &f.plan))
		return harmless(b.Action, s.sent), s.Answer, incident.FollowUp{}
	}
	f := r.resumed(q, b, rules, state)
	s, what := f.carryOn(ctx)
	if what != 0 {
		up = incident.FollowUp{About: b.Place.Failure, What: what}
	}
	return s.sent, s.Answer, up
}

// harmless is what is answered where nothing is known of a follow-up: words, but
// not where they would do harm. Behind them whoever was dialled would be
// connected, and whoever waits in a queue would wait on.
func harmless(action Action, words []byte) []byte {
	switch action {
	case ActionScreen, ActionAccept:
		return twiml.Respond(twiml.Hangup{}).Bytes()
	case ActionWait:
		return twiml.Respond(twiml.Leave{}).Bytes()
	case ActionRecording, ActionTranscribed, ActionStatus:
		return nil
	case ActionNext, ActionDialled, ActionLeft, ActionConsent, ActionRecorded, ActionCallback:
	}
	return words
}

// resumed is a call that goes on.
type resumed struct {
	*Recovery
	request Request
	back    Back
	rules   Rules
	state   State
	plan    Plan
	step    *Step // nil where the rule says something else by now
}

func (r *Recovery) resumed(q Request, b Back, rules Rules, state State) *resumed {
	f := &resumed{Recovery: r, request: q, back: b, rules: rules, state: state}
	f.plan = Decide(q.Failure, rules.wordsOnly(), State{Visit: b.Place.Visit})
	f.plan.resumed, f.plan.Situation, f.plan.limits = true, incident.MidCall, rules.limits
	if rule := rules.at(b.Place); b.Known && rule != nil {
		f.step = &rule.steps[b.Place.Step]
	}
	return f
}

// is says whether the step is there, and of that kind.
func (f *resumed) is(kind Kind) bool { return f.step != nil && f.step.Kind == kind }

// carryOn says how the call goes on, and what it was that came back.
func (f *resumed) carryOn(ctx context.Context) (served, incident.What) {
	switch f.back.Action {
	case ActionScreen:
		return f.screened(), incident.PersonAsked
	case ActionAccept:
		return f.accepted()
	case ActionDialled:
		return f.dialled(ctx), incident.DialEnded
	case ActionWait:
		return f.waits(), 0
	case ActionLeft:
		return f.left(ctx), incident.QueueEnded
	case ActionConsent:
		return f.consented(ctx), incident.KeyPressed
	case ActionRecorded:
		return f.recorded(ctx)
	case ActionRecording, ActionTranscribed:
		return f.told()
	case ActionCallback:
		return f.calledBack(ctx)
	case ActionStatus:
		return f.delivered()
	case ActionNext:
	}
	return f.onwards(ctx, f.nothing()), incident.WentOn
}

// nothing says why a step came to nothing that is over without an answer.
func (f *resumed) nothing() string {
	switch {
	case f.is(Callback):
		return "callback: no key was pressed"
	case f.is(Voicemail) && f.step.Voicemail.Consent:
		return "voicemail: no key was pressed, or nothing was said"
	case f.is(Voicemail):
		return "voicemail: nothing was said"
	}
	return ""
}

// onwards goes on with the steps behind this one. A caller who has hung up gets
// none, and ended so.
func (f *resumed) onwards(ctx context.Context, why ...string) served {
	switch {
	case f.plan.Gone:
		s := f.end("", incident.Lost)
		s.Why = joinReasons(append(why, "the caller had hung up"))
		return s
	case f.step == nil:
		s := plain(f.message(&f.request.Failure, &f.plan))
		s.Why = joinReasons(append(why, "the rule was changed since", s.Why))
		return s
	}
	place, q := f.back.Place, f.original()
	state := f.state
	state.Visit, state.After, state.Retries = place.Visit, &place, f.calls.retriesOf(q.Failure)
	p := Decide(q.Failure, f.rules, state)
	p.resumed, p.Situation = true, incident.MidCall
	s := f.carryOut(ctx, &q, &p)
	s.Why = joinReasons(append(why, s.Why))
	return s
}

// original is the request as a server that stands in is to see it: about the
// address that failed, without what our own step added.
func (f *resumed) original() Request {
	q := f.request
	q.ErrorURL = f.calls.address(f.back.Place.Failure)
	q.Params = make([]incident.Param, 0, len(f.request.Params))
	for _, p := range f.request.Params {
		if !isExtra(p.Name) {
			q.Params = append(q.Params, p)
		}
	}
	return q
}

// isExtra says whether a parameter is one that a verb adds to the request of its
// action.
func isExtra(name string) bool {
	switch name {
	case "Digits", "FinishedOnKey", "msg", "SpeechResult", "Confidence":
		return true
	}
	for _, verb := range []string{"Dial", "Queue", "Recording"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}

// end is the document behind which the call is over.
func (f *resumed) end(step Kind, o incident.Outcome) served {
	return plain(incident.Answer{
		Step: string(step), Situation: f.plan.Situation, Name: f.plan.Wording.Name, Outcome: o, Document: Nothing(),
	})
}

// spoken is a document that says something, behind which the call is over.
func (f *resumed) spoken(step Kind, o incident.Outcome, phrases ...incident.Phrase) served {
	s, why := f.draft(&f.request, &f.plan, f.back.Place).say(phrases...).answer(string(step), o)
	if s.sent == nil {
		s = f.end(step, o)
		s.Why = joinReasons(why)
	}
	return s
}

// cut is how s begins: at most so many bytes, in whole characters.
func cut(s string, most int) string { return strings.ToValidUTF8(s[:min(len(s), most)], "") }

// consented records where 1 was pressed.
func (f *resumed) consented(ctx context.Context) served {
	if f.request.Param("Digits") != "1" {
		return f.onwards(ctx, "voicemail: no consent to be recorded")
	}
	if !f.is(Voicemail) {
		return f.onwards(ctx)
	}
	s, why := f.recording(&f.request, &f.plan, f.step, f.back.Place)
	if s.sent == nil {
		return f.onwards(ctx, why...)
	}
	return s
}

// recorded thanks for a message. One without any length is none.
func (f *resumed) recorded(ctx context.Context) (served, incident.What) {
	if f.request.Param("RecordingDuration") == "0" {
		return f.onwards(ctx, "voicemail: nothing was recorded"), incident.WentOn
	}
	return f.spoken(Voicemail, incident.Voicemail, incident.HaveWords), incident.MessageLeft
}

// told is a callback, which wants no document.
func (f *resumed) told() (served, incident.What) {
	if f.back.Action == ActionTranscribed {
		return served{}, incident.Transcribed
	}
	status := f.request.Param("RecordingStatus")
	if status != "" && status != "completed" || f.request.Param("RecordingDuration") == "0" {
		return served{}, 0
	}
	return served{Answer: incident.Answer{Step: string(Voicemail), Outcome: incident.Voicemail}}, incident.RecordingReady
}

// calledBack notes who wants to be called back.
func (f *resumed) calledBack(ctx context.Context) (served, incident.What) {
	if f.request.Param("Digits") != "1" {
		return f.onwards(ctx, "callback: not wanted"), incident.KeyPressed
	}
	return f.spoken(Callback, incident.CallbackRequested, incident.WillCall), incident.CallbackAsked
}
