package recovery

import (
	"slices"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
)

// lastGood is what was good for the address that failed when it was last
// answered. Where there is nothing, the answer has no Document, and why says so
// behind "last good: ".
func (r *Recovery) lastGood(f incident.Failure, p Plan) (a incident.Answer, why string) {
	if why := p.unfit(); why != "" {
		return a, why
	}
	document, at, ok := r.standbys.LastGood().Find(f.Channel == incident.Voice, f.ErrorURL)
	age := f.ReceivedAt.Sub(at)
	switch {
	case !p.primaries.Has(f.ErrorURL):
		return a, "the ErrorUrl is on none of the primaries"
	case !ok:
		return a, "nothing kept for this path"
	case age > standby.GoodFor:
		return a, "what is kept for this path is older than 7 days"
	}
	return incident.Answer{
		Step: string(LastGood), Situation: p.Situation, Name: p.Wording.Name,
		Outcome: incident.Saved, Document: document, Why: "kept " + span(age) + " before",
	}, ""
}

// unfit is why a document that was for somebody who had just called or written
// is none for this one; "" where it may be one.
func (p *Plan) unfit() string {
	switch {
	case p.Quiet:
		return "nothing is to be said"
	case p.Situation != incident.NotYetServed && p.Situation != incident.MidCall && p.Situation != incident.Text:
		return "it is for people who call or write to be served"
	}
	return ""
}

// keep remembers what served, where a rule may want it. What came later in a
// call belongs to one caller.
func (r *Recovery) keep(f incident.Failure, p Plan, document []byte) {
	beginning := p.Situation == incident.NotYetServed || p.Situation == incident.Text
	if p.keeps && beginning && !p.Quiet && !f.Drill && p.primaries.Has(f.ErrorURL) {
		r.standbys.LastGood().Keep(f.Channel == incident.Voice, f.ErrorURL, document)
	}
}

// explainLastGood is the step in words, with what is kept now.
func explainLastGood(f incident.Failure, p Plan, at moment) (said string, serves bool) {
	answers := Recovery{standbys: at.standbys}
	f.ReceivedAt = at.now
	a, why := answers.lastGood(f, p)
	if why != "" {
		return "Serves no last good answer: " + why + ".", false
	}
	return "Serves the last good answer for this path, " + a.Why + ".", true
}

// keepsLastGood says whether any of the rules has a step that serves it.
func keepsLastGood(rules []RuleOptions) bool {
	return slices.ContainsFunc(rules, func(r RuleOptions) bool {
		return slices.ContainsFunc(r.Steps, func(s StepOptions) bool { return s.LastGood })
	})
}
