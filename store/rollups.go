package store

import (
	"context"
	"fmt"

	"github.com/backstop-project/backstop/incident"
)

// step is what counts are kept by.
type step int

// The steps. The numbers are stored in totals: never renumber.
const (
	byMinute step = iota
	byHour
	byDay
)

const (
	minuteMillis = 60_000
	dayMinutes   = 24 * 60
)

// millis is how long a step is.
func (s step) millis() int64 {
	return [...]int64{minuteMillis, 60 * minuteMillis, dayMinutes * minuteMillis}[s]
}

// anyCode is the code of the totals of all failures.
const anyCode = -1

// countKey is one row of the counts: a step of one incident, told apart by
// origin, that is by cause, channel, code and host.
type countKey struct{ at, incident, origin int64 }

// totalKey is one row of the totals: a step of a code, or of all of them.
type totalKey struct {
	at      int64
	code    int
	channel incident.Channel
}

// count counts a failure of an incident, by the minute.
func (f *feeding) count(failure incident.Failure, number, origin int64) {
	at := millisOf(failure.ID) / minuteMillis
	f.counts[countKey{at, number, origin}]++
	f.totals[totalKey{at, anyCode, failure.Channel}]++
	f.totals[totalKey{at, failure.Code, failure.Channel}]++
}

// saveCounts adds what the batch came to, and where its failures are.
func (f *feeding) saveCounts(ctx context.Context) error {
	for _, s := range []step{byMinute, byHour, byDay} {
		if err := f.saveStep(ctx, s); err != nil {
			return err
		}
	}
	return f.savePlaces(ctx)
}

// savePlaces notes between which serial numbers the failures of a minute are,
// and of a day.
func (f *feeding) savePlaces(ctx context.Context) error {
	days := map[int64]serials{}
	for minute, at := range f.places {
		if err := f.run(ctx, addPlace, minute, at.first, at.last); err != nil {
			return fmt.Errorf("places by minute: %w", err)
		}
		day, known := days[minute/dayMinutes]
		if !known {
			day = at
		}
		days[minute/dayMinutes] = serials{min(day.first, at.first), max(day.last, at.last)}
	}
	for day, at := range days {
		if err := f.run(ctx, addDayPlace, day, at.first, at.last); err != nil {
			return fmt.Errorf("places by day: %w", err)
		}
	}
	return nil
}

func (f *feeding) saveStep(ctx context.Context, s step) error {
	minutes := s.millis() / minuteMillis
	counts, totals := map[countKey]int64{}, map[totalKey]int64{}
	for k, n := range f.counts {
		k.at /= minutes
		counts[k] += n
	}
	for k, n := range f.totals {
		k.at /= minutes
		totals[k] += n
	}
	for k, n := range counts {
		if err := f.run(ctx, addCount[s], k.origin, k.at, k.incident, n); err != nil {
			return fmt.Errorf("count: %w", err)
		}
	}
	for k, n := range totals {
		if err := f.run(ctx, addTotal, s, k.code, k.at, k.channel, n); err != nil {
			return fmt.Errorf("add up: %w", err)
		}
	}
	return nil
}

var addCount = [...]string{
	byMinute: `INSERT INTO by_minute (origin_id, minute, incident_id, failures)` + addedUp,
	byHour:   `INSERT INTO by_hour (origin_id, hour, incident_id, failures)` + addedUp,
	byDay:    `INSERT INTO by_day (origin_id, day, incident_id, failures)` + addedUp,
}

const addedUp = `
	VALUES (?1, ?2, ?3, ?4)
	ON CONFLICT DO UPDATE
	SET failures = failures + excluded.failures`

const addTotal = `
	INSERT INTO totals (step, code, at, channel, failures)
	VALUES (?1, ?2, ?3, ?4, ?5)
	ON CONFLICT DO UPDATE
	SET failures = failures + excluded.failures`

const addDayPlace = `
	INSERT INTO places_by_day (day, first_serial, last_serial)
	VALUES (?1, ?2, ?3)
	ON CONFLICT DO UPDATE
	SET last_serial = excluded.last_serial`

const addPlace = `
	INSERT INTO places (minute, first_serial, last_serial)
	VALUES (?1, ?2, ?3)
	ON CONFLICT DO UPDATE
	SET last_serial = excluded.last_serial`
