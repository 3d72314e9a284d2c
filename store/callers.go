package store

import (
	"context"
	"encoding/binary"

	"github.com/backstop-project/backstop/incident"
)

// tried notes a failure of a caller and says how they stand.
func (t *tx) tried(ctx context.Context, id int64, e incident.Entry) (incident.Caller, error) {
	f, outcome := e.Failure, e.Answer.Outcome
	caller, call := callerHash(f.CallerKey()), callerHash(f.SID)
	_, err := t.hot.caller.step(id, caller, packTries(incident.Tries{}.With(call, outcome)))
	if err == nil {
		return incident.Caller{New: true, Is: outcome}, nil
	}
	if !exists(err) {
		return incident.Caller{}, err
	}
	return t.again(ctx, id, caller, call, outcome)
}

const insertCaller = `
	INSERT INTO callers (incident_id, caller, tries)
	VALUES (?1, ?2, ?3)`

// again notes what came of a caller who is known.
func (t *tx) again(ctx context.Context, id, caller, call int64, outcome incident.Outcome) (c incident.Caller, err error) {
	var packed []byte
	if err := t.QueryRowContext(ctx, `
		SELECT tries
		FROM callers
		WHERE incident_id = ?1
		  AND caller = ?2`, id, caller).Scan(&packed); err != nil {
		return c, err
	}
	before := unpackTries(packed)
	next := before.With(call, outcome)
	c.Was, c.Is = before.Best(), next.Best()
	if next == before {
		return c, nil
	}
	return c, t.run(ctx, `
		UPDATE callers
		SET tries = ?3
		WHERE incident_id = ?1
		  AND caller = ?2`, id, caller, packTries(next))
}

// A packed Tries is a byte for the calls before the newest, 0 for none or their
// best outcome plus one, and for each of the newest its 48 bits and its outcome.
const packedTry = 7

func packTries(t incident.Tries) []byte {
	b := make([]byte, 1, 1+packedTry*len(t.Newest))
	if t.Earlier {
		b[0] = byte(t.Before) + 1
	}
	for _, one := range t.Newest[:t.Calls] {
		b = binary.BigEndian.AppendUint16(b, uint16(one.Call>>32)) //nolint:gosec // 48 bits
		b = binary.BigEndian.AppendUint32(b, uint32(one.Call))     //nolint:gosec // likewise
		b = append(b, byte(one.Outcome))
	}
	return b
}

// unpackTries reads what packTries wrote; nothing is nothing.
func unpackTries(b []byte) (t incident.Tries) {
	if len(b) == 0 {
		return t
	}
	if b[0] > 0 {
		t.Before, t.Earlier = incident.Outcome(b[0]-1), true
	}
	for b = b[1:]; len(b) >= packedTry && t.Calls < len(t.Newest); b = b[packedTry:] {
		call := int64(binary.BigEndian.Uint16(b))<<32 | int64(binary.BigEndian.Uint32(b[2:]))
		t.Newest[t.Calls] = incident.Try{Call: call, Outcome: incident.Outcome(b[6])}
		t.Calls++
	}
	return t
}
