package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// loadIncident is the incident as it is now, or history.ErrNotFound.
func loadIncident(ctx context.Context, q querier, id int64) (incident.Incident, error) {
	r, err := loadRunning(ctx, q, id)
	if err != nil {
		return incident.Incident{}, err
	}
	return r.in, nil
}

func loadRunning(ctx context.Context, q querier, id int64) (*running, error) {
	var r running
	err := r.scan(q.QueryRowContext(ctx, selectIncident+`
			WHERE i.id = ?1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, history.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("load incident: %w", err)
	}
	return &r, nil
}

// change saves an incident whose state is not the feeding's doing, with an
// event and what it has to tell.
func (t *tx) change(ctx context.Context, r *running, e history.Event, alerts []incident.Alert) error {
	clear(t.incidents)
	if err := t.saveIncident(ctx, r); err != nil {
		return err
	}
	if err := t.event(ctx, r.in.ID, e); err != nil {
		return err
	}
	for _, a := range alerts {
		if err := t.queue(ctx, a, t.now); err != nil {
			return err
		}
	}
	return nil
}

// Acknowledge notes who takes care of the incident, has messages that can be
// changed say so, and returns it. Where somebody does already, or it is over,
// nothing changes.
func (l *Ledger) Acknowledge(ctx context.Context, id int64, by string, at time.Time) (in incident.Incident, err error) {
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		r, err := loadRunning(ctx, t, id)
		if err != nil {
			return err
		}
		var alerts []incident.Alert
		r.in, alerts = r.in.Acknowledge(by, at.UTC())
		in = r.in
		if len(alerts) == 0 {
			return nil
		}
		return t.change(ctx, r, history.Event{At: at, By: by, What: "acknowledged"}, alerts)
	})
	if err != nil {
		return incident.Incident{}, fmt.Errorf("acknowledge incident %d: %w", id, err)
	}
	return in, nil
}

// Resolve notes who says that the incident is over, queues the alert that says
// so, and returns it. Where it is over already nothing changes.
func (l *Ledger) Resolve(ctx context.Context, id int64, by string, at time.Time) (in incident.Incident, err error) {
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		r, err := loadRunning(ctx, t, id)
		if err != nil {
			return err
		}
		if r.in.State == incident.Resolved {
			in = r.in
			return nil
		}
		var alerts []incident.Alert
		r.in, alerts = r.in.Resolve(by, at.UTC())
		in = r.in
		return t.change(ctx, r, history.Event{At: at, By: by, What: "resolved"}, alerts)
	})
	if err != nil {
		return incident.Incident{}, fmt.Errorf("resolve incident %d: %w", id, err)
	}
	return in, nil
}

// Reveal records for each of these failures that somebody looked at what is
// hidden by default: for all of them, or none where one is not there.
func (l *Ledger) Reveal(ctx context.Context, r history.Reveal, ids ...incident.ID) error {
	err := l.inTx(ctx, func(ctx context.Context, t *tx) error {
		for _, id := range ids {
			if err := t.reveal(ctx, id, r); err != nil {
				return fmt.Errorf("failure %s: %w", id, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record reveal: %w", err)
	}
	return nil
}

func (t *tx) reveal(ctx context.Context, id incident.ID, r history.Reveal) error {
	n, err := t.changed(ctx, `
		INSERT INTO reveals (failure_id, at, by_whom, what)
		SELECT ?1, ?2, ?3, ?4
		WHERE EXISTS (SELECT 1 FROM failures WHERE id = ?1)`, id[:], r.At.UnixMilli(), r.By, r.What)
	if err == nil && n == 0 {
		return history.ErrNotFound
	}
	return err
}

// Tick lets time pass: incidents that are due fall quiet or close. next is
// when something is due again, zero for never; alerts is how many were queued.
func (l *Ledger) Tick(ctx context.Context, now time.Time) (next time.Time, alerts int, err error) {
	now = now.UTC()
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		due, err := t.due(ctx, now)
		if err != nil {
			return err
		}
		for _, id := range due {
			n, err := t.tick(ctx, id, now)
			if err != nil {
				return err
			}
			alerts += n
		}
		if err := t.abandon(ctx, now); err != nil {
			return err
		}
		at, err := integer(ctx, t, `
			SELECT MIN(next_tick)
			FROM incidents
			WHERE next_tick IS NOT NULL`)
		if at != 0 {
			next = time.UnixMilli(at).UTC()
		}
		return err
	})
	if err != nil {
		return time.Time{}, 0, fmt.Errorf("tick incidents: %w", err)
	}
	return next, alerts, nil
}

// ticksAtOnce bounds one transaction: the rest is due at once.
const ticksAtOnce = 200

func (t *tx) due(ctx context.Context, now time.Time) (ids []int64, err error) {
	rows, err := t.QueryContext(ctx, `
		SELECT id
		FROM incidents
		WHERE next_tick IS NOT NULL
		  AND next_tick <= ?1
		ORDER BY next_tick
		LIMIT ?2`, now.UnixMilli(), ticksAtOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// tick asks the incident itself, for the policy may have changed since its
// time was noted.
func (t *tx) tick(ctx context.Context, id int64, now time.Time) (told int, err error) {
	r, err := loadRunning(ctx, t, id)
	if err != nil {
		return 0, err
	}
	before := r.in.State
	var alerts []incident.Alert
	r.in, alerts = r.in.Tick(now, t.policy)
	if r.in.State == before {
		return 0, t.saveIncident(ctx, r)
	}
	e := history.Event{At: now, What: "closed: quiet for a day"}
	if len(alerts) > 0 {
		e.What = alerts[0].Kind.String() + ": " + alerts[0].Reason
	}
	return len(alerts), t.change(ctx, r, e, alerts)
}

// abandonAfter is when deliveries for a notifier that is configured no longer
// are given up. Workers give up their own.
const abandonAfter = 25 * time.Hour

func (t *tx) abandon(ctx context.Context, now time.Time) error {
	return t.run(ctx, `
		UPDATE deliveries
		SET state = ?2, last_error = CASE last_error WHEN '' THEN 'nobody took it for a day' ELSE last_error END
		WHERE state IN (1, 2)
		  AND created_at < ?1
		  AND leased_until < ?1`, now.Add(-abandonAfter).UnixMilli(), int(history.Dead))
}
