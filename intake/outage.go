package intake

import (
	"time"

	"github.com/backstop-project/backstop/incident"
)

const (
	urgentEvery = 10 * time.Minute
	outageEvery = time.Minute // what comes and goes is no news each time
	reliefAfter = time.Minute // what comes back may go again
)

// outage is a time in which failures do not get where people see them.
type outage struct {
	tally
	told   int // callers when it was told last; 0 before it was
	toldAt time.Time

	owes     bool      // people were told of it, and not yet that it is over
	wellFrom time.Time // since then it is over; zero while it goes on
	relieved time.Time // when it was told last that it is over
}

func newOutage() outage { return outage{tally: newTally()} }

// over is the end of it. When it was told last is kept.
func (o *outage) over() { o.tally, o.told = newTally(), 0 }

// tell completes a where people have to be told now: once somebody was hit,
// again with ten times the callers, and every ten minutes while there are new
// ones. Another outage is told like the first, but not within a minute of what
// was said last.
func (o *outage) tell(now time.Time, a incident.Alert) (incident.Alert, bool) {
	callers := o.callers()
	switch {
	case callers == 0, o.told == 0 && !o.toldAt.IsZero() && now.Sub(o.toldAt) < outageEvery:
		return incident.Alert{}, false
	case o.told == 0, callers >= 10*o.told, callers > o.told && now.Sub(o.toldAt) >= urgentEvery:
		o.told, o.toldAt = callers, now
		a.Kind, a.At, a.Callers = incident.Meta, now, int64(callers)
		o.owes = true
		return a, true
	}
	return incident.Alert{}, false
}

// relief says whether people have to be told now that it is over: once it was for
// a while, and not more often than any news.
func (o *outage) relief(now time.Time) bool {
	if o.wellFrom.IsZero() {
		o.wellFrom = now
	}
	if !o.owes || now.Sub(o.wellFrom) < reliefAfter || now.Sub(o.relieved) < incident.MetaEvery {
		return false
	}
	o.owes, o.relieved = false, now
	return true
}
