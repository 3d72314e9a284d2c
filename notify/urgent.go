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
		w.logDropped(&m, "others wait already")
	}
}

// dropUrgent gives up what waits, for nobody will send it any more.
func (w *worker) dropUrgent() {
	for _, m := range w.urgent.clear() {
		w.logDropped(m, "its notifier was taken away")
	}
}

// giveUp drops m, unless it has given way to a newer one anyway.
func (w *worker) giveUp(m *incident.Message, why string) {
	if w.urgent.remove(m) {
		w.logDropped(m, why)
	}
}

func (w *worker) logDropped(m *incident.Message, why string) {
	w.options.Log.Warn("urgent alert dropped", "notifier", w.name, "title", m.Alert.Title, "why", why)
}

// urgently runs the urgent lane until ctx ends. A panic in it must not end the
// process that answers the callers.
func (w *worker) urgently(ctx context.Context) {
	for ctx.Err() == nil {
		err := safely(w.options.Log, w.name, func() error {
			w.dispatchUrgent(ctx)
			return nil
		})
		if err != nil {
			sleep(ctx, claimEvery)
		}
	}
}

// pace is how the urgent lane treats a notifier.
type pace struct {
	of     Notifier
	failed int       // attempts in a row
	until  time.Time // it is to be left alone
}

// dispatchUrgent sends urgent messages until ctx ends. There is no outbox to
// wait in, so one that the notifier does not take stays on the list, is tried
// again from there, and gives way to a newer one about the same. A pause is kept
// for what outlives it; what does not has its one try at once, for it has
// nothing to wait for.
func (w *worker) dispatchUrgent(ctx context.Context) {
	var p pace
	for m := w.urgent.next(ctx); m != nil; m = w.urgent.next(ctx) {
		if n := w.current(); n != p.of {
			p = pace{of: n}
		}
		switch now := w.options.Now(); {
		case isTooOld(m, now):
			w.giveUp(m, tooOld)
		case now.Before(p.until) && !isTooOld(m, p.until):
			w.pauseUrgent(ctx, p.of, p.until.Sub(now))
		default:
			p = w.tryUrgent(ctx, m, p)
		}
	}
}

const tooOld = "it gets too old to be worth sending"

func isTooOld(m *incident.Message, at time.Time) bool { return at.Sub(m.Alert.At) >= urgentKeeps }

// tryUrgent makes one attempt. It gives m up where the pause after it would be
// longer than m is worth sending.
func (w *worker) tryUrgent(ctx context.Context, m *incident.Message, p pace) pace {
	m.Attempt++
	err := w.sendUrgent(ctx, p.of, *m)
	if err == nil || IsPermanent(err) {
		w.urgent.remove(m)
		return pace{of: p.of}
	}
	p.failed++
	p.until = w.options.Now().Add(w.waitAfter(err, p.failed))
	if !isTooOld(m, p.until) || w.current() != p.of {
		return p
	}
	why := tooOld
	if _, asked := RetryWait(err); asked {
		why = "its notifier asks for a longer pause than it is worth sending"
	}
	w.giveUp(m, why)
	p.failed = 0
	return p
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
