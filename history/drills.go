package history

import "time"

// DrillRun is what came of a drill of all lines, as planned.
type DrillRun struct {
	Slot   time.Time // when it was planned for
	Begun  time.Time
	Ended  time.Time // zero while it goes on, or where it was cut short
	Drills int       // that were tried
	Failed []DrillFailure
}

// DrillFailure is a line whose drill failed, and why.
type DrillFailure struct {
	Line    string // as it is configured; "" where none is
	Name    string // what the line is called; "" where it has no name
	Channel string
	Why     string
	Untried int // how many drills behind it were not tried, for nothing answered
}

// Untried is how many of the planned drills were not tried.
func (r DrillRun) Untried() (n int) {
	for _, f := range r.Failed {
		n += f.Untried
	}
	return n
}
