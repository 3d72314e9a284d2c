package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// pending is a delivery of one notifier that is waiting or being sent.
type pending struct {
	incident.Delivery
	state  history.DeliveryState
	leased time.Time
}

// Claim takes the next message for a notifier, for as long as the lease lasts:
// then, should nobody have settled it, it waits again. ok is false where
// nothing may go out now; wait is then when to ask again, zero where nothing
// waits at all. What goes out, and how much of it, is incident.Policy's
// decision.
func (l *Ledger) Claim(ctx context.Context, notifier string, now time.Time, lease time.Duration) (m incident.Message, wait time.Time, ok bool, err error) {
	now = now.UTC()
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		c := claiming{tx: t, notifier: notifier, now: now}
		var turn incident.Turn
		if turn, wait, ok, err = c.next(ctx); err != nil || !ok {
			return err
		}
		if err := c.take(ctx, turn, now.Add(lease)); err != nil {
			return err
		}
		m, err = c.message(ctx, turn)
		return err
	})
	if err != nil {
		return incident.Message{}, time.Time{}, false, fmt.Errorf("claim for %s: %w", notifier, err)
	}
	return m, wait, ok, nil
}

type claiming struct {
	*tx
	notifier string
	now      time.Time
}

// next asks the policy, with this notifier's caps, what it says next.
func (c *claiming) next(ctx context.Context) (turn incident.Turn, wait time.Time, ok bool, err error) {
	all, err := c.pending(ctx)
	if err != nil || len(all) == 0 {
		return turn, wait, false, err
	}
	sent, err := c.sent(ctx)
	if err != nil {
		return turn, wait, false, err
	}
	waiting, lease := free(all, c.now)
	turn, wait, ok = c.capped().Next(waiting, sent, c.now)
	if !ok && !lease.IsZero() && (wait.IsZero() || lease.Before(wait)) {
		wait = lease
	}
	return turn, wait, ok, nil
}

func (c *claiming) capped() incident.Policy {
	p := c.policy
	for _, n := range *c.ledger.notifiers.Load() {
		if n.Name == c.notifier && n.PerHour > 0 {
			p.PerHour = n.PerHour
		}
	}
	return p
}

// free are the deliveries that may be claimed: those that wait, or whose lease
// is over, unless something about the same subject is just being sent. lease
// is when the first running lease ends.
func free(all []pending, now time.Time) (waiting []incident.Delivery, lease time.Time) {
	busy := map[any]bool{}
	for _, p := range all {
		if p.state == history.Sending && p.leased.After(now) {
			busy[subjectOf(p.Alert)] = true
			if lease.IsZero() || p.leased.Before(lease) {
				lease = p.leased
			}
		}
	}
	for _, p := range all {
		if !busy[subjectOf(p.Alert)] {
			waiting = append(waiting, p.Delivery)
		}
	}
	return waiting, lease
}

// subjectOf is what an alert is about, so that its messages keep their order.
func subjectOf(a incident.Alert) any {
	reason := ""
	if a.Kind == incident.Meta {
		reason = a.Reason
	}
	return struct {
		incident int64
		failure  incident.ID
		topic    incident.Topic
		reason   string // of meta-alerts
	}{a.IncidentID, a.FailureID, a.Topic, reason}
}

// maxPending bounds what one decision looks at: the oldest deliveries.
const maxPending = 5000

const selectAlert = `a.id, a.kind, a.incident_id, a.failure_id, a.at, a.callers, a.reason, a.crowded, a.topic, a.title, a.detail, a.not_to`

func (c *claiming) pending(ctx context.Context) (all []pending, err error) {
	rows, err := c.QueryContext(ctx, `
		SELECT d.id, d.state, d.created_at, MAX(d.due_at, d.retry_at), d.leased_until, d.attempts, d.last_error, `+selectAlert+`
		FROM deliveries AS d
		JOIN alerts AS a ON a.id = d.alert_id
		WHERE d.notifier = ?1
		  AND d.state IN (1, 2)
		ORDER BY d.id
		LIMIT ?2`, c.notifier, maxPending)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		p := pending{Delivery: incident.Delivery{Notifier: c.notifier}}
		var created, due, leased int64
		into := append([]any{&p.ID, &p.state, &created, &due, &leased, &p.Attempts, &p.LastError}, intoAlert(&p.Alert)...)
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		p.CreatedAt, p.DueAt, p.leased = time.UnixMilli(created).UTC(), time.UnixMilli(due).UTC(), time.UnixMilli(leased).UTC()
		all = append(all, p)
	}
	return all, rows.Err()
}

// intoAlert scans the columns of selectAlert.
func intoAlert(a *incident.Alert) []any {
	return []any{
		&a.ID, &a.Kind, &a.IncidentID, (*idColumn)(&a.FailureID), (*timeColumn)(&a.At),
		&a.Callers, &a.Reason, &a.Crowded, &a.Topic, &a.Title, &a.Detail, &a.Except,
	}
}

// sent is what the notifier said in the last hour.
func (c *claiming) sent(ctx context.Context) (sent []incident.Sent, err error) {
	rows, err := c.QueryContext(ctx, `
		SELECT d.sent_at, d.digest, a.incident_id, a.kind
		FROM deliveries AS d
		JOIN alerts AS a ON a.id = d.told
		WHERE d.notifier = ?1
		  AND d.state = 3
		  AND d.sent_at > ?2
		ORDER BY d.sent_at`, c.notifier, c.now.Add(-time.Hour).UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s incident.Sent
		if err := rows.Scan((*timeColumn)(&s.At), &s.Digest, &s.IncidentID, &s.Kind); err != nil {
			return nil, err
		}
		if s.Digest {
			s.IncidentID = 0
		}
		sent = append(sent, s)
	}
	return sent, rows.Err()
}

// take marks all of the turn as being sent, under the name of its head.
func (c *claiming) take(ctx context.Context, turn incident.Turn, until time.Time) error {
	for _, d := range turn.Deliveries {
		if err := c.run(ctx, `
			UPDATE deliveries
			SET state = ?2, leased_until = ?3, head = ?4, told = ?5, digest = ?6, attempts = attempts + 1
			WHERE id = ?1`,
			d.ID, int(history.Sending), until.UnixMilli(), turn.Head().ID, turn.Newest().Alert.ID, turn.Digest); err != nil {
			return err
		}
	}
	return nil
}

// timeColumn scans milliseconds, NULL being the zero time.
type timeColumn time.Time

// Scan takes what the driver has.
func (t *timeColumn) Scan(v any) error {
	var ms sql.NullInt64
	if err := ms.Scan(v); err != nil {
		return err
	}
	*t = timeColumn(timeFrom(ms))
	return nil
}

// idColumn scans a failure's id, NULL being none.
type idColumn incident.ID

// Scan takes what the driver has.
func (id *idColumn) Scan(v any) error {
	b, _ := v.([]byte)
	*id = idColumn{}
	copy(id[:], b)
	return nil
}
