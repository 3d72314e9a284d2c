package recovery

import "strings"

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
		switch step.Kind {
		case Failover:
			for i, target := range step.Targets {
				asks := "asks " + target.Name
				if i > 0 && step.Hedge > 0 {
					asks += " " + step.Hedge.String() + " later at most"
				}
				steps = append(steps, asks)
			}
		case LastGood:
			steps = append(steps, "serves the last good answer for that path")
		case Reject:
			steps = append(steps, "rejects a call that rings ("+step.Reason+")")
		case Ignore:
			return append(steps, "says nothing")
		case Message:
			return append(steps, "says the apology")
		}
	}
	return append(steps, "says the apology")
}

// billed says whether calls cost something.
func (r *rule) billed() string {
	switch {
	case len(r.steps) > 0 && r.steps[0].Kind == Reject:
		return "Calls that ring are not answered, and not billed; all others are."
	case len(r.steps) > 0 && r.steps[0].Kind == Ignore:
		return "Calls are ended at once."
	}
	return "Calls are answered, and billed."
}
