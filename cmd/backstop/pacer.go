package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// pacer has Go collect its garbage less often in a storm, and while somebody looks at
// pages, where who asks meanwhile waits for it: docs/adr/0115. A limit of memory counts
// before: see boundMemory.
type pacer struct {
	written func() int64  // entries, so far
	living  func() uint64 // bytes, at the last collection
	pages   atomic.Int64  // that were shown since the last look
	woken   chan struct{}
	percent int // as it was set last
}

const (
	collectLook  = 100 * time.Millisecond
	collectStorm = 50               // entries within a look: 500 a second
	collectCalm  = 10 * time.Second // without that many, until a storm is over
	collectLeast = 32 << 20         // bytes between two collections in a storm
	collectMost  = 400              // percent of what lives: a storm may double that between two looks
	collectPages = 1000             // likewise, while there is no storm but somebody looks at pages
	collectUsual = 100              // percent: Go's default, for which idle memory is small
)

// pace runs a.pacer, unless GOGC says what to do.
func (a *app) pace(ctx context.Context) error {
	if a.w.getenv("GOGC") != "" {
		return nil
	}
	return a.pacer.run(ctx)
}

// newPacer makes a pacer that knows how many entries were written, and what lives.
func newPacer(written func() int64, living func() uint64) *pacer {
	return &pacer{written: written, living: living, woken: make(chan struct{}, 1), percent: collectUsual}
}

// wake says that an entry was written. It never blocks.
func (p *pacer) wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// shown says that somebody looked at a page, which makes as much garbage as 60 entries.
// It never blocks.
func (p *pacer) shown() {
	p.pages.Add(1)
	p.wake()
}

// run waits for storms until ctx ends. It begins as if there was one: starting makes
// as much garbage, and somebody may have waited for it.
func (p *pacer) run(ctx context.Context) error {
	defer p.set(collectUsual)
	p.set(collectMost)
	p.storm(ctx, 0)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.woken:
			p.storm(ctx, collectCalm)
		}
	}
}

// storm looks until there is no storm any more; mostly there is none. It has been calm
// for so long.
func (p *pacer) storm(ctx context.Context, calm time.Duration) {
	look := time.NewTicker(collectLook)
	defer look.Stop()
	before := p.written()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-look.C:
		}
		now := p.written()
		if pages := p.pages.Swap(0); now-before >= collectStorm {
			calm = 0
			p.set(percentFor(p.living(), collectMost))
		} else if pages > 0 {
			calm = 0
			p.set(percentFor(p.living(), collectPages))
		} else if calm += collectLook; calm >= collectCalm {
			p.set(collectUsual)
			return
		}
		before = now
	}
}

// set changes what Go does, where that is something else.
func (p *pacer) set(percent int) {
	if percent != p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
}

// percentFor is how much garbage there may be, in percent of what lives: collectLeast
// bytes; no more than most, for what lives may grow before the next look, and no less
// than Go would have.
func percentFor(living, most uint64) int {
	return int(min(max(collectLeast*100/max(living, 1), collectUsual), most)) //nolint:gosec // most is small
}

// living is how many bytes Go found to live when it collected last, stacks and globals
// included: what it takes its percents of. https://go.dev/doc/gc-guide#GOGC
func living() (bytes uint64) {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(samples)
	for _, s := range samples {
		bytes += s.Value.Uint64()
	}
	return bytes
}
