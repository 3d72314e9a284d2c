package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// alert notes what an incident has to tell as an event and queues it for those
// whom it concerns: at once, when a probe may have said what is wrong, or, where
// too many opened within a minute, for a digest.
func (f *feeding) alert(ctx context.Context, r *running, a incident.Alert) error {
	a.IncidentID = r.in.ID
	before, err := f.openedWithin(ctx, a)
	if err != nil {
		return err
	}
	if r.in.Cause.Wide() {
		before = 0 // it stands for many, and waits for none
	}
	a, wait := f.policy.Crowd(a, before)
	f.report.Alerts++
	return f.tell(ctx, r, a, max(wait, f.policy.Probing(r.in, a), incident.Gathering(r.in, a)))
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
		    AND parent = 0
		  LIMIT ?4)`, a.At.Add(-time.Minute).UnixMilli(), a.At.UnixMilli(), a.IncidentID, t.policy.SinglesPerMinute)
	return int(n), err
}

// tell notes an alert of r's incident as an event and queues it, due after that
// wait, unless people are not to be told now. The caller saves r.
func (t *tx) tell(ctx context.Context, r *running, a incident.Alert, wait time.Duration) error {
	a.IncidentID = r.in.ID // which one that has just begun did not have yet
	what := a.Kind.String() + ": " + a.Reason
	h, hushed, err := t.hushed(ctx, r.in, a)
	if err != nil {
		return err
	}
	if hushed {
		r.in = r.in.Withhold(h)
		what += " (nobody was told: " + h.Why + ")"
	} else {
		r.in = r.in.Heard(a)
	}
	if err := t.event(ctx, a.IncidentID, history.Event{At: a.At, What: what}); err != nil || hushed {
		return err
	}
	return t.queue(ctx, a, &r.in, t.now.Add(wait))
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
// is for. in is the incident that it is about, nil for none.
func (t *tx) queue(ctx context.Context, a incident.Alert, in *incident.Incident, due time.Time) error {
	var failure any
	if a.FailureID != (incident.ID{}) {
		failure = a.FailureID[:]
	}
	names, err := t.policy.Recipients(a, in, func() ([]string, error) {
		if len(a.Ends) > 0 {
			return t.toldBegun(ctx, a)
		}
		return t.told(ctx, a.IncidentID)
	})
	if err != nil {
		return err
	}
	created := t.now.UnixMilli()
	id, err := t.insert(ctx, `
		INSERT INTO alerts (kind, incident_id, failure_id, at, callers, reason, crowded, topic, title, detail, not_to, created_at,
		  urgency, only_to, ends)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)`,
		int(a.Kind), a.IncidentID, failure, a.At.UnixMilli(), a.Callers, a.Reason, a.Crowded,
		string(a.Topic), a.Title, a.Detail, a.Except, created, int(a.Urgency), strings.Join(a.Only, ","), lined(a.Ends))
	if err != nil {
		return fmt.Errorf("queue alert: %w", err)
	}
	for _, name := range names {
		due := later(due, t.policy.DueFor(name, a, t.now))
		if err := t.run(ctx, `
			INSERT INTO deliveries (alert_id, notifier, state, created_at, due_at, retry_at, leased_until, head, told, digest,
			  attempts, last_error, detail)
			VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, 0, FALSE, 0, '', '')`,
			id, name, int(history.Waiting), created, due.UnixMilli()); err != nil {
			return fmt.Errorf("queue alert for %s: %w", name, err)
		}
	}
	if in != nil && a.Urgency == incident.Page { // what waits for the morning is of a page now
		return t.hasten(ctx, a.IncidentID, t.policy.DigestAfter, longestHold)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// told are the notifiers that have got something about the incident, or will.
func (t *tx) told(ctx context.Context, id int64) (names []string, err error) {
	rows, err := t.QueryContext(ctx, `
		SELECT DISTINCT d.notifier
		FROM alerts AS a
		JOIN deliveries AS d ON d.alert_id = a.id
		WHERE a.incident_id = ?1
		  AND d.state <> ?2`, id, int(history.Dead))
	if err != nil {
		return nil, err
	}
	return textsOf(rows)
}

// toldBegun are the notifiers that have got, or will get, that what a tells to
// be over began.
func (t *tx) toldBegun(ctx context.Context, a incident.Alert) (names []string, err error) {
	for _, topic := range a.Ends {
		rows, err := t.QueryContext(ctx, `
			SELECT DISTINCT d.notifier
			FROM alerts AS a
			JOIN deliveries AS d ON d.alert_id = a.id
			WHERE a.topic = ?1
			  AND a.topic <> ''
			  AND a.ends = ''
			  AND a.at > COALESCE((SELECT MAX(at) FROM alerts WHERE topic = ?1 AND topic <> '' AND ends <> ''), 0)
			  AND d.state <> ?2`, string(topic), int(history.Dead))
		if err != nil {
			return nil, err
		}
		more, err := textsOf(rows)
		if err != nil {
			return nil, err
		}
		names = append(names, more...)
	}
	return names, nil
}

// hasten has what waits about an incident, and was to wait longer than the one
// time and no longer than the other, go out now; what waits for a digest, with
// that.
func (t *tx) hasten(ctx context.Context, id int64, than, held time.Duration) error {
	for crowded, wait := range map[bool]time.Duration{false: 0, true: t.policy.DigestAfter} {
		if err := t.run(ctx, `
			UPDATE deliveries
			SET due_at = MAX(?2, created_at + ?4)
			WHERE state = 1
			  AND due_at > MAX(?2, created_at + ?4)
			  AND due_at > created_at + ?6
			  AND due_at <= created_at + ?3
			  AND alert_id IN (SELECT id FROM alerts WHERE incident_id = ?1 AND crowded = ?5)`,
			id, t.now.UnixMilli(), held.Milliseconds(), wait.Milliseconds(), crowded, than.Milliseconds()); err != nil {
			return err
		}
	}
	return nil
}

// longestHold is longer than quiet hours can be.
const longestHold = 10 * day

// Tell queues an alert about Backstop itself, unless the same news, by topic and
// reason, was told within incident.MetaEvery: queued says which.
func (l *Ledger) Tell(ctx context.Context, a incident.Alert) (queued bool, err error) {
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		queued, err = t.tellNews(ctx, a)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("tell: %w", refused(err))
	}
	return queued, nil
}

// tellNews queues a unless it was told lately. What is about a notifier goes to
// those that work.
func (t *tx) tellNews(ctx context.Context, a incident.Alert) (queued bool, err error) {
	if lately, err := t.toldLately(ctx, a); err != nil || lately {
		return false, err
	}
	if a.Topic.Is(incident.NotifierTopic) && a.Except != "" {
		queues, err := queuesOf(ctx, t, t.policy, t.now)
		if err != nil {
			return false, err
		}
		a = t.policy.AboutNotifier(a, queues, t.now)
	}
	if len(a.Ends) == 0 {
		a.Urgency = max(a.Urgency, a.Topic.Urgency())
	}
	return true, t.queue(ctx, a, nil, t.now)
}

func (t *tx) toldLately(ctx context.Context, a incident.Alert) (bool, error) {
	n, err := integer(ctx, t, `
		SELECT COUNT(*)
		FROM alerts
		WHERE topic = ?1
		  AND topic <> ''
		  AND reason = ?4
		  AND at > ?2
		  AND at < ?3`, string(a.Topic), a.At.Add(-incident.MetaEvery).UnixMilli(), a.At.Add(incident.MetaEvery).UnixMilli(), a.Reason)
	return n > 0, err
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
