package recovery

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/hours"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// Person is somebody who can be dialled.
type Person struct {
	Name string // "" where nobody said
	To   string // "+15551230001", "sip:anna@example.com", "client:anna"
}

// DialOptions is a step that rings people.
type DialOptions struct {
	To      []string      // numbers, sip: and client: addresses, in the order in which they are tried
	OnCall  string        // or the name of an on-call list
	Timeout time.Duration // of the ringing of each; 20 s where zero
	AtOnce  bool          // all of them ring, and who is first has the call
	// Moot connects whoever picks up. Otherwise they hear what call it is,
	// and take it by key: a mailbox does not.
	Moot bool
}

// Dial is such a step, checked.
type Dial struct {
	DialOptions
	people []Person      // where there is no on-call list
	roster *hours.Roster // nil for none
}

// Bounds of dialling.
const (
	DefaultRing = 20 * time.Second
	dialFor     = 90 * time.Second // all people of a step together
	leastRing   = 8 * time.Second
	screenFor   = 6 * time.Second // from the last word to the key

	atOnceMost = 10 // https://www.twilio.com/docs/voice/twiml/number
)

// dial rings the person at.At, or whoever comes next where that makes no sense.
func (r *Recovery) dial(q *Request, p *Plan, step *Step, at Place) (served, []string) {
	if ok, why := p.holdable(); !ok {
		return served{}, reason("dial", why)
	}
	people, rung := step.Dial.peopleAt(at.Since), 1
	if step.Dial.AtOnce {
		people = people[:min(len(people), atOnceMost)]
		rung = len(people)
	}
	left := dialFor - q.ReceivedAt.Sub(at.Since)
	switch {
	case len(people) == 0:
		return served{}, reason("dial", "nobody is on call now")
	case at.At >= len(people) || step.Dial.AtOnce && at.At > 0:
		return served{}, reason("dial", "there is nobody else")
	case left < leastRing:
		return served{}, reason("dial", fmt.Sprintf("the caller has waited for %d seconds", dialFor/time.Second))
	}
	if !q.Drill {
		if why := r.spent.dial(p.limits, rung, q.ReceivedAt); why != "" {
			return served{}, reason("dial", why)
		}
	}
	d := r.draft(q, p, at)
	if at.At == 0 {
		d.add(twiml.Pause{}).say(incident.Trying)
	} else {
		d.say(incident.StillTrying)
	}
	ring := twiml.Dial{
		Action: d.link(ActionDialled, at), Timeout: min(step.Dial.Timeout, left),
		CallerID: d.callerID(), AnswerOnBridge: true,
	}
	for i, person := range people {
		if step.Dial.AtOnce || i == at.At {
			ring.To = append(ring.To, d.noun(person, step.Dial.Moot))
		}
	}
	return d.add(ring).answer("dial "+nameOf(people, at.At, step.Dial.AtOnce), incident.OutcomeUnknown)
}

// noun is one person in a Dial.
func (d *draft) noun(person Person, unasked bool) twiml.Noun {
	noun := twiml.Noun{Tag: "Number", Address: person.To}
	if strings.HasPrefix(person.To, "sip:") {
		noun.Tag = "Sip"
	} else if name, ok := strings.CutPrefix(person.To, "client:"); ok {
		noun.Tag, noun.Address = "Client", name
	}
	if !unasked {
		noun.URL = d.link(ActionScreen, d.place)
	}
	return noun
}

// callerID is what a person who is dialled sees: who calls, where that is a
// number, else the line. Twilio lets both stand on a call that came in:
// https://www.twilio.com/docs/voice/twiml/dial#callerid
func (d *draft) callerID() string {
	switch {
	case twilio.IsE164(d.request.From) && !incident.Withheld(d.request.From):
		d.personal = append(d.personal, d.request.From)
		return d.request.From
	case twilio.IsE164(d.request.To):
		d.personal = append(d.personal, d.request.To)
		return d.request.To
	}
	return ""
}

// peopleAt are whom a step dials, in order; at is when dialling began, so that the
// order stays while it goes on.
func (d *Dial) peopleAt(at time.Time) []Person {
	if d.roster == nil {
		return d.people
	}
	return onCall(d.roster, at)
}

// nameOf is what a person is called for people who read about it. A number is
// somebody's own, and not told in full, not even where it stands for a name.
func nameOf(people []Person, at int, all bool) string {
	if all {
		return fmt.Sprintf("%d people at once", len(people))
	}
	if at >= len(people) {
		return "nobody"
	}
	name := cmp.Or(people[at].Name, people[at].To)
	if tail := len(name) - 2; strings.HasPrefix(name, "+") && tail > 0 {
		return "…" + name[tail:]
	}
	return name
}

// screen is what whoever picks up hears before the two are connected.
func (r *Recovery) screen(q *Request, p *Plan, at Place) (served, []string) {
	d := r.draft(q, p, at)
	prompt := append([]twiml.Verb{twiml.Pause{}}, d.phrase(incident.Screening)...)
	prompt = append(prompt, twiml.Pause{Length: screenFor / 2})
	prompt = append(prompt, prompt[1:len(prompt)-1]...)
	d.add(twiml.Gather{Action: d.link(ActionAccept, at), NumDigits: 1, Timeout: screenFor, Prompt: prompt}, twiml.Hangup{})
	return d.answer("dial", incident.OutcomeUnknown)
}

// reason is why a step has nothing, as a list; nothing to say is an empty one.
func reason(step, why string) []string {
	if why == "" {
		return nil
	}
	return []string{step + ": " + why}
}
