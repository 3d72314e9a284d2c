package hours

import (
	"slices"
	"time"
)

// Days are days in a row that have hours of their own.
type Days struct {
	From, To time.Time // both included, midnights in UTC
	Open     string    // "08:00-12:00"; "" for closed
}

// Holidays are the next ones within a year, n at most, from that day on. Those
// in a row with the same hours are told together, and of one that goes on only
// what is left.
func (s *Schedule) Holidays(at time.Time, n int) (next []Days) {
	day := onTheWall(at, s.zone).day
	for end := day.Add(foresight); day.Before(end); day = day.AddDate(0, 0, 1) {
		i := slices.IndexFunc(s.holidays, func(h holiday) bool { return h.holds(dateOf(day)) })
		if i < 0 {
			continue
		}
		one, last := Days{From: day, To: day, Open: spansOf(s.holidays[i].hours)}, len(next)-1
		switch {
		case last >= 0 && next[last].To.AddDate(0, 0, 1).Equal(day) && next[last].Open == one.Open:
			next[last].To = day
		case len(next) == n:
			return next
		default:
			next = append(next, one)
		}
	}
	return next
}

// String is the days in a few words for people: "Thu 2026-12-24, open
// 08:00-12:00", "Fri 2026-12-25 to Sat 2026-12-26".
func (d Days) String() string {
	const date = "Mon 2006-01-02"
	said := d.From.Format(date)
	if d.To.After(d.From) {
		said += " to " + d.To.Format(date)
	}
	if d.Open != "" {
		said += ", open " + d.Open
	}
	return said
}
