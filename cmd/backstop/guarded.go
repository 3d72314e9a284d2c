package main

import (
	"context"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
)

// guarded runs a worker again when it panics: a bug in one must not end the
// others.
func (a *app) guarded(ctx context.Context, name string, work func(context.Context) error) error {
	for {
		err, panicked := a.once(ctx, name, work)
		if !panicked || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

func (a *app) once(ctx context.Context, name string, work func(context.Context) error) (err error, panicked bool) { //nolint:revive // the panic is the exception
	defer intake.Survive(a.log, "working as "+name, func() {
		panicked = true
		a.tellBug(name)
	})
	return work(ctx), false
}

// tellBug tells people that a worker has a bug: it goes on, and may not get far.
func (a *app) tellBug(worker string) {
	a.teller.Tell(incident.Alert{
		Kind: incident.Meta, Topic: incident.BugTopic.About(worker), At: time.Now(),
		Title: "A part of Backstop failed and was started again: " + worker,
		Detail: "There is a bug in it, and it may fail again and again. Callers are answered and written down all the same. " + incident.DoFirst +
			"look whether the page goes on showing new failures, and send the line of the log that says \"panic behind the answer\" to whoever maintains Backstop; a newer version may have it mended.",
		Reason: "a worker panicked",
	})
}
