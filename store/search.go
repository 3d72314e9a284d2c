package store

import (
	"context"
	"slices"
)

// The statements of a search: each finds serial numbers by one index, in the
// order of the page, and checks time and origin of what it finds. %s is the
// direction.
const (
	// By nothing but the order of arrival.
	searchAll = `
		SELECT serial
		FROM failures
		WHERE serial >= ?1
		  AND serial <= ?2
		  AND id >= ?3
		  AND id < ?4
		  AND (origin_id IN (SELECT value FROM json_each(?5))) = ?6
		ORDER BY serial `
	// Of one origin.
	searchOrigin = `
		SELECT serial
		FROM failures
		WHERE origin_id = ?5
		  AND serial >= ?1
		  AND serial <= ?2
		  AND id >= ?3
		  AND id < ?4
		ORDER BY serial `
	// Of one SID, or one number, within one stretch.
	searchSID = `
		SELECT serial
		FROM failures
		WHERE serial >> 16 = ?7
		  AND coalesce(sid, request_key) = ?8
		  AND serial >= ?1
		  AND serial <= ?2
		  AND id >= ?3
		  AND id < ?4
		  AND (origin_id IN (SELECT value FROM json_each(?5))) = ?6
		  AND (?10 IS NULL OR from_number = ?10 OR to_number = ?10)
		ORDER BY serial `
	searchFrom = `
		SELECT serial
		FROM failures
		WHERE serial >> 16 = ?7
		  AND from_number = ?8
		  AND serial >= ?1
		  AND serial <= ?2
		  AND id >= ?3
		  AND id < ?4
		  AND (origin_id IN (SELECT value FROM json_each(?5))) = ?6
		ORDER BY serial `
	searchTo = `
		SELECT serial
		FROM failures
		WHERE serial >> 16 = ?7
		  AND to_number = ?8
		  AND serial >= ?1
		  AND serial <= ?2
		  AND id >= ?3
		  AND id < ?4
		  AND (origin_id IN (SELECT value FROM json_each(?5))) = ?6
		ORDER BY serial `
)

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

const (
	newestFirst = `DESC LIMIT ?9`
	oldestFirst = `ASC LIMIT ?9`
)

func (s *search) directed(query string) string {
	if s.newer {
		return query + oldestFirst
	}
	return query + newestFirst
}

// serials finds the page's rows and one more, in the page's direction.
func (s *search) serials(ctx context.Context) ([]int64, error) {
	switch {
	case s.sid != nil:
		return s.byStretch(ctx, s.sid, stretchesOfSID, searchSID)
	case s.number != nil:
		return s.byStretch(ctx, s.number, stretchesOfNumber, searchFrom, searchTo)
	case s.narrow:
		return s.byOrigin(ctx)
	}
	return s.find(ctx, nil, s.directed(searchAll), s.arguments(nil, nil))
}

func (s *search) arguments(stretch, value any) []any {
	return []any{s.within.first, s.within.last, s.since, s.until, s.originsJSON(), s.narrow, stretch, value, s.limit + 1}
}

// byOrigin takes the first rows of each origin, and the first of those.
func (s *search) byOrigin(ctx context.Context) (found []int64, err error) {
	for _, origin := range s.origins {
		args := s.arguments(nil, nil)
		args[4] = origin
		if found, err = s.find(ctx, found, s.directed(searchOrigin), args); err != nil {
			return nil, err
		}
		found = s.first(found)
	}
	return found, nil
}

// byStretch goes through the stretches that hold the value, in the page's
// direction, until the page is full.
func (s *search) byStretch(ctx context.Context, value any, which string, queries ...string) (found []int64, err error) {
	stretches, err := s.stretches(ctx, which, value)
	if err != nil {
		return nil, err
	}
	for _, stretch := range stretches {
		if len(found) > s.limit {
			break
		}
		for _, query := range queries {
			args := s.arguments(stretch, value)
			if query == searchSID {
				args = append(args, s.number)
			}
			if found, err = s.find(ctx, found, s.directed(query), args); err != nil {
				return nil, err
			}
		}
		found = s.first(found)
	}
	return found, nil
}

// stretches are those within the range that hold the value.
func (s *search) stretches(ctx context.Context, which string, value any) ([]int64, error) {
	var there serials
	if err := s.view.QueryRowContext(ctx, `
		SELECT COALESCE(MIN(serial), 1), COALESCE((SELECT MAX(serial) FROM failures), 0)
		FROM failures`).Scan(&there.first, &there.last); err != nil {
		return nil, err
	}
	first, last := max(s.within.first, there.first)>>stretchBits, min(s.within.last, there.last)>>stretchBits
	if first > last {
		return nil, nil
	}
	found, err := s.find(ctx, nil, which, []any{first, last, value})
	if s.newer {
		slices.Reverse(found)
	}
	return found, err
}

// first sorts in the page's direction, drops doubles and what is beyond the
// page.
func (s *search) first(found []int64) []int64 {
	slices.Sort(found)
	found = slices.Compact(found)
	if !s.newer {
		slices.Reverse(found)
	}
	return found[:min(len(found), s.limit+1)]
}

func (s *search) find(ctx context.Context, found []int64, query string, args []any) ([]int64, error) {
	rows, err := s.view.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var serial int64
		if err := rows.Scan(&serial); err != nil {
			return nil, err
		}
		found = append(found, serial)
	}
	return found, rows.Err()
}
