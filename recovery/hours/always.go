package hours

import "time"

// Always says whether it is open at every moment, whatever the year. Where it is, or
// is never, finding out takes some milliseconds.
func (s *Schedule) Always() bool { return s.stays(true) }

// Never says whether it is open at no moment, likewise.
func (s *Schedule) Never() bool { return s.stays(false) }

// stays looks at each moment at which anything can begin or end, on every day that
// differs from others: each date falls on each day of the week within 28 years, and
// holidays of a single year have days of their own.
func (s *Schedule) stays(open bool) bool {
	const years = 28
	minutes := s.edgesOfADay()
	stays := func(day time.Time) bool {
		for _, minute := range minutes {
			if s.openOn(day, minute) != open {
				return false
			}
		}
		return true
	}
	for day := time.Date(leapYear, time.January, 1, 0, 0, 0, 0, time.UTC); day.Year() < leapYear+years; day = day.AddDate(0, 0, 1) {
		if !stays(day) {
			return false
		}
	}
	for i := range s.holidays {
		for date := range s.holidays[i].dates {
			day := midnightOf(date)
			if !stays(day) || !stays(day.AddDate(0, 0, 1)) {
				return false
			}
		}
	}
	return true
}
