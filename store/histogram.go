package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// maxBars bounds a histogram whatever is asked for.
const maxBars = 1000

// maxCounted bounds how many rows are counted one by one where no counts are
// kept: the newest ones.
const maxCounted = 10_000

// Histogram counts what q finds, in at most maxBuckets bars of equal width
// that leave no gap: minutes for the last two days, hours and days else, or
// several of them. Drills are in none. It costs the counts of the range, not
// its failures; with a number or SID to look for, the newest 10,000 of those
// are counted.
func (l *Ledger) Histogram(ctx context.Context, q history.Query, maxBuckets int) ([]history.Bucket, error) {
	var bars []history.Bucket
	err := l.inView(ctx, func(v *sql.Tx) error {
		var err error
		bars, err = histogram(ctx, v, q, min(max(maxBuckets, 1), maxBars), l.now())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("histogram: %w", err)
	}
	return bars, nil
}

func histogram(ctx context.Context, v *sql.Tx, q history.Query, maxBuckets int, now time.Time) ([]history.Bucket, error) {
	q.Before, q.After, q.Drills = 0, 0, false
	since, until, err := span(ctx, v, q, now)
	if err != nil || !since.Before(until) {
		return nil, err
	}
	minutesFrom, err := integer(ctx, v, `
		SELECT minutes_from
		FROM ledger`)
	if err != nil {
		return nil, err
	}
	bars := frame(since, until, maxBuckets, since.UnixMilli() >= minutesFrom)
	if q.Number != "" || q.SID != "" {
		return bars, countRows(ctx, v, q, bars)
	}
	return bars, sumCounts(ctx, v, q, bars)
}

// span is the time that the bars cover: what q says, else from the first
// count to now.
func span(ctx context.Context, v *sql.Tx, q history.Query, now time.Time) (since, until time.Time, err error) {
	since, until = q.From, q.To
	var first, last sql.NullInt64
	if q.Incident != 0 {
		err = v.QueryRowContext(ctx, `
			SELECT MIN(opened_at), MAX(last_at) + 1
			FROM incidents
			WHERE id = ?1`, q.Incident).Scan(&first, &last)
	} else {
		err = v.QueryRowContext(ctx, `
			SELECT MIN(hour) * 3600000, MAX(hour) * 3600000 + 3600000
			FROM hourly`).Scan(&first, &last)
		last.Int64 = max(last.Int64, now.UnixMilli())
	}
	if err != nil || !first.Valid {
		return since, since, err
	}
	if q.From.IsZero() || (q.Incident != 0 && since.Before(timeFrom(first))) {
		since = timeFrom(first)
	}
	if q.To.IsZero() || (q.Incident != 0 && until.After(timeFrom(last))) {
		until = timeFrom(last)
	}
	return since.UTC(), until.UTC(), nil
}

// frame makes the empty bars: the narrowest that are few enough, beginning at
// a multiple of their width.
func frame(since, until time.Time, maxBuckets int, fine bool) []history.Bucket {
	width := widths[len(widths)-1]
	for _, w := range widths {
		if (w >= time.Hour || fine) && fits(since, until, w, maxBuckets) {
			width = w
			break
		}
	}
	for !fits(since, until, width, maxBuckets) {
		width *= 2
	}
	var bars []history.Bucket
	for at := floor(since, width); at.Before(until); at = at.Add(width) {
		bars = append(bars, history.Bucket{Start: at, Width: width})
	}
	return bars
}

const day = 24 * time.Hour

var widths = [...]time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	day, 2 * day, 4 * day, 8 * day, 16 * day, 32 * day,
}

func floor(t time.Time, width time.Duration) time.Time {
	return time.UnixMilli(t.UnixMilli() - mod(t.UnixMilli(), width.Milliseconds())).UTC()
}

func mod(a, b int64) int64 { return (a%b + b) % b }

func fits(since, until time.Time, width time.Duration, maxBuckets int) bool {
	return until.Sub(floor(since, width)) <= time.Duration(maxBuckets)*width
}

// add puts n failures into the bar of that time.
func add(bars []history.Bucket, at time.Time, channel incident.Channel, n int64) {
	i := int(at.Sub(bars[0].Start) / bars[0].Width)
	if at.Before(bars[0].Start) || i >= len(bars) {
		return
	}
	switch channel {
	case incident.Voice:
		bars[i].Voice += n
	case incident.Messaging:
		bars[i].Messaging += n
	case incident.Unknown:
		bars[i].Unknown += n
	}
}

const (
	sumMinutes = `
		SELECT k.minute * 60000, o.channel, SUM(k.failures)
		FROM minutely AS k
		CROSS JOIN origins AS o ON o.id = k.origin_id
		WHERE k.minute >= ?1 / 60000
		  AND k.minute < (?2 + 59999) / 60000` + sumFilters + `
		GROUP BY k.minute, o.channel`
	sumHours = `
		SELECT k.hour * 3600000, o.channel, SUM(k.failures)
		FROM hourly AS k
		CROSS JOIN origins AS o ON o.id = k.origin_id
		WHERE k.hour >= ?1 / 3600000
		  AND k.hour < (?2 + 3599999) / 3600000` + sumFilters + `
		GROUP BY k.hour, o.channel`
	sumFilters = `
		  AND (?3 = -1 OR o.channel = ?3)
		  AND (?4 = 0 OR o.code = ?4)
		  AND (?5 = 0 OR k.incident_id = ?5)
		  AND (?6 = '' OR o.host IN (?6, 'www.' || ?6))`
)

// sumCounts fills the bars from the kept counts.
func sumCounts(ctx context.Context, v *sql.Tx, q history.Query, bars []history.Bucket) error {
	query := sumHours
	if bars[0].Width < time.Hour {
		query = sumMinutes
	}
	last := bars[len(bars)-1]
	rows, err := v.QueryContext(ctx, query, bars[0].Start.UnixMilli(), last.Start.Add(last.Width).UnixMilli(),
		channelOf(q), q.Code, q.Incident, q.Host)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var at time.Time
		var channel incident.Channel
		var n int64
		if err := rows.Scan((*timeColumn)(&at), &channel, &n); err != nil {
			return err
		}
		add(bars, at, channel, n)
	}
	return rows.Err()
}

// countRows fills the bars from the newest rows themselves.
func countRows(ctx context.Context, v *sql.Tx, q history.Query, bars []history.Bucket) error {
	s, err := newSearch(ctx, v, q)
	if err != nil || s.empty {
		return err
	}
	s.limit = maxCounted - 1
	found, err := s.serials(ctx)
	if err != nil {
		return err
	}
	wanted, err := json.Marshal(found)
	if err != nil {
		return err
	}
	rows, err := v.QueryContext(ctx, selectTimes, string(wanted))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id incident.ID
		var channel incident.Channel
		if err := rows.Scan((*idColumn)(&id), &channel); err != nil {
			return err
		}
		add(bars, timeOf(id), channel, 1)
	}
	return rows.Err()
}

const selectTimes = `
	SELECT f.id, o.channel
	FROM json_each(?1) AS wanted
	CROSS JOIN failures AS f ON f.serial = wanted.value
	CROSS JOIN origins AS o ON o.id = f.origin_id`
