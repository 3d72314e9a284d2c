package store

import (
	"context"
	"database/sql"

	"github.com/backstop-project/backstop/history"
)

// placesWithin is between which serial numbers the failures of some minutes are:
// by the day where a whole one lies among them, for a year has half a million.
const placesWithin = `
	SELECT MIN(first_serial), MAX(last_serial)
	FROM (
	  SELECT first_serial, last_serial
	  FROM places
	  WHERE minute BETWEEN ?1 AND MIN(?2, (?1 + 1439) / 1440 * 1440 - 1)
	  UNION ALL
	  SELECT first_serial, last_serial
	  FROM places_by_day
	  WHERE day >= (?1 + 1439) / 1440
	    AND day < (?2 + 1) / 1440
	  UNION ALL
	  SELECT first_serial, last_serial
	  FROM places
	  WHERE minute BETWEEN MAX((?1 + 1439) / 1440, (?2 + 1) / 1440) * 1440 AND ?2)`

// placesPartly is the same of a part of a minute. The index on ids has both.
const placesPartly = `
	SELECT MIN(serial), MAX(serial)
	FROM failures
	WHERE id >= ?1
	  AND id < ?2`

// A minute that is asked for in part is looked into where its failures are so many that
// reading past those that are not asked for would cost more, and not so many that
// looking would.
const (
	lookedIntoFrom = 64
	lookedIntoTo   = 1 << 14
)

// times are what is asked for, in unix milliseconds; until is not among them.
func (s *search) times() (since, until int64) {
	since, until = 0, 1<<48-1
	if !s.query.From.IsZero() {
		since = max(since, s.query.From.UnixMilli())
	}
	if !s.query.To.IsZero() {
		until = min(until, s.query.To.UnixMilli())
	}
	return since, until
}

func (s *search) ofAnotherTime(r history.Row) bool {
	since, until := s.times()
	at := r.ReceivedAt.UnixMilli()
	return at < since || at >= until
}

// boundByTime narrows the range to where the failures of that time are: of whole minutes
// by what is noted of them, of the two that are asked for in part by looking into them.
func (s *search) boundByTime(ctx context.Context) error {
	since, until := s.times()
	first, end := (since+minuteMillis-1)/minuteMillis, until/minuteMillis // whole ones
	at := serials{1 << 62, 0}
	if first < end {
		if err := s.include(ctx, &at, placesWithin, first, end-1); err != nil {
			return err
		}
	}
	for _, part := range [][2]int64{{since, min(until, first*minuteMillis)}, {max(since, end*minuteMillis), until}} {
		if part[0] < part[1] {
			if err := s.includePart(ctx, &at, part[0], part[1]); err != nil {
				return err
			}
		}
	}
	s.within = at
	return nil
}

// includePart widens at by where the failures of a part of one minute are, or of all of
// that minute.
func (s *search) includePart(ctx context.Context, at *serials, since, until int64) error {
	minute := serials{1 << 62, 0}
	if err := s.include(ctx, &minute, placesWithin, since/minuteMillis, since/minuteMillis); err != nil {
		return err
	}
	if n := minute.last - minute.first; n < lookedIntoFrom || n > lookedIntoTo {
		at.widen(minute)
		return nil
	}
	return s.include(ctx, at, placesPartly, idFrom(since), idFrom(until))
}

// include widens at by what a statement finds.
func (s *search) include(ctx context.Context, at *serials, query string, args ...any) error {
	var first, last sql.NullInt64
	err := s.view.QueryRowContext(ctx, query, args...).Scan(&first, &last)
	if err == nil && first.Valid {
		at.widen(serials{first.Int64, last.Int64})
	}
	return err
}

// widen makes a range hold another one, too.
func (r *serials) widen(by serials) {
	r.first, r.last = min(r.first, by.first), max(r.last, by.last)
}
