package notify

import (
	"context"
	"slices"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// urgentKeeps is how long an urgent message is worth sending: by then who sends
// it has said it again.
const urgentKeeps = 10 * time.Minute

// dispatchUrgent sends urgent messages until ctx ends. There is no outbox to
// wait in, so one that the notifier does not take is tried again from here, and
// gives way to a newer one about the same.
func (w *worker) dispatchUrgent(ctx context.Context) {
	var (
		waiting []incident.Message
		n       Notifier
		failed  int // attempts of n in a row
	)
	for ctx.Err() == nil {
		waiting = w.takeUrgent(ctx, waiting)
		if now := w.current(); now != n {
			n, failed = now, 0
		}
		if len(waiting) == 0 {
			continue
		}
		m := &waiting[0]
		if w.options.Now().Sub(m.Alert.At) >= urgentKeeps {
			waiting, failed = waiting[1:], 0
			continue
		}
		m.Attempt++
		err := w.sendUrgent(ctx, n, *m)
		if err == nil || IsPermanent(err) {
			waiting, failed = waiting[1:], 0
			continue
		}
		failed++
		waiting = w.pauseUrgent(ctx, n, w.waitAfter(err, failed), waiting)
	}
}

// pauseUrgent leaves n alone for d, or until ctx ends or n has a successor, and
// returns waiting with what has come meanwhile.
func (w *worker) pauseUrgent(ctx context.Context, n Notifier, d time.Duration, waiting []incident.Message) []incident.Message {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for w.current() == n {
		select {
		case <-ctx.Done():
			return waiting
		case <-timer.C:
			return waiting
		case <-w.renewed:
		case m := <-w.urgent:
			waiting = w.putUrgent(waiting, begun(m, w.options.Now()))
		}
	}
	return waiting
}

// takeUrgent is waiting with what has come meanwhile; where nothing waits it
// waits for something.
func (w *worker) takeUrgent(ctx context.Context, waiting []incident.Message) []incident.Message {
	if len(waiting) == 0 {
		select {
		case <-ctx.Done():
			return nil
		case m := <-w.urgent:
			waiting = append(waiting, begun(m, w.options.Now()))
		}
	}
	for {
		select {
		case m := <-w.urgent:
			waiting = w.putUrgent(waiting, begun(m, w.options.Now()))
		default:
			return waiting
		}
	}
}

// begun is m before its first attempt. One without a time is of now.
func begun(m incident.Message, now time.Time) incident.Message {
	m.Attempt = 0
	if m.Alert.At.IsZero() {
		m.Alert.At = now
	}
	return m
}

// putUrgent has m wait: in the place of an older one about the same, or behind
// the others, as far as there is room.
func (w *worker) putUrgent(waiting []incident.Message, m incident.Message) []incident.Message {
	same := slices.IndexFunc(waiting, func(other incident.Message) bool { return other.Alert.Topic == m.Alert.Topic })
	switch {
	case same >= 0:
		waiting[same] = m
	case len(waiting) < urgentKept:
		waiting = append(waiting, m)
	default:
		w.options.Log.Warn("urgent alert dropped: others wait already", "notifier", w.name, "title", m.Alert.Title)
	}
	return waiting
}

func (w *worker) sendUrgent(ctx context.Context, n Notifier, m incident.Message) error {
	m.Now = w.options.Now()
	sending, cancel := outlive(ctx, drainSends)
	receipt, err := w.send(sending, n, m)
	broken := sending.Err() != nil
	cancel()
	r := w.judge(m, receipt, err, broken)
	r.Took = r.At.Sub(m.Now)
	w.log(m, r)
	return err
}
