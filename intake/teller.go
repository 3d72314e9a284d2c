package intake

import (
	"context"
	"log/slog"
	"maps"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// MetaLedger queues meta-alerts, the same news once in a while.
type MetaLedger interface {
	Tell(ctx context.Context, a incident.Alert) (queued bool, err error)
}

// Teller carries meta-alerts to people: through the ledger's outbox, or
// straight to the notifiers where the ledger is away.
type Teller struct {
	ledger  MetaLedger
	urgent  func(incident.Alert)
	alerts  func()
	log     *slog.Logger
	queue   chan incident.Alert
	asking  chan struct{}      // how many wait for the ledger
	told    map[news]time.Time // urgent ones
	Dropped atomic.Int64
}

// news is what an alert says, as far as it is worth saying once only.
type news struct {
	topic  incident.Topic
	reason string
}

// NewTeller makes a teller; Run does its work. urgent must not block for
// long; alerts is called when the outbox has something new.
func NewTeller(ledger MetaLedger, urgent func(incident.Alert), alerts func(), log *slog.Logger) *Teller {
	return &Teller{
		ledger: ledger, urgent: urgent, alerts: alerts, log: log,
		queue: make(chan incident.Alert, 64), asking: make(chan struct{}, askingMost), told: map[news]time.Time{},
	}
}

// Tell takes a at once and never blocks; beyond 64 waiting ones it is only
// counted.
func (t *Teller) Tell(a incident.Alert) {
	select {
	case t.queue <- a:
	default:
		t.Dropped.Add(1)
	}
}

// Run tells until ctx ends.
func (t *Teller) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case a := <-t.queue:
			t.log.Warn("backstop has something to say", "topic", string(a.Topic), "title", a.Title)
			t.tell(ctx, a)
		}
	}
}

// tell puts a into the outbox, or says it at once.
func (t *Teller) tell(ctx context.Context, a incident.Alert) {
	if t.ask(ctx, a) {
		return
	}
	now, said := time.Now(), news{a.Topic, a.Reason}
	if now.Sub(t.told[said]) < incident.MetaEvery {
		return
	}
	maps.DeleteFunc(t.told, func(_ news, at time.Time) bool { return now.Sub(at) >= incident.MetaEvery })
	t.told[said] = now
	t.urgent(a)
}

// askingMost is how many alerts may wait for a ledger that hangs: each holds a
// goroutine.
const askingMost = 8

// ask says whether the ledger took a. It waits no longer than it takes to
// count as away; mattn does not heed a deadline while it waits for a lock,
// hence the goroutine.
func (t *Teller) ask(ctx context.Context, a incident.Alert) bool {
	select {
	case t.asking <- struct{}{}:
	default:
		return false
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-t.asking }()
		defer Survive(t.log, "putting an alert into the outbox", func() { done <- incident.ErrBug })
		queued, err := t.ledger.Tell(context.WithoutCancel(ctx), a)
		if queued {
			t.alerts()
		}
		done <- err
	}()
	timer := time.NewTimer(awayAfter)
	defer timer.Stop()
	select {
	case err := <-done:
		return err == nil
	case <-timer.C:
		return false
	}
}
