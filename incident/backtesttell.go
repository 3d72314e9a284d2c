package incident

import (
	"slices"
	"time"
)

func (b *Backtest) hushed(in Incident, a Alert) (Hush, bool) {
	return b.policy.Hushed(in, a, nil, b.explained(in))
}

func (b *Backtest) isHushed(in Incident, a Alert) bool {
	_, hushed := b.hushed(in, a)
	return hushed
}

// explained says whether the incident that explains in goes on.
func (b *Backtest) explained(in Incident) bool {
	if in.Parent == 0 {
		return false
	}
	for _, other := range b.causes {
		if other.in.ID == in.Parent {
			return other.in.Explaining() && other.in.Watch.Urgency >= in.Watch.Urgency
		}
	}
	return false
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
		one.in = one.in.Heard(a)
		before := b.openedWithin(a)
		if one.wide {
			before = 0 // it stands for many, and waits for none
		}
		a, wait := b.policy.Crowd(a, before)
		names, err := b.policy.Recipients(a, &one.in, func() ([]string, error) { return keys(one.told), nil })
		if err != nil {
			continue // it cannot fail
		}
		if a.Urgency == Page {
			b.hasten(one, now)
		}
		for _, name := range names {
			due := later(now.Add(max(wait, Gathering(one.in, a))), b.policy.DueFor(name, a, now))
			b.ids++
			one.told[name] = true
			b.waiting[name] = append(b.waiting[name], Delivery{ID: b.ids, Notifier: name, Alert: a, CreatedAt: now, DueAt: due})
			b.say(name, now)
		}
	}
}

// hasten has what waits about one, as for the morning, go out now.
func (b *Backtest) hasten(one *tested, now time.Time) {
	for _, waiting := range b.waiting {
		for i, d := range waiting {
			if d.Alert.IncidentID == one.in.ID && !d.Alert.Crowded {
				waiting[i].DueAt = sooner(d.DueAt, later(now, d.CreatedAt))
			}
		}
	}
}

// withdraw takes back what waits to be told of one, which another explains now.
func (b *Backtest) withdraw(one *tested) {
	before, after := 0, 0
	for name, waiting := range b.waiting {
		before += len(waiting)
		waiting = slices.DeleteFunc(waiting, func(d Delivery) bool {
			return d.Alert.IncidentID == one.in.ID && d.Alert.Kind != Taken && d.Alert.Kind != Over && d.Alert.Kind != Late
		})
		b.waiting[name] = waiting
		after += len(waiting)
	}
	if after < before {
		one.in = one.in.Withhold(one.in.Explained())
		b.result.Withheld++
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
	one := Sent{At: now, Digest: turn.Digest, IncidentID: a.IncidentID, Kind: a.Kind, Grown: turn.Grown()}
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
