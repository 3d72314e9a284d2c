package recovery

import (
	"context"
	"strings"

	"github.com/backstop-project/backstop/incident"
)

// Back is what a follow-up is about.
type Back struct {
	Action Action
	Place  Place
	Known  bool // its address is one of ours
}

// FollowUp answers what came back about an earlier failure. document is nil where
// Twilio wants none. up says what it was; its zero value is nothing worth being
// written down. It never fails: where the rules have changed since, the caller
// gets the last resort of those that are there now.
func (r *Recovery) FollowUp(ctx context.Context, q Request, b Back, rules Rules) (document []byte, a incident.Answer, up incident.FollowUp) {
	up.About = b.Place.Failure
	defer func() {
		if cause := recover(); cause != nil {
			a = lastResort(q.Failure, Plan{Situation: incident.MidCall}, cause)
			document, up.What = a.Document, incident.WentOn
		}
	}()
	f := resumed{Recovery: r, request: q, back: b, rules: rules}
	f.plan = Decide(q.Failure, rules.wordsOnly(), State{Visit: b.Place.Visit})
	f.plan.resumed, f.plan.Situation = true, incident.MidCall
	if b.Action == ActionStatus {
		return nil, f.delivered(), f.up(incident.ReplyStatus, b.Known && f.settled())
	}
	rule := rules.at(b.Place)
	if !b.Known || rule == nil {
		s := plain(r.message(q.Failure, f.plan))
		s.Why = joinReasons([]string{"the rules have changed since", s.Why})
		return s.sent, s.Answer, f.up(incident.WentOn, b.Known)
	}
	f.step = rule.steps[b.Place.Step]
	f.plan.limits = rules.limits
	s, what := f.carryOn(ctx)
	if what == 0 {
		return s.sent, s.Answer, incident.FollowUp{}
	}
	up.What = what
	return s.sent, s.Answer, up
}

// resumed is a call that goes on.
type resumed struct {
	*Recovery
	request Request
	back    Back
	rules   Rules
	plan    Plan
	step    Step
}

func (f *resumed) up(what incident.What, known bool) incident.FollowUp {
	if !known {
		return incident.FollowUp{}
	}
	return incident.FollowUp{About: f.back.Place.Failure, What: what}
}

// carryOn says how the call goes on, and what it was that came back.
func (f *resumed) carryOn(ctx context.Context) (served, incident.What) {
	switch f.back.Action {
	case ActionNext:
		return f.onwards(ctx, incident.OutcomeUnknown), incident.WentOn
	case ActionScreen:
		return f.screened(), incident.PersonAsked
	case ActionAccept:
		return f.accepted()
	case ActionDialled:
		return f.dialled(ctx), incident.DialEnded
	case ActionWait:
		return f.waits(ctx), 0
	case ActionLeft:
		return f.left(ctx), incident.QueueEnded
	case ActionConsent:
		return f.consented(ctx), incident.KeyPressed
	case ActionRecorded:
		return f.recorded(), incident.MessageLeft
	case ActionRecording, ActionTranscribed:
		return f.told()
	case ActionCallback:
		return f.calledBack(ctx)
	case ActionStatus:
	}
	return f.onwards(ctx, incident.OutcomeUnknown), incident.WentOn
}

// onwards goes on with the steps behind this one. A caller who has hung up gets
// none, and ended so.
func (f *resumed) onwards(ctx context.Context, gone incident.Outcome, why ...string) served {
	if f.plan.Gone {
		s := f.end(gone)
		s.Why = joinReasons(append(why, "the caller had hung up"))
		return s
	}
	place := f.back.Place
	p := Decide(f.request.Failure, f.rules, State{Visit: place.Visit, After: &place})
	p.resumed, p.Situation = true, incident.MidCall
	s := f.carryOut(ctx, f.request, p)
	s.Why = joinReasons(append(why, s.Why))
	return s
}

// end is the document behind which the call is over.
func (f *resumed) end(o incident.Outcome) served {
	return plain(incident.Answer{
		Step: string(f.step.Kind), Situation: f.plan.Situation, Name: f.plan.Wording.Name, Outcome: o, Document: Nothing(),
	})
}

// spoken is a document that says something, behind which the call is over.
func (f *resumed) spoken(o incident.Outcome, phrases ...incident.Phrase) served {
	s, why := f.draft(f.request, f.plan, f.back.Place).say(phrases...).answer(string(f.step.Kind), o)
	if s.sent == nil {
		s = f.end(o)
		s.Why = joinReasons(why)
	}
	return s
}

// cut is how s begins: at most so many bytes, in whole characters.
func cut(s string, most int) string { return strings.ToValidUTF8(s[:min(len(s), most)], "") }

// consented records where 1 was pressed.
func (f *resumed) consented(ctx context.Context) served {
	if f.step.Kind != Voicemail || f.request.Param("Digits") != "1" {
		return f.onwards(ctx, incident.Lost, "voicemail: no consent to be recorded")
	}
	s, why := f.recording(f.request, f.plan, f.step, f.back.Place)
	if s.sent == nil {
		return f.onwards(ctx, incident.Lost, why...)
	}
	return s
}

func (f *resumed) recorded() served {
	return f.spoken(incident.Voicemail, incident.HaveWords)
}

// told is a callback, which wants no document.
func (f *resumed) told() (served, incident.What) {
	if f.back.Action == ActionTranscribed {
		return served{}, incident.Transcribed
	}
	if status := f.request.Param("RecordingStatus"); status != "" && status != "completed" {
		return served{}, 0
	}
	return served{Answer: incident.Answer{Step: string(Voicemail), Outcome: incident.Voicemail}}, incident.RecordingReady
}

// calledBack notes who wants to be called back.
func (f *resumed) calledBack(ctx context.Context) (served, incident.What) {
	if f.request.Param("Digits") != "1" {
		return f.onwards(ctx, incident.Lost, "callback: not wanted"), incident.KeyPressed
	}
	return f.spoken(incident.CallbackRequested, incident.WillCall), incident.CallbackAsked
}
