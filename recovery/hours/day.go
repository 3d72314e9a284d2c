package hours

import (
	"fmt"
	"strings"
	"time"
)

const wholeDay = 24 * 60 // minutes

// wall is what calendar and clock show at a place.
type wall struct {
	day    time.Time // midnight of that date in UTC, so that days are all alike
	minute int       // since the clock showed 00:00
}

func onTheWall(at time.Time, zone *time.Location) wall {
	at = at.In(zone)
	year, month, day := at.Date()
	return wall{day: time.Date(year, month, day, 0, 0, 0, 0, time.UTC), minute: at.Hour()*60 + at.Minute()}
}

// span is from … to in minutes since midnight, to not included. Over midnight
// to is more than a whole day.
type span struct{ from, to int }

func (s span) String() string {
	to := s.to
	if to > wholeDay {
		to -= wholeDay
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", s.from/60, s.from%60, to/60, to%60)
}

func spansOf(hours []span) string {
	words := make([]string, len(hours))
	for i, s := range hours {
		words[i] = s.String()
	}
	return strings.Join(words, " ")
}

func within(hours []span, minute int) bool {
	for _, s := range hours {
		if s.from <= minute && minute < s.to {
			return true
		}
	}
	return false
}

// days are days of the week, a bit each, Sunday the first as in package time.
type days uint8

const daily days = 1<<7 - 1

func (d days) has(day time.Weekday) bool { return d&(1<<day) != 0 }

// String writes the days as they are read again: "daily", "mon-fri,sun".
func (d days) String() string {
	if d == daily {
		return "daily"
	}
	var parts []string
	for first := 0; first < 7; first++ {
		last := first
		for last < 7 && d.has(weekday(last)) {
			last++
		}
		switch last {
		case first:
			continue
		case first + 1:
			parts = append(parts, dayNames[first])
		default:
			parts = append(parts, dayNames[first]+"-"+dayNames[last-1])
		}
		first = last
	}
	return strings.Join(parts, ",")
}

// dayNames are the days of the week as they are written, from Monday.
var dayNames = [...]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// weekday is the day that stands at that place of dayNames.
func weekday(i int) time.Weekday { return time.Weekday((i + 1) % 7) }

// opening is hours on some days of each week.
type opening struct {
	days  days
	hours []span
}

func (o opening) String() string {
	return o.days.String() + " " + spansOf(o.hours)
}

// holiday is days that have hours of their own, or none.
type holiday struct {
	from, to int // dates as dateOf counts, both included; of yearly ones without the year
	yearly   bool
	hours    []span
}

// dateOf is a date as a number to compare: 20261224.
func dateOf(day time.Time) int {
	year, month, date := day.Date()
	return year*10000 + int(month)*100 + date
}

// midnightOf is the beginning of a date, in UTC, that dateOf counts.
func midnightOf(date int) time.Time {
	return time.Date(date/10000, time.Month(date/100%100), date%100, 0, 0, 0, 0, time.UTC)
}

// holds says whether that date is one of the holiday's.
func (h *holiday) holds(date int) bool {
	if h.yearly {
		date %= 10000
	}
	if h.from > h.to { // over New Year
		return h.from <= date || date <= h.to
	}
	return h.from <= date && date <= h.to
}

// dates are all of them; of yearly ones those of one leap year.
func (h *holiday) dates(yield func(date int) bool) {
	day := midnightOf(h.from)
	if h.yearly {
		day = time.Date(leapYear, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	for range longestHoliday {
		if h.holds(dateOf(day)) && !yield(dateOf(day)) {
			return
		}
		day = day.AddDate(0, 0, 1)
	}
}

const (
	leapYear       = 2000
	longestHoliday = 366 // days
)
