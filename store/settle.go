package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// errNothingToSettle means that the delivery names no message of that notifier.
var errNothingToSettle = errors.New("no such delivery of that notifier")

// Settle notes how the attempt to send the message of that delivery ended. It
// may be repeated: a second success changes nothing. An *incident.RefusedError
// means that there is nothing to note it on.
func (l *Ledger) Settle(ctx context.Context, notifier string, delivery int64, r incident.Result) error {
	err := l.inTx(ctx, func(ctx context.Context, t *tx) error {
		s := settling{tx: t, notifier: notifier, head: delivery, result: r}
		return s.settle(ctx)
	})
	if err != nil {
		return fmt.Errorf("settle delivery %d of %s: %w", delivery, notifier, refused(err))
	}
	return nil
}

type settling struct {
	*tx
	notifier string
	head     int64
	result   incident.Result
}

func (s *settling) settle(ctx context.Context) error {
	var changed int64
	var err error
	switch {
	case s.result.Error == "":
		changed, err = s.sent(ctx)
	case s.result.Permanent:
		changed, err = s.end(ctx)
	default:
		changed, err = s.again(ctx)
	}
	if err != nil {
		return err
	}
	if changed == 0 {
		return s.settledBefore(ctx)
	}
	return s.status(ctx)
}

// sent marks the head as sent and the others as folded into it, also where
// the lease ended meanwhile: what was sent is not sent again.
func (s *settling) sent(ctx context.Context) (int64, error) {
	at := s.result.At.UnixMilli()
	n, err := s.changed(ctx, `
		UPDATE deliveries
		SET state = iif(id = ?2, ?3, ?4), sent_at = ?5, detail = ?6, last_error = ''
		WHERE notifier = ?1
		  AND head = ?2
		  AND state IN (1, 2)`,
		s.notifier, s.head, int(history.Sent), int(history.Folded), at, s.result.Receipt.Detail)
	if err != nil || n == 0 {
		return n, err
	}
	if err := s.run(ctx, `
		UPDATE deliveries
		SET retry_at = 0
		WHERE notifier = ?1
		  AND state IN (1, 2)
		  AND retry_at > 0`, s.notifier); err != nil {
		return n, err
	}
	return n, s.thread(ctx)
}

// thread keeps what the notifier wants to see again with the next message
// about this incident.
func (s *settling) thread(ctx context.Context) error {
	if s.result.Receipt.Thread == "" {
		return nil
	}
	return s.run(ctx, `
		INSERT INTO threads (incident_id, notifier, thread)
		SELECT a.incident_id, d.notifier, ?2
		FROM deliveries AS d
		JOIN alerts AS a ON a.id = d.alert_id
		WHERE d.id = ?1
		  AND d.digest = FALSE
		  AND a.incident_id <> 0
		ON CONFLICT DO UPDATE
		SET thread = excluded.thread`, s.head, s.result.Receipt.Thread)
}

// end gives all of the message up.
func (s *settling) end(ctx context.Context) (int64, error) {
	return s.changed(ctx, `
		UPDATE deliveries
		SET state = ?3, last_error = ?4
		WHERE notifier = ?1
		  AND head = ?2
		  AND state IN (1, 2)`, s.notifier, s.head, int(history.Dead), s.result.Error)
}

// again lets all of the message wait.
func (s *settling) again(ctx context.Context) (int64, error) {
	return s.changed(ctx, `
		UPDATE deliveries
		SET state = ?3, last_error = ?4, retry_at = ?5, leased_until = 0
		WHERE notifier = ?1
		  AND head = ?2
		  AND state IN (1, 2)`,
		s.notifier, s.head, int(history.Waiting), s.result.Error, s.result.RetryAt.UnixMilli())
}

// settledBefore accepts a repetition and refuses what was never claimed.
func (s *settling) settledBefore(ctx context.Context) error {
	n, err := integer(ctx, s, `
		SELECT COUNT(*)
		FROM deliveries
		WHERE id = ?2
		  AND notifier = ?1
		  AND head = ?2`, s.notifier, s.head)
	if err != nil || n > 0 {
		return err
	}
	return &incident.RefusedError{Err: errNothingToSettle}
}

// status notes how the notifier does.
func (s *settling) status(ctx context.Context) error {
	at := s.result.At.UnixMilli()
	if s.result.Error == "" {
		return s.run(ctx, `
			INSERT INTO notifiers (name, succeeded_at, last_error)
			VALUES (?1, ?2, '')
			ON CONFLICT DO UPDATE
			SET succeeded_at = excluded.succeeded_at`, s.notifier, at)
	}
	return s.run(ctx, `
		INSERT INTO notifiers (name, failed_at, last_error)
		VALUES (?1, ?2, ?3)
		ON CONFLICT DO UPDATE
		SET failed_at = excluded.failed_at, last_error = excluded.last_error`, s.notifier, at, s.result.Error)
}
