package notify

import (
	"context"
	"slices"
	"sync"

	"github.com/backstop-project/backstop/incident"
)

const urgentKept = 4

// urgentList holds the urgent messages for one notifier. It goes from worker to
// worker, and the message that is being sent stays on it until that has worked:
// a worker that ends takes nothing with it.
type urgentList struct {
	news chan struct{} // there is more on the list, or the notifier was replaced

	mu      sync.Mutex
	waiting []*incident.Message // oldest first
}

func newUrgentList() *urgentList { return &urgentList{news: make(chan struct{}, 1)} }

// put has m wait: in the place of an older one about the same, or behind the
// others, as far as there is room.
func (l *urgentList) put(m incident.Message) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	same := slices.IndexFunc(l.waiting, func(other *incident.Message) bool { return other.Alert.Topic == m.Alert.Topic })
	switch {
	case same >= 0:
		l.waiting[same] = &m
	case len(l.waiting) < urgentKept:
		l.waiting = append(l.waiting, &m)
	default:
		return false
	}
	notice(l.news)
	return true
}

// next is what has waited longest; where nothing waits it waits for something.
// It is nil once ctx has ended.
func (l *urgentList) next(ctx context.Context) *incident.Message {
	for ctx.Err() == nil {
		if m := l.first(); m != nil {
			return m
		}
		select {
		case <-ctx.Done():
		case <-l.news:
		}
	}
	return nil
}

func (l *urgentList) first() *incident.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		return nil
	}
	return l.waiting[0]
}

// remove takes m off the list, but not what has come in its place.
func (l *urgentList) remove(m *incident.Message) (was bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.Index(l.waiting, m)
	if at < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, at, at+1)
	return true
}

// clear empties the list and returns what was on it.
func (l *urgentList) clear() []*incident.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.waiting
	l.waiting = nil
	return all
}
