package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// stretchBits is the length of a stretch of serial numbers, as in the indexes:
// 65,536.
const stretchBits = 16

// remembered is how many of the last failures are searched for an earlier form
// of a request. Twilio sends one again within seconds.
const remembered = 2 * sieveKeys

// Cursor says how far that journal has been fed: row 0 for an unknown one.
func (l *Ledger) Cursor(ctx context.Context, journal string) (incident.Cursor, error) {
	c := incident.Cursor{Journal: journal}
	var err error
	c.Row, err = integer(ctx, l.read, `
		SELECT COALESCE(MAX(row), 0)
		FROM cursors
		WHERE journal = ?1`, journal)
	if err != nil {
		return c, fmt.Errorf("cursor of journal: %w", classify(err))
	}
	return c, nil
}

// Feed takes a batch in one transaction: failures that are not there yet,
// their incidents, counts, events and alerts, and the cursor. Feeding again
// what was fed changes nothing. An *incident.RefusedError says that something in
// the batch will never go in; any other error is worth another try.
func (l *Ledger) Feed(ctx context.Context, batch incident.Batch) (incident.FeedReport, error) {
	var report incident.FeedReport
	err := l.inTx(ctx, func(ctx context.Context, t *tx) error {
		f := feeding{tx: t, counts: map[countKey]int64{}, places: map[int64]serials{}}
		if err := f.feed(ctx, batch); err != nil {
			return err
		}
		report = f.report
		return nil
	})
	if err != nil {
		return incident.FeedReport{}, fmt.Errorf("feed ledger: %w", refused(err))
	}
	return report, nil
}

// feeding is one batch on its way in.
type feeding struct {
	*tx
	report incident.FeedReport
	packed []byte
	counts map[countKey]int64
	places map[int64]serials // by minute
	oldest int64             // the earliest time of a new failure; 0 is none
}

// serials is a range of serial numbers.
type serials struct{ first, last int64 }

func (f *feeding) feed(ctx context.Context, batch incident.Batch) error {
	if _, err := f.ledgerRow(ctx); err != nil {
		return err
	}
	for _, e := range batch.Entries {
		if err := f.one(ctx, e); err != nil {
			return fmt.Errorf("failure %s: %w", e.Failure.ID, err)
		}
	}
	if err := f.saveIncidents(ctx); err != nil {
		return err
	}
	if err := f.saveCounts(ctx); err != nil {
		return err
	}
	if f.oldest > 0 && f.oldest < f.row.erasedBefore {
		f.row.erasedBefore = f.oldest
	}
	if f.report.Stored > 0 {
		if err := f.saveLedgerRow(ctx); err != nil {
			return err
		}
	}
	return f.saveCursor(ctx, batch.Cursor)
}

func (f *feeding) saveCursor(ctx context.Context, c incident.Cursor) error {
	if c.Journal == "" {
		return nil
	}
	return f.run(ctx, `
		INSERT INTO cursors (journal, row, at)
		VALUES (?1, ?2, ?3)
		ON CONFLICT (journal) DO UPDATE
		SET row = excluded.row, at = excluded.at`, c.Journal, c.Row, f.now.UnixMilli())
}

// one takes one entry. The failure's row goes in first: only if it is new does
// anything else happen.
func (f *feeding) one(ctx context.Context, e incident.Fed) error {
	e.Failure.ReceivedAt = timeOf(e.Failure.ID)
	cause := incident.CauseOf(e.Failure)
	key := cause.Key()
	causeID, err := f.cause(ctx, cause, key)
	if err != nil {
		return err
	}
	var r *running
	var number int64
	if !e.Failure.Drill {
		if r, err = f.running(ctx, causeID, key); err != nil {
			return err
		}
		number = r.number()
	}
	origin, err := f.origin(ctx, e.Failure, cause, causeID)
	if err != nil {
		return err
	}
	stored, err := f.insertFailure(ctx, e, origin, number)
	if err != nil {
		return err
	}
	if !stored {
		f.report.Retries++
		return nil
	}
	f.report.Stored++
	f.place(e.Failure)
	if e.Failure.Drill {
		return f.drill(ctx, e)
	}
	return f.observe(ctx, e, r, key, origin)
}

// place notes where the failure can be found, and how old the oldest new one is.
func (f *feeding) place(failure incident.Failure) {
	ms := millisOf(failure.ID)
	if f.oldest == 0 || ms < f.oldest {
		f.oldest = ms
	}
	minute, serial := ms/minuteMillis, f.row.serial
	at, known := f.places[minute]
	if !known {
		at.first = serial
	}
	at.last = serial
	f.places[minute] = at
}

func (f *feeding) drill(ctx context.Context, e incident.Fed) error {
	f.report.Alerts++
	return f.queue(ctx, incident.Alert{
		Kind: incident.DrillAlert, FailureID: e.Failure.ID, At: e.Failure.ReceivedAt,
		Callers: 1, Reason: "a drill",
	}, f.now)
}

// insertFailure says whether the failure is new: neither its id nor, among the
// last failures, its request was there before.
func (f *feeding) insertFailure(ctx context.Context, e incident.Fed, origin, number int64) (stored bool, err error) {
	ms := millisOf(e.Failure.ID)
	r, err := f.failureRow(ctx, e, ms)
	if err != nil {
		return false, err
	}
	if again, err := f.isRetry(e.Failure, r, ms); again || err != nil {
		return false, err
	}
	serial := f.row.serial + 1
	_, err = f.hot.insert.step(
		serial, e.Failure.ID[:], r.key, r.sid, origin, r.url, r.query, r.from, r.to, orNull(number), r.answer,
		e.Answer.Took.Microseconds(), delay(ms, e.JournalAt), delay(ms, f.now), e.Failure.Late, e.Failure.Slim, r.params)
	if exists(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	f.row.serial = serial
	f.sieve.add(r.key)
	return true, nil
}

// A second row with the same id is an error, which costs less than a clause
// that allows for it.
const insertFailure = `
	INSERT INTO failures (serial, id, request_key, sid, origin_id, url_id, url_query, from_number, to_number,
	  incident_id, answer_id, took, journal_delay, ledger_delay, late, slim, params)
	VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)`

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
	w := incident.RetryWindow.Milliseconds()
	return idFrom(ms - w), idFrom(ms + w + 1)
}

func orNull(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// delay is how many milliseconds after received something happened; a clock
// that was set back meanwhile makes it 0.
func delay(received int64, at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return max(0, at.UnixMilli()-received)
}

// failureRow holds the columns of a failure that dictionaries stand behind.
type failureRow struct {
	key                       int64
	sid, url, query, from, to any
	answer                    int64
	params                    []byte
}

func (f *feeding) failureRow(ctx context.Context, e incident.Fed, ms int64) (r failureRow, err error) {
	r.key, r.sid = requestKey(e.Failure.RequestKey), packSID(e.Failure.SID)
	if base, query := splitURL(e.Failure.ErrorURL); e.Failure.ErrorURL != "" {
		if r.url, err = f.text(ctx, textKey{urlText, base}, ms); err != nil {
			return r, err
		}
		if query != "" {
			r.query = query
		}
	}
	if r.from, err = f.address(ctx, e.Failure.From, ms); err != nil {
		return r, err
	}
	if r.to, err = f.address(ctx, e.Failure.To, ms); err != nil {
		return r, err
	}
	if r.answer, err = f.answer(ctx, e.Answer, ms); err != nil {
		return r, err
	}
	f.packed = f.ledger.packer.Pack(f.packed[:0], e.Failure.Params, knownValues(e.Failure))
	r.params = f.packed
	return r, nil
}

// knownValues are the values that a failure's row keeps in columns of their
// own, as package params is told them. Changing their order makes stored
// parameters unreadable.
func knownValues(f incident.Failure) []string {
	code := ""
	if f.Code != 0 {
		code = strconv.Itoa(f.Code)
	}
	return []string{f.AccountSID, f.SID, f.From, f.To, f.ErrorURL, code}
}
