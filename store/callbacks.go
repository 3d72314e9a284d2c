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

// ClaimCallback notes that by is about to call back whom that failure hit. Of
// two who do so at once one gets it: the other is told false, with who has it.
// A failure that is not there, or does not say whose it was, is
// history.ErrNotFound.
func (l *Ledger) ClaimCallback(ctx context.Context, failure incident.ID, by string, at time.Time) (history.Callback, bool, error) {
	c, ok, err := l.changeCallback(ctx, failure, func(c history.Callback) (history.Callback, bool) {
		return c.Claim(by, at, timeOf(failure))
	})
	if err != nil {
		return history.Callback{}, false, fmt.Errorf("claim callback of failure %s: %w", failure, err)
	}
	return c, ok, nil
}

// ChangeCallback notes how it stands with calling back whom that failure hit.
// Where somebody else has changed that meanwhile it returns false, with what
// they said.
func (l *Ledger) ChangeCallback(ctx context.Context, failure incident.ID, to history.CallbackChange) (history.Callback, bool, error) {
	c, ok, err := l.changeCallback(ctx, failure, func(c history.Callback) (history.Callback, bool) { return c.Change(to) })
	if err != nil {
		return history.Callback{}, false, fmt.Errorf("change callback of failure %s: %w", failure, err)
	}
	return c, ok, nil
}

func (l *Ledger) changeCallback(ctx context.Context, failure incident.ID, change func(history.Callback) (history.Callback, bool)) (c history.Callback, ok bool, err error) {
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		who, err := t.party(ctx, failure)
		if err != nil {
			return err
		}
		if c, err = t.callback(ctx, who); err != nil {
			return err
		}
		if c, ok = change(c); !ok {
			return nil
		}
		return t.saveCallback(ctx, who, failure, c)
	})
	return c, ok, err
}

// party is a person and the line that they tried, as failures hold them.
type party struct{ person, line int64 }

// party is whom a failure hit.
func (t *tx) party(ctx context.Context, failure incident.ID) (who party, err error) {
	var person sql.NullInt64
	var word sql.NullString
	err = t.QueryRowContext(ctx, `
		SELECT w.person, w.line, x.text
		FROM (
		  SELECT `+personColumn+` AS person, `+lineColumn+` AS line
		  FROM failures AS f
		  JOIN answers AS a ON a.id = f.answer_id
		  WHERE f.id = ?1) AS w
		LEFT JOIN texts AS x ON x.id = -w.person`, failure[:]).Scan(&person, &who.line, &word)
	if errors.Is(err, sql.ErrNoRows) || (err == nil && incident.Withheld(addressOf(person, word))) || (err == nil && !person.Valid) {
		return who, history.ErrNotFound
	}
	who.person = person.Int64
	return who, err
}

// callback is what is noted about a person, the zero value where nothing is.
func (t *tx) callback(ctx context.Context, who party) (c history.Callback, err error) {
	_, err = t.first(ctx, []any{&c.State, &c.Note, &c.By, (*timeColumn)(&c.At), &c.ClaimedBy, (*timeColumn)(&c.ClaimedAt)}, `
		SELECT state, note, by_whom, at, claimed_by, claimed_at
		FROM callbacks
		WHERE person = ?1
		  AND line = ?2`, who.person, who.line)
	return c, err
}

func (t *tx) saveCallback(ctx context.Context, who party, failure incident.ID, c history.Callback) error {
	return t.run(ctx, `
		INSERT INTO callbacks (person, line, state, note, by_whom, at, claimed_by, claimed_at, failed_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
		ON CONFLICT (person, line) DO UPDATE
		SET state = excluded.state, note = excluded.note, by_whom = excluded.by_whom, at = excluded.at,
		  claimed_by = excluded.claimed_by, claimed_at = excluded.claimed_at, failed_at = MAX(failed_at, excluded.failed_at)`,
		who.person, who.line, int(c.State), c.Note, c.By, c.At.UnixMilli(), c.ClaimedBy, millis(c.ClaimedAt), millisOf(failure))
}

// revealedFor is how long looking again at the same list is the same act.
const revealedFor = 15 * time.Minute

// RevealCallers records that somebody looks at a list of callers with all that
// is hidden by default: as one act, however many people are in it. It returns
// who did last, newest first.
func (l *Ledger) RevealCallers(ctx context.Context, r history.CallerReveal) (last []history.CallerReveal, err error) {
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		if err := t.revealCallers(ctx, r); err != nil {
			return err
		}
		last, err = callerReveals(ctx, t)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("record reveal of callers: %w", err)
	}
	return last, nil
}

func (t *tx) revealCallers(ctx context.Context, r history.CallerReveal) error {
	n, err := t.changed(ctx, `
		UPDATE caller_reveals
		SET until = MAX(until, ?4), people = MAX(people, ?5), times = times + 1
		WHERE id = (
		  SELECT MAX(id)
		  FROM caller_reveals
		  WHERE by_whom = ?1
		    AND what = ?2
		    AND list = ?3)
		  AND until >= ?6`,
		r.By, r.What, r.List, r.At.UnixMilli(), r.People, r.At.Add(-revealedFor).UnixMilli())
	if err != nil || n > 0 {
		return err
	}
	return t.run(ctx, `
		INSERT INTO caller_reveals (at, until, by_whom, what, list, people, times)
		VALUES (?4, ?4, ?1, ?2, ?3, ?5, 1)`, r.By, r.What, r.List, r.At.UnixMilli(), r.People)
}

// callerReveals are the newest.
func callerReveals(ctx context.Context, q querier) (all []history.CallerReveal, err error) {
	rows, err := q.QueryContext(ctx, `
		SELECT at, until, by_whom, what, list, people, times
		FROM caller_reveals
		ORDER BY id DESC
		LIMIT 10`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r history.CallerReveal
		if err := rows.Scan((*timeColumn)(&r.At), (*timeColumn)(&r.Until), &r.By, &r.What, &r.List, &r.People, &r.Times); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// callbacks removes what was noted about failures that are gone, or whose
// personal data is: it is as personal, and names people by rows of the
// dictionary that go as early.
func (r *retaining) callbacks(ctx context.Context) error {
	oldest, err := r.oldest(ctx)
	if err != nil {
		return err
	}
	if oldest.IsZero() {
		oldest = r.at
	}
	before := oldest.UnixMilli()
	if r.keep.PersonalDays > 0 {
		before = max(before, r.before(r.keep.PersonalDays))
	}
	return r.run(ctx, `
		DELETE FROM callbacks
		WHERE failed_at < ?1`, before)
}
