package standby

import "time"

// Verdict is whether a server works.
type Verdict int

// The verdicts.
const (
	Unknown Verdict = iota // it was not probed yet, or never is
	Up
	Down
)

// String is the verdict as the configuration writes it.
func (v Verdict) String() string { return [...]string{"unknown", "up", "down"}[v] }

// Health is what the probes of a server came to.
type Health struct {
	Verdict Verdict   // of the last probe
	Since   time.Time // when it became so
	Probed  time.Time // when the last probe ended
	Good    time.Time // when the last good one did; zero for never
	Why     string    // why the last one was not good

	asked string // what was asked: another address says nothing about this one
}

// Healths is what is known of every server at one moment, by name. It never
// changes.
type Healths map[string]Health

// Of is what is known of a server; the zero Health where nobody probes it.
func (h Healths) Of(name string) Health { return h[name] }

// after is h after a probe that ended so at now.
func (h Health) after(err error, now time.Time) Health {
	verdict, why := Up, ""
	if err != nil {
		verdict, why = Down, err.Error()
	}
	if verdict != h.Verdict {
		h.Since = now
	}
	if verdict == Up {
		h.Good = now
	}
	h.Verdict, h.Why, h.Probed = verdict, why, now
	return h
}
