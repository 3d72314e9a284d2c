package store

import (
	"context"
	"fmt"
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
	// Of one origin: by the index alone, and where the times are to be checked.
	searchOrigin = `
		SELECT serial
		FROM failures
		WHERE origin_id = ?5
		  AND serial >= ?1
		  AND serial <= ?2
		ORDER BY serial `
	searchOriginThen = `
		SELECT serial
		FROM failures
		WHERE origin_id = ?5
		  AND serial >= ?1
		  AND serial <= ?2
		  AND id >= ?3
		  AND id < ?4
		ORDER BY serial `
	// The origins that have the first failures of a page, where many are asked
	// for: its rows are among theirs.
	leadingOrigins = `
		SELECT value
		FROM (
		  SELECT asked.value, (
		      SELECT serial
		      FROM failures
		      WHERE origin_id = asked.value
		        AND serial >= ?1
		        AND serial <= ?2
		        AND id >= ?3
		        AND id < ?4
		      ORDER BY serial %s
		      LIMIT 1) AS leading
		  FROM json_each(?5) AS asked)
		WHERE leading IS NOT NULL
		ORDER BY leading %[1]s
		LIMIT ?6`
)

const (
	newestFirst = `DESC`
	oldestFirst = `ASC`
	limited     = ` LIMIT ?7`
)

func (s *search) direction() string { return s.inOrder(newestFirst, oldestFirst) }

// inOrder is what goes in the page's direction.
func (s *search) inOrder(fromNewest, fromOldest string) string {
	if s.newer {
		return fromOldest
	}
	return fromNewest
}

// Beyond so many origins they are not asked one by one: a page of what is
// frequent is found in the nearest failures, and of what is rare among the
// origins that have any.
const (
	manyOrigins = 16
	nearest     = 1024
)

// serials finds the page's rows and one more, in the page's direction.
func (s *search) serials(ctx context.Context) (found []int64, err error) {
	switch {
	case s.sid != nil || s.number != nil:
		hits, err := s.inStretches(ctx)
		return s.first(serialsOf(hits)), err
	case s.narrow && len(s.origins) > manyOrigins:
		return s.ofManyOrigins(ctx)
	case s.narrow:
		return s.ofOrigins(ctx, s.origins)
	}
	return s.find(ctx, nil, searchAll+s.direction()+limited, s.arguments(s.within))
}

func (s *search) arguments(within serials) []any {
	return []any{within.first, within.last, s.since, s.until, s.originsJSON(), s.narrow, s.limit + 1}
}

// ofManyOrigins looks among the nearest failures first.
func (s *search) ofManyOrigins(ctx context.Context) ([]int64, error) {
	near, err := s.near(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.find(ctx, nil, searchAll+s.direction()+limited, s.arguments(near))
	if err != nil || len(found) > s.limit {
		return found, err
	}
	leading, err := s.find(ctx, nil, fmt.Sprintf(leadingOrigins, s.direction()),
		[]any{s.within.first, s.within.last, s.since, s.until, s.originsJSON(), s.limit + 1})
	if err != nil {
		return nil, err
	}
	return s.ofOrigins(ctx, leading)
}

// near is the part of the range where the page begins.
func (s *search) near(ctx context.Context) (serials, error) {
	there, err := s.there(ctx)
	if s.newer {
		there.last = min(there.last, there.first+nearest)
	} else {
		there.first = max(there.first, there.last-nearest)
	}
	return there, err
}

// ofOrigins takes the first rows of each origin, and the first of those. What
// lies beyond a full page is not looked at.
func (s *search) ofOrigins(ctx context.Context, origins []int64) (found []int64, err error) {
	within, query := s.within, searchOrigin
	if s.strict {
		query = searchOriginThen
	}
	for _, origin := range origins {
		args := s.arguments(within)
		args[4] = origin
		if found, err = s.find(ctx, found, query+s.direction()+limited, args); err != nil {
			return nil, err
		}
		if found = s.first(found); len(found) <= s.limit {
			continue
		}
		if last := found[s.limit]; s.newer {
			within.last = last
		} else {
			within.first = last
		}
	}
	return found, nil
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
