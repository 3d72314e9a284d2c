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

// optOut notes a message that only says STOP or the like, unless a server of the
// customer has had it.
func (f *feeding) optOut(ctx context.Context, e incident.Fed, number int64) error {
	if !e.Failure.OptOut || e.Answer.Outcome == incident.Saved {
		return nil
	}
	id := e.Failure.ID
	return f.run(ctx, `
		INSERT INTO opt_outs (failure_id, incident_id)
		VALUES (?1, ?2)`, id[:], number)
}

// AskReplay notes that somebody wants a message to be sent to the customer's
// server, and says whether that is so: it is not where it waits, is being sent or
// was, or does not stand any more where that somebody saw it. What may have
// arrived already is sent again only because somebody asks for it here.
func (l *Ledger) AskReplay(ctx context.Context, w history.ReplayWish) (asked bool, err error) {
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		d, err := l.failure(ctx, t, w.Failure)
		if err != nil {
			return err
		}
		w.Incident = d.Incident
		before, err := replayOf(ctx, t, w.Failure)
		if err != nil || !before.State.MayAsk() || before.State != w.After {
			return err
		}
		asked = true
		if err := t.askReplay(ctx, w); err != nil {
			return err
		}
		what := "a message is to be sent to " + w.Server
		if before.State != history.NoReplay {
			what += " again, after " + before.State.String()
		}
		return t.event(ctx, d.Incident, history.Event{At: w.At, By: w.By, What: what + ": " + d.SID})
	})
	if err != nil {
		return false, fmt.Errorf("ask for replay of %s: %w", w.Failure, err)
	}
	return asked, nil
}

func (t *tx) askReplay(ctx context.Context, w history.ReplayWish) error {
	return t.run(ctx, `
		INSERT INTO replays (failure_id, incident_id, server, opt_out, state, asked_at, asked_by, tries, status, answer, error)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, '', '')
		ON CONFLICT (failure_id) DO UPDATE
		SET server = excluded.server, opt_out = excluded.opt_out, state = excluded.state, asked_at = excluded.asked_at,
		  asked_by = excluded.asked_by`,
		w.Failure[:], w.Incident, w.Server, w.OptOut, int(history.ReplayWaiting), w.At.UnixMilli(), w.By)
}

// AskReplays notes that somebody wants all messages of an incident to be sent
// that nobody has asked for yet: those that it has now.
func (l *Ledger) AskReplays(ctx context.Context, number int64, by string, at time.Time) error {
	err := l.inTx(ctx, func(ctx context.Context, t *tx) error {
		r, err := loadRunning(ctx, t, number)
		if err != nil {
			return err
		}
		n, err := t.changed(ctx, `
			INSERT INTO replay_orders (incident_id, at, by_whom, serial, last_serial, taken, left)
			VALUES (?1, ?2, ?3, ?4, ?5, 0, 0)
			ON CONFLICT DO NOTHING`, number, at.UnixMilli(), by, r.places.first-1, r.places.last)
		if err != nil || n == 0 {
			return err
		}
		return t.event(ctx, number, history.Event{At: at, By: by, What: "the messages that your server has not had are to be sent to it"})
	})
	if err != nil {
		return fmt.Errorf("ask for replays of incident %d: %w", number, err)
	}
	return nil
}

// ResumeReplays has messages go to a server again that failed too often.
func (l *Ledger) ResumeReplays(ctx context.Context, number int64, server, by string, at time.Time) error {
	err := l.inTx(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.changed(ctx, `
			DELETE FROM replay_stops
			WHERE server = ?1`, server)
		if err != nil || n == 0 {
			return err
		}
		if _, err := loadRunning(ctx, t, number); err != nil {
			return err
		}
		return t.event(ctx, number, history.Event{At: at, By: by, What: "messages are sent to " + server + " again"})
	})
	if err != nil {
		return fmt.Errorf("resume replays to %s: %w", server, err)
	}
	return nil
}

const selectReplay = `
	SELECT r.state, r.server, r.asked_at, r.asked_by, r.tries, r.sent_at, r.status, r.answer, r.error,
	  COALESCE(s.server, ''), s.at, COALESCE(s.why, '')
	FROM replays AS r
	LEFT JOIN replay_stops AS s ON s.server = r.server
	WHERE r.failure_id = ?1`

// replayOf is where a message stands, the zero value where nobody has asked.
func replayOf(ctx context.Context, q querier, id incident.ID) (r history.Replay, err error) {
	var asked, sent, stopped sql.NullInt64
	err = q.QueryRowContext(ctx, selectReplay, id[:]).Scan(&r.State, &r.Server, &asked, &r.AskedBy, &r.Tries, &sent, &r.Status, &r.Answer, &r.Error,
		&r.Stopped.Server, &stopped, &r.Stopped.Why)
	if errors.Is(err, sql.ErrNoRows) {
		return history.Replay{}, nil
	}
	r.AskedAt, r.SentAt, r.Stopped.At = timeFrom(asked), timeFrom(sent), timeFrom(stopped)
	return r, err
}

// mostNamed is how many messages an incident's page names.
const mostNamed = 50

// replaysOf is how far an incident's messages are.
func replaysOf(ctx context.Context, v *sql.Tx, number int64) (r history.Replays, err error) {
	if err := v.QueryRowContext(ctx, `
		SELECT COUNT(*) FILTER (WHERE state IN (1, 2)), COUNT(*) FILTER (WHERE state = 3), COUNT(*) FILTER (WHERE state = 4),
		  COUNT(*) FILTER (WHERE state = 5), COUNT(*) FILTER (WHERE state = 6),
		  EXISTS (SELECT 1 FROM replay_orders WHERE incident_id = ?1)
		FROM replays
		WHERE incident_id = ?1`, number).Scan(&r.Waiting, &r.Sent, &r.Refused, &r.Unknown, &r.Impossible, &r.Ordered); err != nil {
		return r, err
	}
	if r.Stopped, err = stopsOf(ctx, v, number); err != nil {
		return r, err
	}
	if r.OptOuts, err = replayRows(ctx, v, `
		SELECT f.serial
		FROM opt_outs AS s
		JOIN failures AS f ON f.id = s.failure_id
		WHERE s.incident_id = ?1
		  AND NOT EXISTS (SELECT 1 FROM replays AS r WHERE r.failure_id = s.failure_id AND r.state = 3)
		ORDER BY s.failure_id DESC
		LIMIT ?2`, number); err != nil {
		return r, err
	}
	r.Look, err = replayRows(ctx, v, `
		SELECT f.serial
		FROM replays AS r
		JOIN failures AS f ON f.id = r.failure_id
		WHERE r.incident_id = ?1
		  AND r.state IN (4, 5, 6)
		ORDER BY r.failure_id DESC
		LIMIT ?2`, number)
	return r, err
}

func replayRows(ctx context.Context, v *sql.Tx, query string, number int64) ([]history.Row, error) {
	found, err := integers(ctx, v, query, number, mostNamed)
	if err != nil {
		return nil, err
	}
	return loadRows(ctx, v, found)
}

// stopsOf are the servers that messages of an incident wait for in vain.
func stopsOf(ctx context.Context, v *sql.Tx, number int64) (all []history.ReplayStop, err error) {
	rows, err := v.QueryContext(ctx, `
		SELECT s.server, s.at, s.why
		FROM replay_stops AS s
		WHERE EXISTS (SELECT 1 FROM replays AS r WHERE r.incident_id = ?1 AND r.state = 1 AND r.server = s.server)
		ORDER BY s.server`, number)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s history.ReplayStop
		if err := rows.Scan(&s.Server, (*timeColumn)(&s.At), &s.Why); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}
