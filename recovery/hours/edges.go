package hours

import (
	"slices"
	"time"
)

// Edges are moments at which hours begin or end, in two weeks of different
// seasons and on the first of each holiday's days. Whoever looks at the edges of
// several schedules sees how they stand to one another in an ordinary week.
func (s *Schedule) Edges() []time.Time {
	var days []time.Time
	for _, monday := range []time.Time{time.Date(2001, time.March, 5, 0, 0, 0, 0, time.UTC), time.Date(2001, time.September, 10, 0, 0, 0, 0, time.UTC)} {
		for i := range 7 {
			days = append(days, monday.AddDate(0, 0, i))
		}
	}
	for i := range s.holidays {
		for date := range s.holidays[i].dates {
			day := midnightOf(date)
			days = append(days, day, day.AddDate(0, 0, 1))
			break
		}
	}
	var edges []time.Time
	for _, day := range days {
		for _, minute := range s.edgesOfADay() {
			edges = append(edges, time.Date(day.Year(), day.Month(), day.Day(), 0, minute, 0, 0, s.zone))
		}
	}
	return edges
}

// edgesOfADay are the minutes of a day at which anything can begin or end.
func (s *Schedule) edgesOfADay() []int {
	minutes := []int{0}
	add := func(hours []span) {
		for _, one := range hours {
			minutes = append(minutes, one.from, one.to%wholeDay)
		}
	}
	for _, one := range s.open {
		add(one.hours)
	}
	for i := range s.holidays {
		add(s.holidays[i].hours)
	}
	slices.Sort(minutes)
	return slices.Compact(minutes)
}
