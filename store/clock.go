package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// How far a clock may be off before nothing is removed on its word.
const (
	clockAhead  = 7 * day          // of the newest thing known
	clockBehind = time.Hour        // the newest thing known
	clockStep   = 10 * time.Minute // between the wall and the monotonic clock
	clockProof  = day              // running on without a step, after which it is trusted again
)

// clock remembers what the clock said, to notice when it jumps.
type clock struct {
	last    time.Time // with its monotonic reading, if it had one
	doubted time.Time // since then without a step; zero if not doubted
}

// judge says why now is not to be trusted, given when the program was built
// and the newest time known from before. A clock that is far ahead, which a
// machine that was switched off for long looks like too, is trusted after it
// has run for a day without a step.
func (c *clock) judge(now, built, newest time.Time) error {
	stepped := !c.last.IsZero() && apart(now.Round(0).Sub(c.last.Round(0)), now.Sub(c.last)) > clockStep
	c.last = now
	if err := impossible(now, built, newest); err != nil {
		return err
	}
	switch {
	case stepped:
		c.doubted = now
	case c.doubted.IsZero() && !newest.IsZero() && now.Sub(newest) > clockAhead:
		c.doubted = now
	}
	if c.doubted.IsZero() || now.Sub(c.doubted) >= clockProof {
		c.doubted = time.Time{}
		return nil
	}
	return fmt.Errorf("%w: it has jumped; it will be if it runs on for %s", ErrClock, (clockProof - now.Sub(c.doubted)).Round(time.Minute))
}

// impossible says why it cannot be that late, or early, whatever anybody says.
func impossible(now, built, newest time.Time) error {
	switch {
	case now.Before(built):
		return fmt.Errorf("%w: it is before %s, when this program was built", ErrClock, built.UTC().Format(time.DateOnly))
	case now.Add(clockBehind).Before(newest):
		return fmt.Errorf("%w: it is behind the newest record of %s", ErrClock, newest.UTC().Format(time.RFC3339))
	}
	return nil
}

func apart(a, b time.Duration) time.Duration { return (a - b).Abs() }

// trust notes now as trusted, or says why it is not.
func (t *tx) trust(ctx context.Context, now time.Time) error {
	row, err := t.ledgerRow(ctx)
	if err != nil {
		return err
	}
	newest, err := t.newest(ctx)
	if err != nil {
		return err
	}
	if at := time.UnixMilli(row.clockAt); row.clockAt > 0 && at.After(newest) {
		newest = at
	}
	if err := t.ledger.clock.judge(now, t.ledger.built, newest); err != nil {
		return err
	}
	if now.UnixMilli()-row.clockAt < hourMillis {
		return nil
	}
	row.clockAt = now.UnixMilli()
	return t.saveLedgerRow(ctx)
}

// newest is when the newest failure was received, zero if there is none.
func (t *tx) newest(ctx context.Context) (time.Time, error) { return t.edge(ctx, "DESC") }

// oldest likewise.
func (t *tx) oldest(ctx context.Context) (time.Time, error) { return t.edge(ctx, "ASC") }

func (t *tx) edge(ctx context.Context, order string) (time.Time, error) {
	var id incident.ID
	err := t.QueryRowContext(ctx, `
		SELECT id
		FROM failures
		ORDER BY id `+order+`
		LIMIT 1`).Scan((*idColumn)(&id))
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return timeOf(id), err
}

// TrustClock notes now as what the clock rightly says, for somebody who stands
// before it says so. The error is ErrClock where that cannot be, or what the disk
// said.
func (l *Ledger) TrustClock(ctx context.Context, now time.Time) error {
	err := l.inTx(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.ledgerRow(ctx)
		if err != nil {
			return err
		}
		newest, err := t.newest(ctx)
		if err != nil {
			return err
		}
		if err := impossible(now, l.built, newest); err != nil {
			return err
		}
		row.clockAt = now.UnixMilli()
		return t.saveLedgerRow(ctx)
	})
	if err != nil {
		return fmt.Errorf("trust clock: %w", err)
	}
	return nil
}
