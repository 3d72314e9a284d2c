package store

import (
	"context"
	"fmt"
)

// countKey is one row of the counts: a minute, or an hour, of one incident,
// told apart by origin, that is by cause, channel, code and host.
type countKey struct{ at, incident, origin int64 }

const minuteMillis = 60_000

// saveCounts adds what the batch came to, and where its failures are.
func (f *feeding) saveCounts(ctx context.Context) error {
	hours := map[countKey]int64{}
	for k, n := range f.counts {
		if err := f.run(ctx, addMinute, k.at, k.incident, k.origin, n); err != nil {
			return fmt.Errorf("count by minute: %w", err)
		}
		k.at /= 60
		hours[k] += n
	}
	for k, n := range hours {
		if err := f.run(ctx, addHour, k.at, k.incident, k.origin, n); err != nil {
			return fmt.Errorf("count by hour: %w", err)
		}
	}
	for minute, at := range f.places {
		if err := f.run(ctx, addPlace, minute, at.first, at.last); err != nil {
			return fmt.Errorf("places by minute: %w", err)
		}
	}
	return nil
}

const addMinute = `
	INSERT INTO minutely (minute, incident_id, origin_id, failures)
	VALUES (?1, ?2, ?3, ?4)
	ON CONFLICT DO UPDATE
	SET failures = failures + excluded.failures`

const addHour = `
	INSERT INTO hourly (hour, incident_id, origin_id, failures)
	VALUES (?1, ?2, ?3, ?4)
	ON CONFLICT DO UPDATE
	SET failures = failures + excluded.failures`

const addPlace = `
	INSERT INTO places (minute, first_serial, last_serial)
	VALUES (?1, ?2, ?3)
	ON CONFLICT DO UPDATE
	SET last_serial = excluded.last_serial`
