package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/history"
)

// figures are what metrics say that only the ledger knows. They are read ahead,
// so that a scrape neither asks the ledger nor waits for it.
type figures struct {
	read  func(context.Context) (history.ReplayStatus, error)
	known atomic.Pointer[figuresAt]
}

// figuresAt are the figures of one moment.
type figuresAt struct {
	at      time.Time
	replays history.ReplayStatus
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
	f.known.Store(&figuresAt{at, replays})
	return figuresEvery
}

// newest are the figures as of a moment ago. Where the ledger has not answered
// for longer there are none: old ones would look as if nothing happened.
func (f *figures) newest(now time.Time) (s history.ReplayStatus, ok bool) {
	known := f.known.Load()
	if known == nil || now.Sub(known.at) > figuresLast {
		return history.ReplayStatus{}, false
	}
	return known.replays, true
}
