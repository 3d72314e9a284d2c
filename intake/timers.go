package intake

import (
	"context"
	"log/slog"
	"time"
)

// Timers lets time pass for incidents: open ones fall quiet, quiet ones close.
type Timers struct {
	Ledger func() (Ledger, error) // or why there is none
	// Until is up to when the ledger has all that came in; ok is false while
	// nobody knows. Time passes for incidents no further: what waits unfed may
	// be failures of theirs.
	Until  func(now time.Time) (until time.Time, ok bool)
	Alerts func() // called when alerts were put into the outbox
	Now    func() time.Time
	Log    *slog.Logger
}

// tickAtMost bounds the wait: an incident may have been opened meanwhile.
const tickAtMost = 15 * time.Second

// Run ticks until ctx ends.
func (t Timers) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		pause(ctx, t.tick(ctx))
	}
	return nil
}

func (t Timers) tick(ctx context.Context) (wait time.Duration) {
	ledger, err := t.Ledger()
	if err != nil {
		return time.Second
	}
	now, ok := t.Until(t.Now())
	if !ok {
		return time.Second
	}
	next, alerts, err := ledger.Tick(ctx, now)
	if err != nil {
		t.Log.Warn("incidents not ticked", "err", err)
		return tickAtMost
	}
	if alerts > 0 {
		t.Alerts()
	}
	if next.IsZero() {
		return tickAtMost
	}
	return min(tickAtMost, max(time.Second, next.Sub(now)))
}
