package intake_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
)

// hungLedger keeps whoever tells until it is let go.
type hungLedger struct {
	let     chan struct{}
	waiting atomic.Int32
}

func (l *hungLedger) Tell(context.Context, incident.Alert) (bool, error) {
	l.waiting.Add(1)
	defer l.waiting.Add(-1)
	<-l.let
	return true, nil
}

func TestALedgerThatHangsNeitherSilencesAlertsNorGathersGoroutines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ledger := &hungLedger{let: make(chan struct{})}
		var said, queued atomic.Int32
		teller := intake.NewTeller(ledger, func(incident.Alert) { said.Add(1) }, func() { queued.Add(1) }, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = teller.Run(ctx) }()
		const alerts = 30
		for i := range alerts {
			teller.Tell(incident.Alert{Kind: incident.Meta, Topic: incident.Topic(fmt.Sprint("topic ", i)), At: time.Now()})
		}
		time.Sleep(time.Minute)
		if said.Load() != alerts {
			t.Errorf("said %d at once, want all %d", said.Load(), alerts)
		}
		if n := ledger.waiting.Load(); n > 8 {
			t.Errorf("%d wait for the ledger", n)
		}
		close(ledger.let)
		synctest.Wait()
		teller.Tell(incident.Alert{Kind: incident.Meta, Topic: incident.ReloadTopic, At: time.Now()})
		synctest.Wait()
		if ledger.waiting.Load() != 0 || said.Load() != alerts || queued.Load() != 9 {
			t.Errorf("afterwards %d wait, %d said at once, %d put into the outbox; want 0, %d, 9", ledger.waiting.Load(), said.Load(), queued.Load(), alerts)
		}
	})
}
