package incident

import (
	"slices"
	"time"
)

// newMessages are those that the caps count.
func newMessages(sent []Sent) []Sent {
	return slices.DeleteFunc(slices.Clone(sent), func(m Sent) bool { return m.Kind.InPlace() })
}

// slots says from when on the caps leave room for a message about one subject,
// and for a digest. One slot in DigestShare is the digests' own, and they are
// spread over the ten minutes, or the hour where that is scarcer: so that what
// happens in a storm is told a few minutes later, and not when the storm's first
// messages are an hour old.
func (p Policy) slots(sent []Sent, now time.Time) (singles, digests time.Time) {
	singles, digests = p.slotsIn(sent, now, 10*time.Minute, p.PerTenMinutes)
	if p.PerHour > 0 {
		s, d := p.slotsIn(sent, now, time.Hour, p.PerHour)
		singles, digests = later(singles, s), later(digests, d)
	}
	for _, m := range sent {
		if m.Digest {
			digests = later(digests, m.At.Add(p.digestEvery()))
		}
	}
	return singles, digests
}

// digestEvery is how far the digests' own slots lie apart.
func (p Policy) digestEvery() time.Duration {
	every := 10 * time.Minute / time.Duration(max(1, p.PerTenMinutes/p.DigestShare))
	if p.PerHour > 0 {
		every = max(every, time.Hour/time.Duration(max(1, p.PerHour/p.DigestShare)))
	}
	return every
}

// slotsIn is slots for one window with at most limit messages in it.
func (p Policy) slotsIn(sent []Sent, now time.Time, window time.Duration, limit int) (singles, digests time.Time) {
	var all, single []time.Time
	for _, m := range sent {
		if m.At.Add(window).After(now) {
			all = append(all, m.At)
			if !m.Digest {
				single = append(single, m.At)
			}
		}
	}
	digests = freeFrom(all, window, limit)
	singles = later(digests, freeFrom(single, window, limit-limit/p.DigestShare))
	return singles, digests
}

// freeFrom is when fewer than limit of the times lie within the window; zero
// where they do already.
func freeFrom(times []time.Time, window time.Duration, limit int) time.Time {
	if len(times) < limit {
		return time.Time{}
	}
	slices.SortFunc(times, time.Time.Compare)
	return times[len(times)-limit].Add(window)
}
