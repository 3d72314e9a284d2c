package incident

import (
	"fmt"
	"time"
)

// Begin opens an incident with its first failure. previous is the newest
// incident with the same cause, or nil: where it was resolved by somebody, the
// new one is a regression.
func Begin(e Entry, previous *Incident, p Policy) (Incident, []Alert) {
	f := e.Failure
	in := Incident{
		Cause:    CauseOf(f),
		State:    Open,
		OpenedAt: f.ReceivedAt,
		LastAt:   f.ReceivedAt,
		First:    sampleOf(e),
	}
	in = in.count(e, Caller{New: true, Is: e.Answer.Outcome})
	kind, reason := Opened, "first failure with this cause"
	if previous != nil && previous.State == Resolved && previous.ResolvedBy != "" {
		in.Previous = previous.ID
		kind, reason = Regression, "back after being resolved by "+previous.ResolvedBy
	}
	if f.Late {
		kind, reason = Late, lateReason
	}
	if in.Previous != 0 && previous.ResolvedBy == ProvenByProbes {
		in.Watch.Relapse = f.ReceivedAt.Sub(previous.LastAt)
	}
	in.Told = in.Callers
	in, _ = in.urgent(e, p)
	in, _ = p.reach(in, f.ReceivedAt)
	return in.said(kind, f.ReceivedAt, reason)
}

const spreads = "it reaches people who had not been told"

const lateReason = "verified only now, after the configuration had changed"

// alert is one about in, as it stands.
func (in Incident) alert(k Kind, at time.Time, reason string) Alert {
	return Alert{Kind: k, IncidentID: in.ID, At: at, Callers: in.Callers, Reason: reason, Urgency: in.Watch.Urgency}
}

// said is in after an alert that is a new message, and the alert.
func (in Incident) said(k Kind, at time.Time, reason string) (Incident, []Alert) {
	in.Watch.SaidAt = at
	return in, []Alert{in.alert(k, at, reason)}
}

// Caller is whom a failure of an incident hit.
type Caller struct {
	New     bool    // the first failure with this CallerKey here
	Was, Is Outcome // how it had ended for them until now, where they are not new, and how it stands
}

// Observe adds e to the incident and says what, if anything, to tell people.
// It returns a new Incident; in is left as it was.
func (in Incident) Observe(e Entry, c Caller, p Policy) (Incident, []Alert) {
	before, at := in, e.Failure.ReceivedAt
	in = in.count(e, c)
	if e.Failure.Late {
		if before.Late > 0 {
			return in, nil
		}
		return in.said(Late, at, lateReason)
	}
	in.Watch.Good, in.Watch.Since = 0, time.Time{} // it is not over
	if in.State == Quiet {
		in = in.reopened(at, before.LastAt)
	}
	in, alerts := in.weigh(e, p)
	if before.Muted(at) && !in.Muted(at) { // until so many callers
		in.Watch.SaidAt, in.Watch.HeardAt = at, at
		alerts = append(alerts, in.alert(Resumed, at, fmt.Sprintf("%d callers reached, until which %s had muted it", in.Callers, before.Watch.MutedBy)))
	}
	in, more := p.reach(in, at)
	if more && len(alerts) == 0 {
		alerts = append(alerts, in.alert(Spread, at, spreads))
	}
	if step := stepAt(in.Callers); step > in.Told {
		in.Told, in.Watch.SaidAt = in.Callers, at
		alerts = append(alerts, in.alert(Growing, at, fmt.Sprintf("%d callers reached", step)))
	} else if before.OptOuts == 0 && in.OptOuts > 0 {
		in.Watch.SaidAt = at
		alerts = append(alerts, in.alert(Growing, at, "somebody wrote STOP, and your server has not seen it"))
	}
	if fast := in.Watch.speeds(p.Rate); fast && at.Sub(in.OpenedAt) > 2*p.Rate.Within { // else it began so
		in.Watch.SaidAt = at
		alerts = append(alerts, in.alert(Rate, at, fmt.Sprintf("%d failures within %s", in.Watch.Pace.within(p.Rate.Within), spoken(p.Rate.Within))))
	}
	return in, alerts
}

// weigh says whether in has become a page, or, where it was one for a single caller
// and not everybody knows that it goes on, one for several.
func (in Incident) weigh(e Entry, p Policy) (Incident, []Alert) {
	at := e.Failure.ReceivedAt
	now, page := in.urgent(e, p)
	switch {
	case in.Watch.Urgency != Page && !page:
		return now, nil
	case in.Watch.Urgency != Page:
		in, a := now.BecomesPage(at)
		return in, []Alert{a}
	case !in.Watch.Single || in.Watch.QuietFrom.IsZero():
		return in, nil
	case now.Watch.Single || !page:
		in.Watch.Recent = now.Watch.Recent
		return in, nil
	}
	in.Watch.Single, in.Watch.Urgent, in.Watch.Recent = false, now.Watch.Urgent, nil
	in, a := in.back(at)
	return in, []Alert{a}
}

// reopened is in once failures come again after it fell quiet: it was over, as
// far as people know, and whether it may wake somebody is decided anew.
func (in Incident) reopened(at, last time.Time) Incident {
	if in.Watch.QuietFrom.IsZero() {
		in.Watch.QuietFrom = in.QuietAt
	}
	in.Watch.QuietFor, in.Watch.Pause = at.Sub(in.QuietAt), max(in.Watch.Pause, at.Sub(last))
	in.State, in.QuietAt = Open, time.Time{}
	in.Watch.SaidAt = at
	in.Watch.Urgency, in.Watch.Urgent, in.Watch.PagedAt, in.Watch.Level = Notice, "", time.Time{}, 0
	in.Watch.RoutedFor, in.Watch.CriticalLine, in.Watch.CriticalName = "", "", ""
	return in
}

// backAfter is how long what goes on was quiet, at least, to be another outage: news
// although it has a single caller, and nobody's.
const backAfter = time.Hour

// BecomesPage is in, which has become a page, and what is told of it: those who are
// woken, and who had not been told. Where people had been told that it was quiet,
// or not of all that came, it is told to everybody; whoever had acknowledged it
// before it was quiet for an hour did so for what was over: nobody has taken this.
func (in Incident) BecomesPage(at time.Time) (Incident, Alert) {
	in.Watch.RoutedFor, in.Watch.SaidAt = "", at
	quiet, one := in.Watch.QuietFrom, in.Watch.Single
	switch {
	case !quiet.IsZero() && (!one || at.Sub(quiet) >= backAfter):
		return in.back(at)
	case in.Watch.Withheld:
		in.Watch.HeardAt = at
		return in, in.resumed(at)
	}
	return in, in.alert(Raised, at, in.Watch.Urgent)
}

// back tells everybody that in, which had been quiet, goes on as a page.
func (in Incident) back(at time.Time) (Incident, Alert) {
	if quiet := in.Watch.QuietFrom; in.AcknowledgedAt.Before(quiet) && at.Sub(quiet) >= backAfter {
		in.AcknowledgedAt, in.AcknowledgedBy = time.Time{}, ""
	}
	reason := "back after " + spoken(in.Watch.QuietFor) + " of quiet: " + in.Watch.Urgent
	in.Watch.QuietFrom, in.Watch.QuietFor = time.Time{}, 0
	in.Watch.BackAt, in.Watch.SaidAt = at, at
	return in, in.alert(Resumed, at, reason)
}

// urgent says whether in has become a page, which it stays until it falls quiet.
func (in Incident) urgent(e Entry, p Policy) (Incident, bool) {
	if e.Failure.Late {
		return in, false
	}
	callers := 0
	if p.Page.Count > 0 {
		callers = in.Watch.called(e.Failure, p.Page.Within)
	}
	switch {
	case p.Page.Count > 0 && callers >= p.Page.Count:
		in.Watch.Single = false
		return in.paged(fmt.Sprintf("%s within %s", plural(callers, "caller", "callers"), spoken(p.Page.Within)), e.Failure.ReceivedAt), true
	case p.traits(e.Failure).Critical:
		in.Watch.Single, in.Watch.CriticalLine, in.Watch.CriticalName = true, e.Failure.OwnLine(), e.Answer.Name
		return in.paged(criticalHit, e.Failure.ReceivedAt), true
	}
	return in, false
}

// Because is why it is a page, with the line where it is one that did it: "a
// critical line is hit: +15551230001 (Front desk)".
func (in Incident) Because() string {
	w := in.Watch
	switch {
	case w.CriticalLine == "" || w.Urgent != criticalHit:
		return w.Urgent
	case w.CriticalName == "":
		return w.Urgent + ": " + w.CriticalLine
	}
	return w.Urgent + ": " + w.CriticalLine + " (" + w.CriticalName + ")"
}

const criticalHit = "a critical line is hit"

// paged is in as a page, for that reason.
func (in Incident) paged(why string, at time.Time) Incident {
	in.Watch.Urgency, in.Watch.Urgent, in.Watch.PagedAt = Page, why, at
	if !in.Watch.Single {
		in.Watch.Recent = nil // nobody asks any more
	}
	return in
}

func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// Settle notes that something came back about the failure id, of a caller who
// stands better or worse for it. Nobody is told of it by itself.
func (in Incident) Settle(id ID, c Caller) Incident {
	in.Ended = in.Ended.Moved(c.Was, c.Is)
	for _, s := range []*Sample{&in.First, &in.Last} {
		if s.FailureID == id {
			s.Outcome = c.Is
		}
	}
	return in
}

// Seen notes that the customer's server has had a message of the incident
// after all. Nobody is told of it by itself.
func (in Incident) Seen(optOut bool) Incident {
	in.Unseen = max(0, in.Unseen-1)
	if optOut {
		in.OptOuts = max(0, in.OptOuts-1)
	}
	return in
}

// count adds e to the totals.
func (in Incident) count(e Entry, c Caller) Incident {
	f := e.Failure
	if in.Failures > 0 && f.ReceivedAt.After(in.LastAt) {
		in.UsualGap = smooth(in.UsualGap, f.ReceivedAt.Sub(in.LastAt))
	}
	in.Failures++
	in.Watch.Pace = in.Watch.Pace.with(f.ReceivedAt)
	if f.Channel == Voice {
		in.Calls++
	}
	if c.New {
		in.Callers++
		in.Ended = in.Ended.Add(c.Is)
	} else {
		in.Ended = in.Ended.Moved(c.Was, c.Is)
	}
	if f.Late {
		in.Late++
	}
	if f.Channel == Messaging && e.Answer.Outcome != Saved {
		in.Unseen++
		if f.OptOut {
			in.OptOuts++
		}
	}
	if f.OwnLine() != in.First.To {
		in.MoreLines = true
	}
	if f.ReceivedAt.Before(in.OpenedAt) {
		in.OpenedAt = f.ReceivedAt
	}
	if !f.ReceivedAt.Before(in.LastAt) {
		in.LastAt = f.ReceivedAt
		in.Last = sampleOf(e).after(in.Last)
	}
	return in
}

// smooth weighs the newest gap by a quarter: a burst must not make an
// incident with one failure an hour quiet after ten minutes.
func smooth(usual, gap time.Duration) time.Duration {
	if usual == 0 {
		return gap
	}
	return usual + (gap-usual)/4
}

// Acknowledge notes who takes care of it, and has the messages that are there
// say so. It changes nothing where somebody does already, or where it is over.
func (in Incident) Acknowledge(by string, at time.Time) (Incident, []Alert) {
	if in.Acknowledged() || in.State == Resolved {
		return in, nil
	}
	in.AcknowledgedAt = at
	in.AcknowledgedBy = by
	return in, []Alert{in.alert(Taken, at, "taken by "+by)}
}

// Resolve notes who says that it is over, and tells the others. A second time
// changes nothing.
func (in Incident) Resolve(by string, at time.Time) (Incident, []Alert) {
	if in.State == Resolved {
		return in, nil
	}
	in.State = Resolved
	in.ResolvedAt = at
	in.ResolvedBy = by
	return in.said(Over, at, "resolved by "+by)
}
