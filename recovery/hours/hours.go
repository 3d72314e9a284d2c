// Package hours knows when somebody is there: business hours with their
// holidays, and lists of people who take turns. It has no clock of its own and
// knows neither callers nor rules: whoever asks brings the moment.
package hours

import (
	"fmt"
	"strings"
	"time"
)

// Options are business hours as the configuration says them.
type Options struct {
	Zone     string   // of the IANA database: "Europe/Berlin"; "" is UTC
	Open     []string // "mon-fri 08:00-12:00 13:00-18:00", "sat,sun 22:00-06:00", "daily 00:00-24:00"
	Holidays []string // "2026-12-24", each year "12-25", "12-24..01-01"; open all the same: "12-24 08:00-12:00"
}

// Mistake is one thing that is wrong in Options or RosterOptions.
type Mistake struct {
	Key     string // "zone", "open[1]", "people[0].name"
	Value   string // as it was given
	Problem string // "is no time zone"
	Remedy  string // "write a name of the IANA database, such as Europe/Berlin"
}

// Schedule is when a place is open. It is never changed.
type Schedule struct {
	zone     *time.Location
	open     []opening
	holidays []holiday
}

// New checks o. The schedule is worth something only if there are no mistakes.
func New(o Options) (*Schedule, []Mistake) {
	var c checker
	s := &Schedule{zone: c.zone(o.Zone)}
	if len(o.Open) == 0 {
		c.mistake("open", "", "is missing", "write when it is open, such as mon-fri 08:00-18:00")
	}
	for i, text := range o.Open {
		one, problem, remedy := parseOpening(text)
		if c.bad(fmt.Sprintf("open[%d]", i), text, problem, remedy) {
			continue
		}
		s.open = append(s.open, one)
	}
	for i, text := range o.Holidays {
		key := fmt.Sprintf("holidays[%d]", i)
		one, problem, remedy := parseHoliday(text)
		if c.bad(key, text, problem, remedy) {
			continue
		}
		if s.holidaysHold(one) {
			c.mistake(key, text, "is never looked at: entries before it have all of its days", "put it before them")
		}
		s.holidays = append(s.holidays, one)
	}
	return s, c.mistakes
}

// Open says whether it is open at that moment. What counts is what the clock on
// the wall shows there: a time that is skipped when the clocks go forward never
// comes, and one that comes twice when they go back counts twice. Hours over
// midnight belong to the day they begin on, and a holiday is its own hours and
// not those that began the evening before.
func (s *Schedule) Open(at time.Time) bool {
	now := onTheWall(at, s.zone)
	return s.openOn(now.day, now.minute)
}

// openOn says whether it is open on that day at that minute, also by hours that
// began the evening before.
func (s *Schedule) openOn(day time.Time, minute int) bool {
	return s.inside(day, minute) || s.inside(day.AddDate(0, 0, -1), minute+wholeDay)
}

// inside says whether one of the hours that begin on day holds the minute, which is
// counted from that day's midnight.
func (s *Schedule) inside(day time.Time, minute int) bool {
	for i := range s.holidays {
		if s.holidays[i].holds(dateOf(day)) {
			return within(s.holidays[i].hours, minute)
		}
	}
	for i := range s.open {
		if s.open[i].days.has(day.Weekday()) && within(s.open[i].hours, minute) {
			return true
		}
	}
	return false
}

// holidaysHold says whether the holidays so far hold every day of another.
func (s *Schedule) holidaysHold(one holiday) bool {
	for date := range one.dates {
		held := false
		for i := range s.holidays {
			// Each year's holiday is none of a single year.
			held = held || s.holidays[i].holds(date) && (s.holidays[i].yearly || !one.yearly)
		}
		if !held {
			return false
		}
	}
	return true
}

// String is the schedule in a few words for people: "mon-fri 08:00-18:00;
// 2 holidays; Europe/Berlin".
func (s *Schedule) String() string {
	parts := make([]string, 0, len(s.open)+2)
	for _, one := range s.open {
		parts = append(parts, one.String())
	}
	switch n := len(s.holidays); n {
	case 0:
	case 1:
		parts = append(parts, "1 holiday")
	default:
		parts = append(parts, fmt.Sprintf("%d holidays", n))
	}
	return strings.Join(append(parts, s.zone.String()), "; ")
}

// checker collects mistakes.
type checker struct{ mistakes []Mistake }

func (c *checker) mistake(key, value, problem, remedy string) {
	c.mistakes = append(c.mistakes, Mistake{Key: key, Value: value, Problem: problem, Remedy: remedy})
}

// bad notes the mistake that a parser found, if it found one.
func (c *checker) bad(key, value, problem, remedy string) bool {
	if problem != "" {
		c.mistake(key, value, problem, remedy)
	}
	return problem != ""
}

func (c *checker) zone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		c.mistake("zone", name, "is no time zone", `write a name of the IANA database, such as "Europe/Berlin" or "America/New_York"`)
		return time.UTC
	}
	return zone
}
