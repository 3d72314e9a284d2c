package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
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
	s, err := startIn(ctx, p, "backstop", dir)
	if err != nil {
		return err
	}
	defer s.stop()
	const rate, slice = 1000, 10 * time.Second
	var before, during []float64
	removed := 0.0
	for removed < float64(h.total/10) {
		out, err := open(ctx, s.address, c, rate, slice)
		if err != nil {
			return err
		}
		had := removed
		if removed, err = s.metric(ctx, `backstop_failures_removed_total{why="age"}`); err != nil {
			return err
		}
		p99 := ms(out.quantile(0.99))
		switch {
		case removed == 0:
			before = append(before, p99)
		case removed > had && had > 0: // all of that time
			during = append(during, p99)
		case had > 0:
			return fmt.Errorf("nothing more is removed after %.0f failures", removed)
		}
	}
	say("\n%.0f failures removed within %.0f s: p99 at %d/s %.2f ms before, %.2f ms meanwhile", removed, time.Since(began).Seconds(), rate, median(before), median(during))
	p.report.atMost("p99 of an answer while a tenth is removed (1.5 times that of before)"+at, median(during), 1.5*median(before), " ms")
	return nil
}
