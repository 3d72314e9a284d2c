package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// WatchOutbox says how each configured notifier gets on with what waits for it,
// and has the others told of a backlog, or that it is over: once each, also
// across restarts. alerts is how many were queued. It writes only where there is
// news.
func (l *Ledger) WatchOutbox(ctx context.Context, now time.Time) (queues []incident.Queue, alerts int, err error) {
	now = now.UTC()
	policy := *l.policy.Load()
	err = l.inView(ctx, func(v *sql.Tx) error {
		queues, err = queuesOf(ctx, v, policy, now)
		return err
	})
	if err == nil && len(policy.Backlogs(queues, now)) > 0 {
		err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
			queues, alerts, err = t.watchOutbox(ctx, now)
			return err
		})
	}
	if err != nil {
		return nil, 0, fmt.Errorf("watch outbox: %w", err)
	}
	return queues, alerts, nil
}

func (t *tx) watchOutbox(ctx context.Context, now time.Time) (queues []incident.Queue, alerts int, err error) {
	if queues, err = queuesOf(ctx, t, t.policy, now); err != nil {
		return nil, 0, err
	}
	for _, news := range t.policy.Backlogs(queues, now) {
		told, err := t.tellBacklog(ctx, news, now)
		if err != nil {
			return nil, 0, err
		}
		alerts += told
	}
	return queues, alerts, nil
}

// tellBacklog tells the news, and notes it. A notifier that fails again and again
// is told of once in incident.MetaEvery: until then the news stays one.
func (t *tx) tellBacklog(ctx context.Context, news incident.BacklogNews, now time.Time) (told int, err error) {
	if news.Told {
		if lately, err := t.toldLately(ctx, news.Alert); err != nil || lately {
			return 0, err
		}
	}
	if err := t.noteBacklog(ctx, news, now); err != nil || news.Alert.Kind == 0 {
		return 0, err
	}
	return 1, t.queue(ctx, news.Alert, nil, t.now)
}

const backlogMemo = "backlog: "

func (t *tx) noteBacklog(ctx context.Context, news incident.BacklogNews, now time.Time) error {
	if news.Told {
		return t.setMemo(ctx, backlogMemo+news.Notifier, memo{at: now})
	}
	return t.run(ctx, `
		DELETE FROM memos
		WHERE name = ?1`, backlogMemo+news.Notifier)
}

func queuesOf(ctx context.Context, q querier, p incident.Policy, now time.Time) (queues []incident.Queue, err error) {
	for _, n := range p.Notifiers {
		one, err := queueOf(ctx, q, n.Name, now)
		if err != nil {
			return nil, err
		}
		queues = append(queues, one)
	}
	return queues, nil
}

// hangsAfter is how long after the end of its lease a delivery counts as stuck:
// whoever claimed it would have settled it by then, or another one claimed it.
const hangsAfter = 40 * time.Second

// queueOf looks at what waits for one notifier. Of what is past its time only
// that makes a backlog whose own attempt has failed, while the notifier fails, or
// has not ended; and not from before the notifier took something.
func queueOf(ctx context.Context, q querier, name string, now time.Time) (incident.Queue, error) {
	one := incident.Queue{Notifier: name}
	var failed, succeeded sql.NullInt64
	err := q.QueryRowContext(ctx, `
		SELECT failed_at, succeeded_at, last_error
		FROM notifiers
		WHERE name = ?1`, name).Scan(&failed, &succeeded, &one.LastError)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return incident.Queue{}, err
	}
	if one.Failing = failed.Valid && failed.Int64 > succeeded.Int64; !one.Failing {
		one.LastError = ""
	}
	var since sql.NullInt64
	err = q.QueryRowContext(ctx, `
		SELECT COUNT(*) FILTER (WHERE due_at <= ?2),
		  MIN(due_at) FILTER (WHERE state = 1 AND last_error <> '' AND ?3 OR state = 2 AND leased_until BETWEEN 1 AND ?4)
		FROM deliveries
		WHERE notifier = ?1
		  AND state IN (1, 2)`, name, now.UnixMilli(), one.Failing, now.Add(-hangsAfter).UnixMilli()).Scan(&one.Waiting, &since)
	if err != nil {
		return incident.Queue{}, err
	}
	if since.Valid {
		one.Since = later(time.UnixMilli(since.Int64), time.UnixMilli(succeeded.Int64)).UTC()
	}
	_, one.Told, err = readMemo(ctx, q, backlogMemo+name)
	return one, err
}
