package incident

import (
	"container/heap"
	"time"
)

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
