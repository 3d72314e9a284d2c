package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// Claim takes the next message for a notifier, for as long as the lease lasts:
// then, should nobody have settled it, it waits again. ok is false where
// nothing may go out now; wait is then when to ask again, zero where nothing
// waits at all. What goes out, and how much of it, is incident.Policy's
// decision.
func (l *Ledger) Claim(ctx context.Context, notifier string, now time.Time, lease time.Duration) (m incident.Message, wait time.Time, ok bool, err error) {
	now = now.UTC()
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		c := claiming{tx: t, notifier: notifier, now: now}
		if err := c.queueAnew(ctx); err != nil {
			return err
		}
		var turn incident.Turn
		if turn, wait, ok, err = l.turnOf(t, notifier, now).next(ctx, maxPending); err != nil || !ok {
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

// Release ends the leases of all that is claimed: whoever claimed it is known
// to be gone. What it had sent and not settled goes out again under its name.
func (l *Ledger) Release(ctx context.Context) error {
	err := l.inTx(ctx, func(ctx context.Context, t *tx) error {
		return t.run(ctx, `
			UPDATE deliveries
			SET leased_until = 0
			WHERE state IN (1, 2)
			  AND leased_until > 0`)
	})
	if err != nil {
		return fmt.Errorf("release what was claimed: %w", err)
	}
	return nil
}

type claiming struct {
	*tx
	notifier string
	now      time.Time
}

// maxPending bounds what one decision looks at: the oldest deliveries.
const maxPending = 5000

const selectAlert = `a.id, a.kind, a.incident_id, a.failure_id, a.at, a.callers, a.reason, a.crowded, a.topic, a.title, a.detail, a.not_to, a.urgency, a.ends`

// intoAlert scans the columns of selectAlert.
func intoAlert(a *incident.Alert) []any {
	return []any{
		&a.ID, &a.Kind, &a.IncidentID, (*idColumn)(&a.FailureID), (*timeColumn)(&a.At),
		&a.Callers, &a.Reason, &a.Crowded, &a.Topic, &a.Title, &a.Detail, &a.Except, &a.Urgency, (*topicsColumn)(&a.Ends),
	}
}

// queueAnew has what was queued before the clock was put back wait as long from now
// as it was to wait then: it would wait until the clock is there again.
func (c *claiming) queueAnew(ctx context.Context) error {
	return c.run(ctx, `
		UPDATE deliveries
		SET created_at = ?2, due_at = due_at - (created_at - ?2)
		WHERE notifier = ?1
		  AND state IN (1, 2)
		  AND created_at > ?3`, c.notifier, c.now.UnixMilli(), c.now.Add(incident.AheadAtMost).UnixMilli())
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

// topicsColumn is topics, one a line.
type topicsColumn []incident.Topic

// Scan takes what the driver has.
func (t *topicsColumn) Scan(v any) error {
	text, _ := v.(string)
	*t = nil
	for line := range strings.Lines(text) {
		*t = append(*t, incident.Topic(strings.TrimSuffix(line, "\n")))
	}
	return nil
}

// lined are topics as topicsColumn scans them.
func lined(topics []incident.Topic) string {
	lines := make([]string, len(topics))
	for i, topic := range topics {
		lines[i] = string(topic)
	}
	return strings.Join(lines, "\n")
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
