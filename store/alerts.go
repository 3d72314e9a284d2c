package store

import (
	"context"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// alert notes what an incident has to tell as an event and queues it for every
// notifier, at once or, where too many opened within a minute, for a digest.
func (f *feeding) alert(ctx context.Context, a incident.Alert) error {
	before, err := f.openedWithin(ctx, a)
	if err != nil {
		return err
	}
	a, wait := f.policy.Crowd(a, before)
	f.report.Alerts++
	return f.tell(ctx, a, f.now.Add(wait))
}

// openedWithin is how many other incidents opened in the minute before a, as
// far as the policy cares: counting all of them for each of thousands that
// open at once would take the square of their number.
func (t *tx) openedWithin(ctx context.Context, a incident.Alert) (int, error) {
	if a.Kind != incident.Opened && a.Kind != incident.Regression {
		return 0, nil
	}
	n, err := integer(ctx, t, `
		SELECT COUNT(*)
		FROM (
		  SELECT 1
		  FROM incidents
		  WHERE opened_at > ?1
		    AND opened_at <= ?2
		    AND id < ?3
		  LIMIT ?4)`, a.At.Add(-time.Minute).UnixMilli(), a.At.UnixMilli(), a.IncidentID, t.policy.SinglesPerMinute)
	return int(n), err
}

// tell notes an incident's alert as an event and queues it.
func (t *tx) tell(ctx context.Context, a incident.Alert, due time.Time) error {
	if err := t.event(ctx, a.IncidentID, history.Event{At: a.At, What: a.Kind.String() + ": " + a.Reason}); err != nil {
		return err
	}
	return t.queue(ctx, a, due)
}

func (t *tx) event(ctx context.Context, id int64, e history.Event) error {
	err := t.run(ctx, `
		INSERT INTO events (incident_id, at, by_whom, what)
		VALUES (?1, ?2, ?3, ?4)`, id, e.At.UnixMilli(), e.By, e.What)
	if err != nil {
		return fmt.Errorf("event of incident %d: %w", id, err)
	}
	return nil
}

// queue puts an alert into the outbox, one delivery for each notifier that it
// is for.
func (t *tx) queue(ctx context.Context, a incident.Alert, due time.Time) error {
	var failure any
	if a.FailureID != (incident.ID{}) {
		failure = a.FailureID[:]
	}
	created := t.now.UnixMilli()
	id, err := t.insert(ctx, `
		INSERT INTO alerts (kind, incident_id, failure_id, at, callers, reason, crowded, topic, title, detail, not_to, created_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)`,
		int(a.Kind), a.IncidentID, failure, a.At.UnixMilli(), a.Callers, a.Reason, a.Crowded,
		string(a.Topic), a.Title, a.Detail, a.Except, created)
	if err != nil {
		return fmt.Errorf("queue alert: %w", err)
	}
	for _, n := range *t.ledger.notifiers.Load() {
		if n.Name == a.Except || a.Kind.InPlace() && !n.InPlace {
			continue
		}
		if err := t.run(ctx, `
			INSERT INTO deliveries (alert_id, notifier, state, created_at, due_at, retry_at, leased_until, head, told, digest,
			  attempts, last_error, detail)
			VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, 0, FALSE, 0, '', '')`,
			id, n.Name, int(history.Waiting), created, due.UnixMilli()); err != nil {
			return fmt.Errorf("queue alert for %s: %w", n.Name, err)
		}
	}
	return nil
}

// Tell queues an alert about Backstop itself, unless the same news, by topic and
// reason, was told within incident.MetaEvery: queued says which.
func (l *Ledger) Tell(ctx context.Context, a incident.Alert) (queued bool, err error) {
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		n, err := integer(ctx, t, `
			SELECT COUNT(*)
			FROM alerts
			WHERE topic = ?1
			  AND topic <> ''
			  AND reason = ?4
			  AND at > ?2
			  AND at < ?3`, string(a.Topic), a.At.Add(-incident.MetaEvery).UnixMilli(), a.At.Add(incident.MetaEvery).UnixMilli(), a.Reason)
		if err != nil || n > 0 {
			return err
		}
		queued = true
		return t.queue(ctx, a, t.now)
	})
	if err != nil {
		return false, fmt.Errorf("tell: %w", refused(err))
	}
	return queued, nil
}

// SetAside keeps a journal entry that would not go in, byte for byte: none
// where it could not even be read.
func (l *Ledger) SetAside(ctx context.Context, raw []byte, reason string, at time.Time) error {
	if raw == nil {
		raw = []byte{} // nil would be NULL
	}
	err := l.inTx(ctx, func(ctx context.Context, t *tx) error {
		return t.run(ctx, `
			INSERT INTO set_aside (at, reason, raw)
			VALUES (?1, ?2, ?3)`, at.UnixMilli(), reason, raw)
	})
	if err != nil {
		return fmt.Errorf("set aside: %w", err)
	}
	return nil
}
