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
		want   int
	}{
		"little lives: four times that, for it may grow":     {2 << 20, 400},
		"nothing was collected yet":                          {0, 400},
		"32 MiB of garbage in between":                       {16 << 20, 200},
		"more lives than that: as much garbage, as Go would": {64 << 20, 100},
	} {
		if got := percentFor(test.living); got != test.want {
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
		p := newPacer(written.Load, func() uint64 { return 10 << 20 })
		ctx, stop := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { _ = p.run(ctx) })
		for _, step := range []struct {
			claim  string
			entry  time.Duration // one each
			lasts  time.Duration
			page   bool // somebody looks at one, at the beginning
			storms bool
		}{
			{"at rest", time.Hour, time.Minute, false, false},
			{"a few calls", 50 * time.Millisecond, time.Minute, false, false},
			{"a storm", time.Millisecond, 300 * time.Millisecond, false, true},
			{"it pauses", 50 * time.Millisecond, 9 * time.Second, false, true},
			{"it goes on", time.Millisecond, time.Minute, false, true},
			{"it is over", 50 * time.Millisecond, 11 * time.Second, false, false},
			{"another one", time.Millisecond, time.Second, false, true},
			{"that is over, too", time.Hour, 11 * time.Second, false, false},
			{"a page is shown", time.Second, 9 * time.Second, true, true},
			{"and another one", time.Second, 9 * time.Second, true, true},
			{"nobody looks any more", time.Second, 2 * time.Second, false, false},
		} {
			if step.page {
				p.shown()
			}
			for begin := time.Now(); time.Since(begin) < step.lasts; time.Sleep(min(step.entry, step.lasts)) {
				written.Add(1)
				p.wake()
			}
			synctest.Wait()
			want := uint64(100)
			if step.storms {
				want = 320
			}
			if got := collectsAt(); got != want {
				t.Errorf("%s: Go collects at %d %%, want %d", step.claim, got, want)
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
