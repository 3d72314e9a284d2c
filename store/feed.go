package store

import (
	"context"
	"fmt"

	"github.com/backstop-project/backstop/incident"
)

// Cursor says how far that journal has been fed: row 0 for an unknown one.
func (l *Ledger) Cursor(ctx context.Context, journal string) (incident.Cursor, error) {
	c := incident.Cursor{Journal: journal}
	var err error
	c.Row, err = integer(ctx, l.read, `
		SELECT COALESCE(MAX(row), 0)
		FROM cursors
		WHERE journal = ?1`, journal)
	if err != nil {
		return c, fmt.Errorf("cursor of journal: %w", classify(err))
	}
	return c, nil
}

// Feed takes a batch in one transaction: failures that are not there yet,
// their incidents, counts, events and alerts, and the cursor. Feeding again
// what was fed changes nothing. An *incident.RefusedError says that something in
// the batch will never go in; any other error is worth another try.
func (l *Ledger) Feed(ctx context.Context, batch incident.Batch) (incident.FeedReport, error) {
	var report incident.FeedReport
	err := l.inTx(ctx, func(ctx context.Context, t *tx) error {
		f := newFeeding(t)
		if err := f.feed(ctx, batch); err != nil {
			return err
		}
		report = f.report
		return nil
	})
	if err != nil {
		return incident.FeedReport{}, fmt.Errorf("feed ledger: %w", refused(err))
	}
	return report, nil
}

// feeding is one batch on its way in.
type feeding struct {
	*tx
	report incident.FeedReport
	packed []byte
	counts map[countKey]int64 // by the minute
	totals map[totalKey]int64
	places map[int64]serials // by minute
	oldest int64             // the earliest time of a new failure; 0 is none
	ended  bool              // it is known how each failure ended: what came back about it does not say so
}

func newFeeding(t *tx) feeding {
	return feeding{tx: t, counts: map[countKey]int64{}, totals: map[totalKey]int64{}, places: map[int64]serials{}}
}

// serials is a range of serial numbers.
type serials struct{ first, last int64 }

func (f *feeding) feed(ctx context.Context, batch incident.Batch) error {
	if _, err := f.ledgerRow(ctx); err != nil {
		return err
	}
	for _, e := range batch.Entries {
		if err := f.one(ctx, e); err != nil {
			return fmt.Errorf("failure %s: %w", e.Failure.ID, err)
		}
	}
	return f.finish(ctx, batch)
}

// finish writes what a batch has gathered.
func (f *feeding) finish(ctx context.Context, batch incident.Batch) error {
	if err := f.saveIncidents(ctx); err != nil {
		return err
	}
	if err := f.saveCounts(ctx); err != nil {
		return err
	}
	if f.oldest > 0 && f.oldest < f.row.erasedBefore {
		f.row.erasedBefore = f.oldest
	}
	if f.report.Stored > 0 {
		if err := f.saveLedgerRow(ctx); err != nil {
			return err
		}
	}
	return f.saveCursor(ctx, batch.Cursor)
}

func (f *feeding) saveCursor(ctx context.Context, c incident.Cursor) error {
	if c.Journal == "" {
		return nil
	}
	return f.run(ctx, `
		INSERT INTO cursors (journal, row, at)
		VALUES (?1, ?2, ?3)
		ON CONFLICT (journal) DO UPDATE
		SET row = excluded.row, at = excluded.at`, c.Journal, c.Row, f.now.UnixMilli())
}

// one takes one entry. The failure's row goes in first: only if it is new does
// anything else happen.
func (f *feeding) one(ctx context.Context, e incident.Fed) error {
	e.Failure.ReceivedAt = timeOf(e.Failure.ID)
	if !e.IsFailure() {
		return f.followUp(ctx, e)
	}
	if e.Failure.DrillKind == incident.Pulse {
		return f.setMemo(ctx, pulseMemo, memo{e.Failure.ReceivedAt, e.Failure.ID.String()})
	}
	cause := incident.CauseOf(e.Failure)
	key := cause.Key()
	causeID, err := f.cause(ctx, cause, key)
	if err != nil {
		return err
	}
	var r *running
	var number int64
	if !e.Failure.Drill {
		if r, err = f.running(ctx, causeID, key); err != nil {
			return err
		}
		number = r.number()
	}
	origin, err := f.origin(ctx, e.Failure, cause, causeID)
	if err != nil {
		return err
	}
	stored, err := f.insertFailure(ctx, e, origin, number)
	if err != nil {
		return err
	}
	if !stored {
		f.report.Retries++
		return nil
	}
	f.report.Stored++
	f.place(e.Failure)
	if err := f.recording(ctx, e.Failure.ID, e.Failure); err != nil {
		return err
	}
	if e.Failure.Drill {
		return f.drill(ctx, e)
	}
	if err := f.optOut(ctx, e, number); err != nil {
		return err
	}
	if err := f.observe(ctx, e, r, key, origin); err != nil || e.FollowUp.IsZero() {
		return err
	}
	return f.followUp(ctx, e) // the call has failed before
}

// place notes where the failure can be found, and how old the oldest new one is.
func (f *feeding) place(failure incident.Failure) {
	ms := millisOf(failure.ID)
	if f.oldest == 0 || ms < f.oldest {
		f.oldest = ms
	}
	minute, serial := ms/minuteMillis, f.row.serial
	at, known := f.places[minute]
	if !known {
		at.first = serial
	}
	at.last = serial
	f.places[minute] = at
}

func (f *feeding) drill(ctx context.Context, e incident.Fed) error {
	if e.Failure.DrillKind == incident.Planned {
		return nil // whoever planned it sees whether it went well
	}
	f.report.Alerts++
	return f.queue(ctx, incident.Alert{
		Kind: incident.DrillAlert, FailureID: e.Failure.ID, At: e.Failure.ReceivedAt,
		Callers: 1, Reason: "a drill",
	}, nil, f.now)
}
