package history

import (
	"strconv"
	"strings"
	"time"
)

// layouts are the ways to write a time, besides RFC 3339.
var layouts = []string{
	"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04",
	"2006-01-02 15:04:05 -07:00", "2006-01-02 15:04 -07:00",
}

func (r *reader) time(field string, end bool) time.Time {
	s := r.text(field)
	if s == "" {
		return time.Time{}
	}
	t, ok := r.parseTime(s, end)
	if t = t.UTC(); !ok || t.Year() < 1970 || t.Year() > 9999 {
		r.complain(field, `a time is written as 2026-11-23, 2026-11-23T03:12 or 2026-11-23T03:12:00Z, or as a span that counts back from now: 90m, 24h, 7d`)
		return time.Time{}
	}
	return t
}

func (r *reader) parseTime(s string, end bool) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, true
	}
	// The plus of an offset that somebody typed into a URL arrives as a space.
	if i := strings.LastIndexByte(s, ' '); i > len("2006-01-02T15") {
		if t, err := time.Parse(time.RFC3339Nano, s[:i]+"+"+s[i+1:]); err == nil {
			return t, true
		}
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, r.zone); err == nil {
			return t, true
		}
	}
	if day, err := time.ParseInLocation(time.DateOnly, s, r.zone); err == nil {
		if end { // until a day means to its end
			day = day.AddDate(0, 0, 1)
		}
		return day, true
	}
	span, ok := ParseSpan(s)
	return r.now.Add(-span).Truncate(time.Second), ok
}

// maxSpan keeps spans within what a time.Duration and a calendar can hold.
const maxSpan = 50 * 365 * 24 * time.Hour

// ParseSpan reads "90m", "24h", "7d" and "2w"; a Go duration such as "1h30m"
// will do too.
func ParseSpan(s string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		return spanOf(days, 24*time.Hour)
	}
	if weeks, ok := strings.CutSuffix(s, "w"); ok {
		return spanOf(weeks, 7*24*time.Hour)
	}
	d, err := time.ParseDuration(s)
	return d, err == nil && d > 0 && d <= maxSpan
}

func spanOf(count string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > int(maxSpan/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// searchDay takes a day in the zone of the pages, from its beginning to its end.
func searchDay(text string, zone *time.Location) (Found, bool) {
	day, err := time.ParseInLocation("2006-1-2", text, zone)
	if err != nil || day.UTC().Year() < 1970 || day.Year() >= 9999 {
		return Found{}, false
	}
	return Found{Query: Query{From: day.UTC(), To: day.AddDate(0, 0, 1).UTC()}}, true
}
