package incident

import (
	"hash/fnv"
	"slices"
	"time"
)

// Watch is what the policy remembers of an incident from one failure to the
// next. It is kept as JSON: what an older version did not write is read as nothing.
type Watch struct {
	Urgency Urgency   `json:",omitzero"` // falls only where it reopens after it was quiet
	Urgent  string    `json:",omitzero"` // why it is a page
	PagedAt time.Time `json:",omitzero"`
	Single  bool      `json:",omitzero"` // it is a page whoever called, and may have one caller

	Recent []Recent `json:",omitzero"` // its last callers, the newest last
	Pace   Pace     `json:",omitzero"`
	// CriticalLine is the line that made it a page by itself, and CriticalName what
	// callers know that as.
	CriticalLine string `json:",omitzero"`
	CriticalName string `json:",omitzero"`

	// Reached are the notifiers that its failures were routed to so far.
	Reached []string `json:",omitzero"`
	// RoutedFor is what Reached was last brought up to date for: it saves asking
	// the routes for every failure of a storm.
	RoutedFor string `json:",omitzero"`

	SaidAt time.Time `json:",omitzero"` // the last alert that was a new message
	Level  int       `json:",omitzero"` // of the escalation, that were told
	// HeardAt is when people were told at last of what was withheld: escalation
	// counts from then.
	HeardAt time.Time `json:",omitzero"`

	// QuietFrom is since when it was quiet until it went on, and QuietFor how long it
	// was at last, as long as people have not been told that it goes on; BackAt is
	// when they were.
	QuietFrom time.Time     `json:",omitzero"`
	QuietFor  time.Duration `json:",omitzero"`
	BackAt    time.Time     `json:",omitzero"`
	// Pause is the longest time without a failure after which it went on: it is
	// quiet only after a multiple of that. Relapse is how soon it failed again after
	// good probes had proven it over: good ones prove that later.
	Pause   time.Duration `json:",omitzero"`
	Relapse time.Duration `json:",omitzero"`

	MutedUntil time.Time `json:",omitzero"`
	MutedUpTo  int64     `json:",omitzero"` // callers; 0 is no bound
	MutedBy    string    `json:",omitzero"`

	// Withheld says that people were not told of something, on purpose, and
	// WithheldUntil when to look again: zero for when the incident that explains
	// it is over.
	Withheld      bool      `json:",omitzero"`
	WithheldUntil time.Time `json:",omitzero"`
	WithheldWhy   string    `json:",omitzero"`

	// Servers and Accounts are how many it explains that fail: of incidents
	// that explain others.
	Servers  int `json:",omitzero"`
	Accounts int `json:",omitzero"`

	Probe Finding `json:",omitzero"` // the last one
	// SeenDown says that a probe has failed since the incident began.
	SeenDown bool      `json:",omitzero"`
	Good     int       `json:",omitzero"` // probes in a row
	Since    time.Time `json:",omitzero"` // the first of these
}

// Recent is a caller of the last minutes. Who is a number of 16 bits that tells
// nobody who called: two of 65,536 callers have the same, and count as one.
type Recent struct {
	Who uint16
	At  time.Time
}

// mostRecent is how many callers are remembered, and so the most that a policy
// can ask for.
const mostRecent = 20

// called notes a caller and returns how many there were within the time. It is
// not needed any more once the incident is a page.
func (w *Watch) called(f Failure, within time.Duration) int {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(f.CallerKey()))
	sum := hash.Sum32()
	one := Recent{Who: uint16(sum>>16) ^ uint16(sum&0xffff), At: f.ReceivedAt}
	last := len(w.Recent) - 1
	if last >= 0 && w.Recent[last].Who == one.Who {
		w.Recent = slices.Clone(w.Recent)
		w.Recent[last].At = later(w.Recent[last].At, one.At)
		return w.callers(within)
	}
	kept := make([]Recent, 0, len(w.Recent)+1)
	for _, r := range w.Recent {
		if r.Who != one.Who && f.ReceivedAt.Sub(r.At) <= within {
			kept = append(kept, r)
		}
	}
	w.Recent = append(kept[max(0, len(kept)-mostRecent+1):], one)
	return w.callers(within)
}

// callers is how many called within that time before the newest of them.
func (w *Watch) callers(within time.Duration) int {
	newest := w.Recent[len(w.Recent)-1].At
	n := 0
	for _, r := range w.Recent {
		if newest.Sub(r.At) <= within {
			n++
		}
	}
	return n
}

// Pace counts failures by the minute.
type Pace struct {
	Minute int64     `json:",omitzero"` // of the newest, since 1970
	Counts [16]int32 `json:",omitzero"` // the newest last
	Fast   bool      `json:",omitzero"` // it was told, and has not slowed down since
}

// with is p after a failure at that time. One from before the time that is
// remembered changes nothing.
func (p Pace) with(at time.Time) Pace {
	minute := at.Unix() / 60
	last := len(p.Counts) - 1
	if ahead := minute - p.Minute; ahead > 0 {
		var moved [len(p.Counts)]int32
		if ahead < int64(len(p.Counts)) {
			copy(moved[:], p.Counts[ahead:])
		}
		p.Counts, p.Minute = moved, minute
	}
	if back := p.Minute - minute; back < int64(len(p.Counts)) {
		p.Counts[last-int(back)]++
	}
	return p
}

// within is how many failures came in that time before the newest, to the
// minute.
func (p Pace) within(d time.Duration) int {
	minutes := min(len(p.Counts), max(1, int((d+time.Minute-1)/time.Minute)))
	n := 0
	for _, count := range p.Counts[len(p.Counts)-minutes:] {
		n += int(count)
	}
	return n
}

// speeds says whether failures come fast, and did not before.
func (w *Watch) speeds(rate Volume) bool {
	if rate.Count <= 0 {
		return false
	}
	n := w.Pace.within(rate.Within)
	switch {
	case w.Pace.Fast:
		w.Pace.Fast = n > rate.Count/2
	case n >= rate.Count:
		w.Pace.Fast = true
		return true
	}
	return false
}
