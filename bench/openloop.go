package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// openLoops compares latencies at rates that do not wait for answers.
func openLoops(ctx context.Context, p plan, c corpus, fsync time.Duration) (err error) {
	var b *busy
	if p.only == "" {
		if b, err = startBusy(ctx, p); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, b.end()) }()
	}
	for _, rate := range p.open {
		if err := openLoop(ctx, p, c, b, rate, fsync); err != nil {
			return err
		}
	}
	return nil
}

// openLoop compares the servers in turns, and a busy one where there is one.
func openLoop(ctx context.Context, p plan, c corpus, b *busy, rate int, fsync time.Duration) error {
	p99 := map[string][]float64{}
	for range p.openRounds {
		for _, name := range p.servers("gin", "floor", "backstop") {
			s, err := start(ctx, p, name)
			if err != nil {
				return err
			}
			out, err := open(ctx, s.address, c, rate, p.burst/2)
			s.stop()
			if err := removeAfter(err, s.dir); err != nil {
				return err
			}
			p99[name] = append(p99[name], ms(out.quantile(0.99)))
		}
		if b != nil {
			out, err := b.loop(ctx, c, rate, p.burst/2)
			if err != nil {
				return fmt.Errorf("busy: %w", err)
			}
			p99["busy"] = append(p99["busy"], ms(out.quantile(0.99)))
		}
	}
	if p.only != "" {
		say("\nopen loop at %d/s: p99 of %s %.2f ms", rate, p.only, median(p99[p.only]))
		return nil
	}
	gin, ours := median(p99["gin"]), median(p99["backstop"])
	say("\nopen loop at %d/s, median of %d: p99 of bare gin %.2f ms, of the floor %.2f ms, ours %.2f ms, busy %.2f ms",
		rate, p.openRounds, gin, median(p99["floor"]), ours, median(p99["busy"]))
	bound := gin + 4*ms(fsync) + 2
	p.report.atMost(fmt.Sprintf("p99 of an answer, open loop at %d/s (gin's + 4 fsyncs + 2 ms)", rate), ours, bound, " ms")
	p.report.atMost(fmt.Sprintf("the same while it alerts, removes what is old, and pages are looked at, %d/s (1.3 times that)", rate), median(p99["busy"]), 1.3*bound, " ms")
	return nil
}
