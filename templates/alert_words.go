package templates

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/backstop-project/backstop/history"
)

// MaxLine is how long a subject or a first line may be, in characters: what a
// phone shows of it.
const MaxLine = 70

// tidy makes a stranger's text fit for one line: no control or invisible
// character, nothing that turns the direction of writing, limit runes at most.
func tidy(s string, limit int) string {
	const fourBytes = 4
	long := len(s) > fourBytes*limit*2
	if long {
		s = s[:fourBytes*limit*2] // whatever else is in it will be cut
	}
	var b strings.Builder
	space := false
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			space = b.Len() > 0
		case unicode.In(r, unicode.Cf, unicode.Co, unicode.Noncharacter_Code_Point, unicode.Variation_Selector):
		default:
			if space {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(r)
		}
	}
	return Shorten(b.String(), limit)
}

// Shorten cuts the end off what has more than limit characters, with a mark that
// counts as one.
func Shorten(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return strings.TrimRight(string([]rune(s)[:limit-1]), " ") + "…"
}

// since is a time as a first line says it: the hour where that cannot be
// mistaken, else the day.
func (a *Alerts) since(t, now time.Time) string {
	t, now = t.In(a.zone), now.In(a.zone)
	const oneNight, mostOfAYear = 20 * time.Hour, 300 * 24 * time.Hour
	switch age := now.Sub(t); {
	case age < oneNight && age > -oneNight:
		return t.Format("15:04")
	case age < mostOfAYear:
		return t.Format("2 Jan")
	}
	return t.Format("2 Jan 2006")
}

// moment is a time in full, with its offset.
func (a *Alerts) moment(t time.Time) string {
	return t.In(a.zone).Format("2006-01-02 15:04:05 -07:00")
}

// ago is roughly how long before now t was: before the message was sent, for
// nobody knows when it is read.
func ago(t, now time.Time) string {
	d := now.Sub(t)
	const day, before = 24 * time.Hour, " before this was sent"
	switch {
	case d < time.Second:
		return "just before this was sent"
	case d < 90*time.Second:
		return Plural(int64(d/time.Second), "second", "seconds") + before
	case d < 90*time.Minute:
		return Plural(int64(d/time.Minute), "minute", "minutes") + before
	case d < 36*time.Hour:
		return Plural(int64(d/time.Hour), "hour", "hours") + before
	}
	return Plural(int64(d/day), "day", "days") + before
}

// Masked is the number of somebody on duty as errors and receipts name it.
func Masked(number string) string { return history.Mask{Numbers: true}.Number(tidy(number, 80)) }
