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

// callbacks removes what was noted about calling them back.
func (e *erasing) callbacks(ctx context.Context) error {
	return e.change(ctx, func(ctx context.Context, t *tx) error {
		theirs, err := e.addressesIn(ctx, t, `
			SELECT DISTINCT c.person, CASE WHEN c.person > 0 THEN '+' || c.person ELSE COALESCE(x.text, '') END, c.failed_at
			FROM callbacks AS c
			LEFT JOIN texts AS x ON x.id = -c.person`)
		if err != nil {
			return err
		}
		for _, a := range theirs {
			n, err := t.changed(ctx, `
				DELETE FROM callbacks
				WHERE person = ?1
				  AND failed_at = ?2`, a.id, a.at)
			if err != nil {
				return err
			}
			e.done.Callbacks += n
		}
		return nil
	})
}

// anAddress is one of theirs, as rows name it.
type anAddress struct{ id, at int64 }

func (e *erasing) addressesIn(ctx context.Context, q querier, query string) (theirs []anAddress, err error) {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a anAddress
		var address string
		if err := rows.Scan(&a.id, &address, &a.at); err != nil {
			return nil, err
		}
		if _, ok := e.who.Know(address, anyTime(a.at)); ok {
			theirs = append(theirs, a)
		}
	}
	return theirs, rows.Err()
}

// addresses removes forms of their numbers that no failure has any more.
func (e *erasing) addresses(ctx context.Context) error {
	var theirs []anAddress
	err := e.ledger.inView(ctx, func(v *sql.Tx) (err error) {
		theirs, err = e.addressesIn(ctx, v, `
			SELECT id, text, 0
			FROM texts
			WHERE kind = 2`)
		return err
	})
	if err != nil {
		return err
	}
	for _, a := range theirs {
		if err := e.change(ctx, func(ctx context.Context, t *tx) error { return t.removeAddress(ctx, a.id) }); err != nil {
			return err
		}
	}
	return nil
}

// stretchesOfNumber are those that hold a number at all.
const stretchesOfNumber = `
	WITH RECURSIVE stretch (n) AS (
	  SELECT ?2
	  UNION ALL
	  SELECT n - 1
	  FROM stretch
	  WHERE n > ?1)
	SELECT n
	FROM stretch
	WHERE EXISTS (
	  SELECT 1
	  FROM failures
	  WHERE serial >> 16 = n
	    AND from_number = ?3)
	  OR EXISTS (
	  SELECT 1
	  FROM failures
	  WHERE serial >> 16 = n
	    AND to_number = ?3)`

func (t *tx) removeAddress(ctx context.Context, id int64) error {
	row, err := t.ledgerRow(ctx)
	if err != nil {
		return err
	}
	used, err := integers(ctx, t, stretchesOfNumber, 0, row.serial>>stretchBits, -id)
	if err != nil || len(used) > 0 {
		return err
	}
	clear(t.texts)
	return t.run(ctx, `
		DELETE FROM texts
		WHERE id = ?1`, id)
}

// incidents has them forget those whose sample is one of theirs. It leaves alone
// what else there is of an incident, which another process may know better.
func (e *erasing) incidents(ctx context.Context) error {
	ids, err := e.numbers(ctx, `SELECT id FROM incidents`)
	if err != nil {
		return err
	}
	for len(ids) > 0 {
		some := ids[:min(len(ids), personalAtOnce)]
		ids = ids[len(some):]
		theirs := map[int64]bool{}
		if err := e.ledger.inView(ctx, func(v *sql.Tx) error { return e.incidentsOf(ctx, v, some, theirs) }); err != nil {
			return err
		}
		for id := range theirs {
			if err := e.change(ctx, func(ctx context.Context, t *tx) error { return e.eraseSamples(ctx, t, id) }); err != nil {
				return err
			}
			e.done.Incidents++
		}
	}
	return nil
}

func (e *erasing) incidentsOf(ctx context.Context, v *sql.Tx, ids []int64, theirs map[int64]bool) error {
	for _, id := range ids {
		r, err := loadRunning(ctx, v, id)
		if err != nil {
			continue // it has been removed
		}
		if e.inSample(r.in.First) || e.inSample(r.in.Last) {
			theirs[id] = true
		}
	}
	return nil
}

func (e *erasing) numbers(ctx context.Context, query string) (ids []int64, err error) {
	err = e.ledger.inView(ctx, func(v *sql.Tx) (err error) {
		ids, err = integers(ctx, v, query)
		return err
	})
	return ids, err
}

// inSample says whether a sample is, or names, one of them.
func (e *erasing) inSample(s incident.Sample) bool {
	for _, address := range []string{s.From, s.HeardBy} {
		if _, ok := e.who.Know(address, s.At); ok {
			return true
		}
	}
	return e.named().Named(s.Heard+"\n"+s.ErrorURL+"\n"+s.Name, s.At)
}

func (e *erasing) eraseSamples(ctx context.Context, t *tx, id int64) error {
	r, err := loadRunning(ctx, t, id)
	if err != nil {
		return nil //nolint:nilerr // it has been removed
	}
	for _, s := range []*incident.Sample{&r.in.First, &r.in.Last} {
		if e.inSample(*s) {
			*s = butForLine(*s)
			s.ErrorURL, s.Name = e.named().Without(s.ErrorURL, s.At), e.named().Without(s.Name, s.At)
		}
	}
	first, err := json.Marshal(r.in.First)
	if err != nil {
		return err
	}
	last, err := json.Marshal(r.in.Last)
	if err != nil {
		return err
	}
	clear(t.incidents)
	return t.run(ctx, `
		UPDATE incidents
		SET first_sample = ?2, last_sample = ?3
		WHERE id = ?1`, id, string(first), string(last))
}

// said is a column of words that may name somebody.
type said struct {
	read  string // the row's number, the words, when they were said or 0
	write string
}

// sayings are all there are.
func sayings() []said {
	all := []said{
		{`SELECT id, text, used_at FROM texts WHERE kind = 1`, ``},
		{`SELECT id, heard, used_at FROM answers`, `UPDATE answers SET heard = ?2, hash = randomblob(16) WHERE id = ?1`},
		{`SELECT id, why, used_at FROM answers`, `UPDATE answers SET why = ?2, hash = randomblob(16) WHERE id = ?1`},
		{`SELECT rowid, reason, at FROM set_aside`, `UPDATE set_aside SET reason = ?2 WHERE rowid = ?1`},
		{`SELECT rowid, CAST(raw AS TEXT), at FROM set_aside`, `UPDATE set_aside SET raw = x'' WHERE rowid = ?1 AND ?2 <> ''`},
	}
	for _, c := range []struct{ table, column, at string }{
		{"alerts", "reason", "created_at"},
		{"alerts", "title", "created_at"},
		{"alerts", "detail", "created_at"},
		{"alerts", "summary", "created_at"},
		{"deliveries", "last_error", "created_at"},
		{"deliveries", "detail", "created_at"},
		{"events", "what", "at"},
		{"silences", "reason", "from_at"},
		{"reveals", "what", "at"},
		{"caller_reveals", "what", "at"},
		{"caller_reveals", "list", "at"},
		{"drill_runs", "says", "begun_at"},
	} {
		all = append(all, said{
			`SELECT rowid, ` + c.column + `, ` + c.at + ` FROM ` + c.table,
			`UPDATE ` + c.table + ` SET ` + c.column + ` = ?2 WHERE rowid = ?1`,
		})
	}
	return all
}

// texts takes their numbers out of what was said: alerts, what notifiers said of
// them, notes.
func (e *erasing) texts(ctx context.Context) error {
	who := e.named()
	for _, s := range sayings() {
		if err := e.saying(ctx, who, s); err != nil {
			return fmt.Errorf("%s: %w", s.read, err)
		}
	}
	if err := e.documents(ctx, who); err != nil {
		return fmt.Errorf("documents: %w", err)
	}
	return e.keyedTexts(ctx, who)
}

// documents does so for TwiML, which is kept compressed.
func (e *erasing) documents(ctx context.Context, who history.People) error {
	ids, err := e.numbers(ctx, `SELECT id FROM documents`)
	if err != nil {
		return err
	}
	for _, id := range ids {
		named, err := e.document(ctx, who, id)
		if err != nil {
			return err
		}
		if named == nil {
			continue
		}
		err = e.change(ctx, func(ctx context.Context, t *tx) error {
			clear(t.answers)
			t.answerBytes = 0
			return t.run(ctx, `
				UPDATE documents
				SET body = ?2, hash = randomblob(16)
				WHERE id = ?1`, id, named)
		})
		if err != nil {
			return err
		}
		e.done.Texts++
	}
	return nil
}

// document is one without their numbers, nil where it names none.
func (e *erasing) document(ctx context.Context, who history.People, id int64) (packed []byte, err error) {
	var body []byte
	err = e.ledger.read.QueryRowContext(ctx, `
		SELECT body
		FROM documents
		WHERE id = ?1`, id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil // it has been removed
	}
	if err != nil {
		return nil, err
	}
	text, err := e.ledger.documents.DecodeAll(body, nil)
	if err != nil || !who.Named(string(text), time.Time{}) {
		return nil, err
	}
	return compress(who.Without(string(text), time.Time{}))
}

// worded is a row's words.
type worded struct {
	id    any
	words string
}

func (e *erasing) saying(ctx context.Context, who history.People, s said) error {
	var found []worded
	err := e.ledger.inView(ctx, func(v *sql.Tx) (err error) {
		found, err = naming(ctx, v, who, s.read)
		return err
	})
	if err != nil {
		return err
	}
	for _, w := range found {
		err := e.change(ctx, func(ctx context.Context, t *tx) error {
			clear(t.answers)
			t.answerBytes = 0
			if s.write == "" {
				return t.reword(ctx, w)
			}
			return t.run(ctx, s.write, w.id, w.words)
		})
		if err != nil {
			return err
		}
		e.done.Texts++
	}
	return nil
}

// naming are the rows that name somebody, with other words.
func naming(ctx context.Context, q querier, who history.People, query string) (found []worded, err error) {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var w worded
		var at int64
		if err := rows.Scan(&w.id, &w.words, &at); err != nil {
			return nil, err
		}
		if who.Named(w.words, anyTime(at)) {
			w.words = who.Without(w.words, anyTime(at))
			found = append(found, w)
		}
	}
	return found, rows.Err()
}

// reword changes a row of the dictionary, which is found by a hash of its text.
func (t *tx) reword(ctx context.Context, w worded) error {
	clear(t.texts)
	return t.run(ctx, `
		UPDATE texts
		SET text = ?2, hash = ?3
		WHERE id = ?1`, w.id, w.words, hash64(w.words))
}

// keyedTexts does so for tables whose rows have names instead of numbers.
func (e *erasing) keyedTexts(ctx context.Context, who history.People) error {
	for _, s := range []said{
		{`SELECT name, last_error, 0 FROM notifiers`, `UPDATE notifiers SET last_error = ?2 WHERE name = ?1`},
		{`SELECT name, says, at FROM memos`, `UPDATE memos SET says = ?2 WHERE name = ?1`},
		{`SELECT server, why, at FROM replay_stops`, `UPDATE replay_stops SET why = ?2 WHERE server = ?1`},
		{`SELECT failure_id, error, asked_at FROM replays`, `UPDATE replays SET error = ?2 WHERE failure_id = ?1`},
		{`SELECT id, heard, 0 FROM follow_ups`, `UPDATE follow_ups SET heard = ?2 WHERE id = ?1`},
		{`SELECT id, why, 0 FROM follow_ups`, `UPDATE follow_ups SET why = ?2 WHERE id = ?1`},
		{`SELECT sid, transcript, at FROM recordings`, `UPDATE recordings SET transcript = ?2 WHERE sid = ?1`},
		{`SELECT json_array(person, line, failed_at), note, at FROM callbacks`, `
			UPDATE callbacks
			SET note = ?2
			WHERE person = ?1 ->> 0
			  AND line = ?1 ->> 1
			  AND failed_at = ?1 ->> 2`},
	} {
		if err := e.saying(ctx, who, s); err != nil {
			return fmt.Errorf("%s: %w", s.read, err)
		}
	}
	return nil
}
