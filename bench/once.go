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
	rounds := max(3, p.rounds)
	for i := range rounds {
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
		if err == nil && i == rounds-1 {
			idle, err = s.idle(ctx)
		}
		_ = one.conn.Close() // it has done its work
		s.stop()
		if err := removeAfter(err, s.dir); err != nil {
			return err
		}
		first = append(first, ms(took))
	}
	fsync, err := fsyncTime(p.dir)
	if err != nil {
		return err
	}
	p.report.atMost("first written answer after the start (30 ms + 3 fsyncs)", median(first), 30+3*ms(fsync), " ms")
	p.report.atMost("RssAnon idle, a minute after the first answer and a login, the most", idle, 20, " MB")
	return nil
}

// idle is what a server needs, in MB, a minute after somebody has logged in.
func (s *server) idle(ctx context.Context) (rss float64, err error) {
	if _, err := s.login(ctx); err != nil {
		return 0, err
	}
	time.Sleep(time.Minute)
	bytes, err := s.rssAnon()
	return float64(bytes) / 1e6, err
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
	p.report.atMost(fmt.Sprintf("ledger, of a failure, after %d", total), each, 420, " bytes")
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
