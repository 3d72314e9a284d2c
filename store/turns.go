package store

import (
	"context"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// turns asks the policy what one notifier may say, and when.
type turns struct {
	view     querier
	policy   incident.Policy // with the notifier's own caps
	notifier string
	now      time.Time
}

func (l *Ledger) turnOf(view querier, notifier string, now time.Time) turns {
	p := *l.policy.Load()
	for _, n := range p.Notifiers {
		if n.Name == notifier && n.PerHour > 0 {
			p.PerHour = n.PerHour
		}
	}
	return turns{view: view, policy: p, notifier: notifier, now: now}
}

// next asks the policy what this notifier says next of its oldest deliveries.
func (t turns) next(ctx context.Context, limit int) (turn incident.Turn, wait time.Time, ok bool, err error) {
	all, err := t.pending(ctx, limit)
	if err != nil || len(all) == 0 {
		return turn, wait, false, err
	}
	sent, err := t.sent(ctx)
	if err != nil {
		return turn, wait, false, err
	}
	waiting, lease := free(all, t.now)
	turn, wait, ok = t.policy.Next(waiting, sent, t.now)
	if !ok && !lease.IsZero() && (wait.IsZero() || lease.Before(wait)) {
		wait = lease
	}
	return turn, wait, ok, nil
}

// pending is a delivery of one notifier that is waiting or being sent.
type pending struct {
	incident.Delivery
	state  history.DeliveryState
	leased time.Time
}

func (t turns) pending(ctx context.Context, limit int) (all []pending, err error) {
	rows, err := t.view.QueryContext(ctx, `
		SELECT d.id, d.state, d.created_at, d.due_at, d.retry_at, d.leased_until, d.attempts, d.last_error, `+selectAlert+`
		FROM deliveries AS d
		JOIN alerts AS a ON a.id = d.alert_id
		WHERE d.notifier = ?1
		  AND d.state IN (1, 2)
		ORDER BY d.id
		LIMIT ?2`, t.notifier, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		p := pending{Delivery: incident.Delivery{Notifier: t.notifier}}
		var created, due, retry, leased int64
		into := append([]any{&p.ID, &p.state, &created, &due, &retry, &leased, &p.Attempts, &p.LastError}, intoAlert(&p.Alert)...)
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		created, due, retry, leased = t.inTime(created, due, retry, leased)
		p.CreatedAt, p.DueAt, p.leased = time.UnixMilli(created).UTC(), time.UnixMilli(max(due, retry)).UTC(), time.UnixMilli(leased).UTC()
		all = append(all, p)
	}
	return all, rows.Err()
}

// No attempt is put off for longer than an hour, and none takes minutes: what says
// so was noted before the clock was put back.
const (
	longestRetry = time.Hour + incident.AheadAtMost
	longestLease = 10 * time.Minute
)

// inTime is when a delivery was queued, is due, is tried again and is not any more
// being sent: earlier, where the clock was put back since, so that it waits no
// longer than it was to.
func (t turns) inTime(created, due, retry, leased int64) (_, _, _, _ int64) {
	now := t.now.UnixMilli()
	if ahead := created - now; ahead > incident.AheadAtMost.Milliseconds() {
		created, due = now, due-ahead
	}
	if retry > now+longestRetry.Milliseconds() {
		retry = now
	}
	if leased > now+longestLease.Milliseconds() {
		leased = now
	}
	return created, due, retry, leased
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

// sent is what the notifier said in the last hour. What it said at a time that is
// still to come was said before the clock was put back, and counts for nothing.
func (t turns) sent(ctx context.Context) (sent []incident.Sent, err error) {
	from, until := t.now.Add(-time.Hour).UnixMilli(), t.now.Add(incident.AheadAtMost).UnixMilli()
	rows, err := t.view.QueryContext(ctx, `
		SELECT d.id, d.sent_at, d.digest, a.incident_id, a.kind
		FROM deliveries AS d
		JOIN alerts AS a ON a.id = d.told
		WHERE d.notifier = ?1
		  AND d.state = 3
		  AND d.sent_at > ?2
		  AND d.sent_at <= ?3
		ORDER BY d.sent_at`, t.notifier, from, until)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	digests := map[int64]int{} // by the delivery that stands for it: its place in sent
	for rows.Next() {
		var id int64
		var s incident.Sent
		if err := rows.Scan(&id, (*timeColumn)(&s.At), &s.Digest, &s.IncidentID, &s.Kind); err != nil {
			return nil, err
		}
		if s.Digest {
			s.IncidentID = 0
			digests[id] = len(sent)
		}
		sent = append(sent, s)
	}
	if err := rows.Err(); err != nil || len(digests) == 0 {
		return sent, err
	}
	return sent, t.grown(ctx, sent, digests, from)
}

// grown notes with digests of which incidents they told that there is more.
func (t turns) grown(ctx context.Context, sent []incident.Sent, digests map[int64]int, from int64) error {
	rows, err := t.view.QueryContext(ctx, `
		SELECT d.head, a.incident_id
		FROM alerts AS a
		JOIN deliveries AS d ON d.alert_id = a.id
		WHERE a.created_at > ?2
		  AND a.kind IN (?3, ?4)
		  AND d.notifier = ?1
		  AND d.state IN (3, 4)
		  AND d.digest`, t.notifier, from-time.Hour.Milliseconds(), int(incident.Growing), int(incident.Rate))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var head, id int64
		if err := rows.Scan(&head, &id); err != nil {
			return err
		}
		if at, ok := digests[head]; ok {
			sent[at].Grown = append(sent[at].Grown, id)
		}
	}
	return rows.Err()
}
