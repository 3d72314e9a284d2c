package main

import (
	"context"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

const (
	outboxEvery  = 15 * time.Second
	outboxWithin = 5 * time.Second
)

// watchOutbox has people told where alerts wait for a notifier that fails, and
// what comes near its bound, until ctx ends.
func (a *app) watchOutbox(ctx context.Context) error {
	ticker := time.NewTicker(outboxEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			a.lookAtOutbox(ctx, a.w.now())
			a.notePressures(a.pipelineNow(a.w.now()).pressures(), a.w.now())
		}
	}
}

func (a *app) lookAtOutbox(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, outboxWithin)
	defer cancel()
	queues, err := a.slot.WatchOutbox(ctx, now)
	if err != nil {
		return // why there is no ledger, its keeper says
	}
	before := a.state.lateQueues(now)
	a.state.queues.Store(&queues)
	if late := a.state.lateQueues(now); len(late) > len(before) && len(late) == len(queues) {
		a.log.Error("alerts wait and nobody can be told: no notifier works", "notifiers", len(queues))
	}
}

// WatchOutbox is store.Ledger's; what it has to tell goes out at once.
func (s *ledgerSlot) WatchOutbox(ctx context.Context, now time.Time) (queues []incident.Queue, err error) {
	return ask(s, func(l *store.Ledger) ([]incident.Queue, error) {
		queues, alerts, err := l.WatchOutbox(ctx, now)
		if alerts > 0 {
			s.alerts()
		}
		return queues, err
	})
}

// lateQueues are the notifiers for which alerts wait, as of the last look.
func (s *state) lateQueues(now time.Time) (late []incident.Queue) {
	if all := s.queues.Load(); all != nil {
		for _, q := range *all {
			if q.Late(now) {
				late = append(late, q)
			}
		}
	}
	return late
}

// backlogNotices say on pages that alerts wait.
func (a *app) backlogNotices(now time.Time) (list []pages.Notice) {
	for _, q := range a.state.lateQueues(now) {
		detail := fmt.Sprintf("Since %s the notifier %s takes nothing. Waiting: %s.", q.Since.In(zone(a.current.Load().config)).Format(time.RFC3339), q.Notifier, number(q.Waiting, "alert"))
		if q.LastError != "" {
			detail += " Its last error: " + q.LastError
		}
		list = append(list, pages.Notice{Title: "Alerts wait for " + q.Notifier, Detail: detail})
	}
	return list
}
