package hours

import (
	"slices"
	"time"
)

// foresight is how far ahead Until and Holidays look.
const foresight = 366 * 24 * time.Hour

// Until is when the place next closes, or opens where it is closed at that
// moment: the first moment at which Open says otherwise, in the zone of the
// place. It is zero where everything stays as it is for a year.
func (s *Schedule) Until(at time.Time) time.Time {
	open := s.Open(at)
	return firstChange(at, []clock{s.clock()}, func(then time.Time) bool { return s.Open(then) != open })
}

// Until is when others are on call, or in another order: the first moment at
// which OnCall says otherwise, in the zone of the list. It is zero where
// everything stays as it is for a year.
func (r *Roster) Until(at time.Time) time.Time {
	people := r.OnCall(at)
	clocks := []clock{{r.zone, slices.Compact([]int{0, r.handover})}}
	for _, one := range r.people {
		if one.hours != nil {
			clocks = append(clocks, one.hours.clock())
		}
	}
	return firstChange(at, clocks, func(then time.Time) bool { return !slices.Equal(r.OnCall(then), people) })
}

// firstChange looks for the first moment that is another, where that can only
// be one at which a clock shows one of its minutes or is changed itself. It is in the
// zone of the first clock.
func firstChange(at time.Time, clocks []clock, another func(time.Time) bool) time.Time {
	for then, end := at, at.Add(foresight); ; {
		next := clocks[0].next(then)
		for _, c := range clocks[1:] {
			if sooner := c.next(then); sooner.Before(next) {
				next = sooner
			}
		}
		if next.After(end) {
			return time.Time{}
		}
		if another(next) {
			return next.In(clocks[0].zone)
		}
		then = next
	}
}

// clock is a clock on a wall, and the minutes of the day, sorted, at which something
// may begin or end by it.
type clock struct {
	zone    *time.Location
	minutes []int
}

func (s *Schedule) clock() clock { return clock{s.zone, s.edgesOfADay()} }

// next is when, after at, it shows one of its minutes or is changed.
func (c clock) next(at time.Time) time.Time {
	at = at.In(c.zone)
	now, until := at.Hour()*60+at.Minute(), wholeDay
	if i, _ := slices.BinarySearch(c.minutes, now+1); i < len(c.minutes) {
		until = c.minutes[i]
	}
	gone := time.Duration(at.Second())*time.Second + time.Duration(at.Nanosecond())
	next := at.Add(time.Duration(until-now)*time.Minute - gone)
	if _, changed := at.ZoneBounds(); !changed.IsZero() && changed.Before(next) {
		return changed
	}
	return next
}
