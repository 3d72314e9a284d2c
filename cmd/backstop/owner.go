package main

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// together runs works side by side until all have ended.
func together(ctx context.Context, works ...func(context.Context) error) error {
	var g errgroup.Group
	for _, work := range works {
		g.Go(func() error { return work(ctx) })
	}
	return g.Wait()
}

const (
	retainEvery = 10 * time.Minute
	retainPause = 200 * time.Millisecond // between two small steps
)

// retain removes what is old, in small steps, so that nothing else waits.
func (a *app) retain(ctx context.Context) error {
	wait := time.Minute // the start has other things to do
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		wait = retainEvery
		l, err := a.slot.ledger()
		if err != nil {
			continue
		}
		report, err := l.Retain(ctx, time.Now(), a.current.Load().retention())
		if err != nil {
			a.retentionTrouble(err)
			continue
		}
		a.state.retention.Store(nil)
		if report.More {
			wait = retainPause
		}
	}
}

func (a *app) retentionTrouble(err error) {
	if a.state.retention.Swap(new(err.Error())) != nil {
		return // known
	}
	a.log.Error("old failures not removed", "err", err)
	detail := "The ledger says: " + err.Error() + ". "
	if errors.Is(err, store.ErrClock) {
		detail += "First thing to do: set this machine's clock; nothing is removed by a clock that may be wrong."
	} else {
		detail += "First thing to do: look at the disk of DATA_DIR."
	}
	a.teller.Tell(incident.Alert{
		Kind: incident.Meta, Topic: incident.RetentionTopic, At: time.Now(),
		Title: "Old failures are not removed", Detail: detail, Reason: "retention failed",
	})
}

// builtAt is when this program's sources were committed; zero where the build
// does not know.
func builtAt() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			if at, err := time.Parse(time.RFC3339, s.Value); err == nil {
				return at
			}
		}
	}
	return time.Time{}
}
