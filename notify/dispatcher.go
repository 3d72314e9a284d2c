package notify

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// Options tune a Dispatcher. The zero value is good; Log discards then.
type Options struct {
	SendTimeout time.Duration // one attempt; 20 s where zero. A lease is four times as long
	GiveUpAfter time.Duration // 24 h where zero
	Log         *slog.Logger
	Now         func() time.Time
	// Jitter picks a wait between 0 and its argument; it is random where nil.
	Jitter func(time.Duration) time.Duration
}

// Bounds of the dispatcher.
const (
	defaultSendTimeout = 20 * time.Second
	defaultGiveUpAfter = 24 * time.Hour
	leaseFactor        = 4 // a send's timeout stays below a third of the lease
	firstBackoff       = time.Second
	maxBackoff         = 30 * time.Second
	pollEvery          = time.Minute            // asks the outbox even if nobody woke us
	claimEvery         = 200 * time.Millisecond // an outbox that is away is asked, at most
	drainSends         = 2 * time.Second
	drainMarks         = time.Second
	stopWithin         = drainSends + 2*drainMarks
)

func (o Options) withDefaults() Options {
	if o.SendTimeout <= 0 {
		o.SendTimeout = defaultSendTimeout
	}
	if o.GiveUpAfter <= 0 {
		o.GiveUpAfter = defaultGiveUpAfter
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Jitter == nil {
		o.Jitter = func(most time.Duration) time.Duration { return 1 + rand.N(most) } //nolint:gosec // jitter needs no secrecy
	}
	return o
}

// Dispatcher carries alerts from the outbox to the notifiers, one worker for
// each, so that none waits for another.
type Dispatcher struct {
	outbox  Outbox
	options Options

	mu      sync.Mutex
	workers map[string]*worker
	order   []string           // names, as configured
	start   func(*worker)      // nil unless running
	leaving map[string]*worker // taken away, and still finishing
}

// New makes a dispatcher; Run sets it to work.
func New(outbox Outbox, notifiers []Notifier, o Options) *Dispatcher {
	d := &Dispatcher{
		outbox:  outbox,
		options: o.withDefaults(),
		workers: make(map[string]*worker),
		leaving: make(map[string]*worker),
	}
	d.Replace(notifiers)
	return d
}

// Run dispatches until ctx ends, then gives what is under way a few seconds.
// It returns an error only where a notifier does not let go even then. It may
// be run again after that.
func (d *Dispatcher) Run(ctx context.Context) error {
	var running sync.WaitGroup
	d.mu.Lock()
	d.start = func(w *worker) { running.Go(func() { w.run(ctx); d.ended(w) }) }
	for name, w := range d.workers {
		if w.started {
			w = w.again()
			d.workers[name] = w
		}
		d.begin(w)
	}
	d.mu.Unlock()

	<-ctx.Done()
	d.mu.Lock()
	d.start = nil
	d.mu.Unlock()
	return waitFor(&running, stopWithin)
}

// waitFor is g.Wait with an end. What does not return by then is left behind:
// a stuck notifier must not keep the process from ending.
func waitFor(g *sync.WaitGroup, limit time.Duration) error {
	done := make(chan struct{})
	go func() { g.Wait(); close(done) }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return nil
	case <-timer.C:
		return fmt.Errorf("a notifier did not stop within %s", limit)
	}
}

// Wake says that the outbox has something new. It never blocks.
func (d *Dispatcher) Wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.workers {
		w.signal()
	}
}

// Urgent sends m to all notifiers at once, beside the outbox: for use while
// the ledger is away. It never blocks; each notifier tries it for ten minutes,
// keeps at most four such messages in mind, and of one topic the newest only.
func (d *Dispatcher) Urgent(m incident.Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.workers {
		if w.name != m.Alert.Except {
			w.takeUrgent(m)
		}
	}
}

// Status is how a notifier has done since the process started.
type Status struct {
	Name        string
	LastSuccess time.Time // zero: none yet
	LastFailure time.Time
	LastError   string    // of LastFailure
	Errors      int       // in a row; 0 means that the last attempt went well
	PausedUntil time.Time // backing off until then
	Sent        int64
	Failed      int64
	GivenUp     int64 // messages of the outbox that are not tried any more
}

// Status is a snapshot of all notifiers, as configured.
func (d *Dispatcher) Status() []Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]Status, 0, len(d.order))
	for _, name := range d.order {
		list = append(list, d.workers[name].snapshot())
	}
	return list
}

// Check checks every notifier, side by side, and returns their errors by name.
// A panic is logged and an error.
func Check(ctx context.Context, notifiers []Notifier, log *slog.Logger) map[string]error {
	var (
		mu      sync.Mutex
		all     sync.WaitGroup
		results = make(map[string]error, len(notifiers))
	)
	for _, n := range notifiers {
		all.Go(func() {
			err := safely(log, n.Name(), func() error { return n.Check(ctx) })
			mu.Lock()
			defer mu.Unlock()
			results[n.Name()] = err
		})
	}
	all.Wait()
	return results
}
