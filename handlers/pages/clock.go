package pages

import (
	"time"

	"github.com/backstop-project/backstop/twilio"
)

// Nobody wants to be called from evening to morning.
const (
	callUntil = 21 // o'clock, theirs
	callFrom  = 8
)

// clocks say what time it is where people are.
type clocks struct {
	now   time.Time
	zones map[string]*time.Location
}

// there is the time of day where that number's owner may be: "03:40 there", or
// "between 03:40 and 06:40 there" where the country has several; and "wait" or
// "perhaps wait" at night. Both are "" where nobody can know.
func (c clocks) there(address string) (text, wait string) {
	var first, last time.Time
	nights, zones := 0, 0
	for _, name := range twilio.ZonesOf(twilio.ParseAddress(address).Number) {
		zone := c.zone(name)
		if zone == nil {
			return "", ""
		}
		at := c.now.In(zone)
		if zones == 0 || offset(at) < offset(first) {
			first = at
		}
		if zones == 0 || offset(at) > offset(last) {
			last = at
		}
		if at.Hour() >= callUntil || at.Hour() < callFrom {
			nights++
		}
		zones++
	}
	switch nights {
	case 0:
	case zones:
		wait = "wait"
	default:
		wait = "perhaps wait"
	}
	const clock = "15:04"
	switch {
	case zones == 0:
		return "", ""
	case offset(first) == offset(last):
		return first.Format(clock) + " there", wait
	}
	return "between " + first.Format(clock) + " and " + last.Format(clock) + " there", wait
}

// zone is that time zone, nil where this machine does not know it.
func (c clocks) zone(name string) *time.Location {
	zone, known := c.zones[name]
	if !known {
		zone, _ = time.LoadLocation(name) // nil with an error
		c.zones[name] = zone
	}
	return zone
}

func offset(t time.Time) int {
	_, seconds := t.Zone()
	return seconds
}
