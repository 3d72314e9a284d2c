package store

import (
	"context"
	"strconv"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// insertFailure says whether the failure is new: neither its id nor, among the
// last failures, its request was there before.
func (f *feeding) insertFailure(ctx context.Context, e incident.Fed, origin, number int64) (stored bool, err error) {
	id := e.Failure.ID // not the whole of e goes to the heap
	ms := millisOf(id)
	r, err := f.failureRow(ctx, e, ms)
	if err != nil {
		return false, err
	}
	if again, err := f.isRetry(e.Failure, r, ms); again || err != nil {
		return false, err
	}
	serial := f.row.serial + 1
	_, err = f.hot.insert.step(
		serial, id[:], r.key, r.sid, origin, r.url, r.query, r.from, r.to, orNull(number), r.answer,
		e.Answer.Took.Microseconds(), delay(ms, e.JournalAt), delay(ms, f.now), e.Failure.Late, e.Failure.Slim, r.params, e.Failure.Outbound, packToken(e.Failure.Token), trueOrNull(e.Failure.Dropped))
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
	  incident_id, answer_id, took, journal_delay, ledger_delay, late, slim, params, outbound, token, dropped)
	VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)`

func orNull(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

func trueOrNull(b bool) any {
	if !b {
		return nil
	}
	return true
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
	if e.Failure.Erased {
		return r, nil
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
