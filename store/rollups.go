package store

import (
	"context"
	"fmt"

	"github.com/backstop-project/backstop/incident"
)

// countKey is one row of the counts: a minute of one incident, told apart by
// channel and code. Hours are sums of minutes.
type countKey struct {
	minute   int64
	incident int64
	channel  incident.Channel
	code     int
}

const minuteMillis = 60_000

func (f *feeding) count(failure incident.Failure, id int64) error {
	f.counts[countKey{millisOf(failure.ID) / minuteMillis, id, failure.Channel, failure.Code}]++
	return nil
}

// saveCounts adds what the batch came to, and where its failures are.
func (f *feeding) saveCounts(ctx context.Context) error {
	hours := map[countKey]int64{}
	for k, n := range f.counts {
		if err := f.run(ctx, addMinute, k.minute, k.incident, int(k.channel), k.code, n); err != nil {
			return fmt.Errorf("count by minute: %w", err)
		}
		k.minute /= 60
		hours[k] += n
	}
	for k, n := range hours {
		if err := f.run(ctx, addHour, k.minute, k.incident, int(k.channel), k.code, n); err != nil {
			return fmt.Errorf("count by hour: %w", err)
		}
	}
	for hour, at := range f.hours {
		if err := f.run(ctx, addPlace, hour, at.first, at.last); err != nil {
			return fmt.Errorf("places by hour: %w", err)
		}
	}
	return nil
}

const addMinute = `
	INSERT INTO minutely (minute, incident_id, channel, code, failures)
	VALUES (?1, ?2, ?3, ?4, ?5)
	ON CONFLICT DO UPDATE
	SET failures = failures + excluded.failures`

const addHour = `
	INSERT INTO hourly (hour, incident_id, channel, code, failures)
	VALUES (?1, ?2, ?3, ?4, ?5)
	ON CONFLICT DO UPDATE
	SET failures = failures + excluded.failures`

const addPlace = `
	INSERT INTO hours (hour, first_serial, last_serial)
	VALUES (?1, ?2, ?3)
	ON CONFLICT DO UPDATE
	SET last_serial = excluded.last_serial`
