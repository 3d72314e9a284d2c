package history

import "time"

// DrillRun is what came of a drill of all lines, as planned.
type DrillRun struct {
	Slot   time.Time // when it was planned for
	Begun  time.Time
	Ended  time.Time // zero while it goes on, or where it was cut short
	Drills int
	Failed []DrillFailure
}

// DrillFailure is a line whose drill failed, and why.
type DrillFailure struct {
	Line    string // as it is configured; "" where none is
	Channel string
	Why     string
}
