package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/history"
)

const (
	drillsMemo = "drills since"
	drillTries = 2 // how often a run that was cut short is begun
	drillsLate = 6 * time.Hour
)

// BeginDrills says whether the lines are to be drilled now, as planned for slot,
// and notes that it has begun. A plan begins with the first time that this is
// asked: what was planned before is not made up for, nor is what is six hours
// late. One that was cut short is begun once more.
func (l *Ledger) BeginDrills(ctx context.Context, slot, now time.Time) (due bool, err error) {
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		since, known, err := readMemo(ctx, t, drillsMemo)
		if err != nil {
			return err
		}
		if !known {
			return t.setMemo(ctx, drillsMemo, memo{at: now})
		}
		if slot.Before(since.at) || now.Sub(slot) >= drillsLate {
			return nil
		}
		n, err := t.changed(ctx, `
			INSERT INTO drill_runs (slot, begun_at, tries, drills, failed, says)
			VALUES (?1, ?2, 1, 0, 0, '[]')
			ON CONFLICT DO UPDATE
			SET begun_at = excluded.begun_at, tries = tries + 1
			WHERE ended_at IS NULL
			  AND tries < ?3`, slot.UnixMilli(), now.UnixMilli(), drillTries)
		due = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("begin drills: %w", err)
	}
	return due, nil
}

// EndDrills notes what came of them.
func (l *Ledger) EndDrills(ctx context.Context, r history.DrillRun) error {
	says, err := json.Marshal(r.Failed)
	if err != nil {
		return err
	}
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		return t.run(ctx, `
			UPDATE drill_runs
			SET ended_at = ?2, drills = ?3, failed = ?4, says = ?5
			WHERE slot = ?1`, r.Slot.UnixMilli(), r.Ended.UnixMilli(), r.Drills, len(r.Failed), string(says))
	})
	if err != nil {
		return fmt.Errorf("end drills: %w", err)
	}
	return nil
}

// LastDrills are those that ended last; ok is false where none ever did.
func (l *Ledger) LastDrills(ctx context.Context) (r history.DrillRun, ok bool, err error) {
	err = l.inView(ctx, func(v *sql.Tx) error {
		var says string
		err := v.QueryRowContext(ctx, `
			SELECT slot, begun_at, ended_at, drills, says
			FROM drill_runs
			WHERE ended_at IS NOT NULL
			ORDER BY slot DESC
			LIMIT 1`).Scan((*timeColumn)(&r.Slot), (*timeColumn)(&r.Begun), (*timeColumn)(&r.Ended), &r.Drills, &says)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		ok = err == nil
		return errors.Join(err, json.Unmarshal([]byte(says), &r.Failed))
	})
	if err != nil {
		return history.DrillRun{}, false, fmt.Errorf("last drills: %w", err)
	}
	return r, ok, nil
}
