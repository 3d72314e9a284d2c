package incident

import (
	"cmp"
	"slices"
	"time"
)

// Deed is what somebody did about an incident, as the history has it.
type Deed struct {
	At       time.Time
	Cause    string // Cause.Key
	By       string
	Resolved bool // else acknowledged
}

// Backtest plays what has happened against a policy, in memory: how many
// messages would each notifier have got? Of probes it knows nothing, and every
// notifier takes what it is sent.
type Backtest struct {
	policy   Policy
	causes   map[string]*tested
	due      ticks
	waiting  map[string][]Delivery
	sent     map[string][]Sent
	wake     map[string]time.Time
	ids      int64
	openings []time.Time // of the last minute
	result   BacktestResult
}

// tested is an incident that is played.
type tested struct {
	in    Incident
	seen  map[string]bool // callers
	tick  time.Time
	wide  bool
	child []*tested
	told  map[string]bool
}

// NewBacktest begins; what happened is to be played in its order.
func NewBacktest(p Policy) *Backtest {
	return &Backtest{
		policy: p, causes: map[string]*tested{}, waiting: map[string][]Delivery{}, sent: map[string][]Sent{}, wake: map[string]time.Time{},
		result: BacktestResult{Messages: map[string]int{}},
	}
}

// Fail plays a failure. One from before what was played last counts as of then.
func (b *Backtest) Fail(e Entry) {
	if e.Failure.Drill || !e.IsFailure() {
		return
	}
	at := e.Failure.ReceivedAt
	b.advance(at)
	b.result.Failures++
	key := CauseOf(e.Failure).Key()
	one := b.causes[key]
	if one == nil || one.in.State == Resolved {
		b.begin(key, e, one)
		return
	}
	b.goOn(one, e)
	b.schedule(one)
}

// goOn adds a failure to an incident that is not over, as the ledger does.
func (b *Backtest) goOn(one *tested, e Entry) {
	caller, at, again := e.Failure.CallerKey(), e.Failure.ReceivedAt, one.in.State == Quiet
	in, alerts := one.in.Observe(e, Caller{New: !one.seen[caller], Was: e.Answer.Outcome, Is: e.Answer.Outcome}, b.policy)
	one.in, one.seen[caller] = in, true
	if one.in.Parent != 0 && !b.explained(one.in) {
		one.in.Parent, again = 0, true
	}
	if again && one.in.Parent == 0 {
		b.explain(one, at)
	}
	b.tell(one, alerts, at)
	if len(alerts) > 0 || !one.in.Watch.Withheld || one.in.State != Open {
		return
	}
	if in, alerts = one.in.Resume(at); !b.isHushed(one.in, alerts[0]) {
		one.in = in
		b.tell(one, alerts, at)
	}
}

func (b *Backtest) begin(key string, e Entry, before *tested) {
	var previous *Incident
	if before != nil {
		previous = &before.in
	}
	in, alerts := Begin(e, previous, b.policy)
	one := b.open(key, in)
	one.seen[e.Failure.CallerKey()] = true
	b.explain(one, e.Failure.ReceivedAt)
	b.tell(one, alerts, e.Failure.ReceivedAt)
	b.schedule(one)
}

// open numbers an incident and counts it.
func (b *Backtest) open(key string, in Incident) *tested {
	b.ids++
	b.result.Incidents++
	in.ID = b.ids
	one := &tested{in: in, seen: map[string]bool{}, told: map[string]bool{}}
	b.causes[key] = one
	return one
}

// explain finds or opens the incident that explains a new one.
func (b *Backtest) explain(one *tested, at time.Time) {
	var around []*tested
	if b.kept(one.in, at) {
		return
	}
	var parent *tested
	for _, other := range b.causes {
		switch {
		case other == one || other.in.State == Resolved:
		case b.policy.Explains(other.in, one.in):
			if parent == nil || parent.in.ID < other.in.ID {
				parent = other
			}
		case other.in.Parent == 0 && other.in.Cause.Kind == FetchLevel && at.Sub(other.in.LastAt) <= b.policy.Wide.Within && !b.kept(other.in, at):
			around = append(around, other)
		}
	}
	if parent != nil {
		one.in.Parent = parent.in.ID
		parent.child = append(parent.child, one)
		return
	}
	slices.SortFunc(around, func(a, b *tested) int { return cmp.Compare(a.in.ID, b.in.ID) })
	cause, why, ok := b.policy.Widened(incidentsOf(around), one.in)
	if !ok {
		return
	}
	around = append(around, one)
	if cause.Account != "" {
		around = slices.DeleteFunc(around, func(t *tested) bool { return t.in.Cause.Account != cause.Account })
	}
	slices.SortFunc(around, func(a, b *tested) int { return cmp.Compare(a.in.ID, b.in.ID) })
	wide := b.causes[cause.Key()]
	var alerts []Alert
	if wide != nil && wide.in.State != Resolved {
		wide.in, alerts = wide.in.GoesOn(why, at, b.policy)
	} else {
		var in Incident
		in, alerts = BeginWide(cause, why, incidentsOf(around), b.policy)
		wide = b.open(cause.Key(), in)
		wide.wide = true
	}
	for _, child := range around {
		child.in.Parent = wide.in.ID
		b.withdraw(child)
		if !slices.Contains(wide.child, child) {
			wide.child = append(wide.child, child)
		}
	}
	b.tell(wide, alerts, at)
	b.schedule(wide)
}

// kept says whether people are kept from hearing of in now, as around a window of
// maintenance.
func (b *Backtest) kept(in Incident, at time.Time) bool {
	_, kept := b.policy.Kept(in, at, nil, false)
	return kept
}

func incidentsOf(all []*tested) []Incident {
	list := make([]Incident, len(all))
	for i, one := range all {
		list[i] = one.in
	}
	return list
}

// Do plays a deed; where nothing like it is open, nothing comes of it.
func (b *Backtest) Do(d Deed) {
	b.advance(d.At)
	one := b.causes[d.Cause]
	if one == nil {
		return
	}
	var alerts []Alert
	if d.Resolved {
		one.in, alerts = one.in.Resolve(d.By, d.At)
	} else {
		one.in, alerts = one.in.Acknowledge(d.By, d.At)
	}
	b.tell(one, alerts, d.At)
	b.schedule(one)
}
