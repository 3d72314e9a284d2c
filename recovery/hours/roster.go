package hours

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// RosterOptions are an on-call list as the configuration says it.
type RosterOptions struct {
	Zone     string // as in Options
	People   []PersonOptions
	Rotate   string // "daily" or "weekly": the next person is on duty; "" for always the first
	From     string // the date on which the first person begins, "2026-01-05"; "" is a Monday
	Handover string // when the next one takes over, "09:00"; "" is midnight
}

// PersonOptions is somebody on an on-call list. Where To leads is not checked here.
type PersonOptions struct {
	Name, To string
	Hours    string // name of the schedule that they can be called in; "" for always
}

// Person is somebody who can be called.
type Person struct{ Name, To string }

// Roster is people who take turns. It is never changed.
type Roster struct {
	zone     *time.Location
	people   []member
	every    int // days; 0 for no turns
	from     time.Time
	handover int // minutes since midnight
}

type member struct {
	Person
	hours *Schedule // nil for always
}

// firstMonday begins the first ISO week of 1970.
var firstMonday = time.Date(1969, time.December, 29, 0, 0, 0, 0, time.UTC)

// NewRoster checks o against the schedules that there are. The roster is worth
// something only if there are no mistakes.
func NewRoster(o RosterOptions, schedules map[string]*Schedule) (*Roster, []Mistake) {
	var c checker
	r := &Roster{zone: c.zone(o.Zone), from: firstMonday}
	c.turns(o, r)
	if len(o.People) == 0 {
		c.mistake("people", "", "is missing", "write who is to be called, such as people: [{name: Anna, to: \"+4930123456\"}]")
	}
	for i, one := range o.People {
		key := fmt.Sprintf("people[%d]", i)
		hours, known := schedules[one.Hours]
		if one.Hours != "" && !known {
			c.mistake(key+".hours", one.Hours, "is no name of hours", "add it under hours"+among(schedules))
		}
		if strings.TrimSpace(one.Name) == "" {
			c.mistake(key+".name", one.Name, "is missing", "write what pages are to call this person")
		}
		r.people = append(r.people, member{Person: Person{Name: one.Name, To: one.To}, hours: hours})
	}
	return r, c.mistakes
}

// turns reads when who takes over.
func (c *checker) turns(o RosterOptions, r *Roster) {
	switch o.Rotate {
	case "daily":
		r.every = 1
	case "weekly":
		r.every = 7
	case "":
		if o.From != "" || o.Handover != "" {
			c.mistake("rotate", "", "is missing, without which from and handover mean nothing", "write rotate: daily or weekly, or leave them out")
		}
	default:
		c.mistake("rotate", o.Rotate, "is no way to take turns", "write daily or weekly, or leave it out: then people are called in the order of the list")
	}
	if o.From != "" {
		from, yearly, ok := parseDate(o.From)
		if !ok || yearly {
			c.mistake("from", o.From, "is no date", "write the day on which the first person begins, such as 2026-01-05")
		}
		r.from = from
	}
	if o.Handover != "" {
		minute, ok := parseClock(o.Handover)
		if !ok || minute == wholeDay {
			c.mistake("handover", o.Handover, "is no time of day", "write one of the 24-hour clock, such as 09:00")
		}
		r.handover = minute
	}
}

// OnCall are those who can be called at that moment, in the order in which to
// try: whoever is on duty, then the next ones. Who is not there at that hour is left out,
// and nobody stands there twice; so there may be nobody.
func (r *Roster) OnCall(at time.Time) []Person {
	var all []Person
	first := r.turn(at)
	for i := range r.people {
		one := r.people[(first+i)%len(r.people)]
		if one.hours != nil && !one.hours.Open(at) {
			continue
		}
		if !slices.ContainsFunc(all, func(p Person) bool { return p.To == one.To }) {
			all = append(all, one.Person)
		}
	}
	return all
}

// Zone is the name of the zone whose clock and calendar count.
func (r *Roster) Zone() string { return r.zone.String() }

// turn is the place of whoever is on duty.
func (r *Roster) turn(at time.Time) int {
	if r.every == 0 || len(r.people) == 0 {
		return 0
	}
	turns := floorDiv(r.days(at), r.every)
	return turns - floorDiv(turns, len(r.people))*len(r.people)
}

// days counts the handovers on calendar days since from. A clock that is put
// back gives nobody's duty back: what the clock showed last before counts.
func (r *Roster) days(at time.Time) int {
	days := r.daysOnTheWall(at)
	if changed, _ := at.In(r.zone).ZoneBounds(); !changed.IsZero() {
		days = max(days, r.daysOnTheWall(changed.Add(-time.Nanosecond)))
	}
	return days
}

func (r *Roster) daysOnTheWall(at time.Time) int {
	now := onTheWall(at, r.zone)
	days := int((now.day.Unix() - r.from.Unix()) / (24 * 60 * 60)) // both are midnights
	if now.minute < r.handover {
		days--
	}
	return days
}

func floorDiv(a, b int) int {
	if a < 0 {
		return (a+1)/b - 1
	}
	return a / b
}

// among tells what there is to choose from.
func among(schedules map[string]*Schedule) string {
	if len(schedules) == 0 {
		return ", of which there are none"
	}
	return ": " + strings.Join(slices.Sorted(maps.Keys(schedules)), ", ")
}
