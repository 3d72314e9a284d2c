package incident

import (
	"fmt"
	"time"
)

// Silence keeps people from being told of what it matches, until it ends. What
// is still there then is told.
type Silence struct {
	ID     int64
	Match  Match
	From   time.Time
	Until  time.Time
	Reason string
	By     string
	// EndedAt is when somebody ended it early; zero for nobody.
	EndedAt time.Time
	EndedBy string
}

// Active says whether it holds at that moment.
func (s Silence) Active(at time.Time) bool {
	return !at.Before(s.From) && at.Before(s.Until) && (s.EndedAt.IsZero() || at.Before(s.EndedAt))
}

// end is when it is over: decisions are made for moments a little in the past,
// and somebody may have ended it since.
func (s Silence) end() time.Time {
	if s.EndedAt.IsZero() {
		return s.Until
	}
	return sooner(s.Until, s.EndedAt)
}

// Window is a time of maintenance that the configuration knows of beforehand:
// from … until, or the hours that come again.
type Window struct {
	Name   string
	Match  Match
	From   time.Time
	Until  time.Time
	During func(at time.Time) (until time.Time, ok bool) // nil for one that comes once
	Reason string
}

// open says until when the window is open at that moment; ok is false where it
// is not.
func (w Window) open(at time.Time) (until time.Time, ok bool) {
	if w.During != nil {
		return w.During(at)
	}
	return w.Until, !at.Before(w.From) && at.Before(w.Until)
}

// Hush is why people are not told of something now, on purpose.
type Hush struct {
	Why   string    // "silenced by kim until 14:00: moving house"
	Until time.Time // when to look again; zero: when the incident that explains it is over
}

// Hushed says whether nobody is to be told of a now, and why. silences are those
// that may hold; explained says that the incident which explains in is open.
// That it is over, that somebody has taken it and what is late or a drill is
// always told.
func (p Policy) Hushed(in Incident, a Alert, silences []Silence, explained bool) (h Hush, ok bool) {
	if !p.MayHush(a) {
		return Hush{}, false
	}
	if explained {
		return in.Explained(), true
	}
	if by, muted := in.muted(a.At); muted {
		return Hush{Why: by, Until: in.Watch.MutedUntil}, true
	}
	s := p.subject(in, a.At)
	if in.Cause.Wide() { // one of its servers, lines or codes is not all of them
		s = Subject{Account: s.Account, Cause: s.Cause, Urgency: s.Urgency, At: s.At}
	}
	for _, one := range silences {
		if one.Active(a.At) && one.Match.Fits(s) {
			return Hush{Why: "silenced by " + one.By + because(one.Reason), Until: one.end()}, true
		}
	}
	for _, w := range p.Windows {
		if until, open := w.open(a.At); open && w.Match.Fits(s) {
			return Hush{Why: "maintenance" + because(w.Reason), Until: until}, true
		}
	}
	return Hush{}, false
}

// MayHush says whether anything keeps people from being told of a.
func (Policy) MayHush(a Alert) bool {
	switch a.Kind {
	case Over, Taken, Meta, DrillAlert, Summary:
		return false
	case Opened, Regression, Growing, FellQuiet, Late, Reminder, Rate, Escalated, Spread, Raised, Resumed:
	}
	return true
}

// Explained is why nobody is told of in by itself while its parent is open.
func (in Incident) Explained() Hush {
	return Hush{Why: fmt.Sprintf("explained by incident %d", in.Parent)}
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

// muted says who muted in, where that still holds: until its time, or until so
// many callers are reached.
func (in Incident) muted(at time.Time) (by string, ok bool) {
	w := in.Watch
	if w.MutedBy == "" || !w.MutedUntil.IsZero() && !at.Before(w.MutedUntil) || w.MutedUpTo > 0 && in.Callers >= w.MutedUpTo {
		return "", false
	}
	return "muted by " + w.MutedBy, true
}

// Mute has nobody told of the incident until that time, or until it has hit so
// many callers; zero is no such bound, and without either it is until it is
// over. One until so many callers ends after MutedMost, too. Those who know of it
// are told when it is over all the same.
func (in Incident) Mute(by string, until time.Time, upTo int64, at time.Time) (Incident, []Alert) {
	if in.State == Resolved {
		return in, nil
	}
	if until.IsZero() && upTo > 0 {
		until = at.Add(MutedMost)
	}
	in.Watch.MutedBy, in.Watch.MutedUntil, in.Watch.MutedUpTo = by, until, upTo
	return in, []Alert{in.alert(Taken, at, "muted by "+by)}
}

// MutedMost is how long a mute until so many callers holds at most.
const MutedMost = 30 * 24 * time.Hour

// Unmute has people told again. It changes nothing where nobody muted it.
func (in Incident) Unmute(at time.Time) Incident {
	in.Watch.MutedBy, in.Watch.MutedUntil, in.Watch.MutedUpTo = "", time.Time{}, 0
	return in.LookAgain(at)
}

// LookAgain has Tick see whether what was withheld may be told now.
func (in Incident) LookAgain(at time.Time) Incident {
	if in.Watch.Withheld {
		in.Watch.WithheldUntil = at
	}
	return in
}

// Withhold notes that people were not told of something.
func (in Incident) Withhold(h Hush) Incident {
	in.Watch.Withheld, in.Watch.WithheldUntil, in.Watch.WithheldWhy = true, h.Until, h.Why
	return in
}

// Heard notes that people are told of a: nothing is withheld any more, and who was
// told that it is quiet knows that it goes on. That it is quiet is for those who
// had heard of it, and what is raised for those who are woken.
func (in Incident) Heard(a Alert) Incident {
	switch a.Kind {
	case FellQuiet, Taken, Raised:
		return in
	case Opened, Regression, Growing, Over, Late, DrillAlert, Meta, Reminder, Rate, Escalated, Spread, Resumed, Summary:
	}
	in.Watch.Withheld, in.Watch.WithheldUntil, in.Watch.WithheldWhy = false, time.Time{}, ""
	in.Watch.QuietFrom, in.Watch.QuietFor = time.Time{}, 0
	return in
}

// DueAt is when people are told of a: now, but for a notice in quiet hours.
func (p Policy) DueAt(a Alert, now time.Time) time.Time {
	if p.QuietHours == nil || a.Urgency == Page || a.Kind == DrillAlert || a.Topic == TestTopic {
		return now
	}
	if until, quiet := p.QuietHours(now); quiet {
		return until
	}
	return now
}

// DueFor is DueAt for one notifier: that something is over is no news to wait for
// where only pages go, and where a message that is there is brought up to date.
func (p Policy) DueFor(notifier string, a Alert, now time.Time) time.Time {
	for _, n := range p.Notifiers {
		if n.Name == notifier && a.Kind == Over && (n.OnlyPages || n.InPlace) {
			return now
		}
	}
	return p.DueAt(a, now)
}
