package incident

import (
	"fmt"
	"time"
)

// Tick lets time pass, and says what has to be told now: an open incident falls
// quiet, a quiet one closes without a word, one that nobody takes is reminded
// of and escalates, and what was withheld is told once it may be. hushed says
// whether people are still not to be told. It returns in as it was where nothing
// is due. Nobody is told that late failures are over: they were when they were
// told.
func (in Incident) Tick(now time.Time, p Policy, hushed func(Incident, Alert) (Hush, bool)) (Incident, []Alert) {
	in = in.notAhead(now)
	due, ok := in.NextTick(p)
	if !ok || now.Before(due) {
		return in, nil
	}
	if in.State == Quiet && !now.Before(in.QuietAt.Add(p.CloseAfter)) {
		in.State = Resolved
		in.ResolvedAt = now
		return in, nil
	}
	if in.State == Open && !now.Before(in.LastAt.Add(p.quietAfter(in))) {
		return in.fallQuiet(now, p)
	}
	if in.Watch.Withheld && in.State == Open && in.looksAgain(now) {
		return in.resume(now, hushed)
	}
	if level, due := in.nextLevel(p); !due.IsZero() && !now.Before(due) {
		return in.escalate(level, now, hushed)
	}
	if due, ok := in.reminder(p); ok && !now.Before(due) {
		reason := "reminder: open for " + spoken(now.Sub(in.OpenedAt)) + ", nobody has acknowledged it"
		return in.sayUnless(hushed, in.alert(Reminder, now, reason))
	}
	return in, nil
}

// AheadAtMost is how far something that was noted may be ahead of the clock: if it is
// further, the clock was put back since.
const AheadAtMost = time.Minute

// notAhead is in without times that are still to come, so that what follows them
// does not wait until the clock is there again.
func (in Incident) notAhead(now time.Time) Incident {
	for _, at := range []*time.Time{&in.LastAt, &in.QuietAt, &in.Watch.SaidAt, &in.Watch.HeardAt, &in.Watch.PagedAt} {
		if at.Sub(now) > AheadAtMost {
			*at = now
		}
	}
	return in
}

// sayUnless tells a, unless people are not to be told now: then it is withheld.
func (in Incident) sayUnless(hushed func(Incident, Alert) (Hush, bool), a Alert) (Incident, []Alert) {
	if h, still := hushed(in, a); still {
		return in.Withhold(h), nil
	}
	in = in.Heard(a)
	in.Watch.SaidAt = a.At
	if a.Kind == Resumed {
		in.Watch.HeardAt = a.At
	}
	return in, []Alert{a}
}

func (in Incident) fallQuiet(now time.Time, p Policy) (Incident, []Alert) {
	in.State = Quiet
	in.QuietAt = now
	if in.allLate() {
		return in, nil
	}
	return in.said(FellQuiet, now, "no failure for "+spoken(p.quietAfter(in)))
}

// looksAgain says whether it is time to see whether people may be told.
func (in Incident) looksAgain(now time.Time) bool {
	return !in.Watch.WithheldUntil.IsZero() && !now.Before(in.Watch.WithheldUntil)
}

// resume tells what was withheld, or waits on.
func (in Incident) resume(now time.Time, hushed func(Incident, Alert) (Hush, bool)) (Incident, []Alert) {
	return in.sayUnless(hushed, in.resumed(now))
}

// resumed says that people are told again.
func (in Incident) resumed(now time.Time) Alert {
	return in.alert(Resumed, now, "open for "+spoken(now.Sub(in.OpenedAt))+"; what was new was not told: "+in.Watch.WithheldWhy)
}

// Resume tells what was withheld, now that it may be told.
func (in Incident) Resume(now time.Time) (Incident, []Alert) {
	return in.sayUnless(func(Incident, Alert) (Hush, bool) { return Hush{}, false }, in.resumed(now))
}

// escalate tells the next level.
func (in Incident) escalate(level Level, now time.Time, hushed func(Incident, Alert) (Hush, bool)) (Incident, []Alert) {
	a := in.alert(Escalated, now, fmt.Sprintf("nobody has acknowledged it for %s: level %d", spoken(now.Sub(in.Watch.PagedAt)), in.Watch.Level+1))
	a.Only = level.Notifiers
	in, alerts := in.sayUnless(hushed, a)
	in.Watch.Level += len(alerts)
	return in, alerts
}

// nextLevel is the next level of the escalation and when it is told; never
// where the time is zero.
func (in Incident) nextLevel(p Policy) (l Level, due time.Time) {
	if in.State != Open || in.Acknowledged() || in.Watch.Urgency != Page || in.Watch.Withheld {
		return Level{}, time.Time{}
	}
	levels := p.levels(p.subject(in, in.Watch.PagedAt))
	if in.Watch.Level >= len(levels) {
		return Level{}, time.Time{}
	}
	l = levels[in.Watch.Level]
	return l, later(in.Watch.PagedAt, in.Watch.HeardAt).Add(l.After)
}

// reminder is when people are reminded; ok is false where they are not. While
// no failure comes for longer than usual they are not: it may be over, and that
// is what they hear next.
func (in Incident) reminder(p Policy) (due time.Time, ok bool) {
	if p.RemindEvery <= 0 || in.State != Open || in.Acknowledged() || in.Watch.Withheld || in.allLate() {
		return time.Time{}, false
	}
	due = in.Watch.SaidAt.Add(p.RemindEvery)
	return due, due.Before(in.LastAt.Add(max(in.UsualGap, time.Minute)))
}

// NextTick is when Tick has something to do; ok is false where it never has.
func (in Incident) NextTick(p Policy) (due time.Time, ok bool) {
	switch in.State {
	case Open:
		due = in.LastAt.Add(p.quietAfter(in))
		if at, ok := in.reminder(p); ok {
			due = sooner(due, at)
		}
		if _, at := in.nextLevel(p); !at.IsZero() {
			due = sooner(due, at)
		}
		if w := in.Watch; w.Withheld && !w.WithheldUntil.IsZero() {
			due = sooner(due, w.WithheldUntil)
		}
		return due, true
	case Quiet:
		return in.QuietAt.Add(p.CloseAfter), true
	case Resolved:
	}
	return time.Time{}, false
}

// spoken writes a wait as people say it.
func spoken(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return plural(int(d.Round(time.Second).Seconds()), "second", "seconds")
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}
