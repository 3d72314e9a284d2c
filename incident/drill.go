package incident

// DrillKind is why a drill is played. The zero value is somebody who wants to
// see its alerts arrive.
type DrillKind uint8

// The kinds of drills. The numbers are stored: never renumber.
const (
	Asked   DrillKind = 0 // by somebody
	Planned DrillKind = 1 // by the plan of drills: only that it failed is told
	Pulse   DrillKind = 2 // by Backstop, to see that it works itself: it is in no history
)

// DrillParam is the parameter by which whoever has the drill key says why it
// drills. It means nothing on any other request.
const DrillParam = "BackstopDrill"

// String is what DrillParam says.
func (k DrillKind) String() string {
	switch k {
	case Planned:
		return "planned"
	case Pulse:
		return "pulse"
	case Asked:
	}
	return ""
}

// Drilled is f as a drill, of the kind that it says itself to be.
func (f Failure) Drilled() Failure {
	f.Drill = true
	for _, kind := range []DrillKind{Planned, Pulse} {
		if f.Param(DrillParam) == kind.String() {
			f.DrillKind = kind
		}
	}
	return f
}
