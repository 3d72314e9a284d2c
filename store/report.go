package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// Report is what the ledger knows of the time from from until to, in so many bars,
// and of the equal time before it. It reads every failure of both, which takes
// three seconds for a million, and holds up nobody who writes.
func (l *Ledger) Report(ctx context.Context, from, to time.Time, bars int) (r incident.Report, err error) {
	r.From, r.To = from.UTC(), to.UTC()
	err = l.inView(ctx, func(v *sql.Tx) error {
		p := period{v, r.From, r.To}
		if r.Figures, err = p.figures(ctx); err != nil {
			return err
		}
		if r.Before, err = (period{v, from.Add(-to.Sub(from)), from}).figures(ctx); err != nil {
			return err
		}
		if r.Bars, err = p.bars(ctx, bars); err != nil {
			return err
		}
		if r.More, err = p.more(ctx); err != nil {
			return err
		}
		if r.Worst, err = p.incidents(ctx, `
			WHERE i.opened_at < ?2
			  AND i.last_at >= ?1
			  AND c.kind NOT IN (6, 7)
			ORDER BY i.callers DESC, i.id DESC
			LIMIT 5`); err != nil {
			return err
		}
		r.Untold, err = p.incidents(ctx, `
			WHERE i.opened_at >= ?1
			  AND i.opened_at < ?2
			  AND i.parent = 0
			  AND c.kind NOT IN (6, 7)
			  AND NOT EXISTS (SELECT 1 FROM alerts AS a WHERE a.incident_id = i.id AND a.kind <> 9)
			ORDER BY i.callers DESC, i.id DESC
			LIMIT 20`)
		return err
	})
	if err != nil {
		return incident.Report{}, fmt.Errorf("report: %w", err)
	}
	return r, nil
}

// period is a time that is reported of.
type period struct {
	view     *sql.Tx
	from, to time.Time
}

// figures leaves incidents that only gather others out: each of these counts.
func (p period) figures(ctx context.Context) (f incident.Figures, err error) {
	from, to := p.from.UnixMilli(), p.to.UnixMilli()
	err = p.view.QueryRowContext(ctx, `
		SELECT COUNT(*) FILTER (WHERE opened_at >= ?1 AND opened_at < ?2),
		  COUNT(*) FILTER (WHERE resolved_at >= ?1 AND resolved_at < ?2),
		  COUNT(*) FILTER (WHERE opened_at < ?2 AND (resolved_at IS NULL OR resolved_at >= ?2))
		FROM incidents AS i
		JOIN causes AS c ON c.id = i.cause_id
		WHERE c.kind NOT IN (6, 7)`, from, to).Scan(&f.Opened, &f.Resolved, &f.Open)
	if err != nil {
		return f, err
	}
	waits, err := integers(ctx, p.view, `
		SELECT acknowledged_at - opened_at
		FROM incidents
		WHERE acknowledged_at >= ?1
		  AND acknowledged_at < ?2`, from, to)
	if err != nil {
		return f, err
	}
	f.Acknowledged, f.AcknowledgedIn = int64(len(waits)), median(waits)
	err = p.view.QueryRowContext(ctx, `
		SELECT COUNT(*)
		FROM deliveries AS d
		JOIN alerts AS a ON a.id = d.alert_id
		WHERE d.state = 5
		  AND a.created_at >= ?1
		  AND a.created_at < ?2`, from, to).Scan(&f.DeadLetters)
	if err != nil {
		return f, err
	}
	err = p.view.QueryRowContext(ctx, `
		SELECT COALESCE(SUM(drills), 0), COALESCE(SUM(failed), 0)
		FROM drill_runs
		WHERE slot >= ?1
		  AND slot < ?2`, from, to).Scan(&f.Drills, &f.DrillsFailed)
	if err != nil {
		return f, err
	}
	return f, p.callers(ctx, &f)
}

// median is that of milliseconds.
func median(all []int64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	middle := all[len(all)/2]
	if len(all)%2 == 0 {
		middle = (middle + all[len(all)/2-1]) / 2
	}
	return time.Duration(middle) * time.Millisecond
}

// callers counts failures, and the people behind them by how their last one ended.
// A withheld number counts once a call: the words for one are incident.Withheld's.
func (p period) callers(ctx context.Context, f *incident.Figures) error {
	rows, err := p.view.QueryContext(ctx, `
		WITH withheld (number) AS (
		  SELECT -id
		  FROM texts
		  WHERE kind = 2
		    AND ltrim(lower(text), '+') IN ('anonymous', 'unknown', 'restricted', 'unavailable', 'private')
		  UNION ALL
		  VALUES (266696687), (7378742833), (2562533), (8656696), (86282452253)
		),
		people (serial, outcome, person) AS (
		  SELECT f.serial, COALESCE(f.outcome, a.outcome),
		    COALESCE(NULLIF(CASE WHEN COALESCE(f.outbound, a.situation = 4) THEN f.to_number ELSE f.from_number END, 0), f.sid, f.id)
		  FROM failures AS f
		  JOIN origins AS o ON o.id = f.origin_id
		  JOIN answers AS a ON a.id = f.answer_id
		  WHERE f.serial BETWEEN
		      (SELECT MIN(first_serial) FROM places WHERE minute BETWEEN ?1 / 60000 AND ?2 / 60000)
		      AND (SELECT MAX(last_serial) FROM places WHERE minute BETWEEN ?1 / 60000 AND ?2 / 60000)
		    AND f.id >= ?3
		    AND f.id < ?4
		    AND o.drill = 0
		),
		last (outcome, failures) AS (
		  SELECT outcome, failures
		  FROM (
		    SELECT outcome, MAX(serial), COUNT(*) AS failures
		    FROM people
		    WHERE person NOT IN withheld
		    GROUP BY person
		  )
		  UNION ALL
		  SELECT outcome, 1
		  FROM people
		  WHERE person IN withheld
		)
		SELECT outcome, COUNT(*), SUM(failures)
		FROM last
		GROUP BY outcome`, p.from.UnixMilli(), p.to.UnixMilli(), idFrom(p.from.UnixMilli()), idFrom(p.to.UnixMilli()))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var outcome, people, failures int64
		if err := rows.Scan(&outcome, &people, &failures); err != nil {
			return err
		}
		f.Callers += people
		f.Failures += failures
		if outcome >= 0 && int(outcome) < len(f.Ended) {
			f.Ended[outcome] += people
		}
	}
	return rows.Err()
}

// bars are the counts by the hour, each in the bar that its middle is in, also where
// a zone is half an hour off; those of an hour that has just begun in the last one.
func (p period) bars(ctx context.Context, n int) ([]incident.Bar, error) {
	width := p.to.Sub(p.from) / time.Duration(n)
	bars := make([]incident.Bar, n)
	for i := range bars {
		bars[i].At = p.from.Add(time.Duration(i) * width)
	}
	const hour, middle = int64(time.Hour / time.Millisecond), int64(30 * time.Minute / time.Millisecond)
	rows, err := p.view.QueryContext(ctx, `
		SELECT at * ?3 + ?4, SUM(failures)
		FROM totals
		WHERE step = 1
		  AND code = -1
		  AND at BETWEEN (?1 - ?4) / ?3 AND ?2 / ?3
		GROUP BY at`, p.from.UnixMilli(), p.to.UnixMilli(), hour, middle)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var at, failures int64
		if err := rows.Scan(&at, &failures); err != nil {
			return nil, err
		}
		if i := int(time.UnixMilli(at).Sub(p.from) / width); at >= p.from.UnixMilli() {
			bars[min(i, n-1)].Failures += failures
		}
	}
	return bars, rows.Err()
}

func (p period) incidents(ctx context.Context, where string) (all []incident.Incident, err error) {
	rows, err := p.view.QueryContext(ctx, selectIncident+where, p.from.UnixMilli(), p.to.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var scan incidentScan
	for rows.Next() {
		var r running
		if err := scan.read(rows, &r); err != nil {
			return nil, err
		}
		all = append(all, r.in.Bare())
	}
	return all, rows.Err()
}

// worstMost is how many incidents a report names.
const worstMost = 5

// more are the incidents of the period beside the worst.
func (p period) more(ctx context.Context) (int64, error) {
	n, err := integer(ctx, p.view, `
		SELECT COUNT(*)
		FROM incidents AS i
		JOIN causes AS c ON c.id = i.cause_id
		WHERE i.opened_at < ?2
		  AND i.last_at >= ?1
		  AND c.kind NOT IN (6, 7)`, p.from.UnixMilli(), p.to.UnixMilli())
	return max(0, n-worstMost), err
}

const summaryMemo = "summary: "

// SummaryDue says whether the summary of that name that is planned for slot has
// not been made yet. The first time that it is asked is where a plan begins.
func (l *Ledger) SummaryDue(ctx context.Context, name string, slot, now time.Time) (due bool, err error) {
	var since memo
	known := false
	err = l.inView(ctx, func(v *sql.Tx) error {
		since, known, err = readMemo(ctx, v, summaryMemo+name)
		return err
	})
	if err == nil && !known {
		err = l.inTx(ctx, func(ctx context.Context, t *tx) error { return t.setMemo(ctx, summaryMemo+name, memo{at: now}) })
	}
	if err != nil {
		return false, fmt.Errorf("whether a summary is due: %w", err)
	}
	return known && slot.After(since.at), nil
}

// Summarize queues the summary of that name that is planned for slot, unless it
// was made already; a zero alert notes only that there was nothing to say.
func (l *Ledger) Summarize(ctx context.Context, name string, slot time.Time, a incident.Alert, r incident.Report) error {
	says, err := json.Marshal(r)
	if err != nil {
		return err
	}
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		since, known, err := readMemo(ctx, t, summaryMemo+name)
		if err != nil || known && !slot.After(since.at) {
			return err
		}
		if err := t.setMemo(ctx, summaryMemo+name, memo{at: slot}); err != nil || a.Kind == 0 {
			return err
		}
		if err := t.queue(ctx, a, nil, t.now); err != nil {
			return err
		}
		return t.run(ctx, `
			UPDATE alerts
			SET summary = ?1
			WHERE id = (SELECT MAX(id) FROM alerts)`, string(says))
	})
	if err != nil {
		return fmt.Errorf("queue summary: %w", refused(err))
	}
	return nil
}

// report adds what a summary tells, as it was when it was made.
func (c *claiming) report(ctx context.Context, m *incident.Message) error {
	var says string
	if err := c.QueryRowContext(ctx, `
		SELECT summary
		FROM alerts
		WHERE id = ?1`, m.Alert.ID).Scan(&says); err != nil {
		return err
	}
	if says == "" {
		return nil
	}
	m.Report = new(incident.Report)
	return json.Unmarshal([]byte(says), m.Report)
}
