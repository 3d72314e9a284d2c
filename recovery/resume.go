package recovery

import (
	"context"
	"fmt"
	"strings"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/twiml"
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

// screened is heard by whoever picked up: in the line's name and language, which
// are not to be seen in a request about another call.
func (f *resumed) screened() served {
	f.plan.Wording = f.rules.wordingAt(f.back.Place, f.request.AccountSID)
	s, why := f.screen(f.request, f.plan, f.back.Place)
	if s.sent == nil {
		s = plain(incident.Answer{Step: "dial", Why: joinReasons(why), Document: twiml.Respond(twiml.Hangup{}).Bytes()})
	}
	return s
}

// accepted connects whoever pressed 1, and hangs up on everybody else.
func (f *resumed) accepted() (served, incident.What) {
	step := "dial " + f.person()
	if f.request.Param("Digits") != "1" {
		return plain(incident.Answer{Step: step, Document: twiml.Respond(twiml.Hangup{}).Bytes()}), incident.PersonDeclined
	}
	f.calls.took(f.request.AccountSID, f.back.Place)
	return plain(incident.Answer{Step: step, Outcome: incident.Saved, Document: Nothing()}), incident.PersonTook
}

// dialled goes on where nobody took the call.
func (f *resumed) dialled(ctx context.Context) served {
	if f.step.Kind != DialPeople {
		return f.onwards(ctx, incident.Lost)
	}
	status, who := f.request.Param("DialCallStatus"), f.person()
	if f.bridged(status) {
		s := f.end(incident.Saved)
		s.Step, s.Why = "dial "+who, who+" took the call"
		return s
	}
	why := "dial: " + who + " " + dialWord(status)
	if f.plan.Gone {
		return f.onwards(ctx, incident.Lost, why)
	}
	next := f.back.Place
	next.At++
	if next.At < len(f.step.Dial.peopleAt(next.Since)) && !f.step.Dial.AtOnce {
		s, more := f.dial(f.request, f.plan, f.step, next)
		if s.sent != nil {
			s.Why = why
			return s
		}
		return f.onwards(ctx, incident.Lost, append([]string{why}, more...)...)
	}
	return f.onwards(ctx, incident.Lost, why)
}

// bridged says whether the two have spoken. Twilio says so itself; where it does
// not, memory knows who pressed the key.
func (f *resumed) bridged(status string) bool {
	switch said := f.request.Param("DialBridged"); {
	case said != "":
		return said == "true"
	case status != "completed" && status != "answered":
		return false
	}
	return f.step.Dial.Unasked || f.calls.taken(f.request.AccountSID, f.back.Place)
}

func (f *resumed) person() string {
	if f.step.Kind != DialPeople {
		return "somebody"
	}
	return nameOf(f.step.Dial.peopleAt(f.back.Place.Since), f.back.Place.At, f.step.Dial.AtOnce)
}

func dialWord(status string) string {
	switch status {
	case "busy":
		return "was busy"
	case "no-answer":
		return "did not answer"
	case "failed":
		return "could not be reached"
	case "canceled":
		return "was not waited for"
	case "completed", "answered":
		return "did not take the call"
	}
	return "was not reached (" + strings.ToValidUTF8(cut(status, 20), "") + ")"
}

func cut(s string, most int) string { return s[:min(len(s), most)] }

func (f *resumed) waits(ctx context.Context) served {
	if f.step.Kind != Queue {
		return f.onwards(ctx, incident.Lost)
	}
	return f.wait(f.request, f.plan, f.step, f.back.Place)
}

// left is the end of the waiting in a queue.
func (f *resumed) left(ctx context.Context) served {
	switch result := f.request.Param("QueueResult"); result {
	case "bridged", "redirected", "redirected-from-bridged":
		s := f.end(incident.Saved)
		s.Why = "somebody took the call out of the queue"
		return s
	case "hangup":
		s := f.end(incident.Lost)
		s.Why = "the caller hung up while waiting"
		return s
	case "leave":
		return f.onwards(ctx, incident.Lost, "enqueue: nobody took the call in time")
	default:
		return f.onwards(ctx, incident.Lost, "enqueue: "+strings.ToValidUTF8(cut(result, 20), ""))
	}
}

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

// settled says whether the status of a reply says something that lasts.
// https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
func (f *resumed) settled() bool {
	switch f.request.Param("MessageStatus") {
	case "sent", "delivered", "read", "undelivered", "failed":
		return true
	}
	return false
}

// delivered is how a reply fared.
func (f *resumed) delivered() incident.Answer {
	a := incident.Answer{Step: string(Message), Situation: incident.Text}
	switch status := f.request.Param("MessageStatus"); status {
	case "sent", "delivered", "read":
		a.Outcome, a.Why = incident.Told, "the reply was "+status
	default:
		a.Outcome, a.Why = incident.NotTold, "the reply was not delivered"
		if f.request.Code != 0 {
			code := twilio.Lookup(f.request.Code)
			a.Why += fmt.Sprintf(" (%d): %s", f.request.Code, code.Title())
		}
	}
	return a
}
