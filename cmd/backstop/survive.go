package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// errBug is what a panic is turned into for people. It says no more: the details are
// in the log.
var errBug = errors.New("a bug in Backstop: its log has the details")

// survive, deferred, keeps a panic while doing something from ending the program:
// it is logged, and otherwise is called where there is something to do instead.
func survive(log *slog.Logger, doing string, otherwise func()) {
	cause := recover()
	if cause == nil {
		return
	}
	log.Error("panic behind the answer", "doing", doing, "panic", fmt.Sprint(cause), "stack", stack())
	if otherwise != nil {
		otherwise()
	}
}

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
	defer survive(a.log, "working as "+name, func() {
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
