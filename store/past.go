package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// MostPast is how many failures are played against a policy at most.
const MostPast = 200_000

// Past tells what happened since then, in its order: the failures, the newest
// 200,000 at most, and what people did about their incidents. n is how many
// failures there were. It holds nobody up who writes.
func (l *Ledger) Past(ctx context.Context, since time.Time, fail func(incident.Entry), do func(incident.Deed)) (n int, err error) {
	err = l.inView(ctx, func(v *sql.Tx) error {
		deeds, err := deedsSince(ctx, v, since)
		if err != nil {
			return err
		}
		last, err := integer(ctx, v, `
			SELECT COALESCE(MAX(serial), 0)
			FROM failures`)
		if err != nil {
			return err
		}
		rows, err := v.QueryContext(ctx, rowColumns+`, o.itself, `+weCalled+`
			FROM failures AS f`+rowJoins+`
			WHERE f.serial > ?1
			  AND f.id >= ?2
			ORDER BY f.serial`, last-MostPast, idFrom(since.UnixMilli()))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r rowScan
			var itself, outbound bool
			if err := rows.Scan(append(r.into(), &itself, &outbound)...); err != nil {
				return err
			}
			e := pastEntry(r, itself, outbound)
			for len(deeds) > 0 && deeds[0].At.Before(e.Failure.ReceivedAt) {
				do(deeds[0])
				deeds = deeds[1:]
			}
			fail(e)
			n++
		}
		for _, d := range deeds {
			do(d)
		}
		return rows.Err()
	})
	if err != nil {
		return n, fmt.Errorf("read what happened: %w", classify(err))
	}
	return n, nil
}

// pastEntry is a failure with all that a policy asks.
func pastEntry(r rowScan, itself, outbound bool) incident.Entry {
	row := r.row()
	f := incident.Failure{
		ID: row.ID, ReceivedAt: row.ReceivedAt, Channel: row.Channel, AccountSID: row.AccountSID, SID: row.SID, From: row.From, To: row.To,
		Outbound: outbound, Code: row.Code, ErrorURL: row.ErrorURL, AskedFirst: row.AskedFirst, Itself: itself, Drill: row.Drill, Late: row.Late,
	}
	return incident.Entry{Failure: f, Answer: incident.Answer{Outcome: row.Outcome, Step: row.Step, Situation: row.Situation}}
}

// deedsSince is what people did about incidents since then, in its order.
func deedsSince(ctx context.Context, v *sql.Tx, since time.Time) (deeds []incident.Deed, err error) {
	rows, err := v.QueryContext(ctx, `
		SELECT key, at, by_whom, resolved
		FROM (
		  SELECT c.key, i.acknowledged_at AS at, i.acknowledged_by AS by_whom, FALSE AS resolved
		  FROM incidents AS i
		  JOIN causes AS c ON c.id = i.cause_id
		  WHERE i.acknowledged_at >= ?1
		    AND i.last_at >= ?1
		  UNION ALL
		  SELECT c.key, i.resolved_at, i.resolved_by, TRUE
		  FROM incidents AS i
		  JOIN causes AS c ON c.id = i.cause_id
		  WHERE i.resolved_at >= ?1
		    AND i.resolved_by <> '')
		ORDER BY at`, since.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var d incident.Deed
		if err := rows.Scan(&d.Cause, (*timeColumn)(&d.At), &d.By, &d.Resolved); err != nil {
			return nil, err
		}
		deeds = append(deeds, d)
	}
	return deeds, rows.Err()
}

// ReadPast is Past of the ledger at path, which another process may be writing.
// It changes nothing. One of an older version is an error: this version has to
// have been started with it once.
func ReadPast(ctx context.Context, path string, since time.Time, fail func(incident.Entry), do func(incident.Deed)) (n int, err error) {
	r, err := OpenReading(ctx, path)
	if err != nil {
		return 0, fmt.Errorf("read what happened: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return r.ledger.Past(ctx, since, fail, do)
}
