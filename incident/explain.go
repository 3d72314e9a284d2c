package incident

import (
	"slices"
	"time"
)

// Verdict is who would be told of something, and why: what a policy says,
// without anything being told.
type Verdict struct {
	// Routes are those that are asked and match, by their place in Policy.Routes.
	// Where there are none, Everybody is told.
	Routes    []int
	Everybody bool
	// Told are the notifiers that would hear of it, in the order of the
	// configuration; OnlyPages are those among the routed that wait for a page.
	Told, OnlyPages []string
	// Levels are who else is told while nobody acknowledges it: of pages only.
	Levels []Level
	// Hush says why nobody would be told now; Hushed is false where people are.
	Hush   Hush
	Hushed bool
	// DueAt is when it would go out: later than asked for in quiet hours.
	DueAt time.Time
}

// Verdict says who would be told, at s.At, of a new incident that is about s.
// silences are those that may hold.
func (p Policy) Verdict(s Subject, silences []Silence) Verdict {
	v := Verdict{Routes: p.matching(s), DueAt: p.DueAt(Alert{Kind: Opened, Urgency: s.Urgency}, s.At)}
	v.Everybody = len(v.Routes) == 0
	routed := p.routed(s)
	for _, n := range p.Notifiers {
		switch {
		case !slices.Contains(routed, n.Name):
		case n.takes(Alert{Kind: Opened, Urgency: s.Urgency}):
			v.Told = append(v.Told, n.Name)
		default:
			v.OnlyPages = append(v.OnlyPages, n.Name)
		}
	}
	if s.Urgency == Page {
		v.Levels = p.levels(s)
	}
	v.Hush, v.Hushed = p.hushedBy(s, silences)
	return v
}

// matching are the routes that are asked about s and match.
func (p Policy) matching(s Subject) (places []int) {
	for i, r := range p.Routes {
		if !r.Match.Fits(s) {
			continue
		}
		places = append(places, i)
		if !r.Continue {
			break
		}
	}
	return places
}

// hushedBy is the silence or the window that s falls into at s.At.
func (p Policy) hushedBy(s Subject, silences []Silence) (Hush, bool) {
	in := Incident{State: Open, Cause: Cause{Kind: s.Cause, Account: s.Account}}
	in.Watch.Urgency = s.Urgency
	in.Last = Sample{To: s.Line, Code: s.Code, Channel: s.Channel}
	if s.Host != "" {
		in.Last.ErrorURL = "//" + s.Host
	}
	p.Line = func(string) Traits { return Traits{Tags: s.Tags} } // also those that were typed in
	return p.Hushed(in, Alert{Kind: Opened, At: s.At, Urgency: s.Urgency}, silences, false)
}

// About is what in is about, at that time, as its newest failure shows: what
// routes, silences and windows are asked about.
func (p Policy) About(in Incident, at time.Time) Subject { return p.subject(in, at) }

// Kept says why nobody is told of in at that time, as Hushed does for whatever it
// may have to tell next.
func (p Policy) Kept(in Incident, at time.Time, silences []Silence, explained bool) (Hush, bool) {
	if in.State == Resolved {
		return Hush{}, false
	}
	return p.Hushed(in, in.alert(Reminder, at, ""), silences, explained)
}

// Muted says whether somebody muted in, and it still holds at that time.
func (in Incident) Muted(at time.Time) bool {
	_, muted := in.muted(at)
	return muted && in.State != Resolved
}

// Ahead is what happens to an incident if nothing else does.
type Ahead struct {
	// Level is who is told next while nobody acknowledges it, the Number-th of
	// Levels, and LevelAt when; zero for nobody.
	Level          Level
	Number, Levels int
	LevelAt        time.Time
	RemindAt       time.Time // of an incident whose failures go on; zero for never
	QuietAt        time.Time // without another failure; zero where it is not open
}

// Ahead says what happens to in if nothing else does.
func (p Policy) Ahead(in Incident) Ahead {
	if in.State != Open {
		return Ahead{}
	}
	a := Ahead{QuietAt: in.LastAt.Add(p.quietAfter(in))}
	a.Level, a.LevelAt = in.nextLevel(p)
	if !a.LevelAt.IsZero() {
		a.Number, a.Levels = in.Watch.Level+1, len(p.levels(p.subject(in, in.Watch.PagedAt)))
	}
	if p.RemindEvery > 0 && !in.Acknowledged() && !in.Watch.Withheld && !in.allLate() && !in.Watch.SaidAt.IsZero() {
		a.RemindAt = in.Watch.SaidAt.Add(p.RemindEvery)
	}
	return a
}

// Standing says whether the window is open at that moment, and until when; where
// it is not, when it opens next, as far as that is within the next eight days:
// zero for never.
func (w Window) Standing(at time.Time) (open bool, until, next time.Time) {
	if until, open = w.open(at); open {
		return true, until, time.Time{}
	}
	if w.During == nil {
		if at.Before(w.From) {
			return false, time.Time{}, w.From
		}
		return false, time.Time{}, time.Time{}
	}
	return false, time.Time{}, w.opens(at)
}

// opens looks ahead for the minute in which hours that come again begin. One that
// is shorter than the stride may be missed.
func (w Window) opens(at time.Time) time.Time {
	const stride, foresight = 5 * time.Minute, 8 * 24 * time.Hour
	for ahead := at.Truncate(time.Minute); ahead.Sub(at) < foresight; ahead = ahead.Add(stride) {
		if _, open := w.During(ahead); !open {
			continue
		}
		for before := ahead.Add(-time.Minute); before.After(at); before = before.Add(-time.Minute) {
			if _, open := w.During(before); !open {
				break
			}
			ahead = before
		}
		return ahead
	}
	return time.Time{}
}

// Over says whether the window has gone by for good.
func (w Window) Over(at time.Time) bool { return w.During == nil && !at.Before(w.Until) }
