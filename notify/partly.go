package notify

import (
	"errors"
	"slices"
	"sync"

	"github.com/backstop-project/backstop/incident"
)

// partlyTaken remembers which recipients of a message need it no more, while
// others still wait for it. It is kept in memory: after a restart everybody
// gets it again, with the same Message-ID.
type partlyTaken struct {
	mu   sync.Mutex
	keys []messageKey // oldest first
	done map[messageKey][]string
}

// messageKey names what a message says: a newer alert that joined it is for
// everybody again.
type messageKey struct {
	ledger          string
	delivery, alert int64
}

const mostPartly = 64

func keyOf(m incident.Message) messageKey {
	return messageKey{m.Ledger, m.DeliveryID, m.Alert.ID}
}

// left is to without those who need m no more.
func (p *partlyTaken) left(m incident.Message, to []string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	done := p.done[keyOf(m)]
	return slices.DeleteFunc(slices.Clone(to), func(a string) bool { return slices.Contains(done, a) })
}

// settle says whether an attempt is over for everybody: an error where another
// one is to be made for those whom no answer has proved to be out of reach.
func (p *partlyTaken) settle(m incident.Message, d delivery, isHopeless func(error) bool) error {
	var hopeless, later []error
	done := d.taken
	for _, r := range d.refused {
		if isHopeless(r.err) {
			hopeless = append(hopeless, r.err)
			done = append(done, r.to)
			continue
		}
		later = append(later, r.err)
	}
	if d.broke != nil {
		later = append(later, d.broke)
	}
	served := len(d.taken) > 0 || p.any(m)
	switch {
	case len(later) > 0 && served:
		p.add(m, done)
		return errors.Join(later...)
	case len(later) > 0:
		return errors.Join(append(later, hopeless...)...)
	case !served:
		return Permanent(errors.Join(hopeless...))
	}
	p.forget(m)
	return nil
}

func (p *partlyTaken) any(m incident.Message) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.done[keyOf(m)]) > 0
}

func (p *partlyTaken) add(m incident.Message, done []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done == nil {
		p.done = make(map[messageKey][]string)
	}
	key := keyOf(m)
	if _, known := p.done[key]; !known {
		p.keys = append(p.keys, key)
	}
	p.done[key] = append(p.done[key], done...)
	if len(p.keys) > mostPartly {
		delete(p.done, p.keys[0])
		p.keys = p.keys[1:]
	}
}

func (p *partlyTaken) forget(m incident.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := keyOf(m)
	delete(p.done, key)
	p.keys = slices.DeleteFunc(p.keys, func(k messageKey) bool { return k == key })
}
