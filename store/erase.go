package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/backstop-project/backstop/incident"
)

// erase empties what tells who it was, oldest first, and notes how far it is.
func (r *retaining) erase(ctx context.Context) error {
	before := r.before(r.keep.PersonalDays)
	if r.keep.PersonalDays == 0 || before <= r.row.erasedBefore {
		return nil
	}
	last, n, err := r.eraseSome(ctx, r.row.erasedBefore, before)
	if err != nil {
		return err
	}
	if err := r.eraseFollowUps(ctx, r.row.erasedBefore, before); err != nil {
		return err
	}
	r.report.Erased = n
	if n < eraseAtOnce {
		last = before
	} else {
		r.report.More = true
	}
	// Noting an hour's progress of an idle ledger is not worth a write.
	if n == 0 && last-r.row.erasedBefore < hourMillis && r.row.erasedBefore > 0 {
		return nil
	}
	r.row.erasedBefore = last
	return r.saveLedgerRow(ctx)
}

// eraseSome erases the oldest failures between the two times and returns the
// time of the last one.
func (r *retaining) eraseSome(ctx context.Context, from, before int64) (last int64, n int, err error) {
	rows, err := r.QueryContext(ctx, `
		UPDATE failures
		SET params = NULL, from_number = NULL, to_number = NULL, url_query = NULL, token = NULL
		WHERE serial IN (
		  SELECT serial
		  FROM failures
		  WHERE id >= ?1
		    AND id < ?2
		    AND params IS NOT NULL
		  ORDER BY id
		  LIMIT ?3)
		RETURNING serial, id, answer_id`, idFrom(from), idFrom(before), eraseAtOnce)
	if err != nil {
		return 0, 0, err
	}
	defer rows.Close()
	answers := map[int64][]answered{}
	for rows.Next() {
		var id incident.ID
		var serial, answer int64
		if err := rows.Scan(&serial, (*idColumn)(&id), &answer); err != nil {
			return 0, 0, err
		}
		answers[answer] = append(answers[answer], answered{serial, millisOf(id)})
		last = max(last, millisOf(id))
		n++
	}
	if err := rows.Err(); err != nil {
		return 0, 0, err
	}
	for answer, who := range answers {
		if err := r.silence(ctx, answer, who); err != nil {
			return 0, 0, err
		}
	}
	return last, n, nil
}

// eraseFollowUps does so for what came back about failures.
func (r *retaining) eraseFollowUps(ctx context.Context, from, before int64) error {
	for _, query := range []string{
		`UPDATE follow_ups SET heard = '' WHERE id >= ?1 AND id < ?2 AND heard <> ''`,
		`UPDATE recordings SET transcript = '' WHERE failure_id >= ?1 AND failure_id < ?2 AND transcript <> ''`,
		`UPDATE replays SET answer = '' WHERE failure_id >= ?1 AND failure_id < ?2 AND answer <> ''`,
	} {
		if err := r.run(ctx, query, idFrom(from), idFrom(before)); err != nil {
			return err
		}
	}
	return nil
}

// answered is a failure that got an answer.
type answered struct{ serial, at int64 }

// silence gives failures, instead of their answer, one like it without words:
// a customer's own text may name the caller. The answer itself may serve newer
// failures too; it goes when the last of them is erased.
func (t *tx) silence(ctx context.Context, answer int64, failures []answered) error {
	var a incident.Answer
	var languages string
	err := t.QueryRowContext(ctx, `
		SELECT step, situation, languages, name, why, outcome
		FROM answers
		WHERE id = ?1`, answer).Scan(&a.Step, &a.Situation, &languages, &a.Name, &a.Why, &a.Outcome)
	if err != nil {
		return fmt.Errorf("answer %d to erase: %w", answer, err)
	}
	if languages != "" {
		a.Languages = strings.Split(languages, ",")
	}
	for _, f := range failures {
		silent, err := t.answer(ctx, a, f.at)
		if err != nil {
			return err
		}
		if err := t.run(ctx, `
			UPDATE failures
			SET answer_id = ?2
			WHERE serial = ?1`, f.serial, silent); err != nil {
			return err
		}
	}
	return nil
}

// eraseIncidents does the same for what incidents remember of their failures.
// One that goes on after all is to be erased again.
func (r *retaining) eraseIncidents(ctx context.Context) error {
	in, err := r.remembering(ctx, `
		SELECT id
		FROM incidents
		WHERE NOT erased
		  AND last_at < ?1
		ORDER BY last_at
		LIMIT 1`)
	if err != nil || in == nil {
		return err
	}
	if in.open() {
		in.in.First = butForLine(in.in.First)
	} else {
		in.in.First = anonymous(in.in.First)
	}
	in.in.Last = anonymous(in.in.Last)
	in.erased = true
	return r.saveIncident(ctx, in)
}

// eraseFirst does so for the first failure of an incident that still goes on.
// The customer's line stays: it tells whether others are hit.
func (r *retaining) eraseFirst(ctx context.Context) error {
	in, err := r.remembering(ctx, `
		SELECT id
		FROM incidents
		WHERE opened_at < ?1
		  AND NOT erased
		  AND (first_sample ->> 'From' <> '' OR first_sample ->> 'Heard' <> '' OR first_sample ->> 'ErrorURL' GLOB '*[?#]*')
		LIMIT 1`)
	if err != nil || in == nil {
		return err
	}
	in.in.First = butForLine(in.in.First)
	return r.saveIncident(ctx, in)
}

// eraseWords does so for words that the newest failure, answered with silence,
// did not replace. Where it is not noted when they were said, they go as early
// as they may.
func (r *retaining) eraseWords(ctx context.Context) error {
	in, err := r.remembering(ctx, `
		SELECT id
		FROM incidents
		WHERE opened_at < ?1
		  AND NOT erased
		  AND last_sample ->> 'Heard' <> ''
		  AND (last_sample ->> 'HeardAt' IS NOT NULL OR last_sample ->> 'HeardOn' <> 0)
		  AND COALESCE(unixepoch(last_sample ->> 'HeardAt'), 0) * 1000 < ?1
		LIMIT 1`)
	if err != nil || in == nil {
		return err
	}
	in.in.Last = in.in.Last.WithoutRepeated()
	return r.saveIncident(ctx, in)
}

// remembering is an incident that remembers what is too old, as the query finds
// it; nil where none does.
func (r *retaining) remembering(ctx context.Context, query string) (*running, error) {
	if r.keep.PersonalDays == 0 {
		return nil, nil //nolint:nilnil // none is no error
	}
	var id int64
	found, err := r.first(ctx, []any{&id}, query, r.before(r.keep.PersonalDays))
	if err != nil || !found {
		return nil, err
	}
	r.report.More = true
	clear(r.incidents)
	return loadRunning(ctx, r, id)
}

func anonymous(s incident.Sample) incident.Sample {
	s.From, s.To, s.Heard, s.HeardBy = "", "", "", ""
	s.ErrorURL, _ = splitURL(s.ErrorURL)
	return s
}

// butForLine is s without personal data, with the customer's line.
func butForLine(s incident.Sample) incident.Sample {
	line := s.To
	s = anonymous(s)
	s.To = line
	return s
}

// first scans the first row, if there is one.
func (t *tx) first(ctx context.Context, into []any, query string, args ...any) (found bool, err error) {
	err = t.QueryRowContext(ctx, query, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
