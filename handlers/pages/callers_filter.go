package pages

import (
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// callerFilterView is what the form of the filters shows.
type callerFilterView struct {
	Since, Until string
	Incident     string
	States       []optionView
	Outcomes     []optionView
	All          bool
	Chips        []chipView
	Spans        []chipView
}

// optionView is one of several to choose from.
type optionView struct {
	Value string
	Label string // what it says, where that is not the value
	On    bool
}

func (p *Pages) callerFilter(q history.CallerQuery) callerFilterView {
	q = q.FirstPage()
	zone := p.Settings().Zone
	return callerFilterView{
		Since: formTime(q.From, zone), Until: formTime(q.To, zone), Incident: number(q.Incident), All: q.All,
		States: callbackOptions(history.CallbackStates(), q.State), Outcomes: outcomeOptions(q.Outcome),
		Chips: callerChips(q, zone), Spans: p.callerSpans(q),
	}
}

func callbackOptions(states []history.CallbackState, is history.CallbackState) (options []optionView) {
	for _, s := range states {
		options = append(options, optionView{Value: s.String(), On: s == is})
	}
	return options
}

func outcomeOptions(is history.Outcome) (options []optionView) {
	for _, o := range history.Outcomes() {
		options = append(options, optionView{Value: o.String(), Label: outcomeOfAny(o), On: is.Set && o == is.Is})
	}
	return options
}

// outcomeOfAny says what came of it, whether they called or wrote.
func outcomeOfAny(o incident.Outcome) string {
	if o == incident.Told {
		return "heard or got our message"
	}
	return outcomeWords(o, incident.Unknown, "")
}

func (p *Pages) callerSpans(q history.CallerQuery) (spans []chipView) {
	q.To = time.Time{}
	for _, s := range []struct{ span, label string }{{"24h", "24 h"}, {"7d", "7 days"}, {"30d", "30 days"}, {"90d", "90 days"}} {
		length, _ := history.ParseSpan(s.span)
		from, _ := q.Window(p.Now())
		on := from.Equal(p.Now().UTC().Add(-length).Truncate(time.Second))
		with := q
		with.From = time.Time{}
		values := with.Values()
		values.Set("since", s.span)
		spans = append(spans, chipView{Label: s.label, Href: callersPath + "?" + values.Encode(), On: on})
	}
	return spans
}

// callerChips are the filters that are set, each with the address without it.
func callerChips(q history.CallerQuery, zone *time.Location) (chips []chipView) {
	chip := func(set bool, label, value string, without func(*history.CallerQuery)) {
		if set {
			rest := q
			without(&rest)
			chips = append(chips, chipView{Label: label, Value: value, Href: callersURL(rest)})
		}
	}
	chip(!q.From.IsZero() || !q.To.IsZero(), "Time", timeRange(q.From, q.To, zone), func(q *history.CallerQuery) { q.From, q.To = time.Time{}, time.Time{} })
	chip(q.Incident != 0, "Incident", "#"+number(q.Incident), func(q *history.CallerQuery) { q.Incident = 0 })
	chip(q.State != 0, "State", q.State.String(), func(q *history.CallerQuery) { q.State = 0 })
	chip(q.Outcome.Set, "What came of it", outcomeOfAny(q.Outcome.Is), func(q *history.CallerQuery) { q.Outcome = history.Outcome{} })
	chip(q.All, "Saved and done", "included", func(q *history.CallerQuery) { q.All = false })
	return chips
}

// callerFacts say who is not in the list, and why.
func callerFacts(page history.CallerPage, zone *time.Location) (facts []string) {
	if page.Withheld > 0 {
		facts = append(facts, templates.Plural(page.Withheld, "caller", "callers")+" withheld their number.")
	}
	if page.Erased > 0 {
		facts = append(facts, templates.Plural(page.Erased, "failure does", "failures do")+" not say any more whom they hit: that was erased, because of their age or on demand.")
	}
	if !page.Cut.IsZero() {
		facts = append(facts, "Only the newest "+templates.Count(history.MaxCallers)+" failures are looked at, those since "+
			momentIn(page.Cut, zone).Text+": choose a shorter time or one incident for the others.")
	}
	return facts
}
