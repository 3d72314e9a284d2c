package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// maxBars bounds a histogram whatever is asked for.
const maxBars = 1000

// Histogram counts what q finds, in at most maxBuckets bars of equal width
// that leave no gap: minutes for the last two days, hours and days else, or
// several of them. Drills are in none. It costs the counts of the range, not
// its failures; with a number or SID to look for, the newest
// history.MaxCounted of those are counted, and some more.
func (l *Ledger) Histogram(ctx context.Context, q history.Query, maxBuckets int) ([]history.Bucket, error) {
	var bars []history.Bucket
	err := l.inView(ctx, func(v *sql.Tx) error {
		var err error
		bars, err = histogram(ctx, v, q, maxBuckets, l.now())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("histogram: %w", err)
	}
	return bars, nil
}

func histogram(ctx context.Context, v *sql.Tx, q history.Query, maxBuckets int, now time.Time) ([]history.Bucket, error) {
	q.Before, q.After, q.Drills = 0, 0, false
	bars, err := emptyBars(ctx, v, q, maxBuckets, now)
	if err != nil || len(bars) == 0 {
		return nil, err
	}
	if q.Number != "" || q.SID != "" {
		return bars, countRows(ctx, v, q, bars)
	}
	return bars, sum(ctx, v, q, bars)
}

// emptyBars are those of a chart of q; none where there is nothing to draw.
func emptyBars(ctx context.Context, v *sql.Tx, q history.Query, maxBuckets int, now time.Time) ([]history.Bucket, error) {
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
	return frame(since, until, min(max(maxBuckets, 1), maxBars), since.UnixMilli() >= minutesFrom), nil
}

// mostSpan is the longest time of a chart. One that is much longer, by what somebody
// asks for or by what a wrong clock said, is more than a Duration can say.
const mostSpan = 40 * 366 * day

// span is the time that the bars cover: what q says, else from the first
// count to now. Of what is longer than mostSpan it is the end, as far as there are
// counts.
func span(ctx context.Context, v *sql.Tx, q history.Query, now time.Time) (since, until time.Time, err error) {
	since, until = q.From, q.To
	var first, last sql.NullInt64
	if q.Incident != 0 {
		err = v.QueryRowContext(ctx, `
			SELECT MIN(opened_at), MAX(last_at) + 1
			FROM incidents
			WHERE id = ?1`, q.Incident).Scan(&first, &last)
	} else {
		// The newest hour may be in its midst: its minutes, if they are kept, say how far it is.
		err = v.QueryRowContext(ctx, `
			SELECT
			  (SELECT MIN(at) FROM totals WHERE step = 1 AND code = -1) * 3600000,
			  COALESCE(
			    (SELECT MAX(at) FROM totals WHERE step = 0 AND code = -1) * 60000 + 60000,
			    (SELECT MAX(at) FROM totals WHERE step = 1 AND code = -1) * 3600000 + 3600000)`).Scan(&first, &last)
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
	if until.Sub(since) > mostSpan {
		until = earlier(until, timeFrom(last).Add(day))
		since = later(since, until.Add(-mostSpan))
	}
	return since.UTC(), until.UTC(), nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
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

// add puts n failures of a channel into a bar.
func add(bar *history.Bucket, channel incident.Channel, n int64) {
	switch channel {
	case incident.Voice:
		bar.Voice += n
	case incident.Messaging:
		bar.Messaging += n
	case incident.Unknown:
		bar.Unknown += n
	}
}

// The statements that add up counts by the bar, which is that many steps wide; %s is
// the table's step.
const (
	// Of all failures, or of those of a code.
	sumTotals = `
		SELECT (at - ?1) / ?3 AS bar, channel, SUM(failures)
		FROM totals
		WHERE at >= ?1
		  AND at < ?2
		  AND step = ?5
		  AND code = ?6
		  AND (?4 = -1 OR channel = ?4)
		GROUP BY bar, channel`
	// Of some origins.
	sumCounts = `
		SELECT (k.%[1]s - ?1) / ?3 AS bar, o.channel, SUM(k.failures)
		FROM origins AS o
		CROSS JOIN by_%[1]s AS k ON k.origin_id = o.id
		WHERE k.%[1]s >= ?1
		  AND k.%[1]s < ?2
		  AND (?4 = -1 OR o.channel = ?4)
		  AND (?5 = 0 OR o.code = ?5)%[2]s
		GROUP BY bar, o.channel`
	ofHost = `
		  AND o.host IN (?6, 'www.' || ?6)`
	ofIncident = `
		  AND (?6 = '' OR o.host IN (?6, 'www.' || ?6))
		  AND o.cause_id = (SELECT cause_id FROM incidents WHERE id = ?7)
		  AND k.incident_id = ?7`
)

// sumQuery is the statement that adds up what q asks for, with what it is given
// beside the steps it begins and ends at, how many make a bar, and the channel.
func sumQuery(q history.Query, by step) (query string, args []any) {
	name := [...]string{"minute", "hour", "day"}[by]
	switch {
	case q.Incident != 0:
		return fmt.Sprintf(sumCounts, name, ofIncident), []any{q.Code, q.Host, q.Incident}
	case q.Host != "":
		return fmt.Sprintf(sumCounts, name, ofHost), []any{q.Code, q.Host}
	}
	return sumTotals, []any{by, cmp.Or(q.Code, anyCode)}
}

// stepOf is the largest step that bars of that width can be made of.
func stepOf(width time.Duration) step {
	switch {
	case width < time.Hour:
		return byMinute
	case width < day:
		return byHour
	}
	return byDay
}

// sum fills the bars from the kept counts.
func sum(ctx context.Context, v *sql.Tx, q history.Query, bars []history.Bucket) error {
	by, last := stepOf(bars[0].Width), bars[len(bars)-1]
	from, until := bars[0].Start.UnixMilli()/by.millis(), last.Start.Add(last.Width).UnixMilli()/by.millis()
	query, args := sumQuery(q, by)
	rows, err := v.QueryContext(ctx, query, append([]any{from, until, bars[0].Width.Milliseconds() / by.millis(), channelOf(q)}, args...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var bar int
		var n int64
		var channel incident.Channel
		if err := rows.Scan(&bar, &channel, &n); err != nil {
			return err
		}
		add(&bars[bar], channel, n)
	}
	return rows.Err()
}

// countRows fills the bars from the newest rows themselves.
func countRows(ctx context.Context, v *sql.Tx, q history.Query, bars []history.Bucket) error {
	s, err := newSearch(ctx, v, q)
	if err != nil || s.empty {
		return err
	}
	s.limit = history.MaxCounted
	hits, err := s.inStretches(ctx)
	addHits(bars, hits)
	return err
}

// addHits adds what a search has found to the bars.
func addHits(bars []history.Bucket, hits []hit) {
	if len(bars) == 0 {
		return
	}
	from, width := bars[0].Start.UnixMilli(), bars[0].Width.Milliseconds()
	for _, h := range hits {
		at := h.at - from
		if i := int(at / width); at >= 0 && i < len(bars) {
			add(&bars[i], h.channel, 1)
		}
	}
}
