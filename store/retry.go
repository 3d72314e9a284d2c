package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// stretchBits is the length of a stretch of serial numbers, as in the indexes:
// 65,536.
const stretchBits = 16

// remembered is how many of the last failures are searched for an earlier form
// of a request. Twilio sends one again within seconds.
const remembered = 2 * sieveKeys

// isRetry says whether the request was there before, among the last failures.
// Of those that the sieve knows, it knows nearly always that it was not. The
// others, and what passes the sieve, are looked up one stretch after the other.
func (f *feeding) isRetry(failure incident.Failure, r failureRow, ms int64) (bool, error) {
	if r.key == 0 {
		return false, nil
	}
	newest := f.row.serial
	if !f.sieve.may(r.key) {
		newest = min(newest, f.sieve.since)
	}
	value := r.sid
	if value == nil {
		value = r.key
	}
	since, until := window(failure, ms)
	oldest := max(1, f.row.serial-remembered)
	for stretch := newest >> stretchBits; newest >= oldest && stretch >= oldest>>stretchBits; stretch-- {
		found, err := f.hot.find.step(stretch, value, r.key, since, until)
		if found || err != nil {
			return found, err
		}
	}
	return false, nil
}

const findRequest = `
	SELECT 1
	FROM failures
	WHERE serial >> 16 = ?1
	  AND coalesce(sid, request_key) = ?2
	  AND request_key = ?3
	  AND id >= ?4
	  AND id < ?5
	LIMIT 1`

// window is when a failure with the same key is an earlier form of f: ever,
// but without idempotency token only a moment before or after.
func window(f incident.Failure, ms int64) (since, until []byte) {
	if !f.Tokenless {
		return idFrom(0), idFrom(1<<48 - 1)
	}
	return around(ms)
}

// around are the times at which one and the same request may have come as well.
func around(ms int64) (since, until []byte) {
	w := incident.RetryWindow.Milliseconds()
	return idFrom(ms - w), idFrom(ms + w + 1)
}

// kept is the failure with that id or, where that of a retry was given out, the
// failure that was stored before it. Only what is neither costs more than
// look-ups: the ids of 40 seconds.
func (l *Ledger) kept(ctx context.Context, q querier, id incident.ID) (history.Detail, error) {
	d, err := l.failure(ctx, q, id)
	if !errors.Is(err, history.ErrNotFound) {
		return d, err
	}
	var first incident.ID
	since, until := around(millisOf(id))
	err = q.QueryRowContext(ctx, `
		SELECT id
		FROM failures
		WHERE id >= ?2
		  AND id < ?3
		  AND substr(id, 7) = substr(?1, 7) -- all but the time: incident.KeyedID
		ORDER BY id
		LIMIT 1`, id[:], since, until).Scan((*idColumn)(&first))
	if errors.Is(err, sql.ErrNoRows) {
		return d, history.ErrNotFound
	}
	if err != nil {
		return d, err
	}
	return l.failure(ctx, q, first)
}
