package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// LoseReplays is for who begins to send: nobody knows any more what became of
// the messages that were being sent when the one before ended. It says how many
// those are.
func (l *Ledger) LoseReplays(ctx context.Context) (lost int, err error) {
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.changed(ctx, `
			UPDATE replays
			SET state = 5, error = 'Backstop ended while it was being sent'
			WHERE state = 2`)
		lost = int(n)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("lose replays: %w", err)
	}
	return lost, nil
}

// ReplayOrder is the next part, of at most limit messages, of an incident all of
// whose messages are wanted; ok is false where there is none. Whoever takes it
// says which of them wait from now on: TakeReplays.
func (l *Ledger) ReplayOrder(ctx context.Context, limit int) (o history.ReplayOrder, ok bool, err error) {
	err = l.inView(ctx, func(v *sql.Tx) error {
		var at, from, last int64
		err := v.QueryRowContext(ctx, `
			SELECT incident_id, at, by_whom, serial, last_serial
			FROM replay_orders
			ORDER BY at, incident_id
			LIMIT 1`).Scan(&o.Incident, &at, &o.By, &from, &last)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		ok, o.At = true, time.UnixMilli(at).UTC()
		return l.readOrder(ctx, v, &o, from, last, limit)
	})
	if err != nil {
		return history.ReplayOrder{}, false, fmt.Errorf("replay order: %w", err)
	}
	return o, ok, nil
}

func (l *Ledger) readOrder(ctx context.Context, v *sql.Tx, o *history.ReplayOrder, from, last int64, limit int) error {
	found, err := integers(ctx, v, `
		SELECT f.serial
		FROM failures AS f
		JOIN origins AS o ON o.id = f.origin_id
		WHERE f.serial > ?1
		  AND f.serial <= ?2
		  AND f.incident_id = ?3
		  AND o.channel = ?4
		  AND NOT EXISTS (SELECT 1 FROM replays AS r WHERE r.failure_id = f.id)
		  AND NOT EXISTS (SELECT 1 FROM follow_ups AS u WHERE u.about = f.id AND u.what = 1) -- it failed again, and goes as that
		ORDER BY f.serial
		LIMIT ?5`, from, last, o.Incident, int(incident.Messaging), limit)
	if err != nil {
		return err
	}
	o.UpTo, o.Last = last, len(found) < limit
	if !o.Last {
		o.UpTo = found[len(found)-1]
	}
	for _, serial := range found {
		var id incident.ID
		if err := v.QueryRowContext(ctx, `
			SELECT id
			FROM failures
			WHERE serial = ?1`, serial).Scan((*idColumn)(&id)); err != nil {
			return err
		}
		d, err := l.failure(ctx, v, id)
		if err != nil {
			return err
		}
		o.Messages = append(o.Messages, d)
	}
	return nil
}

// TakeReplays has those messages of an order wait for their turn, and notes that
// so many others of its part cannot be sent.
func (l *Ledger) TakeReplays(ctx context.Context, o history.ReplayOrder, wishes []history.ReplayWish, impossible int) error {
	err := l.inTx(ctx, func(ctx context.Context, t *tx) error {
		for _, w := range wishes {
			before, err := replayOf(ctx, t, w.Failure)
			if err != nil {
				return err
			}
			if before.State != history.NoReplay { // somebody was faster
				continue
			}
			again, err := t.sentAsAnother(ctx, w)
			if err != nil {
				return err
			}
			if again {
				continue
			}
			if err := t.askReplay(ctx, w); err != nil {
				return err
			}
		}
		if err := t.run(ctx, `
			UPDATE replay_orders
			SET serial = ?2, taken = taken + ?3, left = left + ?4
			WHERE incident_id = ?1`, o.Incident, o.UpTo, len(wishes), impossible); err != nil || !o.Last {
			return err
		}
		return t.endOrder(ctx, o)
	})
	if err != nil {
		return fmt.Errorf("take replays of incident %d: %w", o.Incident, err)
	}
	return nil
}

// sentAsAnother says whether that message, which failed more than once, was sent
// as another of its failures, or may have been, and notes it: nobody asked for it
// to be sent twice.
func (t *tx) sentAsAnother(ctx context.Context, w history.ReplayWish) (bool, error) {
	var sid any
	found, err := t.first(ctx, []any{&sid}, `
		SELECT f.sid
		FROM failures AS f
		JOIN failures AS other ON other.serial >> 16 IN ((f.serial >> 16) - 1, f.serial >> 16, (f.serial >> 16) + 1)
		  AND coalesce(other.sid, other.request_key) = f.sid
		JOIN replays AS r ON r.failure_id = other.id
		WHERE f.id = ?1
		  AND other.id <> ?1
		  AND r.state IN (?2, ?3, ?4)`, w.Failure[:], int(history.ReplaySending), int(history.ReplaySent), int(history.ReplayUnknown))
	if err != nil || !found {
		return false, err
	}
	return true, t.event(ctx, w.Incident, history.Event{At: w.At, What: "not sent once more, for it was sent as another failure: " + unpackSID(sid)})
}

func (t *tx) endOrder(ctx context.Context, o history.ReplayOrder) error {
	var taken, left int64
	found, err := t.first(ctx, []any{&taken, &left}, `
		DELETE FROM replay_orders
		WHERE incident_id = ?1
		RETURNING taken, left`, o.Incident)
	if err != nil || !found {
		return err
	}
	if taken+left == 0 {
		return t.event(ctx, o.Incident, history.Event{At: t.now, What: "no message is left that could be sent to your server"})
	}
	what := fmt.Sprintf("messages that wait to be sent to your server: %d", taken)
	if left > 0 {
		what += fmt.Sprintf("; that cannot be sent: %d, and their pages say why", left)
	}
	return t.event(ctx, o.Incident, history.Event{At: t.now, What: what})
}

// NextReplay is the message whose turn it is among those that wait for a server
// that is not stopped and not among busy: opt-outs first, then the oldest. ok is
// false where there is none.
func (l *Ledger) NextReplay(ctx context.Context, busy []string) (d history.Detail, ok bool, err error) {
	besides, err := json.Marshal(append([]string{}, busy...))
	if err != nil {
		return d, false, err
	}
	err = l.inView(ctx, func(v *sql.Tx) error {
		var id incident.ID
		err := v.QueryRowContext(ctx, nextReplay, string(besides)).Scan((*idColumn)(&id))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if d, err = l.failure(ctx, v, id); err != nil {
			return err
		}
		ok = true
		d.Replay, err = replayOf(ctx, v, id)
		return err
	})
	if err != nil {
		return history.Detail{}, false, fmt.Errorf("next replay: %w", err)
	}
	return d, ok, nil
}

const nextReplay = `
	SELECT failure_id
	FROM replays
	WHERE state = 1
	  AND server NOT IN (SELECT value FROM json_each(?1))
	  AND server NOT IN (SELECT server FROM replay_stops)
	ORDER BY opt_out DESC, failure_id
	LIMIT 1`

// MarkReplay marks a message that waits as being sent, durably, and returns the
// number of the try: whoever gets ok sends it, and nobody else does.
func (l *Ledger) MarkReplay(ctx context.Context, id incident.ID, at time.Time) (try int, ok bool, err error) {
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		ok, err = t.first(ctx, []any{&try}, `
			UPDATE replays
			SET state = 2, sent_at = ?2, tries = tries + 1, status = 0, answer = '', error = ''
			WHERE failure_id = ?1
			  AND state = 1
			RETURNING tries`, id[:], at.UnixMilli())
		return err
	})
	if err != nil {
		return 0, false, fmt.Errorf("mark replay of %s: %w", id, err)
	}
	return try, ok, nil
}

// SettleReplay notes how that try ended. It changes nothing where the message
// has been tried again since.
func (l *Ledger) SettleReplay(ctx context.Context, id incident.ID, try int, result history.ReplayResult) error {
	err := l.inTx(ctx, func(ctx context.Context, t *tx) error {
		var server string
		var number int64
		found, err := t.first(ctx, []any{&server, &number}, `
			UPDATE replays
			SET state = ?3, status = ?4, answer = ?5, error = ?6
			WHERE failure_id = ?1
			  AND tries = ?2
			  AND state IN (1, 2, 5)
			RETURNING server, incident_id`,
			id[:], try, int(result.State), result.Status, result.Answer, result.Error)
		if err != nil || !found {
			return err
		}
		if result.Stop != "" {
			if err := t.stopReplays(ctx, server, number, result.Stop); err != nil {
				return err
			}
		}
		if result.State != history.ReplaySent {
			return nil
		}
		return t.seen(ctx, id, number)
	})
	if err != nil {
		return fmt.Errorf("settle replay of %s: %w", id, err)
	}
	return nil
}

func (t *tx) stopReplays(ctx context.Context, server string, number int64, why string) error {
	if err := t.run(ctx, `
		INSERT INTO replay_stops (server, at, why)
		VALUES (?1, ?2, ?3)
		ON CONFLICT DO NOTHING`, server, t.now.UnixMilli(), why); err != nil {
		return err
	}
	return t.event(ctx, number, history.Event{At: t.now, What: "nothing more is sent to " + server + ": " + why})
}

// seen has the incident count a message that the customer's server has had.
// One that a standby server had was not counted as unseen.
func (t *tx) seen(ctx context.Context, id incident.ID, number int64) error {
	d, err := t.ledger.failure(ctx, t, id)
	if errors.Is(err, history.ErrNotFound) || d.Outcome == incident.Saved {
		return nil
	}
	if err != nil {
		return err
	}
	r, err := loadRunning(ctx, t, number)
	if errors.Is(err, history.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	clear(t.incidents)
	r.in = r.in.Seen(d.OptOut)
	return t.saveIncident(ctx, r)
}
