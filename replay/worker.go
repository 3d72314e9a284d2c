package replay

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
)

// Ledger is where it stands which messages are to be sent.
type Ledger interface {
	// LoseReplays has what was being sent when the one before ended be unknown.
	LoseReplays(ctx context.Context) (lost int, err error)
	ReplayOrder(ctx context.Context, limit int) (o history.ReplayOrder, ok bool, err error)
	TakeReplays(ctx context.Context, o history.ReplayOrder, wishes []history.ReplayWish, impossible int) error
	// NextReplay is the message whose turn it is, for none of the busy servers.
	NextReplay(ctx context.Context, busy []string) (d history.Detail, ok bool, err error)
	// MarkReplay is durable when it returns, and ok for one caller only.
	MarkReplay(ctx context.Context, id incident.ID, at time.Time) (try int, ok bool, err error)
	SettleReplay(ctx context.Context, id incident.ID, try int, r history.ReplayResult) error
}

// Sender sends one request, once.
type Sender interface {
	Send(ctx context.Context, q *standby.Question, allowPrivate bool) (standby.Taken, error)
}

// WorkerOptions are a Worker's parts. All are needed.
type WorkerOptions struct {
	Ledger   func() (Ledger, error) // or why there is none
	Settings func() Settings
	Sender   Sender
	Now      func() time.Time
	Log      *slog.Logger
}

// Worker sends the messages that somebody wants to be sent. Whatever server
// hangs, the others go on.
type Worker struct {
	o    WorkerOptions
	wake chan struct{}

	mu      sync.Mutex
	servers map[string]*server

	Stats Stats
}

// Stats counts what the worker did. Read them at any time.
type Stats struct {
	Sent       atomic.Int64 // messages that a server took
	Refused    atomic.Int64 // that it answered it does not take
	Impossible atomic.Int64 // that could not be sent when their turn came
}

func (s *Stats) count(state history.ReplayState) {
	switch state {
	case history.ReplaySent:
		s.Sent.Add(1)
	case history.ReplayRefused:
		s.Refused.Add(1)
	case history.ReplayImpossible:
		s.Impossible.Add(1)
	case history.NoReplay, history.ReplayWaiting, history.ReplaySending, history.ReplayUnknown: // those are for the ledger to count
	}
}

// server is how it goes with one of the customer's servers.
type server struct {
	busy   bool
	due    time.Time // when it may get the next one
	failed int       // in a row
}

// NewWorker makes a worker; Run sets it to work.
func NewWorker(o WorkerOptions) *Worker {
	return &Worker{o: o, wake: make(chan struct{}, 1), servers: map[string]*server{}}
}

// Wake says that somebody wants a message to be sent. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// How the worker waits.
const (
	pollEvery  = 5 * time.Second // another process may have been told
	awayFor    = time.Second     // while there is no ledger
	orderAtOne = 100             // messages of an incident looked at in one transaction
	drainFor   = 3 * time.Second // for what is being sent when it is to end
	settleFor  = time.Second     // and then to note that nobody knows
)

// Run sends until ctx ends, and then gives what is under way a few seconds. Two
// at once send nothing twice.
func (w *Worker) Run(ctx context.Context) error {
	if !w.begin(ctx) {
		return nil
	}
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var under sync.WaitGroup
	for ctx.Err() == nil {
		w.pause(ctx, w.turn(ctx, sending, &under))
	}
	done := make(chan struct{})
	go func() { under.Wait(); close(done) }()
	if !waited(done, drainFor) {
		cancel()
		waited(done, settleFor)
	}
	return nil
}

func waited(done <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// begin gives up what a process before this one was sending.
func (w *Worker) begin(ctx context.Context) bool {
	for ctx.Err() == nil {
		lost, err := 0, error(nil)
		ledger, away := w.o.Ledger()
		if away == nil {
			lost, err = ledger.LoseReplays(ctx)
		}
		switch {
		case err != nil:
			w.o.Log.Warn("messages that were being sent not looked for", "err", err)
		case away == nil:
			if lost > 0 {
				w.o.Log.Error("nobody knows whether messages have arrived that were being sent when Backstop ended: see their pages", "messages", lost)
			}
			return true
		}
		w.pause(ctx, awayFor)
	}
	return false
}

func (w *Worker) pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-w.wake:
	}
}

// turn does the next thing there is to do, and says how long to wait then.
func (w *Worker) turn(ctx, sending context.Context, under *sync.WaitGroup) time.Duration {
	ledger, err := w.o.Ledger()
	if err != nil {
		return awayFor
	}
	taken, err := w.takeOrder(ctx, ledger)
	if err == nil && taken {
		return 0
	}
	if err == nil {
		var wait time.Duration
		if wait, err = w.sendNext(ctx, sending, ledger, under); err == nil {
			return wait
		}
	}
	if ctx.Err() == nil {
		w.o.Log.Warn("messages not sent to the server that has not had them, trying again", "err", err)
	}
	return pollEvery
}

// takeOrder looks through a part of an incident all of whose messages are
// wanted: before anything is sent, for opt-outs go first.
func (w *Worker) takeOrder(ctx context.Context, ledger Ledger) (taken bool, err error) {
	o, ok, err := ledger.ReplayOrder(ctx, orderAtOne)
	if err != nil || !ok {
		return false, err
	}
	settings := w.o.Settings()
	var wishes []history.ReplayWish
	impossible := 0
	for _, d := range o.Messages {
		j := settings.Judge(d)
		if j.Why != "" || j.Served {
			impossible++
			continue
		}
		wishes = append(wishes, history.ReplayWish{Failure: d.ID, Incident: o.Incident, Server: j.Server, OptOut: j.OptOut, By: o.By, At: o.At})
	}
	return true, ledger.TakeReplays(ctx, o, wishes, impossible)
}

// sendNext sends the next message, beside what else is being sent.
func (w *Worker) sendNext(ctx, sending context.Context, ledger Ledger, under *sync.WaitGroup) (time.Duration, error) {
	busy, wait := w.busy(w.o.Now())
	d, ok, err := ledger.NextReplay(ctx, busy)
	if err != nil || !ok {
		return wait, err
	}
	settings := w.o.Settings()
	if j := settings.Judge(d); j.Why != "" {
		return 0, w.pass(ctx, ledger, d, j.Why)
	}
	try, ok, err := ledger.MarkReplay(ctx, d.ID, w.o.Now())
	if err != nil || !ok {
		return 0, err
	}
	w.take(d.Replay.Server, settings.PerSecond)
	under.Go(func() {
		defer w.survive(d)
		w.send(sending, d, try, settings)
	})
	return 0, nil
}

// pass notes that a message cannot be sent now that its turn has come.
func (w *Worker) pass(ctx context.Context, ledger Ledger, d history.Detail, why string) error {
	r := history.ReplayResult{State: history.ReplayImpossible, Error: why}
	if err := ledger.SettleReplay(ctx, d.ID, d.Replay.Tries, r); err != nil {
		return err
	}
	w.Stats.count(r.State)
	return nil
}
