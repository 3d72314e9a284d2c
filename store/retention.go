package store

import (
	"context"
	"fmt"
	"time"
)

// Retention says how long things are kept. Zero values keep for ever.
type Retention struct {
	Days         int   // failures, incidents, alerts
	PersonalDays int   // numbers, parameters: whatever tells who it was
	MaxBytes     int64 // of the ledger: beyond it the oldest failures go early
}

// RetainReport says what one step did.
type RetainReport struct {
	Removed int  // failures
	Early   int  // failures among them that went for want of room, before their time
	Erased  int  // failures whose personal data was erased
	More    bool // another step has something to do

	Oldest time.Time // the oldest failure left, where some went early; zero else
}

// What one step does at most: a few milliseconds' work of each kind.
const (
	removeAtOnce = 500
	eraseAtOnce  = 500
	tidyAtOnce   = 1000
)

// minutesKept is how long counts by the minute are kept.
const minutesKept = 48 * time.Hour

// Retain takes one small step in removing what is too old or too much, and in
// erasing personal data; call it again while there is More. Counts by the hour
// stay for ever. Without a trusted clock it returns ErrClock and does nothing.
func (l *Ledger) Retain(ctx context.Context, now time.Time, keep Retention) (RetainReport, error) {
	var report RetainReport
	err := l.inTx(ctx, func(ctx context.Context, t *tx) error {
		if err := t.trust(ctx, now); err != nil {
			return err
		}
		r := retaining{tx: t, at: now.UTC(), keep: keep}
		if err := r.step(ctx); err != nil {
			return err
		}
		report = r.report
		return nil
	})
	if err != nil {
		return RetainReport{}, fmt.Errorf("retention: %w", err)
	}
	return report, nil
}

type retaining struct {
	*tx
	at     time.Time
	keep   Retention
	report RetainReport
}

func (r *retaining) step(ctx context.Context) error {
	for _, part := range []func(context.Context) error{
		r.minutes, r.callers, r.erase, r.eraseIncidents, r.eraseFirst, r.eraseWords,
		r.removeOld, r.removeForRoom, r.callbacks, r.tidy, r.shrink,
	} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// before is the time before which things are older than that many days.
func (r *retaining) before(days int) int64 { return r.at.Add(-time.Duration(days) * day).UnixMilli() }

// some runs a statement that removes at most limit rows.
func (r *retaining) some(ctx context.Context, limit int, query string, args ...any) (int64, error) {
	n, err := r.changed(ctx, query, append([]any{limit}, args...)...)
	if n >= int64(limit) {
		r.report.More = true
	}
	return n, err
}

// minutes removes counts by the minute that are no longer kept.
func (r *retaining) minutes(ctx context.Context) error {
	from := r.at.Add(-minutesKept).Truncate(time.Hour).UnixMilli()
	n, err := r.some(ctx, tidyAtOnce, `
		DELETE FROM by_minute
		WHERE (origin_id, minute, incident_id) IN (
		  SELECT origin_id, minute, incident_id
		  FROM by_minute
		  WHERE minute < ?2
		  ORDER BY minute
		  LIMIT ?1)`, from/minuteMillis)
	if err != nil {
		return err
	}
	of, err := r.some(ctx, tidyAtOnce, `
		DELETE FROM totals
		WHERE (step, code, at, channel) IN (
		  SELECT t.step, t.code, t.at, t.channel
		  FROM (SELECT -1 AS code UNION SELECT code FROM origins) AS known
		  CROSS JOIN totals AS t ON t.step = 0
		    AND t.code = known.code
		    AND t.at < ?2
		  LIMIT ?1)`, from/minuteMillis)
	if err != nil || n+of == 0 || r.row.minutesFrom >= from {
		return err
	}
	r.row.minutesFrom = from
	return r.saveLedgerRow(ctx)
}

// callers of incidents that are over need not be told apart any more.
func (r *retaining) callers(ctx context.Context) error {
	id, err := integer(ctx, r, `
		SELECT MIN(id)
		FROM incidents
		WHERE has_callers
		  AND state = 3`)
	if err != nil || id == 0 {
		return err
	}
	r.report.More = true
	n, err := r.some(ctx, tidyAtOnce, `
		DELETE FROM callers
		WHERE (incident_id, caller) IN (
		  SELECT incident_id, caller
		  FROM callers
		  WHERE incident_id = ?2
		  LIMIT ?1)`, id)
	if err != nil || n > 0 {
		return err
	}
	clear(r.incidents)
	return r.run(ctx, `
		UPDATE incidents
		SET has_callers = FALSE
		WHERE id = ?1`, id)
}

// removeOld removes failures by age: theirs, not their place, so that neither
// late ones nor ones from a wrong clock hold the others up.
func (r *retaining) removeOld(ctx context.Context) error {
	if r.keep.Days == 0 {
		return nil
	}
	before := idFrom(r.before(r.keep.Days))
	n, err := r.remove(ctx, before)
	if err != nil || n > 0 {
		return err
	}
	if err := r.removeStrays(ctx, before); err != nil {
		return err
	}
	return r.removeIncidents(ctx)
}

// removeForRoom removes the oldest failures while the ledger is too large.
func (r *retaining) removeForRoom(ctx context.Context) error {
	if r.keep.MaxBytes == 0 {
		return nil
	}
	used, err := integer(ctx, r, usedBytes)
	if err != nil || used <= r.keep.MaxBytes {
		return err
	}
	n, err := r.remove(ctx, idFrom(1<<48-1))
	if err != nil || n == 0 {
		return err
	}
	r.report.Early += n
	r.report.Oldest, err = r.oldest(ctx)
	return err
}

func (r *retaining) remove(ctx context.Context, before []byte) (int, error) {
	for _, whatGoesWithThem := range []string{
		`DELETE FROM reveals WHERE failure_id IN `,
		`DELETE FROM follow_ups WHERE about IN `,
		`DELETE FROM recordings WHERE failure_id IN `,
		`DELETE FROM opt_outs WHERE failure_id IN `,
		`DELETE FROM replays WHERE failure_id IN `,
	} {
		if err := r.run(ctx, whatGoesWithThem+`(
		  SELECT id
		  FROM failures
		  WHERE id < ?2
		  ORDER BY id
		  LIMIT ?1)`, removeAtOnce, before); err != nil {
			return 0, err
		}
	}
	n, err := r.some(ctx, removeAtOnce, `
		DELETE FROM failures
		WHERE serial IN (
		  SELECT serial
		  FROM failures
		  WHERE id < ?2
		  ORDER BY id
		  LIMIT ?1)`, before)
	r.report.Removed += int(n)
	return int(n), err
}

// removeStrays removes what came back about failures that had gone by then.
func (r *retaining) removeStrays(ctx context.Context, before []byte) error {
	if _, err := r.some(ctx, removeAtOnce, `
		DELETE FROM follow_ups
		WHERE id IN (
		  SELECT id
		  FROM follow_ups
		  WHERE id < ?2
		  ORDER BY id
		  LIMIT ?1)`, before); err != nil {
		return err
	}
	_, err := r.some(ctx, removeAtOnce, `
		DELETE FROM recordings
		WHERE sid IN (
		  SELECT sid
		  FROM recordings
		  WHERE failure_id < ?2
		  ORDER BY failure_id
		  LIMIT ?1)`, before)
	return err
}

// removeIncidents removes one old incident a step, with its alerts and events.
// None of its failures is left: they are older. Its cause and origins stay with
// the counts by the hour.
func (r *retaining) removeIncidents(ctx context.Context) error {
	var id int64
	found, err := r.first(ctx, []any{&id}, `
		SELECT id
		FROM incidents
		WHERE last_at < ?1
		  AND state = 3
		  AND NOT has_callers
		ORDER BY last_at
		LIMIT 1`, r.before(r.keep.Days))
	if err != nil || !found {
		return err
	}
	r.report.More = true
	clear(r.incidents)
	for _, query := range []string{
		`DELETE FROM threads WHERE incident_id = ?1`,
		`DELETE FROM alerts WHERE incident_id = ?1`,
		`DELETE FROM replay_orders WHERE incident_id = ?1`,
		`DELETE FROM incidents WHERE id = ?1`,
	} {
		if err := r.run(ctx, query, id); err != nil {
			return err
		}
	}
	return nil
}
