package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// ImportReport says what an import came to.
type ImportReport struct {
	New   int // failures
	Known int // that were there already
}

// Importing is an import on its way, for one goroutine. Close it.
type Importing struct {
	ledger *Ledger
	// open are the incidents that it began, as they are when its last failure was
	// received. Between its transactions they are over, so that what fails today is
	// told, whatever ends the import.
	open   map[int64]running
	newest time.Time // of its failures
}

// importedBy is who ends incidents that were imported.
const importedBy = "import"

// Import begins to take in what was exported, as if it had come in then: the same
// rules make incidents of it. Nobody is told where the ledger's policy has no
// notifiers. Others may write meanwhile.
func (l *Ledger) Import() *Importing { return &Importing{ledger: l, open: map[int64]running{}} }

// Take takes some, all or none. What is there already, by its id, stays as it is.
func (i *Importing) Take(ctx context.Context, some []*history.Exported) (report ImportReport, err error) {
	var f *importing
	err = persist(ctx, func() error {
		return i.ledger.inTx(ctx, func(ctx context.Context, t *tx) error {
			f = &importing{feeding: newFeeding(t), open: maps.Clone(i.open), newest: i.newest}
			f.ended = true
			report, err = f.all(ctx, some)
			return err
		})
	})
	if err != nil {
		return ImportReport{}, fmt.Errorf("import: %w", err)
	}
	i.open, i.newest = f.open, f.newest
	return report, nil
}

// Close lets time pass for the incidents that are open, and ends those that would
// be so still: nobody is told of them, now or later.
func (i *Importing) Close(ctx context.Context) error {
	for id, r := range i.open {
		err := persist(ctx, func() error {
			return i.ledger.inTx(ctx, func(ctx context.Context, t *tx) error { return t.closeImported(ctx, r) })
		})
		if err != nil {
			return fmt.Errorf("import: close incident %d: %w", id, err)
		}
	}
	return nil
}

// importing is a transaction of an import.
type importing struct {
	feeding
	open   map[int64]running
	newest time.Time
	last   int64     // incident of those that there are
	due    time.Time // when the first of those in open is to be looked at
}

func (f *importing) all(ctx context.Context, some []*history.Exported) (report ImportReport, err error) {
	if _, err := f.ledgerRow(ctx); err != nil {
		return report, err
	}
	if f.last, err = f.nextIncident(ctx); err != nil {
		return report, err
	}
	for _, r := range f.open {
		if err := f.saveIncident(ctx, &r); err != nil {
			return report, err
		}
		f.incidents[r.in.Cause.Key()] = &r
		f.wait(r.in)
	}
	for _, x := range some {
		stored, err := f.take(ctx, x)
		if err != nil {
			return report, fmt.Errorf("failure %s: %w", x.ID, err)
		}
		if stored {
			report.New++
		} else {
			report.Known++
		}
	}
	if err := f.finish(ctx, incident.Batch{}); err != nil {
		return report, err
	}
	return report, f.pause(ctx)
}

// take takes one, with what came back about it.
func (f *importing) take(ctx context.Context, x *history.Exported) (stored bool, err error) {
	known, err := integer(ctx, f, `
		SELECT COUNT(*)
		FROM failures
		WHERE id = ?1`, x.ID[:])
	if err != nil || known > 0 {
		return false, err
	}
	e := x.Entry()
	if err := f.letPass(ctx, e.Failure.ReceivedAt); err != nil {
		return false, err
	}
	before := f.report.Stored
	if err := f.one(ctx, e); err != nil || f.report.Stored == before {
		return false, err
	}
	if err := f.began(ctx, incident.CauseOf(e.Failure).Key()); err != nil {
		return false, err
	}
	if e.Failure.ReceivedAt.After(f.newest) {
		f.newest = e.Failure.ReceivedAt
	}
	for _, up := range x.Returned() {
		if err := f.one(ctx, up); err != nil {
			return false, err
		}
	}
	for _, r := range x.Recordings {
		if err := f.run(ctx, `
			INSERT INTO recordings (sid, account, failure_id, at, seconds, transcript)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6)
			ON CONFLICT DO NOTHING`, r.SID, r.Account, x.ID[:], r.At.UnixMilli(), r.Seconds, string(r.Transcript)); err != nil {
			return false, err
		}
	}
	_, _, err = f.settleOne(ctx, x.ID, func(incident.Outcome) incident.Outcome { return x.Ended() })
	return true, err
}

// began notes the incidents that the last failure began, of which one may stand for
// many, and when to look at its own.
func (f *importing) began(ctx context.Context, key string) error {
	next, err := f.nextIncident(ctx)
	if err != nil {
		return err
	}
	for ; f.last < next; f.last++ {
		f.open[f.last] = running{}
		f.due = time.Time{}
	}
	if r := f.incidents[key]; r != nil {
		f.wait(r.in)
	}
	return nil
}

// wait has an incident looked at when it is due.
func (f *importing) wait(in incident.Incident) {
	if due, ok := in.NextTick(f.policy); ok && due.Before(f.due) {
		f.due = due
	}
}

// letPass has incidents of the import fall quiet and close, as they would have done
// by then.
func (f *importing) letPass(ctx context.Context, until time.Time) error {
	if f.due.After(until) {
		return nil
	}
	if err := f.saveIncidents(ctx); err != nil {
		return err
	}
	ids := slices.Sorted(maps.Keys(f.open))
	f.due = until.AddDate(1, 0, 0)
	for _, id := range ids {
		if err := f.pastDue(ctx, id, until); err != nil {
			return err
		}
		r, err := loadRunning(ctx, f, id)
		if err != nil {
			return err
		}
		if !r.open() {
			delete(f.open, id)
			continue
		}
		f.wait(r.in)
		f.incidents[r.in.Cause.Key()] = r // whatever else there is of its cause
	}
	return nil
}

// pause notes how the incidents are, and has them be over until the next
// transaction. Those that nothing came of for long are over for good.
func (f *importing) pause(ctx context.Context) error {
	for id := range f.open {
		r, err := loadRunning(ctx, f, id)
		if errors.Is(err, history.ErrNotFound) {
			delete(f.open, id)
			continue
		}
		if err != nil {
			return err
		}
		delete(f.incidents, r.in.Cause.Key())
		if r.in.LastAt.Add(overAfter).Before(f.newest) {
			delete(f.open, id)
			if err := f.closeImported(ctx, *r); err != nil {
				return err
			}
			continue
		}
		f.open[id] = *r
		if err := f.run(ctx, `
			UPDATE incidents
			SET state = ?2, resolved_at = last_at, resolved_by = ?3, next_tick = NULL
			WHERE id = ?1`, id, int(incident.Resolved), importedBy); err != nil {
			return err
		}
	}
	return nil
}

// overAfter is when nothing more can come of what was quiet.
const overAfter = 48 * time.Hour

// pastDue lets time pass for one incident.
func (t *tx) pastDue(ctx context.Context, id int64, until time.Time) error {
	const most = 1000 // reminders of years
	for range most {
		r, err := loadRunning(ctx, t, id)
		if err != nil {
			return err
		}
		due, ok := r.in.NextTick(t.policy)
		if !ok || due.After(until) || r.in.State == incident.Resolved {
			return nil
		}
		if _, err := t.tick(ctx, id, due.Add(time.Millisecond)); err != nil {
			return err
		}
	}
	return nil
}

// closeImported lets time pass for an incident of an import until now, and ends it.
func (t *tx) closeImported(ctx context.Context, r running) error {
	id := r.in.ID
	if _, err := loadRunning(ctx, t, id); err != nil {
		return nil //nolint:nilerr // it has been removed
	}
	if err := t.saveIncident(ctx, &r); err != nil {
		return err
	}
	if err := t.pastDue(ctx, id, t.now); err != nil {
		return err
	}
	is, err := loadRunning(ctx, t, id)
	if err != nil || is.in.State == incident.Resolved {
		return err
	}
	return t.resolve(ctx, is, importedBy, t.now)
}
