package incident

import (
	"fmt"
	"slices"
	"time"
)

// Explains says whether in, while it goes on, explains what other is about: the
// whole account fails, or Twilio does, so that nobody has to be told of other by
// itself.
func (p Policy) Explains(in, other Incident) bool {
	if !in.Explaining() || in.ID == other.ID || other.Cause.Wide() || other.allLate() || other.LastAt.Sub(in.LastAt) > p.quietAfter(in) {
		return false
	}
	switch in.Cause.Kind {
	case TwilioWide:
		return other.Cause.Kind == FetchLevel
	case AccountWide:
		return other.Cause.Kind == FetchLevel && other.Cause.Account == in.Cause.Account
	case DocumentLevel:
		return IsAccountCode(in.Cause.Code) && other.Cause.Account == in.Cause.Account && !IsAccountCode(other.Cause.Code)
	case FetchLevel, AskedFirst, Itself, DrillCause:
	}
	return false
}

// Explaining says whether what in explains needs not be told by itself now: people
// know that it goes on.
func (in Incident) Explaining() bool { return in.State == Open && in.Watch.QuietFrom.IsZero() }

// IsAccountCode says whether a code of Twilio's is about the account and not
// about any server: it is suspended, it may not, it has no money left.
// https://www.twilio.com/docs/api/errors
func IsAccountCode(code int) bool {
	return slices.Contains([]int{10001, 10002, 10003, 20003, 20005, 20006, 20429, 21606, 30002}, code)
}

// Widened is the cause of the incident that explains the newest of these, which
// failed together: that many servers of one account, or of several. ok is false
// where they are too few, or where one explains it already.
func (p Policy) Widened(open []Incident, newest Incident) (c Cause, why string, ok bool) {
	if p.Wide.Count < 2 || newest.Cause.Kind != FetchLevel || newest.allLate() {
		return Cause{}, "", false
	}
	var hosts, accounts, own []string
	for _, in := range append(slices.Clone(open), newest) {
		if p.Explains(in, newest) {
			return Cause{}, "", false
		}
		if in.Cause.Kind != FetchLevel || in.State == Resolved || in.allLate() || newest.LastAt.Sub(in.LastAt) > p.Wide.Within {
			continue
		}
		hosts, accounts = with(hosts, in.Cause.Host), with(accounts, in.Cause.Account)
		if in.Cause.Account == newest.Cause.Account {
			own = with(own, in.Cause.Host)
		}
	}
	switch {
	case len(own) >= p.Wide.Count:
		return Cause{Kind: AccountWide, Version: CauseVersion, Account: newest.Cause.Account},
			fmt.Sprintf("%d servers of one account at once", len(own)), true
	case len(hosts) >= p.Wide.Count && len(accounts) > 2:
		return Cause{Kind: TwilioWide, Version: CauseVersion},
			fmt.Sprintf("%d servers of %d accounts at once", len(hosts), len(accounts)), true
	}
	return Cause{}, "", false
}

func with(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// BeginWide opens the incident that explains children: what is known by then of
// the servers that fail.
func BeginWide(c Cause, why string, children []Incident, p Policy) (Incident, []Alert) {
	in := Incident{Cause: c, State: Open}.Gathered(children)
	in = in.paged(why, in.LastAt)
	for _, child := range children {
		for _, name := range child.Watch.Reached {
			in.Watch.Reached = with(in.Watch.Reached, name)
		}
	}
	in, _ = p.reach(in, in.LastAt)
	in.Told = in.Callers
	return in.said(Opened, in.LastAt, why)
}

// Takes is in, which explains these from now on: a page where one of them is,
// that nobody has taken.
func (in Incident) Takes(others []Incident) Incident {
	for _, one := range others {
		if one.Watch.Urgency == Page && !one.Acknowledged() && in.Watch.Urgency != Page {
			in = in.paged("it explains incidents that are pages", in.LastAt)
		}
		for _, name := range one.Watch.Reached {
			in.Watch.Reached = with(slices.Clone(in.Watch.Reached), name)
		}
	}
	return in
}

// GoesOn is an incident that explains others, which go on after it was quiet:
// everybody is told, and nobody has taken it. Of one that was open all the time
// nothing is said.
func (in Incident) GoesOn(why string, at time.Time, p Policy) (Incident, []Alert) {
	if in.State != Quiet {
		return in, nil
	}
	in = in.reopened(at, in.LastAt).paged(why, at)
	in, _ = p.reach(in, at)
	in, a := in.back(at)
	return in, []Alert{a}
}

// Gathered is in, which explains children and has no failures of its own, with
// theirs added up. A caller of two of them counts as two.
func (in Incident) Gathered(children []Incident) Incident {
	if len(children) == 0 {
		return in
	}
	in.Failures, in.Calls, in.Callers, in.Late, in.Unseen, in.OptOuts = 0, 0, 0, 0, 0, 0
	in.Ended, in.LastAt = Ended{}, time.Time{}
	var hosts, accounts []string
	for _, child := range children {
		in.Failures += child.Failures
		in.Calls += child.Calls
		in.Callers += child.Callers
		in.Late += child.Late
		in.Unseen += child.Unseen
		in.OptOuts += child.OptOuts
		in.Ended = in.Ended.And(child.Ended)
		if in.OpenedAt.IsZero() || child.OpenedAt.Before(in.OpenedAt) {
			in.OpenedAt = child.OpenedAt
		}
		if in.First.At.IsZero() || child.First.At.Before(in.First.At) {
			in.First = child.First
		}
		if !child.LastAt.Before(in.LastAt) {
			in.LastAt, in.Last, in.UsualGap = child.LastAt, child.Last, child.UsualGap
		}
		in.MoreLines = in.MoreLines || child.MoreLines || child.First.To != children[0].First.To
		hosts, accounts = with(hosts, child.Cause.Host), with(accounts, child.Cause.Account)
	}
	in.Watch.Servers, in.Watch.Accounts = len(hosts), len(accounts)
	return in
}

// backOf is when the last of these was back: seen by the first of the good probes
// that proved it, or said by a person.
func backOf(children []Incident) (back time.Time) {
	for _, child := range children {
		one := child.Watch.Since
		if one.IsZero() {
			one = child.ResolvedAt
		}
		back = later(back, one)
	}
	return back
}

// TickWide is Tick for an incident that explains children: it goes on as long as
// one of them does.
func (in Incident) TickWide(children []Incident, now time.Time, p Policy, hushed func(Incident, Alert) (Hush, bool)) (Incident, []Alert) {
	muted := in.Muted(now)
	in = in.Gathered(children)
	open, proven := 0, 0
	for _, child := range children {
		switch {
		case child.State != Resolved:
			open++
		case child.ResolvedBy != "":
			proven++
		}
	}
	switch {
	case open == 0 && proven > 0:
		in.State, in.ResolvedAt, in.ResolvedBy = Resolved, now, ProvenByProbes
		return in.said(Over, now, fmt.Sprintf("all %d servers are back after %s", len(children), exactly(backOf(children).Sub(in.OpenedAt))))
	case open == 0:
		in.State, in.ResolvedAt = Resolved, now
		return in, nil
	case muted && !in.Muted(now): // until so many callers
		in.Watch.HeardAt = now
		return in.said(Resumed, now, fmt.Sprintf("%d callers reached, until which %s had muted it", in.Callers, in.Watch.MutedBy))
	}
	in, more := p.reach(in, now)
	for _, child := range children {
		for _, name := range child.Watch.Reached {
			if child.State == Open && !slices.Contains(in.Watch.Reached, name) {
				in.Watch.Reached, more = append(slices.Clone(in.Watch.Reached), name), true
			}
		}
	}
	if more && in.State == Open {
		return in.said(Spread, now, spreads)
	}
	if step := stepAt(in.Callers); step > in.Told {
		in.Told = in.Callers
		return in.said(Growing, now, fmt.Sprintf("%d callers reached", step))
	}
	return in.Tick(now, p, hushed)
}
