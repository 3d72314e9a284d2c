package notify

import (
	"context"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// urgentKeeps is how long an urgent message is worth sending: by then who sends
// it has said it again.
const urgentKeeps = 10 * time.Minute

// takeUrgent has m sent by the urgent lane. One without a time is of now.
func (w *worker) takeUrgent(m incident.Message) {
	m.Attempt = 0
	if m.Alert.At.IsZero() {
		m.Alert.At = w.options.Now()
	}
	if !w.urgent.put(m) {
		w.logDropped(m, "others wait already")
	}
}

// dropUrgent gives up what waits, for nobody will send it any more.
func (w *worker) dropUrgent() {
	for _, m := range w.urgent.clear() {
		w.logDropped(*m, "its notifier was taken away")
	}
}

func (w *worker) logDropped(m incident.Message, why string) {
	w.options.Log.Warn("urgent alert dropped", "notifier", w.name, "title", m.Alert.Title, "why", why)
}

// dispatchUrgent sends urgent messages until ctx ends. There is no outbox to
// wait in, so one that the notifier does not take stays on the list, is tried
// again from there, and gives way to a newer one about the same.
func (w *worker) dispatchUrgent(ctx context.Context) {
	var (
		n      Notifier
		failed int // attempts of n in a row
	)
	for m := w.urgent.next(ctx); m != nil; m = w.urgent.next(ctx) {
		if now := w.current(); now != n {
			n, failed = now, 0
		}
		if w.options.Now().Sub(m.Alert.At) >= urgentKeeps {
			w.urgent.remove(m)
			failed = 0
			continue
		}
		m.Attempt++
		err := w.sendUrgent(ctx, n, *m)
		if err == nil || IsPermanent(err) {
			w.urgent.remove(m)
			failed = 0
			continue
		}
		failed++
		w.pauseUrgent(ctx, n, w.waitAfter(err, failed))
	}
}

// pauseUrgent leaves n alone for d, or until ctx ends or n has a successor.
func (w *worker) pauseUrgent(ctx context.Context, n Notifier, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for ctx.Err() == nil && w.current() == n {
		select {
		case <-ctx.Done():
		case <-w.urgent.news:
		}
	}
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
