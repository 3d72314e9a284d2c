package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatLivesDecidesHowMuchGarbageThereMayBe(t *testing.T) {
	t.Parallel()
	for claim, test := range map[string]struct {
		living uint64
		most   uint64
		want   int
	}{
		"little lives in a storm: four times that, for it may grow": {2 << 20, collectMost, 400},
		"little lives, and there are pages only: ten times that":    {2 << 20, collectPages, 1000},
		"nothing was collected yet":                                 {0, collectMost, 400},
		"32 MiB of garbage in between":                              {16 << 20, collectMost, 200},
		"more lives than that: as much garbage, as Go would":        {64 << 20, collectPages, 100},
	} {
		if got := percentFor(test.living, test.most); got != test.want {
			t.Errorf("%s: got %d %%, want %d", claim, got, test.want)
		}
	}
}

// Not beside others: what Go does is for the whole program.
func TestGarbageIsCollectedLessOftenInAStormAndOnlyThen(t *testing.T) { //nolint:paralleltest // as it says
	usual := debug.SetGCPercent(100)
	defer debug.SetGCPercent(usual)
	synctest.Test(t, func(t *testing.T) {
		var written atomic.Int64
		p := newPacer(written.Load, func() uint64 { return 4 << 20 })
		ctx, stop := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { _ = p.run(ctx) })
		for _, step := range []struct {
			claim string
			entry time.Duration // one each
			lasts time.Duration
			page  bool   // somebody looks at one, at the beginning
			want  uint64 // percent
		}{
			{"at the start", time.Second, 9 * time.Second, false, 400},
			{"at rest", time.Hour, time.Minute, false, 100},
			{"a few calls", 50 * time.Millisecond, time.Minute, false, 100},
			{"a storm", time.Millisecond, 300 * time.Millisecond, false, 400},
			{"it pauses", 50 * time.Millisecond, 9 * time.Second, false, 400},
			{"it goes on", time.Millisecond, time.Minute, false, 400},
			{"it is over", 50 * time.Millisecond, 11 * time.Second, false, 100},
			{"another one", time.Millisecond, time.Second, false, 400},
			{"that is over, too", time.Hour, 11 * time.Second, false, 100},
			{"a page is shown", time.Second, 9 * time.Second, true, 800},
			{"and another one", time.Second, 9 * time.Second, true, 800},
			{"a storm meanwhile", time.Millisecond, 300 * time.Millisecond, true, 400},
			{"nobody looks any more", time.Second, 11 * time.Second, false, 100},
		} {
			if step.page {
				p.shown()
			}
			for begin := time.Now(); time.Since(begin) < step.lasts; time.Sleep(min(step.entry, step.lasts)) {
				written.Add(1)
				p.wake()
			}
			synctest.Wait()
			if got := collectsAt(); got != step.want {
				t.Errorf("%s: Go collects at %d %%, want %d", step.claim, got, step.want)
			}
		}
		stop()
		done.Wait()
	})
	if got := collectsAt(); got != 100 {
		t.Errorf("afterwards Go collects at %d %%, want 100", got)
	}
}

// collectsAt is how much garbage there may be, in percent of what lives.
func collectsAt() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
