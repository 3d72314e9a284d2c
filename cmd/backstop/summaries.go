package main

import (
	"context"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/incident"
)

// How often it is looked whether a summary is due, how long one may take, and how
// many bars its chart has: two hours each, or a day.
const (
	summariesEvery = time.Minute
	summaryWithin  = time.Minute
	summaryWaits   = time.Hour // for a history that is behind
	barsOfDay      = 12
	barsOfWeek     = 7
)

// sumUp sends summaries as planned until ctx ends.
func (a *app) sumUp(ctx context.Context) error {
	for {
		wait(ctx, summariesEvery)
		if ctx.Err() != nil {
			return nil
		}
		a.sumUpIfDue(ctx, a.w.now())
	}
}

func (a *app) sumUpIfDue(ctx context.Context, now time.Time) {
	c := a.current.Load().config
	for _, one := range []struct {
		name string
		plan config.Plan
		bars int
	}{
		{"daily", c.Summaries.Daily, barsOfDay}, {"weekly", c.Summaries.Weekly, barsOfWeek},
	} {
		slot := one.plan.Last(now, zone(c))
		if slot.IsZero() {
			continue
		}
		if err := a.summarize(ctx, one.name, slot, one.plan.Before(slot, zone(c)), one.bars, now); err != nil {
			a.log.Warn("summary not made, tried again in a minute", "summary", one.name, "err", err)
		}
	}
}

// summarize sends the summary that is planned for slot, unless that is done.
func (a *app) summarize(ctx context.Context, name string, slot, before time.Time, bars int, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, summaryWithin)
	defer cancel()
	l, err := a.slot.ledger()
	if err != nil {
		return nil // why, its keeper says
	}
	if until, ok := a.feeder.Until(now); (!ok || until.Before(slot)) && now.Sub(slot) < summaryWaits {
		return nil // what came in before it is not in the history yet
	}
	due, err := l.SummaryDue(ctx, name, slot, now)
	if err = a.slot.watch(l, err); err != nil || !due {
		return err
	}
	r, err := l.Report(ctx, before, slot, bars)
	if err = a.slot.watch(l, err); err != nil {
		return err
	}
	r.Weekly = name == "weekly"
	c := a.current.Load().config
	alert := r.Alert(c.Summaries.Notifiers, zone(c), now)
	if r.Nothing() && !r.Weekly {
		alert = incident.Alert{} // a mail a day that says nothing is not read on the day when it does
	}
	if err := a.slot.watch(l, l.Summarize(ctx, name, slot, alert, r)); err != nil {
		return err
	}
	a.dispatcher.Wake()
	return nil
}
