package recovery

import (
	"context"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// screened is heard by whoever picked up: in the line's name and language, which
// are not to be seen in a request about another call.
func (f *resumed) screened() served {
	f.plan.Wording = f.rules.wordingAt(f.back.Place, f.request.AccountSID)
	s, why := f.screen(&f.request, &f.plan, f.back.Place)
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
	// Whether the two come to speak is known when the Dial is over.
	return plain(incident.Answer{Step: step, Document: Nothing()}), incident.PersonTook
}

// dialled goes on where nobody took the call.
func (f *resumed) dialled(ctx context.Context) served {
	status, who := f.request.Param("DialCallStatus"), f.person()
	if f.bridged(status) {
		s := f.end(DialPeople, incident.Saved)
		s.Step, s.Why = "dial "+who, who+" took the call"
		return s
	}
	why := "dial: " + who + " " + dialWord(status)
	if f.plan.Gone || !f.is(DialPeople) {
		return f.onwards(ctx, why)
	}
	next := f.back.Place
	next.At++
	if next.At < len(f.step.Dial.peopleAt(next.Since)) && !f.step.Dial.AtOnce {
		s, more := f.dial(&f.request, &f.plan, f.step, next)
		if s.sent != nil {
			s.Why = why
			return s
		}
		return f.onwards(ctx, append([]string{why}, more...)...)
	}
	return f.onwards(ctx, why)
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
	return f.is(DialPeople) && f.step.Dial.Moot || f.calls.taken(f.request.AccountSID, f.back.Place)
}

func (f *resumed) person() string {
	if !f.is(DialPeople) {
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
	return "was not reached (" + cut(status, 20) + ")"
}
