package incident

import (
	"fmt"
	"time"
)

// Begin opens an incident with its first failure. previous is the newest
// incident with the same cause, or nil: where it was resolved by somebody, the
// new one is a regression.
func Begin(e Entry, previous *Incident) (Incident, []Alert) {
	f := e.Failure
	in := Incident{
		Cause:    CauseOf(f),
		State:    Open,
		OpenedAt: f.ReceivedAt,
		LastAt:   f.ReceivedAt,
		First:    sampleOf(e),
	}
	in = in.count(e, Caller{New: true, Is: e.Answer.Outcome})
	alert := Alert{Kind: Opened, At: f.ReceivedAt, Callers: in.Callers, Reason: "first failure with this cause"}
	if previous != nil && previous.State == Resolved && previous.ResolvedBy != "" {
		in.Previous = previous.ID
		alert.Kind = Regression
		alert.Reason = "back after being resolved by " + previous.ResolvedBy
	}
	if f.Late {
		alert.Kind = Late
		alert.Reason = lateReason
	}
	in.Told = in.Callers
	return in, []Alert{alert}
}

const lateReason = "verified only now, after the configuration had changed"

// Caller is whom a failure of an incident hit.
type Caller struct {
	New     bool    // the first failure with this CallerKey here
	Was, Is Outcome // how it had ended for them until now, where they are not new, and how it stands
}

// Observe adds e to the incident and says what, if anything, to tell people.
// It returns a new Incident; in is left as it was.
func (in Incident) Observe(e Entry, c Caller) (Incident, []Alert) {
	before := in
	in = in.count(e, c)
	if e.Failure.Late {
		if before.Late > 0 {
			return in, nil
		}
		return in, []Alert{{Kind: Late, IncidentID: in.ID, At: e.Failure.ReceivedAt, Callers: in.Callers, Reason: lateReason}}
	}
	if in.State == Quiet {
		in.State = Open
		in.QuietAt = time.Time{}
	}
	reason := ""
	if step := nextStep(in.Told); in.Callers >= step {
		in.Told = in.Callers
		reason = fmt.Sprintf("%d callers reached", step)
	} else if before.OptOuts == 0 && in.OptOuts > 0 {
		reason = "somebody wrote STOP, and your server has not seen it"
	}
	if reason == "" {
		return in, nil
	}
	return in, []Alert{{Kind: Growing, IncidentID: in.ID, At: e.Failure.ReceivedAt, Callers: in.Callers, Reason: reason}}
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

// Tick lets time pass: an open incident falls quiet, a quiet one closes
// without a word. It returns in as it was where neither is due. Nobody is told
// that late failures are over: they were when they were told.
func (in Incident) Tick(now time.Time, p Policy) (Incident, []Alert) {
	due, ok := in.NextTick(p)
	if !ok || now.Before(due) {
		return in, nil
	}
	if in.State == Quiet {
		in.State = Resolved
		in.ResolvedAt = now
		return in, nil
	}
	in.State = Quiet
	in.QuietAt = now
	if in.Late == in.Failures {
		return in, nil
	}
	return in, []Alert{{
		Kind: FellQuiet, IncidentID: in.ID, At: now, Callers: in.Callers,
		Reason: "no failure for " + spoken(p.quietAfter(in)),
	}}
}

// spoken writes a wait, which is never short, as people say it.
func spoken(d time.Duration) string {
	if d < 2*time.Hour {
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	}
	return fmt.Sprintf("%.0f hours", d.Hours())
}

// NextTick is when Tick has something to do; ok is false where it never has.
func (in Incident) NextTick(p Policy) (due time.Time, ok bool) {
	switch in.State {
	case Open:
		return in.LastAt.Add(p.quietAfter(in)), true
	case Quiet:
		return in.QuietAt.Add(p.CloseAfter), true
	case Resolved:
	}
	return time.Time{}, false
}

// Acknowledge notes who takes care of it, and has the messages that are there
// say so. It changes nothing where somebody does already, or where it is over.
func (in Incident) Acknowledge(by string, at time.Time) (Incident, []Alert) {
	if in.Acknowledged() || in.State == Resolved {
		return in, nil
	}
	in.AcknowledgedAt = at
	in.AcknowledgedBy = by
	return in, []Alert{{
		Kind: Taken, IncidentID: in.ID, At: at, Callers: in.Callers,
		Reason: "taken by " + by,
	}}
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
	return in, []Alert{{
		Kind: Over, IncidentID: in.ID, At: at, Callers: in.Callers,
		Reason: "resolved by " + by,
	}}
}
