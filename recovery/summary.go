package recovery

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// Summaries are what each rule does, in its order, a sentence each for people:
// what is tried, and whether the call is answered, which Twilio bills.
func (r *Rules) Summaries() []string {
	var all []string
	for _, one := range r.Outlines() {
		all = append(all, one.Title+": "+strings.Join(one.Does, ", then ")+". "+one.Billed)
	}
	return all
}

// does says what is tried.
func (r *rule) does() []string {
	var steps []string
	for _, step := range r.steps {
		if step.Kind == Message {
			break
		}
		steps = append(steps, step.does())
		if step.Kind == Ignore {
			return steps
		}
	}
	if r.match.Channel == incident.Messaging.String() {
		return append(steps, "writes the apology")
	}
	return append(steps, "says the apology")
}

// does is one step in a few words.
func (s *Step) does() string {
	switch s.Kind {
	case Failover:
		names := make([]string, len(s.Targets))
		for i, t := range s.Targets {
			names[i] = "asks " + t.Name
			if i > 0 && s.Hedge > 0 {
				names[i] += " " + s.Hedge.String() + " later at most"
			}
		}
		return strings.Join(names, ", then ")
	case LastGood:
		return "serves the last good answer for that path"
	case Redirect:
		return "sends the call on to " + s.Targets[0].Name + ", if a probe says that it is up"
	case Retry:
		if s.Retry.Wait > 0 {
			return fmt.Sprintf("tries the address that failed again after %d s", s.Retry.Wait/time.Second)
		}
		return "tries the address that failed again, if a probe says that it is up"
	case DialPeople:
		return s.Dial.does()
	case Queue:
		return fmt.Sprintf("has the caller wait in the queue %s for %s at most", s.Enqueue.Queue, span(s.Enqueue.MaxWait))
	case Voicemail:
		if s.Voicemail.Consent {
			return "records a voicemail, once the caller has agreed by key"
		}
		return "records a voicemail"
	case Callback:
		return "offers to call back"
	case Reject:
		return "rejects a call that rings (" + s.Reason + ")"
	case Ignore:
		return "says nothing"
	case Message:
	}
	return "says the apology"
}

func (d *Dial) does() string {
	who := "whoever is on call (" + d.OnCall + ")"
	if d.OnCall == "" {
		who = strings.Join(namesOf(d.people), ", ")
	}
	switch {
	case d.AtOnce:
		return "dials " + who + " all at once"
	case d.Moot:
		return "dials " + who
	}
	return "dials " + who + ", who accept by key"
}

// billed says whether calls cost something.
func (r *rule) billed() string {
	if r.match.Channel == incident.Messaging.String() {
		return "A reply costs what a message costs."
	}
	said := []string{r.answered()}
	for _, more := range []struct {
		kind Kind
		says string
	}{
		{DialPeople, "Dialling is a second leg, billed too."},
		{Voicemail, "What callers say is recorded."},
	} {
		if slices.ContainsFunc(r.steps, func(s Step) bool { return s.Kind == more.kind }) {
			said = append(said, more.says)
		}
	}
	return strings.Join(said, " ")
}

// answered says which calls are answered, so that they cost something.
func (r *rule) answered() string {
	for i, step := range r.steps {
		switch {
		case step.Kind == Ignore && i == 0:
			return "Calls are answered and ended at once, and billed."
		case step.Kind == Reject && i == 0:
			return "Calls that ring are not answered, and not billed; all others are."
		case step.Kind == Reject:
			return "Calls are answered, and billed, but those that ring are not where nothing before the rejecting serves."
		case step.Kind.holds():
			return "Calls are answered, and billed."
		}
	}
	return "Calls are answered, and billed."
}
