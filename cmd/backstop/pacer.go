package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// pacer has Go collect its garbage less often in a storm, where who asks meanwhile
// waits for it: docs/adr/0115. A limit of memory counts before: see boundMemory.
type pacer struct {
	written func() int64 // entries, so far
	woken   chan struct{}
	percent int // as it was set last
}

const (
	collectLook  = 100 * time.Millisecond
	collectStorm = 50               // entries within a look
	collectCalm  = 10 * time.Second // without that many, until a storm is over
	collectLeast = 32 << 20         // bytes between two collections in a storm
	collectMost  = 400              // percent of what lives
	collectUsual = 100              // percent: Go's default, for which idle memory is small
)

// pace runs a.pacer, unless GOGC says what to do.
func (a *app) pace(ctx context.Context) error {
	if a.w.getenv("GOGC") != "" {
		return nil
	}
	return a.pacer.run(ctx)
}

// newPacer makes a pacer that knows how many entries were written.
func newPacer(written func() int64) *pacer {
	return &pacer{written: written, woken: make(chan struct{}, 1), percent: collectUsual}
}

// wake says that an entry was written. It never blocks.
func (p *pacer) wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// run waits for storms until ctx ends.
func (p *pacer) run(ctx context.Context) error {
	defer p.set(collectUsual)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.woken:
			p.storm(ctx)
		}
	}
}

// storm looks until there is no storm any more; mostly there is none.
func (p *pacer) storm(ctx context.Context) {
	look := time.NewTicker(collectLook)
	defer look.Stop()
	before, calm := p.written(), collectCalm
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-look.C:
		}
		now := p.written()
		if now-before >= collectStorm {
			calm = 0
			p.set(percentFor(living()))
		} else if calm += collectLook; calm >= collectCalm {
			p.set(collectUsual)
			return
		}
		before = now
	}
}

// set changes what Go does, which stops the program for a moment: not for a little.
func (p *pacer) set(percent int) {
	const little = 25
	if percent == p.percent || percent != collectUsual && max(percent-p.percent, p.percent-percent) < little {
		return
	}
	p.percent = percent
	debug.SetGCPercent(percent)
}

// percentFor is how much garbage there may be in a storm, in percent of what lives:
// at least collectLeast, but no more than collectMost, for what lives may grow.
func percentFor(living uint64) int {
	return int(min(max(collectLeast*100/max(living, 1), collectUsual), collectMost)) //nolint:gosec // bounded
}

// living is how many bytes lived at the last collection.
func living() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
