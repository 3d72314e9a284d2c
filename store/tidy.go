package store

import (
	"context"
	"time"
)

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
	if err := r.run(ctx, `
		DELETE FROM caller_reveals
		WHERE until < ?1`, r.before(r.keep.Days)); err != nil {
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
