package config

import (
	"maps"
	"slices"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/hours"
)

// when are the moments at which the hours that v names are open or closed, and
// what these are called.
func (a *alerting) when(v value, open bool) (hours func(time.Time) bool, are string) {
	if !v.set() {
		return nil, ""
	}
	schedule := a.schedule(v)
	if schedule == nil {
		return nil, ""
	}
	switch {
	case a.broken[v.text]:
	case open && schedule.Never():
		a.mistake(v, "is never open, so that nothing ever matches", "open it at some time under hours, or name others")
	case !open && schedule.Always():
		a.mistake(v, "is always open, so that nothing ever matches", "have it closed at some time under hours, or name others")
	}
	return func(at time.Time) bool { return schedule.Open(at) == open },
		"while " + v.text + " is " + map[bool]string{true: "open", false: "closed"}[open]
}

func (a *alerting) schedule(v value) *hours.Schedule {
	if schedule := a.hours[v.text]; schedule != nil {
		return schedule
	}
	a.mistake(v, "is no name of hours", "add it under hours"+orAmong(slices.Sorted(maps.Keys(a.hours))))
	return nil
}

// during says whether the hours hold at a moment, and until when.
func during(s *hours.Schedule) func(time.Time) (time.Time, bool) {
	return func(at time.Time) (time.Time, bool) {
		if !s.Open(at) {
			return time.Time{}, false
		}
		until := s.Until(at)
		if until.IsZero() { // they never end
			until = at.Add(24 * time.Hour)
		}
		return until, true
	}
}

// quiet are the hours in which notices wait.
func (a *alerting) quiet(v value) func(time.Time) (time.Time, bool) {
	if !v.set() {
		return nil
	}
	schedule := a.schedule(v)
	switch {
	case schedule == nil:
		return nil
	case a.broken[v.text]:
	case schedule.Always():
		a.mistake(v, "is always open, so that no notice is ever told", "name hours that end")
	case schedule.Never():
		a.mistake(v, "is never open, so that no hour is quiet", "open it at some time under hours, or remove quiet_hours")
	}
	return during(schedule)
}

// window is a time of maintenance, once or again and again.
func (a *alerting) window(written window) incident.Window {
	before := len(a.mistakes)
	w := incident.Window{Match: a.about(written.Match), Reason: written.Reason.text}
	once := !written.From.absent() || !written.Until.absent()
	switch {
	case once && !written.Hours.absent():
		a.mistake(written.Hours, "stands beside from and until", "write either the hours or from and until")
	case !written.Hours.absent():
		if schedule := a.schedule(written.Hours); schedule != nil {
			w.During = during(schedule)
			if len(a.mistakes) == before {
				a.again(written, schedule, w.Match)
			}
		}
	case !once:
		a.missing(written.At, written.At.key, "says no time", "write from and until, or hours")
	default:
		w.From, w.Until = a.moment(written.At, "from", written.From), a.moment(written.At, "until", written.Until)
		a.once(written.Until, w)
	}
	return w
}

// longestWindow is as long as anybody may silence something on the pages.
const longestWindow = 30 * 24 * time.Hour

// once judges a window that comes once and ends when until says.
func (a *alerting) once(until value, w incident.Window) {
	switch {
	case w.From.IsZero() || w.Until.IsZero():
	case !w.From.Before(w.Until):
		a.mistake(until, "is not after from", "write when the maintenance ends")
	case !a.now.Before(w.Until):
		a.warn(until, "is over: remove the window")
	case w.Until.Sub(w.From) > longestWindow:
		a.warn(until, "is more than 30 days after from: nobody is told of what it matches for so long; write a time that is sooner")
	}
}

// again judges a window that comes with its hours.
func (a *alerting) again(written window, schedule *hours.Schedule, m incident.Match) {
	switch v := written.Hours; {
	case a.broken[v.text]:
	case schedule.Never():
		a.mistake(v, "is never open, so that the window never comes", "open it at some time under hours, or remove the window")
	case schedule.Always() && m.Everything():
		a.mistake(v, "is always open, so that nobody is ever told of anything", "add a match, or name hours that end")
	case written.Match.Closed.text == v.text:
		a.mistake(written.Match.Closed, "is closed at no time of the window, which is there while it is open", "remove it, or name other hours")
	}
}

// moment is a date and a time, in the program's zone where it names none.
func (a *alerting) moment(at value, key string, v value) time.Time {
	if v.absent() {
		a.missing(at, at.key+"."+key, "is missing", "write "+momentForm)
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, v.text, a.zone); err == nil {
			return t
		}
	}
	if v.set() {
		a.mistake(v, "is no date and time", "write "+momentForm)
	}
	return time.Time{}
}

const momentForm = `one such as "2026-12-01 22:00", which is meant in time_zone, or with its offset "2026-12-01T22:00:00+01:00"`
