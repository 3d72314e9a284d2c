package recovery

import (
	"strings"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// Imagined is what would be known of f if it failed now for the visit-th time:
// nothing is noted. Of an address of our own it is where the call stood.
func (r *Recovery) Imagined(f incident.Failure, visit int, health func(name string) standby.Health) State {
	s := State{Health: health, Visit: visit}
	if !f.Itself {
		return s
	}
	if at, ok := r.placeIn(f.ErrorURL, f.AccountSID); ok {
		s.After, s.Visit, s.Address = &at, max(visit, at.Visit+1), r.calls.address(at.Failure)
	}
	return s
}

// explainTried is a step that is carried out to see what is in its way, for it asks
// nobody.
func explainTried(f incident.Failure, p Plan, step Step) string {
	q, dry := Request{Failure: f}, New(Parts{Texts: unheard{}})
	var s served
	var why []string
	name := string(step.Kind)
	switch step.Kind {
	case Redirect:
		name += " " + step.Targets[0].Name
		s, why = dry.redirect(&q, &p, step.Targets[0], p.place)
	case Retry:
		s, why = dry.retry(&q, &p, &step, p.place)
	case Callback:
		s, why = dry.callback(&q, &p, p.place)
	case Failover, LastGood, DialPeople, Queue, Voicemail, Reject, Ignore, Message:
		return sentence(step.does()) + "."
	}
	if s.sent == nil {
		said := strings.TrimPrefix(joinReasons(why), name+": ")
		if said == "" {
			said = p.unsaid(f, step)
		}
		return name + " is passed over: " + said + "."
	}
	does := step.does()
	if p.Situation == incident.Text {
		does = strings.ReplaceAll(does, "the call", "the message")
	}
	if s.Outcome == incident.Saved {
		const condition = ", if a probe says that it is up"
		before, _, conditional := strings.Cut(does, condition)
		if conditional {
			does = before + ", for a probe says that it is up"
		}
	}
	return sentence(does) + "."
}

// unsaid is what is in the way of a step that says nothing about it in a failure's
// history, since it goes without saying there.
func (p *Plan) unsaid(f incident.Failure, step Step) string {
	switch {
	case p.Gone:
		return "the call had ended"
	case p.Quiet:
		return "nothing is to be said"
	case step.Kind == Redirect && !step.Targets[0].Serves(f.AccountSID):
		return "it does not serve this account"
	case p.Situation == incident.Text:
		return "a message cannot wait"
	}
	return "it has nothing for this call"
}

// unheard are the words of a document that nobody gets.
type unheard struct{}

func (unheard) Answer(incident.Failure, incident.Situation, incident.Wording) incident.Answer {
	return incident.Answer{}
}

func (unheard) Ours(string, incident.Answer) bool { return false }

func (unheard) Phrase(incident.Phrase, incident.Wording) []twiml.Say {
	return []twiml.Say{{Text: "…"}}
}
