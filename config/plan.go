package config

import (
	"regexp"
	"strings"
	"time"
)

// Plan is when something is done again and again, by the clock of a place. The
// zero value is never.
type Plan struct {
	days         int // 1: every day, 7: every week, 0: never
	on           time.Weekday
	hour, minute int
}

// Last is the newest planned moment that is not after now, zero for never.
func (p Plan) Last(now time.Time, zone *time.Location) time.Time {
	return p.seek(now, zone, -1, func(at time.Time) bool { return !at.After(now) })
}

// Next is the first planned moment after now, zero for never.
func (p Plan) Next(now time.Time, zone *time.Location) time.Time {
	return p.seek(now, zone, 1, func(at time.Time) bool { return at.After(now) })
}

// seek goes from the day of now, by so many days at a time, to the first planned
// moment that is meant.
func (p Plan) seek(now time.Time, zone *time.Location, days int, meant func(time.Time) bool) time.Time {
	if p.days == 0 {
		return time.Time{}
	}
	day := now.In(zone)
	for {
		at := time.Date(day.Year(), day.Month(), day.Day(), p.hour, p.minute, 0, 0, zone)
		if meant(at) && (p.days == 1 || at.Weekday() == p.on) {
			return at
		}
		day = time.Date(day.Year(), day.Month(), day.Day()+days, 12, 0, 0, 0, zone)
	}
}

// Before is the planned moment before one of them.
func (p Plan) Before(at time.Time, zone *time.Location) time.Time {
	return p.Last(at.Add(-time.Second), zone)
}

var (
	clockTime = regexp.MustCompile(`^([01]?[0-9]|2[0-3]):([0-5][0-9])$`)
	weekdays  = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} //nolint:gochecknoglobals // constant
)

const off = "off"

// daily reads "07:30", or "off".
func (r *review) daily(v value, otherwise string) Plan {
	text := otherwise
	if v.set() {
		text = v.text
	}
	if text == off {
		return Plan{}
	}
	at, err := time.Parse("15:04", text)
	if !clockTime.MatchString(text) || err != nil {
		r.mistake(v, "is no time of day", `write one such as "07:30", or off`)
		return Plan{}
	}
	return Plan{days: 1, hour: at.Hour(), minute: at.Minute()}
}

// weekly reads "mon 07:30", or "off".
func (r *review) weekly(v value, otherwise string) Plan {
	text := otherwise
	if v.set() {
		text = strings.ToLower(v.text)
	}
	if text == off {
		return Plan{}
	}
	day, clock, _ := strings.Cut(text, " ")
	at, err := time.Parse("15:04", strings.TrimSpace(clock))
	for i, name := range weekdays {
		if name == day && err == nil && clockTime.MatchString(strings.TrimSpace(clock)) {
			return Plan{days: 7, on: time.Weekday(i), hour: at.Hour(), minute: at.Minute()}
		}
	}
	r.mistake(v, "is no day and time", `write one such as "mon 07:30", or off`)
	return Plan{}
}
