package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

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
		SET params = NULL, from_number = NULL, to_number = NULL, url_query = NULL
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

// answered is a failure that got an answer.
type answered struct{ serial, at int64 }

// silence gives failures, instead of their answer, one like it without words:
// a customer's own text may name the caller. The answer itself may serve newer
// failures too; it goes when the last of them is erased.
func (r *retaining) silence(ctx context.Context, answer int64, failures []answered) error {
	var a incident.Answer
	var languages string
	err := r.QueryRowContext(ctx, `
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
		silent, err := r.answer(ctx, a, f.at)
		if err != nil {
			return err
		}
		if err := r.run(ctx, `
			UPDATE failures
			SET answer_id = ?2
			WHERE serial = ?1`, f.serial, silent); err != nil {
			return err
		}
	}
	return nil
}

// eraseIncidents does the same for what incidents remember of their failures.
func (r *retaining) eraseIncidents(ctx context.Context) error {
	if r.keep.PersonalDays == 0 {
		return nil
	}
	var id int64
	found, err := r.first(ctx, []any{&id}, `
		SELECT id
		FROM incidents
		WHERE NOT erased
		  AND last_at < ?1
		ORDER BY last_at
		LIMIT 1`, r.before(r.keep.PersonalDays))
	if err != nil || !found {
		return err
	}
	r.report.More = true
	in, err := loadRunning(ctx, r, id)
	if err != nil {
		return err
	}
	clear(r.incidents)
	in.in.First, in.in.Last = anonymous(in.in.First), anonymous(in.in.Last)
	if err := r.saveIncident(ctx, in); err != nil {
		return err
	}
	return r.run(ctx, `
		UPDATE incidents
		SET erased = TRUE
		WHERE id = ?1`, id)
}

func anonymous(s incident.Sample) incident.Sample {
	s.From, s.To, s.Heard = "", "", ""
	s.ErrorURL, _ = splitURL(s.ErrorURL)
	return s
}

// tidy removes dictionary rows that no failure uses any more, and what else is
// too old.
func (r *retaining) tidy(ctx context.Context) error {
	oldest, err := r.oldest(ctx)
	if err != nil {
		return err
	}
	if oldest.IsZero() {
		oldest = r.at
	}
	unused := oldest.Add(-time.Hour).UnixMilli()
	n, err := r.some(ctx, tidyAtOnce, `
		DELETE FROM texts
		WHERE id IN (
		  SELECT id
		  FROM texts
		  WHERE (kind = 1 AND used_at < ?2)
		     OR (kind = 2 AND used_at < ?3)
		  LIMIT ?1)`, unused, max(unused, r.row.erasedBefore-hourMillis))
	if err != nil {
		return err
	}
	if n > 0 {
		clear(r.texts)
	}
	if err := r.tidyAnswers(ctx, unused); err != nil {
		return err
	}
	return r.tidyOld(ctx, oldest)
}

// tidyAnswers removes answers that no failure has any more, and those with
// words all of whose failures were erased.
func (r *retaining) tidyAnswers(ctx context.Context, unused int64) error {
	n, err := r.some(ctx, tidyAtOnce, `
		DELETE FROM answers
		WHERE id IN (
		  SELECT id
		  FROM answers
		  WHERE used_at < ?2
		     OR (used_at < ?3
		     AND (heard <> '' OR document_id <> (SELECT id FROM documents WHERE hash = ?4)))
		  LIMIT ?1)`, unused, max(unused, r.row.erasedBefore-hourMillis), hashOf(""))
	if err != nil || n == 0 {
		return err
	}
	clear(r.answers)
	r.answerBytes = 0
	_, err = r.some(ctx, tidyAtOnce, `
		DELETE FROM documents
		WHERE id IN (
		  SELECT d.id
		  FROM documents AS d
		  WHERE NOT EXISTS (SELECT 1 FROM answers AS a WHERE a.document_id = d.id)
		  LIMIT ?1)`)
	return err
}

func (r *retaining) tidyOld(ctx context.Context, oldest time.Time) error {
	if _, err := r.some(ctx, tidyAtOnce, `
		DELETE FROM places
		WHERE minute IN (
		  SELECT minute
		  FROM places
		  WHERE minute < ?2
		  LIMIT ?1)`, oldest.UnixMilli()/minuteMillis); err != nil {
		return err
	}
	if r.keep.PersonalDays > 0 {
		if _, err := r.some(ctx, removeAtOnce, `
			DELETE FROM set_aside
			WHERE id IN (
			  SELECT id
			  FROM set_aside
			  WHERE at < ?2
			  LIMIT ?1)`, r.before(r.keep.PersonalDays)); err != nil {
			return err
		}
	}
	if r.keep.Days == 0 {
		return nil
	}
	if _, err := r.some(ctx, removeAtOnce, `
		DELETE FROM alerts
		WHERE id IN (
		  SELECT id
		  FROM alerts
		  WHERE created_at < ?2
		  LIMIT ?1)`, r.before(r.keep.Days)); err != nil {
		return err
	}
	// The newest stays however old it is: its journal keeps its newest row too,
	// which would be fed again.
	return r.run(ctx, `
		DELETE FROM cursors
		WHERE at < ?1
		  AND at < (SELECT MAX(at) FROM cursors)`, r.before(max(r.keep.Days, 30)))
}

// Free pages are used again; only when there are many more than the next days
// need are some given back to the disk.
const (
	shrinkBeyond = 8192 // pages
	shrinkShare  = 8    // and one in so many
	shrinkBy     = 256
)

func (r *retaining) shrink(ctx context.Context) error {
	free, err := integer(ctx, r, `PRAGMA freelist_count`)
	if err != nil {
		return err
	}
	pages, err := integer(ctx, r, `PRAGMA page_count`)
	if err != nil || free < shrinkBeyond || free < pages/shrinkShare {
		return err
	}
	r.report.More = true
	return vacuum(ctx, r, shrinkBy)
}

// first scans the first row, if there is one.
func (t *tx) first(ctx context.Context, into []any, query string, args ...any) (found bool, err error) {
	err = t.QueryRowContext(ctx, query, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
