package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestFaultsAtRandomLoseNothing has whatever the program works with fail at random
// times, in random ways, several at once, while people call and it is stopped and
// started, and then looks whether all is well again. BACKSTOP_SEED has it do so for
// one seed: the same faults, though not always at the same step.
func TestFaultsAtRandomLoseNothing(t *testing.T) {
	t.Parallel()
	env, lived := simulatedSettings(t), ramDisk(t)
	bubble(t, "the night before", func(t *testing.T, outside time.Time) {
		t.Helper()
		simulate(t, env, lived, 0, outside).goThrough(servers{"one.example.com", "two.example.com"}, "", ordeal{}, true)
	})
	seed, seeds := uint64(1), long(t, 12, 5000)
	if torture() {
		seed = rand.Uint64N(1 << 40)
	}
	if given := os.Getenv("BACKSTOP_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal(err)
		}
		seeds = 1
	}
	began, failures := resident(t), 0
	for n := range seeds {
		r := &randomly{Rand: rand.New(rand.NewPCG(seed+uint64(n), 0))}
		folder := ramDisk(t)
		later := time.Duration(0)
		if r.IntN(2) == 0 {
			later = 20 * time.Hour
			if err := os.CopyFS(folder, os.DirFS(lived)); err != nil {
				t.Fatal(err)
			}
		}
		bubble(t, fmt.Sprintf("BACKSTOP_SEED=%d", seed+uint64(n)), func(t *testing.T, outside time.Time) {
			t.Helper()
			r.simulated = simulate(t, env, folder, later, outside)
			r.goThrough()
			r.judge(folder)
			for _, c := range r.faults {
				failures += c.failures()
			}
		})
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
		if grown := resident(t) - began; grown > mostGrowth || t.Failed() {
			t.Fatalf("after %d seeds, with %d MiB more in memory", n+1, grown>>20)
		}
	}
	count(t, "%d seeds from %d on, %d steps failed", seeds, seed, failures)
}

// randomly is a simulated program to which things happen at random.
type randomly struct {
	*rand.Rand
	*simulated
}

// goThrough has things happen for some minutes, and has all be well then.
func (r *randomly) goThrough() {
	r.t.Helper()
	r.start()
	for range 5 + r.IntN(20) {
		time.Sleep(time.Duration(r.Int64N(int64(20 * time.Second))))
		r.happens()
	}
	r.heal()
	r.await(time.Minute, "an answer says written=yes", func() bool { return r.call("four.example.com") })
	r.await(toldAtMost, "people are told", func() bool { return r.told("four.example.com") })
	if len(r.promised) > 1 { // not four's only
		r.await(toldAtMost, "people are told of what failed meanwhile", func() bool { return r.told("three.example.com") })
	}
	time.Sleep(3 * time.Minute)
	if code := r.end(); code != 0 {
		r.t.Errorf("it ends with %d", code)
	}
}

// happens is one thing: most often that something begins to fail.
func (r *randomly) happens() {
	switch r.IntN(8) {
	case 0:
		r.heal()
	case 1:
		r.end()
		r.start()
	case 2:
		r.message("three.example.com")
	case 3, 4:
		r.call("three.example.com")
	default:
		names := slices.Sorted(maps.Keys(r.faults))
		sick := r.faults[names[r.IntN(len(names))]]
		sick.fail(mishap{step: sick.taken() + 1 + r.IntN(1<<r.IntN(10)), forever: r.IntN(2) == 0, other: r.IntN(2) == 0})
	}
}
