package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// millions measures what a ledger costs that holds that many million failures:
// to feed, to keep, to start with, to look into and to remove from.
func millions(ctx context.Context, p plan, c corpus) (err error) {
	dir, err := os.MkdirTemp(p.dir, "millions-")
	if err != nil {
		return err
	}
	defer func() { err = removeAfter(err, dir) }()
	h := past{total: p.millions * 1_000_000, until: time.Now().Add(-time.Minute).UTC().Truncate(time.Millisecond)}
	say("\nmaking %d million failures of %d days …", p.millions, pastDays)
	path := filepath.Join(dir, "backstop.db")
	empty, full, err := h.fill(ctx, path)
	if err != nil {
		return err
	}
	say("fed %.0f a second of the processor into the empty ledger, %.0f into the full one", empty, full)
	at := fmt.Sprintf(", %d million failures", p.millions)
	p.report.atLeast("feeding, of the empty ledger's"+at, full/empty, 0.7)
	size, err := sizeOf(path)
	if err != nil {
		return err
	}
	p.report.atMost("ledger, of a failure"+at, float64(size)/float64(h.total), 420, " bytes")
	if err := h.lookedAt(ctx, p, path, at); err != nil {
		return err
	}
	for _, part := range []func(context.Context, plan, corpus, past, string, string) error{startingWith, browsing, retaining} {
		if err := part(ctx, p, c, h, dir, at); err != nil {
			return err
		}
	}
	return nil
}

// lookedAt checks that failures can be had back byte for byte, and measures the
// histograms.
func (h past) lookedAt(ctx context.Context, p plan, path, at string) (err error) {
	l, err := store.OpenLedger(ctx, path, store.LedgerOptions{Policy: incident.DefaultPolicy()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	const samples = 2000
	for n := range samples {
		if err := h.recovered(ctx, l, n*(h.total/samples)); err != nil {
			return err
		}
	}
	say("%d of them were had back byte for byte", samples)
	now := h.until
	for name, q := range map[string]history.Query{
		"30 days": {From: now.AddDate(0, 0, -30), To: now}, "all time": {},
		"30 days of a host": {From: now.AddDate(0, 0, -30), Host: h.host(7)}, "all time of a code": {Code: 11205},
	} {
		took, err := timed(200, func(int) error {
			_, err := l.Histogram(ctx, q, 72)
			return err
		})
		if err != nil {
			return err
		}
		p.report.atMost("p99 of a histogram of "+name+at, ms(quantile(took, 0.99)), 5, " ms")
	}
	return nil
}

// recovered finds the i-th failure again by its SID, and compares its parameters.
func (h past) recovered(ctx context.Context, l *store.Ledger, i int) error {
	made := h.failure(i).Failure
	page, err := l.Failures(ctx, history.Query{SID: made.SID})
	if err != nil {
		return err
	}
	if len(page.Rows) != 1 {
		return fmt.Errorf("failure %d is there %d times", i, len(page.Rows))
	}
	kept, err := l.Failure(ctx, page.Rows[0].ID)
	if err != nil {
		return err
	}
	if !slices.Equal(kept.Params, made.Params) {
		return fmt.Errorf("failure %d has other parameters now: %v", i, kept.Params)
	}
	return nil
}

// timed is how long it took to do something, n times, shortest first.
func timed(n int, do func(i int) error) ([]time.Duration, error) {
	times := make([]time.Duration, n)
	for i := range times {
		began := time.Now()
		if err := do(i); err != nil {
			return nil, err
		}
		times[i] = time.Since(began)
	}
	slices.Sort(times)
	return times, nil
}

// startingWith measures the first written answer of a start with that ledger.
func startingWith(ctx context.Context, p plan, c corpus, _ past, dir, at string) error {
	var first []float64
	for i := range max(5, p.rounds) {
		took, err := firstAnswer(ctx, p, c, dir, i)
		if err != nil {
			return err
		}
		first = append(first, ms(took))
	}
	fsync, err := fsyncTime(p.dir)
	if err != nil {
		return err
	}
	p.report.atMost("first written answer after the start (30 ms + 3 fsyncs)"+at, median(first), 30+3*ms(fsync), " ms")
	return nil
}

func firstAnswer(ctx context.Context, p plan, c corpus, dir string, i int) (took time.Duration, err error) {
	began := time.Now()
	s, err := startIn(ctx, p, "backstop", dir)
	if err != nil {
		return 0, err
	}
	defer s.stop()
	one, err := dial(ctx, s.address)
	if err != nil {
		return 0, err
	}
	defer one.conn.Close()
	written, err := one.exchange(bytes.Clone(c.request(nil, i, uuid.New())))
	if err == nil && !written {
		err = errors.New("the first answer is not written")
	}
	return time.Since(began), err
}
