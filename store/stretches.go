package store

import (
	"context"
	"database/sql"
	"slices"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// Failures with one SID, or one number, are looked for stretch by stretch of
// serial numbers, which lead the indexes: see docs/adr/0015.
const (
	// Of one SID, or one number, within one stretch: all of them, with whether
	// they are asked for, so that whoever looks knows when to stop.
	searchSID = searched + `
		  AND coalesce(sid, request_key) = ?9
		ORDER BY serial `
	searchFrom = searched + `
		  AND from_number = ?9
		ORDER BY serial `
	searchTo = searched + `
		  AND to_number = ?9
		  AND from_number IS NOT ?9
		ORDER BY serial `
	searched = `
		SELECT serial, id, (SELECT channel FROM origins AS o WHERE o.id = origin_id),
		  id >= ?3
		    AND id < ?4
		    AND (origin_id IN (SELECT value FROM json_each(?5))) = ?6
		    AND (?10 IS NULL OR from_number IS ?10 OR to_number IS ?10)
		FROM failures
		WHERE serial >> 16 = ?8
		  AND serial >= ?1
		  AND serial <= ?2`
)

// hit is a failure that a search has found.
type hit struct {
	serial  int64
	id      incident.ID
	channel incident.Channel
}

// The stretches that hold a SID or a number at all, newest first: one statement
// for all of them, so that looking for what is rare costs little more than
// looking it up.
const (
	everyStretch = `
		WITH RECURSIVE stretch (n) AS (
		  SELECT ?2
		  UNION ALL
		  SELECT n - 1
		  FROM stretch
		  WHERE n > ?1)
		SELECT n
		FROM stretch
		WHERE `
	stretchesOfSID = everyStretch + `EXISTS (
		  SELECT 1
		  FROM failures
		  WHERE serial >> 16 = n
		    AND coalesce(sid, request_key) = ?3)`
	stretchesOfNumber = everyStretch + `EXISTS (
		  SELECT 1
		  FROM failures
		  WHERE serial >> 16 = n
		    AND from_number = ?3)
		  OR EXISTS (
		  SELECT 1
		  FROM failures
		  WHERE serial >> 16 = n
		    AND to_number = ?3)`
)

// inStretches finds failures with a SID or a number: stretch by stretch, in the
// page's direction, until there are enough. Where the other filters let hardly
// any of a number's failures through, it stops at s.stopped.
func (s *search) inStretches(ctx context.Context) (found []hit, err error) {
	value, which, queries := s.sid, stretchesOfSID, []string{searchSID}
	if value == nil {
		value, which, queries = s.number, stretchesOfNumber, []string{searchFrom, searchTo}
	}
	stretches, err := s.stretches(ctx, which, value)
	if err != nil {
		return nil, err
	}
	look := looking{search: s, value: value}
	for _, query := range queries {
		stmt, err := s.view.PrepareContext(ctx, query+s.direction())
		if err != nil {
			return nil, err
		}
		defer stmt.Close()
		look.stmts = append(look.stmts, stmt)
	}
	for _, stretch := range stretches {
		if len(look.found) > s.limit || s.stopped != 0 {
			break
		}
		if err := look.into(ctx, stretch); err != nil {
			return nil, err
		}
	}
	return look.found, nil
}

// looking goes through stretches, by one statement or two.
type looking struct {
	*search
	value  any
	stmts  []*sql.Stmt
	looked [2]int // rows, by each
	found  []hit
}

// into looks into a stretch. Stretches are many: that the driver watches for the
// end of ctx would cost more than most of them take.
func (l *looking) into(ctx context.Context, stretch int64) error {
	within := l.within
	for i, stmt := range l.stmts {
		if err := ctx.Err(); err != nil {
			return err
		}
		args := append(l.arguments(within), stretch, l.value, nil)
		if l.sid != nil {
			args[9] = l.number
		}
		rows, err := stmt.QueryContext(context.WithoutCancel(ctx), args...)
		if err != nil {
			return err
		}
		if err := l.take(rows, i, &within); err != nil {
			return err
		}
	}
	if l.stopped != 0 { // what the other statement has found beyond is for the next page
		l.found = slices.DeleteFunc(l.found, func(h hit) bool { return h.serial < within.first || h.serial > within.last })
	}
	return nil
}

// take takes what is asked for until there is a page of it, or enough was looked
// at: nothing beyond that is then within.
func (l *looking) take(rows *sql.Rows, by int, within *serials) error {
	defer rows.Close()
	for most := len(l.found) + l.limit; len(l.found) <= most && rows.Next(); {
		var h hit
		var asked bool
		if err := rows.Scan(&h.serial, (*idColumn)(&h.id), &h.channel, &asked); err != nil {
			return err
		}
		if asked {
			l.found = append(l.found, h)
		}
		if l.looked[by]++; l.looked[by] < history.MaxLooked {
			continue
		}
		if l.stopped = h.serial; l.newer {
			within.last = h.serial
		} else {
			within.first = h.serial
		}
		break
	}
	return rows.Err()
}

// stretches are those within the range that hold the value.
func (s *search) stretches(ctx context.Context, which string, value any) ([]int64, error) {
	there, err := s.there(ctx)
	if err != nil || there.first > there.last {
		return nil, err
	}
	found, err := s.find(ctx, nil, which, []any{there.first >> stretchBits, there.last >> stretchBits, value})
	if s.newer {
		slices.Reverse(found)
	}
	return found, err
}

// there is the part of the range in which there are failures.
func (s *search) there(ctx context.Context) (serials, error) {
	var all serials
	err := s.view.QueryRowContext(ctx, `
		SELECT COALESCE((SELECT MIN(serial) FROM failures), 1), COALESCE((SELECT MAX(serial) FROM failures), 0)`).Scan(&all.first, &all.last)
	return serials{max(s.within.first, all.first), min(s.within.last, all.last)}, err
}
