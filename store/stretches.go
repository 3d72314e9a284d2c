package store

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// Failures with one SID, or one number, are looked for stretch by stretch of
// serial numbers, which lead the indexes: see docs/adr/0015. All of them are
// handed over, with whether they are asked for, so that whoever looks knows when
// to stop.
const (
	searchSID  = searched + ` AND coalesce(sid, request_key) = ?9`
	searchFrom = searched + ` AND from_number = ?9`
	searchTo   = searched + ` AND to_number = ?9 AND from_number IS NOT ?9`
	searched   = `
		SELECT serial, id, (SELECT channel FROM origins AS o WHERE o.id = origin_id),
		  id >= ?3
		    AND id < ?4
		    AND (origin_id IN (SELECT value FROM json_each(?5))) = ?6
		    AND (?10 IS NULL OR from_number IS ?10 OR to_number IS ?10)
		FROM failures
		WHERE serial >= ?1
		  AND serial <= ?2`
	// One stretch, in the page's direction, or some in which there is little.
	oneStretch    = ` AND serial >> 16 = ?8 ORDER BY serial `
	someStretches = ` AND serial >> 16 IN (SELECT value FROM json_each(?8)) LIMIT ?7`
)

// hit is a failure that a search has found.
type hit struct {
	serial  int64
	id      incident.ID
	channel incident.Channel
}

func serialsOf(hits []hit) []int64 {
	found := make([]int64, len(hits))
	for i, h := range hits {
		found[i] = h.serial
	}
	return found
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
func (s *search) inStretches(ctx context.Context) ([]hit, error) {
	value, which, queries := s.sid, stretchesOfSID, []string{searchSID}
	if value == nil {
		value, which, queries = s.number, stretchesOfNumber, []string{searchFrom, searchTo}
	}
	stretches, err := s.stretches(ctx, which, value)
	if err != nil {
		return nil, err
	}
	look := looking{search: s, value: value, queries: queries}
	for at := 1; len(stretches) > 0 && len(look.found) <= s.limit && s.stopped == 0; {
		some := stretches[:min(at, len(stretches))]
		before, few := len(look.found), false
		if len(some) > 1 {
			few, err = look.intoSome(ctx, some)
		}
		if !few && err == nil {
			some = some[:1]
			err = look.intoOne(ctx, some[0])
		}
		if err != nil {
			return nil, err
		}
		stretches = stretches[len(some):]
		if at *= 2; len(look.found)-before > fewInOne*len(some) {
			at = 1
		}
	}
	return look.found, nil
}

// fewInOne is up to how many failures of a stretch several are looked into by one
// statement: it costs more than they.
const fewInOne = 64

// looking goes through stretches, by one index or two.
type looking struct {
	*search
	value   any
	queries []string
	looked  [2]int // rows, by each
	found   []hit
}

// intoSome looks into stretches of which each has few, or gives up where there is
// more than that: all of them are found, or none.
func (l *looking) intoSome(ctx context.Context, stretches []int64) (few bool, err error) {
	list, err := json.Marshal(stretches)
	if err != nil {
		return false, err
	}
	most := 2*fewInOne*len(stretches) + 1
	var found []hit
	for _, query := range l.queries {
		args := l.arguments(l.within, string(list))
		args[6] = most
		n := 0
		err := l.each(ctx, query+someStretches, args, func(h hit, asked bool) (more bool) {
			n++
			if asked {
				found = append(found, h)
			}
			return n < most
		})
		if err != nil || n == most {
			return false, err
		}
	}
	l.found = append(l.found, found...)
	return true, nil
}

// intoOne looks into one stretch until there is a page, or enough was looked at:
// what the other index has beyond that is for the next page.
func (l *looking) intoOne(ctx context.Context, stretch int64) error {
	within := l.within
	for i, query := range l.queries {
		most := len(l.found) + l.limit
		err := l.each(ctx, query+oneStretch+l.direction(), l.arguments(within, stretch), func(h hit, asked bool) (more bool) {
			if asked {
				l.found = append(l.found, h)
			}
			if l.looked[i]++; l.looked[i] < history.MaxLooked {
				return len(l.found) <= most
			}
			if l.stopped = h.serial; l.newer {
				within.last = h.serial
			} else {
				within.first = h.serial
			}
			return false
		})
		if err != nil {
			return err
		}
	}
	if l.stopped != 0 {
		l.found = slices.DeleteFunc(l.found, func(h hit) bool { return h.serial < within.first || h.serial > within.last })
	}
	return nil
}

// arguments are those of a statement that looks into stretches.
func (l *looking) arguments(within serials, stretches any) []any {
	args := append(l.search.arguments(within), stretches, l.value, nil)
	if l.sid != nil {
		args[9] = l.number
	}
	return args
}

// each goes through what a statement finds while there is to be more. Statements
// are many: that the driver watches for the end of ctx would cost more than most
// of them take.
func (l *looking) each(ctx context.Context, query string, args []any, do func(h hit, asked bool) (more bool)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	rows, err := l.view.QueryContext(context.WithoutCancel(ctx), query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var h hit
		var asked bool
		if err := rows.Scan(&h.serial, (*idColumn)(&h.id), &h.channel, &asked); err != nil {
			return err
		}
		if !do(h, asked) {
			break
		}
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
