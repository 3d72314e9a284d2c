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

// Tick lets time pass: incidents that are due fall quiet or close. next is
// when something is due again, zero for never; alerts is how many were queued.
func (l *Ledger) Tick(ctx context.Context, now time.Time) (next time.Time, alerts int, err error) {
	now = now.UTC()
	changed := l.changed.Swap(false)
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		if changed {
			if err := t.lookAtHushed(ctx, now); err != nil {
				return err
			}
		}
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
		if changed {
			l.changed.Store(true)
		}
		return time.Time{}, 0, fmt.Errorf("tick incidents: %w", err)
	}
	return next, alerts, nil
}

// ticksAtOnce bounds one transaction: the rest is due at once.
const ticksAtOnce = 200

// due are those whose time has come, and those that are ahead of a clock that was
// put back.
func (t *tx) due(ctx context.Context, now time.Time) (ids []int64, err error) {
	ids, err = integers(ctx, t, `
		SELECT id
		FROM incidents
		WHERE next_tick IS NOT NULL
		  AND next_tick <= ?1
		ORDER BY next_tick
		LIMIT ?2`, now.UnixMilli(), ticksAtOnce)
	if err != nil {
		return nil, err
	}
	ahead, err := integers(ctx, t, `
		SELECT id
		FROM incidents
		WHERE last_at > ?3
		  AND next_tick > ?1
		LIMIT ?2`, now.UnixMilli(), ticksAtOnce, now.Add(incident.AheadAtMost).UnixMilli())
	return append(ids, ahead...), err
}

// tick asks the incident itself, for the policy may have changed since its
// time was noted.
func (t *tx) tick(ctx context.Context, id int64, now time.Time) (told int, err error) {
	r, err := loadRunning(ctx, t, id)
	if err != nil {
		return 0, err
	}
	before := r.in
	alerts, err := t.pass(ctx, r, now)
	if err != nil {
		return 0, err
	}
	clear(t.incidents)
	for _, a := range alerts {
		if err := t.tell(ctx, r, a, 0); err != nil {
			return 0, err
		}
	}
	if r.in.State == incident.Resolved && len(alerts) == 0 {
		if err := t.event(ctx, id, history.Event{At: now, What: "closed: quiet for a day"}); err != nil {
			return 0, err
		}
		closed := incident.Alert{Kind: incident.Taken, IncidentID: id, At: now, Callers: r.in.Callers, Reason: "closed: quiet for a day"}
		if err := t.queue(ctx, closed, &r.in, now); err != nil { // messages that can be changed say so, without a word
			return 0, err
		}
	}
	if r.in.State == incident.Resolved && before.Cause.MayExplain() {
		if err := t.lookAgain(ctx, id, now); err != nil {
			return 0, err
		}
	}
	return len(alerts), t.saveIncident(ctx, r)
}

// pass lets time pass for one incident.
func (t *tx) pass(ctx context.Context, r *running, now time.Time) (alerts []incident.Alert, err error) {
	var failed error
	hushed := func(in incident.Incident, a incident.Alert) (incident.Hush, bool) {
		h, ok, err := t.hushed(ctx, in, a)
		failed = errors.Join(failed, err)
		return h, ok
	}
	if !r.in.Cause.Wide() {
		r.in, alerts = r.in.Tick(now, t.policy, hushed)
		return alerts, failed
	}
	children, err := t.children(ctx, r.in.ID)
	if err != nil {
		return nil, err
	}
	r.in, alerts = r.in.TickWide(incidentsOf(children), now, t.policy, hushed)
	return alerts, failed
}

// abandonAfter is when deliveries for a notifier that is configured no longer
// are given up. Workers give up their own.
const abandonAfter = 25 * time.Hour

// abandon gives them up, and has people told of it.
func (t *tx) abandon(ctx context.Context, now time.Time) error {
	args := []any{now.Add(-abandonAfter).UnixMilli()}
	rows, err := t.QueryContext(ctx, `
		SELECT DISTINCT notifier
		FROM deliveries
		WHERE state IN (1, 2)
		  AND created_at < ?1
		  AND leased_until < ?1`, args...)
	if err != nil {
		return err
	}
	names, err := textsOf(rows)
	if err != nil || len(names) == 0 {
		return err
	}
	if err := t.run(ctx, `
		UPDATE deliveries
		SET state = ?2, last_error = CASE last_error WHEN '' THEN 'nobody took it for a day' ELSE last_error END
		WHERE state IN (1, 2)
		  AND created_at < ?1
		  AND leased_until < ?1`, append(args, int(history.Dead))...); err != nil {
		return err
	}
	for _, name := range names {
		if _, err := t.tellNews(ctx, incident.Abandoned(name, now)); err != nil {
			return err
		}
	}
	return nil
}

// textsOf are the texts that a query finds, one a row.
func textsOf(rows *sql.Rows) (texts []string, err error) {
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, rows.Err()
}
