package notify

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// worker serves one notifier. It has two lanes, each one goroutine: what the
// outbox holds, strictly one after the other, and what is urgent.
type worker struct {
	outbox  Outbox
	options Options
	name    string
	before  <-chan struct{} // a worker of the same name that still finishes; nil if none
	started bool            // the dispatcher's lock guards it

	wake    chan struct{}
	changed chan struct{}
	urgent  *urgentList
	quit    chan struct{}
	done    chan struct{}

	mu       sync.Mutex
	notifier Notifier
	status   Status
}

func newWorker(outbox Outbox, o Options, n Notifier) *worker {
	return &worker{
		outbox:   outbox,
		options:  o,
		name:     n.Name(),
		wake:     make(chan struct{}, 1),
		changed:  make(chan struct{}, 1),
		urgent:   newUrgentList(),
		quit:     make(chan struct{}),
		done:     make(chan struct{}),
		notifier: n,
		status:   Status{Name: n.Name()},
	}
}

// again is a worker that goes on after w, whose run has ended or is about to.
func (w *worker) again() *worker {
	next := w.successor(w.current())
	next.status = w.snapshot()
	return next
}

// successor is a worker for n, of the same name as w. It begins when w has
// ended, with the urgent messages that w did not get out.
func (w *worker) successor(n Notifier) *worker {
	next := newWorker(w.outbox, w.options, n)
	next.before = w.done
	next.urgent = w.urgent
	return next
}

// running says whether w has begun and not ended. The dispatcher's lock is held.
func (w *worker) running() bool {
	select {
	case <-w.done:
		return false
	default:
		return w.started
	}
}

// signal says that the outbox may have something.
func (w *worker) signal() { notice(w.wake) }

// use puts another notifier of the same name in place.
func (w *worker) use(n Notifier) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.notifier == n {
		return
	}
	w.notifier = n
	w.status.Errors = 0
	w.status.PausedUntil = time.Time{}
	notice(w.changed)
	notice(w.urgent.news)
}

func notice(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (w *worker) run(ctx context.Context) {
	defer close(w.done)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var lanes sync.WaitGroup
	lanes.Go(func() {
		select {
		case <-w.quit:
			cancel()
		case <-ctx.Done():
		}
	})
	if w.before != nil {
		<-w.before // whatever ends ctx: who waits for our end waits for that one's, too
	}
	lanes.Go(func() { w.dispatch(ctx) })
	lanes.Go(func() { w.urgently(ctx) })
	lanes.Wait()
}

// dispatch empties the outbox until ctx ends.
func (w *worker) dispatch(ctx context.Context) {
	refused := 0 // claims in a row that failed
	for ctx.Err() == nil {
		err := safely(w.options.Log, w.name, func() error { return w.step(ctx) })
		if err == nil {
			refused = 0
			continue
		}
		refused++
		if refused == 1 && ctx.Err() == nil {
			w.options.Log.Warn("outbox does not answer", "notifier", w.name, "err", err)
		}
		// A wake says that the ledger may be back.
		sleep(ctx, claimEvery)
		sleepOr(ctx, w.backoff(refused), w.wake, nil)
	}
}

// step delivers one message or waits for one.
func (w *worker) step(ctx context.Context) error {
	now := w.options.Now()
	m, wait, ok, err := w.outbox.Claim(ctx, w.name, now, leaseFactor*w.options.SendTimeout)
	switch {
	case err != nil:
		return err
	case ok:
		w.deliver(ctx, m)
	default:
		w.idle(ctx, now, wait)
	}
	return nil
}

// idle waits until something is due, or for a word that it may be.
func (w *worker) idle(ctx context.Context, now, until time.Time) {
	limit := pollEvery
	if !until.IsZero() {
		limit = max(time.Millisecond, min(limit, until.Sub(now)))
	}
	sleepOr(ctx, limit, w.wake, w.changed)
}

// deliver makes one attempt and notes how it ended. After a failure it leaves
// the notifier alone for a while, whatever else waits for it.
func (w *worker) deliver(ctx context.Context, m incident.Message) {
	started := w.options.Now()
	n := w.current()
	sending, cancel := outlive(ctx, drainSends)
	receipt, err := w.send(sending, n, m)
	broken := sending.Err() != nil
	cancel()

	r := w.judge(m, receipt, err, broken)
	r.Took = r.At.Sub(started)
	w.log(m, r)
	marked := w.settle(ctx, m, r)
	if r.Permanent && marked {
		w.countGivenUp()
		w.tellGivenUp(ctx, m, r)
	}
	if r.Error != "" {
		sleepOr(ctx, w.pauseLeft(), w.changed, nil)
	}
}

// send is n.Send with its own deadline. A panic is an error: telling people
// must not end the process that answers the callers.
func (w *worker) send(ctx context.Context, n Notifier, m incident.Message) (r incident.Receipt, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.options.SendTimeout)
	defer cancel()
	err = safely(w.options.Log, w.name, func() error {
		r, err = n.Send(ctx, m)
		return err
	})
	return r, err
}

func (w *worker) current() Notifier {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.notifier
}

// settle tries to note r until that succeeds: a send is never repeated because
// noting it failed. It gives up only when the process ends, or when the
// ledger says that there is nothing to note it on.
func (w *worker) settle(ctx context.Context, m incident.Message, r incident.Result) bool {
	marking, cancel := outlive(ctx, drainMarks)
	defer cancel()
	for failed := 0; ; {
		err := w.outbox.Settle(marking, w.name, m.DeliveryID, r)
		if err == nil {
			return true
		}
		var refused *incident.RefusedError
		failed++
		switch {
		case errors.As(err, &refused):
			w.options.Log.Error("delivery is not in the outbox any more", "notifier", w.name, "delivery", m.DeliveryID, "err", err)
			return false
		case marking.Err() != nil:
			w.options.Log.Error("delivery not marked, may be repeated", "notifier", w.name, "delivery", m.DeliveryID, "sent", r.Error == "", "err", err)
			return false
		case failed == 1:
			w.options.Log.Warn("delivery not marked yet", "notifier", w.name, "delivery", m.DeliveryID, "err", err)
		}
		sleep(marking, w.backoff(failed))
	}
}
