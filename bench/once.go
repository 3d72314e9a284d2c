package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// starting measures how long the first written answer takes after the start,
// and what an idle Backstop needs.
func starting(ctx context.Context, p plan, c corpus) error {
	var first []float64
	var idle float64
	for i := range max(3, p.rounds) {
		began := time.Now()
		s, err := start(ctx, p, "backstop")
		if err != nil {
			return err
		}
		one, err := dial(ctx, s.address)
		if err != nil {
			return err
		}
		written, err := one.exchange(c.request(nil, i, [16]byte{1}))
		took := time.Since(began)
		if err == nil && !written {
			err = errors.New("the first answer is not written")
		}
		if err == nil {
			time.Sleep(5 * time.Second)
			var rss int64
			rss, err = s.rssAnon()
			idle = max(idle, float64(rss)/1e6)
		}
		_ = one.conn.Close() // it has done its work
		s.stop()
		if err := removeAfter(err, s.dir); err != nil {
			return err
		}
		first = append(first, ms(took))
	}
	p.report.atMost("first written answer after the start", median(first), 50, " ms")
	p.report.atMost("RssAnon idle, the most", idle, 30, " MB")
	return nil
}

// ledgerSize fills the ledger and says what a failure takes.
func ledgerSize(ctx context.Context, p plan, c corpus) error {
	s, err := start(ctx, p, "backstop")
	if err != nil {
		return err
	}
	defer os.RemoveAll(s.dir)
	total := 0
	began := time.Now()
	for total < p.million && err == nil {
		var out outcome
		out, err = closed(ctx, s.address, c.after(total), 64, min(p.burst, 10*time.Second))
		total += out.written
	}
	if err == nil {
		err = s.caughtUp(ctx, total)
	}
	took := time.Since(began)
	s.stop() // writes the WAL back
	if err != nil {
		return err
	}
	size, err := sizeOf(filepath.Join(s.dir, "backstop.db"))
	if err != nil {
		return err
	}
	each := float64(size) / float64(total)
	say("\nledger: %d failures take %d MB, %.0f bytes each (fed in %.0f s)", total, size>>20, each, took.Seconds())
	p.report.atMost(fmt.Sprintf("ledger, of a failure, after %d", total), each, 900, " bytes")
	return nil
}

// fsyncTime is the median of what the disk takes to keep 4 KiB.
func fsyncTime(dir string) (time.Duration, error) {
	file, err := os.CreateTemp(dir, "fsync-")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	block := make([]byte, 4096)
	var times []time.Duration
	for range 200 {
		if _, err := file.Write(block); err != nil {
			return 0, err
		}
		began := time.Now()
		if err := unix.Fdatasync(int(file.Fd())); err != nil {
			return 0, err
		}
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
