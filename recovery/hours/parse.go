package hours

import (
	"strconv"
	"strings"
	"time"
)

// howToOpen and the like are remedies.
const (
	howToOpen    = "write days and times, such as mon-fri 08:00-18:00 or daily 00:00-24:00"
	howToTime    = "write times of the 24-hour clock, such as 08:00-18:00, or 22:00-06:00 over midnight"
	howToHoliday = "write 2026-12-24, each year 12-25, or several days as 2026-12-24..2027-01-01; hours of that day may follow"
)

// parseOpening reads "mon-fri 08:00-12:00 13:00-18:00".
func parseOpening(text string) (o opening, problem, remedy string) {
	words := wordsOf(text)
	for len(words) > 0 && !beginsWithDigit(words[0]) {
		some, ok := parseDays(words[0])
		if !ok {
			return o, "names a day that there is not", "write mon, tue, wed, thu, fri, sat, sun or daily, from and to as mon-fri"
		}
		o.days |= some
		words = words[1:]
	}
	if o.days == 0 {
		return o, "names no day", howToOpen
	}
	if len(words) == 0 {
		return o, "says no time", howToOpen
	}
	o.hours, problem, remedy = parseSpans(words)
	return o, problem, remedy
}

// parseHoliday reads "12-25", "2026-12-24 08:00-12:00", "12-24..01-01".
func parseHoliday(text string) (h holiday, problem, remedy string) {
	words := wordsOf(strings.NewReplacer(" .. ", "..", " ..", "..", ".. ", "..").Replace(text))
	if len(words) == 0 {
		return h, "is empty", howToHoliday
	}
	from, to, isRange := strings.Cut(words[0], "..")
	if !isRange {
		to = from
	}
	first, yearly, ok1 := parseDate(from)
	last, yearlyToo, ok2 := parseDate(to)
	h = holiday{from: dateOf(first), to: dateOf(last), yearly: yearly}
	switch {
	case !ok1 || !ok2:
		return h, "is no date", howToHoliday
	case yearly != yearlyToo:
		return h, "has a year on one side only", "write both dates with their year, or both without"
	case yearly:
		h.from, h.to = h.from%10000, h.to%10000
	case last.Before(first):
		return h, "ends before it begins", "write the earlier day first"
	case last.Sub(first) >= longestHoliday*24*time.Hour:
		return h, "is longer than a year", "look at the years; whoever is closed for good needs no hours"
	}
	h.hours, problem, remedy = parseSpans(words[1:])
	return h, problem, remedy
}

// parseDate reads 2026-12-24, or 12-25 of the leap year, for 02-29 is a date.
func parseDate(text string) (day time.Time, yearly, ok bool) {
	yearly = strings.Count(text, "-") == 1
	if yearly {
		text = strconv.Itoa(leapYear) + "-" + text
	}
	day, err := time.Parse(time.DateOnly, text)
	return day, yearly, err == nil && day.Year() > 0
}

// parseDays reads "daily", "mon" or "mon-fri". From Friday to Monday are four days.
func parseDays(text string) (d days, ok bool) {
	if text == "daily" {
		return daily, true
	}
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	first, last := dayOf(from), dayOf(to)
	if first < 0 || last < 0 {
		return 0, false
	}
	for i := first; ; i = (i + 1) % 7 {
		d |= 1 << weekday(i)
		if i == last {
			return d, true
		}
	}
}

// dayOf is the place of a day in dayNames, -1 where it is none. Its whole
// English name is one, too.
func dayOf(name string) int {
	for i, short := range dayNames {
		if name == short || name == strings.ToLower(weekday(i).String()) {
			return i
		}
	}
	return -1
}

func parseSpans(words []string) (spans []span, problem, remedy string) {
	for _, word := range words {
		from, to, ok := strings.Cut(word, "-")
		first, ok1 := parseClock(from)
		last, ok2 := parseClock(to)
		switch {
		case !ok || !ok1 || !ok2 || first == wholeDay:
			return nil, "has something in it that is no from and to", howToTime
		case first == last:
			return nil, "ends when it begins", howToTime + "; all day is 00:00-24:00"
		case last < first:
			last += wholeDay
		}
		spans = append(spans, span{first, last})
	}
	return spans, "", ""
}

// parseClock reads "08:00" or "8:00" into minutes; "24:00" is the day's end.
func parseClock(text string) (minute int, ok bool) {
	hour, past, found := strings.Cut(text, ":")
	if !found || len(hour) < 1 || len(hour) > 2 || len(past) != 2 {
		return 0, false
	}
	h, err1 := strconv.ParseUint(hour, 10, 8)
	m, err2 := strconv.ParseUint(past, 10, 8)
	minute = int(h)*60 + int(m)
	return minute, err1 == nil && err2 == nil && m < 60 && minute <= wholeDay
}

// wordsOf takes an entry apart. Between words stand spaces or commas, and spaces
// around a hyphen are forgiven.
func wordsOf(text string) []string {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	text = strings.NewReplacer(",", " ", "–", "-").Replace(text)
	text = strings.NewReplacer(" - ", "-", " -", "-", "- ", "-").Replace(text)
	return strings.Fields(text)
}

func beginsWithDigit(word string) bool { return '0' <= word[0] && word[0] <= '9' }
