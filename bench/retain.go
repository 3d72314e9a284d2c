package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// retaining measures answers while the failures of the oldest tenth of the days
// are removed, beside answers of before: nothing is removed in the first minute
// after a start.
func retaining(ctx context.Context, p plan, c corpus, h past, dir, at string) error {
	config := fmt.Appendf(nil, "retention: {days: %d}\n", pastDays-pastDays/10)
	if err := os.WriteFile(filepath.Join(dir, "backstop.yaml"), config, 0o600); err != nil {
		return err
	}
	began := time.Now()
	s, b, err := startAndLogIn(ctx, p, dir)
	if err != nil {
		return err
	}
	defer s.stop()
	const rate, slice = 1000, 10 * time.Second
	var before, during, busy []float64
	removed := 0.0
	for n := 0; removed < float64(h.total/10); n++ {
		looked := n%2 == 1 // in every other slice people look at pages meanwhile
		out, err := whileLooking(ctx, b, looked, func() (outcome, error) { return open(ctx, s.address, c, rate, slice) })
		if err != nil {
			return err
		}
		had := removed
		if removed, err = s.metric(ctx, `backstop_failures_removed_total{why="age"}`); err != nil {
			return err
		}
		p99 := ms(out.quantile(0.99))
		switch {
		case removed == 0 && !looked && n > 0: // the caches are warm
			before = append(before, p99)
		case removed > had && had > 0 && looked: // all of that time
			busy = append(busy, p99)
		case removed > had && had > 0:
			during = append(during, p99)
		case had > 0:
			return fmt.Errorf("nothing more is removed after %.0f failures", removed)
		}
	}
	say("\n%.0f failures removed within %.0f s: p99 at %d/s %.2f ms before, %.2f ms meanwhile, %.2f ms with pages looked at, too",
		removed, time.Since(began).Seconds(), rate, median(before), median(during), median(busy))
	p.report.atMost("p99 of an answer while a tenth is removed (1.5 times that of before)"+at, median(during), 1.5*median(before), " ms")
	p.report.atMost("p99 of an answer while a tenth is removed and pages are looked at (1.3 times that of before)"+at, median(busy), 1.3*median(before), " ms")
	return nil
}

// whileLooking measures while somebody looks at one page after the other, five a
// second, or nobody does.
func whileLooking(ctx context.Context, b *browser, looked bool, measured func() (outcome, error)) (outcome, error) {
	ctx, stop := context.WithCancel(ctx)
	var looking errgroup.Group
	if looked {
		looking.Go(func() error {
			for n := 0; ctx.Err() == nil; n++ {
				paths := []string{"/", "/history", "/incidents", "/history?code=11205"}
				if _, err := b.open(ctx, paths[n%len(paths)]); err != nil && ctx.Err() == nil {
					return err
				}
				time.Sleep(200 * time.Millisecond)
			}
			return nil
		})
	}
	out, err := measured()
	stop()
	return out, errors.Join(err, looking.Wait())
}
