package recovery

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/recovery/hours"
)

// Standing is how business hours and on-call lists stand at a moment, each by
// the clock of its place and in words for people.
type Standing struct {
	Hours  []Opening // by their names
	OnCall []Duty    // by their names
}

// Opening is how business hours stand.
type Opening struct {
	Name     string
	Open     bool
	Until    string   // "Mon 2026-11-23 18:00"; "" where it stays so for a year
	Week     string   // "mon-fri 08:00-18:00; 1 holiday; Europe/Berlin"
	Holidays []string // the next ones: "Thu 2026-12-24, open 08:00-12:00"
}

// Duty is who of an on-call list can be called. Numbers are not told in full.
type Duty struct {
	Name   string
	People []string // in the order in which they are rung; none at some hours
	Until  string   // as of Opening
	Next   []string // who can be called then
	Zone   string
}

// Standing says how all hours and on-call lists stand at that moment. One that
// stays as it is for a year costs most: a fraction of a millisecond.
func (r *Rules) Standing(at time.Time) Standing {
	var s Standing
	for _, name := range slices.Sorted(maps.Keys(r.schedules)) {
		schedule := r.schedules[name]
		one := Opening{Name: name, Open: schedule.Open(at), Until: until(schedule.Until(at)), Week: schedule.String()}
		for _, days := range schedule.Holidays(at, holidaysTold) {
			one.Holidays = append(one.Holidays, days.String())
		}
		s.Hours = append(s.Hours, one)
	}
	for _, name := range slices.Sorted(maps.Keys(r.rosters)) {
		roster := r.rosters[name]
		one, then := Duty{Name: name, People: namesOf(onCall(roster, at)), Zone: roster.Zone()}, roster.Until(at)
		if !then.IsZero() {
			one.Until, one.Next = until(then), namesOf(onCall(roster, then))
		}
		s.OnCall = append(s.OnCall, one)
	}
	return s
}

// holidaysTold is how many holidays of a place are told.
const holidaysTold = 3

// HoursAt is Standing in a sentence each: "clinic is open until Mon 2026-11-23
// 18:00 (mon-fri 08:00-18:00; Europe/Berlin)." or "on call for ops: Anna, then
// Ben." among them.
func (r *Rules) HoursAt(at time.Time) []string {
	var all []string
	s := r.Standing(at)
	for _, one := range s.Hours {
		all = append(all, one.sentence())
	}
	for _, one := range s.OnCall {
		all = append(all, one.sentence())
	}
	return all
}

func (o Opening) sentence() string {
	said := o.Name + " is closed"
	if o.Open {
		said = o.Name + " is open"
	}
	if o.Until != "" {
		said += " until " + o.Until
	}
	return said + " (" + o.Week + ")."
}

func (d Duty) sentence() string {
	said := "on call for " + d.Name + ": " + inTurn(d.People)
	if d.Until != "" {
		said += ", until " + d.Until + " (" + d.Zone + "); from then on " + inTurn(d.Next)
	}
	return said + "."
}

// inTurn are people who are rung one after the other.
func inTurn(names []string) string {
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", then ")
}

// until is a moment for people who know the zone.
func until(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format("Mon 2006-01-02 15:04")
}

// OnCall are the addresses of those of a list who can be called at that moment,
// in the order in which to try; none where nobody is there, or no such list.
func (r *Rules) OnCall(list string, at time.Time) []string {
	roster := r.rosters[list]
	if roster == nil {
		return nil
	}
	var all []string
	for _, one := range roster.OnCall(at) {
		all = append(all, one.To)
	}
	return all
}

// onCall are the people of a list at that moment, in the order in which they are rung.
func onCall(roster *hours.Roster, at time.Time) (people []Person) {
	for _, one := range roster.OnCall(at) {
		people = append(people, Person{Name: one.Name, To: one.To})
	}
	return people
}

// namesOf is what these people are called for people who read about them.
func namesOf(people []Person) []string {
	names := make([]string, len(people))
	for i := range people {
		names[i] = nameOf(people, i, false)
	}
	return names
}
