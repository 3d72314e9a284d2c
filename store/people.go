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
// event, unless that says nothing, and what it has to tell.
func (t *tx) change(ctx context.Context, r *running, e history.Event, alerts []incident.Alert) error {
	clear(t.incidents)
	if e.What != "" {
		if err := t.event(ctx, r.in.ID, e); err != nil {
			return err
		}
	}
	for _, a := range alerts {
		if err := t.queue(ctx, a, &r.in, t.now); err != nil {
			return err
		}
	}
	return t.saveIncident(ctx, r)
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
		if err := t.nobodyElse(ctx, id); err != nil {
			return err
		}
		return t.change(ctx, r, history.Event{At: at, By: by, What: "acknowledged"}, alerts)
	})
	if err != nil {
		return incident.Incident{}, fmt.Errorf("acknowledge incident %d: %w", id, err)
	}
	return in, nil
}

// nobodyElse takes back what waits to be told because nobody had taken it.
func (t *tx) nobodyElse(ctx context.Context, id int64) error {
	return t.run(ctx, `
		DELETE FROM deliveries
		WHERE state = ?2
		  AND alert_id IN (SELECT id FROM alerts WHERE incident_id = ?1 AND kind IN (?3, ?4))`,
		id, int(history.Waiting), int(incident.Escalated), int(incident.Reminder))
}

// Resolve notes who says that the incident is over, queues the alert that says
// so, and returns it. What it explained is over with it. Where it is over already
// nothing changes.
func (l *Ledger) Resolve(ctx context.Context, id int64, by string, at time.Time) (in incident.Incident, err error) {
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		r, err := loadRunning(ctx, t, id)
		if err != nil {
			return err
		}
		in = r.in
		if r.in.State == incident.Resolved {
			return nil
		}
		children, err := t.children(ctx, id)
		if err != nil {
			return err
		}
		for _, one := range append(children, r) {
			if err := t.resolve(ctx, one, by, at); err != nil {
				return err
			}
		}
		in = r.in
		return nil
	})
	if err != nil {
		return incident.Incident{}, fmt.Errorf("resolve incident %d: %w", id, err)
	}
	return in, nil
}

func (t *tx) resolve(ctx context.Context, r *running, by string, at time.Time) error {
	if r.in.State == incident.Resolved {
		return nil
	}
	var alerts []incident.Alert
	r.in, alerts = r.in.Resolve(by, at.UTC())
	return t.change(ctx, r, history.Event{At: at, By: by, What: "resolved"}, alerts)
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
