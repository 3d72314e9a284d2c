package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/history"
)

// figures are what metrics say that only the disk knows. They are read ahead,
// so that a scrape neither asks the ledger nor waits for it.
type figures struct {
	read   func(context.Context) (history.ReplayStatus, error)
	backup func() (time.Time, error)
	known  atomic.Pointer[figuresAt]
}

// figuresAt are the figures of one moment.
type figuresAt struct {
	at      time.Time
	replays history.ReplayStatus
	backup  time.Time // when the last one was made; zero where none is known
}

// How often they are read, how soon again where that failed, how long it may
// take, and for how long they are worth telling.
const (
	figuresEvery  = 5 * time.Second
	figuresSoon   = time.Second
	figuresWithin = 2 * time.Second
	figuresLast   = 20 * time.Second
)

// Run reads them until ctx ends.
func (f *figures) Run(ctx context.Context) error {
	for {
		wait := f.refresh(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// refresh says when to read again. Why there is nothing to read, others log.
func (f *figures) refresh(ctx context.Context) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, figuresWithin)
	defer cancel()
	at := time.Now()
	replays, err := f.read(ctx)
	if err != nil {
		return figuresSoon
	}
	backup, err := f.backup()
	if err != nil {
		backup = time.Time{}
	}
	f.known.Store(&figuresAt{at, replays, backup})
	return figuresEvery
}

// newest are the figures as of a moment ago. Where the ledger has not answered
// for longer there are none: old ones would look as if nothing happened.
func (f *figures) newest(now time.Time) (known figuresAt, ok bool) {
	newest := f.known.Load()
	if newest == nil || now.Sub(newest.at) > figuresLast {
		return figuresAt{}, false
	}
	return *newest, true
}
