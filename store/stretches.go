package store

import (
	"context"

	"github.com/backstop-project/backstop/incident"
)

// Failures with one SID, or one number, are looked for stretch by stretch of
// serial numbers, which lead the indexes: see docs/adr/0015. All of them are
// handed over, with whether they are asked for, so that whoever looks knows when
// to stop. All that is asked of a line's failures is in its index: docs/adr/0116.
const (
	hitColumns = `
		SELECT serial, substr(id, 1, 6), (SELECT channel FROM origins AS o WHERE o.id = origin_id),
		  substr(id, 1, 6) >= ?3
		    AND substr(id, 1, 6) < ?4
		    AND (origin_id IN (SELECT value FROM json_each(?5))) = ?6`
	inRange = `
		WHERE serial >= ?1
		  AND serial <= ?2`
	ofSID  = ` AND coalesce(sid, request_key) = ?9 AND (?10 IS NULL OR from_number IS ?10 OR to_number IS ?10)`
	ofFrom = ` AND from_number = ?9`
	ofTo   = ` AND to_number = ?9`

	// Stretch after stretch, in the page's direction.
	fromNewest = `
		WITH RECURSIVE stretch (n) AS (
		  SELECT ?8
		  UNION ALL
		  SELECT n - 1
		  FROM stretch
		  WHERE n > ?11)`
	fromOldest = `
		WITH RECURSIVE stretch (n) AS (
		  SELECT ?8
		  UNION ALL
		  SELECT n + 1
		  FROM stretch
		  WHERE n < ?11)`
	eachStretch = hitColumns + `
		FROM stretch
		CROSS JOIN failures` + inRange + ` AND serial >> 16 = n`

	// One stretch, in order.
	oneStretch = hitColumns + `
		FROM failures` + inRange + ` AND serial >> 16 = ?8`
	inSerials = ` ORDER BY serial `
)

// hit is a failure that a search has found.
type hit struct {
	serial  int64
	at      int64 // unix milliseconds
	channel incident.Channel
}

func serialsOf(hits []hit) []int64 {
	found := make([]int64, len(hits))
	for i, h := range hits {
		found[i] = h.serial
	}
	return found
}

// inStretches finds failures with a SID or a number, in the page's direction, until
// there are enough: by one statement for each index as long as no stretch has many, for
// what is rare costs little more than to look it up. Where the other filters let hardly
// any of a number's failures through, it stops at s.stopped.
func (s *search) inStretches(ctx context.Context) ([]hit, error) {
	left, err := s.there(ctx)
	look := looking{search: s, value: s.number, indexes: []index{{0, ofFrom}, {1, ofTo}}}
	if s.sid != nil {
		look.value, look.indexes = s.sid, []index{{0, ofSID}}
	}
	for look.goesOn(left, err) {
		if left, err = look.through(ctx, left); look.goesOn(left, err) {
			left, err = look.intoOne(ctx, left)
		}
	}
	return look.found, err
}

// there is the part of the range in which there are failures.
func (s *search) there(ctx context.Context) (serials, error) {
	var all serials
	err := s.view.QueryRowContext(ctx, `
		SELECT COALESCE((SELECT MIN(serial) FROM failures), 1), COALESCE((SELECT MAX(serial) FROM failures), 0)`).Scan(&all.first, &all.last)
	return serials{max(s.within.first, all.first), min(s.within.last, all.last)}, err
}
