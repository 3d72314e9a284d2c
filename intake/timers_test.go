package intake_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/intake"
)

// A quiet alert about failures that wait unfed would be false.
func TestTimePassesForIncidentsOnlyAsFarAsTheJournalIsFed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.ledger.set(func() { r.ledger.fail = errors.New("disk full") })
		timers := intake.Timers{
			Ledger: func() (intake.Ledger, error) { return r.ledger, nil }, Until: r.feeder.Until,
			Alerts: func() {}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		}
		ctx, cancel := context.WithCancel(t.Context())
		var ticking sync.WaitGroup
		ticking.Go(func() { _ = timers.Run(ctx) })
		r.start()
		defer func() { cancel(); ticking.Wait(); r.halt() }()

		r.recorder.Record(entry(1, 0))
		pass(time.Minute)
		if ticks := r.ledger.ticked(); len(ticks) > 0 {
			t.Errorf("ticked %d times while failures wait unfed, at last with %s", len(ticks), ticks[len(ticks)-1])
		}
		r.ledger.set(func() { r.ledger.fail = nil })
		pass(time.Minute)
		ticks := r.ledger.ticked()
		if len(ticks) == 0 || time.Since(ticks[len(ticks)-1]) > 20*time.Second {
			t.Errorf("ticked %d times once all is fed, want it to go on with the clock", len(ticks))
		}
	})
}
