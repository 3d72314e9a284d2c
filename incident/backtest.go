package incident

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"strings"
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

// BacktestResult is what a policy would have sent.
type BacktestResult struct {
	Failures  int64
	Incidents int
	// Messages are the new ones by notifier.
	Messages map[string]int
	// Woken are those to notifiers that wake people.
	Woken int
	// Withheld are alerts of which nobody was told, on purpose.
	Withheld int
}

// Most is how many messages the notifier got that got most.
func (r BacktestResult) Most() int {
	most := 0
	for _, n := range r.Messages {
		most = max(most, n)
	}
	return most
}

// String says it in a sentence, to follow "With this policy the last 30 days":
// "would have sent 3 alerts instead of 214: mail 3, chat 2".
func (r BacktestResult) String() string {
	if r.Failures == 0 {
		return "had no failure to be told of"
	}
	names := make([]string, 0, len(r.Messages))
	for name := range r.Messages {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(r.Messages[b], r.Messages[a]), cmp.Compare(a, b))
	})
	var b strings.Builder
	fmt.Fprintf(&b, "would have sent %s instead of %d", plural(r.Most(), "alert", "alerts"), r.Failures)
	for i, name := range names {
		fmt.Fprintf(&b, "%s%s %d", map[bool]string{true: ": ", false: ", "}[i == 0], name, r.Messages[name])
	}
	if r.Woken > 0 {
		fmt.Fprintf(&b, "; %d may have woken somebody", r.Woken)
	}
	return b.String()
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
	caller := e.Failure.CallerKey()
	in, alerts := one.in.Observe(e, Caller{New: !one.seen[caller], Was: e.Answer.Outcome, Is: e.Answer.Outcome}, b.policy)
	one.in, one.seen[caller] = in, true
	b.tell(one, alerts, at)
	b.schedule(one)
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
	for _, other := range b.causes {
		switch {
		case other == one || other.in.State == Resolved:
		case b.policy.Explains(other.in, one.in):
			one.in.Parent = other.in.ID
			other.child = append(other.child, one)
			return
		case other.in.Parent == 0 && other.in.Cause.Kind == FetchLevel && one.in.OpenedAt.Sub(other.in.LastAt) <= b.policy.Wide.Within:
			around = append(around, other)
		}
	}
	cause, why, ok := b.policy.Widened(incidentsOf(around), one.in)
	if !ok {
		return
	}
	around = append(around, one)
	if cause.Account != "" {
		around = slices.DeleteFunc(around, func(t *tested) bool { return t.in.Cause.Account != cause.Account })
	}
	slices.SortFunc(around, func(a, b *tested) int { return cmp.Compare(a.in.ID, b.in.ID) })
	in, alerts := BeginWide(cause, why, incidentsOf(around), b.policy)
	wide := b.open(cause.Key(), in)
	wide.wide, wide.child = true, around
	for _, child := range around {
		child.in.Parent = wide.in.ID
	}
	b.tell(wide, alerts, at)
	b.schedule(wide)
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

// Done lets time pass until then and says what came of it.
func (b *Backtest) Done(at time.Time) BacktestResult {
	b.advance(at)
	return b.result
}

// advance lets time pass: incidents tick, and notifiers say what they may.
func (b *Backtest) advance(at time.Time) {
	for {
		name, wake := b.firstWake()
		next := b.due.next()
		switch {
		case !next.IsZero() && !next.After(at) && (wake.IsZero() || !wake.Before(next)):
			b.tick(next)
		case !wake.IsZero() && !wake.After(at):
			b.say(name, wake)
		default:
			return
		}
	}
}

func (b *Backtest) firstWake() (name string, wake time.Time) {
	for _, n := range b.policy.Notifiers {
		if at := b.wake[n.Name]; !at.IsZero() && (wake.IsZero() || at.Before(wake)) {
			name, wake = n.Name, at
		}
	}
	return name, wake
}

func (b *Backtest) tick(now time.Time) {
	one := heap.Pop(&b.due).(due).of
	if !one.tick.Equal(now) || one.in.State == Resolved {
		return // it was scheduled anew meanwhile
	}
	var alerts []Alert
	if one.wide {
		one.in, alerts = one.in.TickWide(incidentsOf(one.child), now, b.policy, b.hushed)
	} else {
		one.in, alerts = one.in.Tick(now, b.policy, b.hushed)
	}
	b.tell(one, alerts, now)
	b.schedule(one)
}

// schedule notes when one ticks next.
func (b *Backtest) schedule(one *tested) {
	at, ok := one.in.NextTick(b.policy)
	if !ok || at.Equal(one.tick) {
		one.tick = at
		return
	}
	one.tick = at
	heap.Push(&b.due, due{at, one})
}

func (b *Backtest) hushed(in Incident, a Alert) (Hush, bool) {
	explained := false
	for _, other := range b.causes {
		explained = explained || in.Parent != 0 && other.in.ID == in.Parent && other.in.State != Resolved
	}
	return b.policy.Hushed(in, a, nil, explained)
}

// tell queues alerts for those whom they concern.
func (b *Backtest) tell(one *tested, alerts []Alert, now time.Time) {
	for _, a := range alerts {
		a.IncidentID = one.in.ID
		if h, hushed := b.hushed(one.in, a); hushed {
			one.in = one.in.Withhold(h)
			b.result.Withheld++
			continue
		}
		one.in = one.in.Heard()
		a, wait := b.policy.Crowd(a, b.openedWithin(a))
		names, err := b.policy.Recipients(a, &one.in, func() ([]string, error) { return keys(one.told), nil })
		if err != nil {
			continue // it cannot fail
		}
		due := later(now.Add(wait), b.policy.DueAt(a, now))
		for _, name := range names {
			b.ids++
			one.told[name] = true
			b.waiting[name] = append(b.waiting[name], Delivery{ID: b.ids, Notifier: name, Alert: a, CreatedAt: now, DueAt: due})
			b.say(name, now)
		}
	}
}

// openedWithin is how many incidents opened in the minute before, and notes one
// more.
func (b *Backtest) openedWithin(a Alert) int {
	if a.Kind != Opened && a.Kind != Regression {
		return 0
	}
	b.openings = slices.DeleteFunc(b.openings, func(at time.Time) bool { return a.At.Sub(at) >= time.Minute })
	n := len(b.openings)
	b.openings = append(b.openings, a.At)
	return n
}

func keys(set map[string]bool) []string {
	var all []string
	for name := range set {
		all = append(all, name)
	}
	return all
}

// say lets a notifier say what it may.
func (b *Backtest) say(name string, now time.Time) {
	p := b.policy
	var notifier Notifier
	for _, n := range p.Notifiers {
		if n.Name == name {
			notifier = n
		}
	}
	if notifier.PerHour > 0 {
		p.PerHour = notifier.PerHour
	}
	b.sent[name] = slices.DeleteFunc(b.sent[name], func(m Sent) bool { return now.Sub(m.At) > time.Hour })
	delete(b.wake, name)
	for {
		turn, wait, ok := p.Next(b.waiting[name], b.sent[name], now)
		if !ok {
			if !wait.IsZero() {
				b.wake[name] = wait
			}
			return
		}
		b.take(notifier, turn, now)
	}
}

func (b *Backtest) take(n Notifier, turn Turn, now time.Time) {
	said := map[int64]bool{}
	for _, d := range turn.Deliveries {
		said[d.ID] = true
	}
	b.waiting[n.Name] = slices.DeleteFunc(b.waiting[n.Name], func(d Delivery) bool { return said[d.ID] })
	a := turn.Newest().Alert
	one := Sent{At: now, Digest: turn.Digest, IncidentID: a.IncidentID, Kind: a.Kind}
	if turn.Digest {
		one.IncidentID = 0
	}
	b.sent[n.Name] = append(b.sent[n.Name], one)
	if a.Kind.InPlace() {
		return
	}
	b.result.Messages[n.Name]++
	if n.Wakes {
		b.result.Woken++
	}
}

// ticks is a heap of incidents by when they are due.
type ticks []due

type due struct {
	at time.Time
	of *tested
}

func (t *ticks) next() time.Time {
	if len(*t) == 0 {
		return time.Time{}
	}
	return (*t)[0].at
}

// Len is for package heap, as the next four.
func (t *ticks) Len() int { return len(*t) }

// Less is whether the one is due before the other.
func (t *ticks) Less(i, j int) bool { return (*t)[i].at.Before((*t)[j].at) }

// Swap swaps two.
func (t *ticks) Swap(i, j int) { (*t)[i], (*t)[j] = (*t)[j], (*t)[i] }

// Push adds one.
func (t *ticks) Push(x any) { *t = append(*t, x.(due)) }

// Pop takes the last one off.
func (t *ticks) Pop() any {
	last := len(*t) - 1
	one := (*t)[last]
	*t = (*t)[:last]
	return one
}
