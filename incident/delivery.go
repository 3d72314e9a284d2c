package incident

import (
	"cmp"
	"slices"
	"time"
)

// Delivery is an alert for one notifier, on its way.
type Delivery struct {
	ID        int64 // stable over all attempts
	Notifier  string
	Alert     Alert
	CreatedAt time.Time // when it was put into the outbox
	DueAt     time.Time
	Attempts  int
	LastError string
}

// Sent is one message that a notifier took, as the caps count it.
type Sent struct {
	At         time.Time
	Digest     bool
	IncidentID int64 // 0 for digests, drills and meta-alerts
	Kind       Kind
	Grown      []int64 // the incidents of which a digest told that there is more of them
}

// TellsGrowthOf says whether the message told that there is more of an incident.
func (m Sent) TellsGrowthOf(id int64) bool {
	return m.IncidentID == id && m.Kind.grows() || slices.Contains(m.Grown, id)
}

// Turn is what a notifier says next: one message that stands for all of
// Deliveries, oldest first. A digest names several incidents, any other
// message has one subject and tells the newest of its alerts.
type Turn struct {
	Deliveries []Delivery
	Digest     bool
}

// Head is the delivery whose ID names the message. It is the oldest, so that
// another attempt keeps the name although newer alerts have joined.
func (t Turn) Head() Delivery { return t.Deliveries[0] }

// Grown are the incidents of which a digest tells that there is more of them.
func (t Turn) Grown() (ids []int64) {
	for _, d := range t.Deliveries {
		if t.Digest && d.Alert.Kind.grows() && !slices.Contains(ids, d.Alert.IncidentID) {
			ids = append(ids, d.Alert.IncidentID)
		}
	}
	return ids
}

// Newest is the delivery whose alert the message tells: the newest one, but
// none that only brings it up to date where there is another.
func (t Turn) Newest() Delivery {
	for _, d := range slices.Backward(t.Deliveries) {
		if !d.Alert.Kind.InPlace() {
			return d
		}
	}
	return t.Deliveries[len(t.Deliveries)-1]
}

// Folded are the alerts that Newest stands for, oldest first.
func (t Turn) Folded() []Alert {
	var folded []Alert
	newest := t.Newest()
	for _, d := range t.Deliveries {
		if d.ID != newest.ID {
			folded = append(folded, d.Alert)
		}
	}
	return folded
}

// Next decides what one notifier says next, from what waits for it and what
// it has said in the last hour. ok is false where nothing may go out yet: then
// wait says when to ask again, and is zero where nothing waits at all. It is
// pure, and holds every cap of the policy.
func (p Policy) Next(waiting []Delivery, sent []Sent, now time.Time) (turn Turn, wait time.Time, ok bool) {
	singlesFrom, digestsFrom := p.slots(newMessages(sent), now)
	var held, grown []subject
	for _, s := range bySubject(waiting) {
		s = s.withoutGrowth(now)
		due := p.dueAt(s, sent)
		switch {
		case s.crowded(), now.Before(singlesFrom) && !now.Before(due) && !s.inPlace():
			held = append(held, s)
		case now.Before(due):
			wait = sooner(wait, due)
		case s.goesOn():
			grown = append(grown, s)
		default:
			return Turn{Deliveries: s.deliveries}, time.Time{}, true
		}
	}
	if len(grown) >= growthTogether {
		return inOne(grown), time.Time{}, true
	}
	if len(grown) > 0 {
		return Turn{Deliveries: grown[0].deliveries}, time.Time{}, true
	}
	if len(held) == 0 {
		return Turn{}, wait, false
	}
	from := later(digestsFrom, p.firstDue(held, sent))
	if now.Before(from) {
		return Turn{}, sooner(wait, from), false
	}
	turn = inOne(held)
	turn.Digest = turn.Digest || now.Before(singlesFrom) // it takes of the digests' share
	return turn, time.Time{}, true
}

// growthTogether is how many incidents that have grown, or are told again, are
// told in one digest.
const growthTogether = 3

// goesOn says whether all that waits about s is that it goes on.
func (s subject) goesOn() bool {
	return !slices.ContainsFunc(s.deliveries, func(d Delivery) bool { return !d.Alert.Kind.grows() && d.Alert.Kind != Resumed })
}

// withoutGrowth is s without growth that is not due yet, where something else is
// to be told: that does not wait for it.
func (s subject) withoutGrowth(now time.Time) subject {
	last := len(s.deliveries)
	for last > 0 && s.deliveries[last-1].Alert.Kind.grows() && now.Before(s.deliveries[last-1].DueAt) {
		last--
	}
	if other := (subject{s.key, s.deliveries[:last]}); !other.grows() {
		return other
	}
	return s
}

// grows says whether all that waits about s is that there is more of it.
func (s subject) grows() bool {
	return !slices.ContainsFunc(s.deliveries, func(d Delivery) bool { return !d.Alert.Kind.grows() })
}

// firstDue is when the first of the held subjects is due: the others join its
// digest even where their own minute is not over.
func (p Policy) firstDue(held []subject, sent []Sent) time.Time {
	first := p.dueAt(held[0], sent)
	for _, s := range held[1:] {
		first = sooner(first, p.dueAt(s, sent))
	}
	return first
}

func inOne(held []subject) Turn {
	turn := Turn{Digest: len(held) > 1}
	for _, s := range held {
		turn.Deliveries = append(turn.Deliveries, s.deliveries...)
	}
	slices.SortFunc(turn.Deliveries, func(a, b Delivery) int { return cmp.Compare(a.ID, b.ID) })
	return turn
}

// subject is all that waits about one incident, drill or topic.
type subject struct {
	key        subjectKey
	deliveries []Delivery // oldest first
}

// crowded says whether s has to go into a digest: its incident was not among
// the first that were opened in their minute, and has not been told yet.
func (s subject) crowded() bool {
	return slices.ContainsFunc(s.deliveries, func(d Delivery) bool { return d.Alert.Crowded })
}

// inPlace says whether all that waits about s is for a message that is there.
func (s subject) inPlace() bool {
	return !slices.ContainsFunc(s.deliveries, func(d Delivery) bool { return !d.Alert.Kind.InPlace() })
}

type subjectKey struct {
	incident int64
	failure  ID
	topic    Topic
	reason   string // of meta-alerts: two things to say about one topic are two subjects
}

func keyOf(a Alert) subjectKey {
	key := subjectKey{incident: a.IncidentID, failure: a.FailureID, topic: a.Topic}
	if a.Kind == Meta {
		key.reason = a.Reason
	}
	return key
}

// bySubject folds: strictly in order, an unsent older alert goes with the
// newer one of its incident.
func bySubject(waiting []Delivery) []subject {
	ordered := slices.Clone(waiting)
	slices.SortStableFunc(ordered, func(a, b Delivery) int { return cmp.Compare(a.ID, b.ID) })
	at := map[subjectKey]int{}
	var subjects []subject
	for _, d := range ordered {
		key := keyOf(d.Alert)
		i, known := at[key]
		if !known {
			i = len(subjects)
			at[key] = i
			subjects = append(subjects, subject{key: key})
		}
		subjects[i].deliveries = append(subjects[i].deliveries, d)
	}
	return subjects
}

// dueAt is when s may be told: when its newest alert is due, and growth only
// once in a while.
func (p Policy) dueAt(s subject, sent []Sent) time.Time {
	due := s.deliveries[0].DueAt
	for _, d := range s.deliveries {
		due = later(due, d.DueAt)
	}
	if !s.grows() {
		return due
	}
	for _, m := range sent {
		if m.TellsGrowthOf(s.key.incident) {
			due = later(due, m.At.Add(p.GrowthEvery))
		}
	}
	return due
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
