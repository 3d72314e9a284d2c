package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// followUp takes what came back about an earlier failure: once, however often
// Twilio asked, and even where that failure is not there any more.
func (f *feeding) followUp(ctx context.Context, e incident.Fed) error {
	added, err := f.addFollowUp(ctx, e)
	if err != nil || !added {
		return err
	}
	if e.IsFailure() {
		err = f.superseded(ctx, e)
	} else {
		err = f.recording(ctx, e.FollowUp.About, e.Failure)
	}
	if err != nil || f.ended {
		return err
	}
	return f.settle(ctx, e.FollowUp.About, e.After)
}

// superseded has a message that failed again stand for itself no longer: it is one
// message still, seen by no server of the customer's, and is sent there once.
func (f *feeding) superseded(ctx context.Context, e incident.Fed) error {
	if e.Failure.Channel != incident.Messaging {
		return nil
	}
	id := e.FollowUp.About
	d, err := f.ledger.failure(ctx, f, id)
	if errors.Is(err, history.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	before, err := replayOf(ctx, f, id)
	if err != nil || before.State == history.ReplaySent || d.Outcome == incident.Saved {
		return err
	}
	if err := f.run(ctx, `
		DELETE FROM replays
		WHERE failure_id = ?1
		  AND state = 1 -- waiting`, id[:]); err != nil {
		return err
	}
	if !f.ended {
		if err := f.run(ctx, `
			DELETE FROM opt_outs
			WHERE failure_id = ?1`, id[:]); err != nil {
			return err
		}
	}
	r, old, err := f.known(ctx, d.Incident)
	if err != nil || r == nil {
		return err
	}
	r.in = r.in.Seen(d.OptOut)
	if old {
		return f.saveIncident(ctx, r)
	}
	r.dirty = true
	return nil
}

func (f *feeding) addFollowUp(ctx context.Context, e incident.Fed) (added bool, err error) {
	id, about, a := e.Failure.ID, e.FollowUp.About, e.Answer
	n, err := f.changed(ctx, `
		INSERT INTO follow_ups (id, about, request_key, what, step, heard, why, outcome)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
		ON CONFLICT DO NOTHING`,
		id[:], about[:], requestKey(e.Failure.RequestKey), int(e.FollowUp.What), a.Step, a.Heard, a.Why, int(a.Outcome))
	if err == nil && n == 0 {
		f.report.Retries++
	}
	return n > 0, err
}

// settle notes how a failure ended, and with it those before it of the same
// call: a call that failed again ended as its last failure did.
func (f *feeding) settle(ctx context.Context, id incident.ID, ended func(was incident.Outcome) incident.Outcome) error {
	const longest = 20 // failures of one call; more is a circle
	for range longest {
		is, changed, err := f.settleOne(ctx, id, ended)
		if err != nil || !changed {
			return err
		}
		ended = func(incident.Outcome) incident.Outcome { return is }
		found, err := f.first(ctx, []any{(*idColumn)(&id)}, `
			SELECT about
			FROM follow_ups
			WHERE id = ?1
			  AND what = ?2`, id[:], int(incident.FailedAgain))
		if err != nil || !found {
			return err
		}
	}
	return nil
}

// settleOne says how a failure ended, and whether that is new. Mostly it is not:
// the whole failure is read only where it is.
func (f *feeding) settleOne(ctx context.Context, id incident.ID, ended func(was incident.Outcome) incident.Outcome) (is incident.Outcome, changed bool, err error) {
	var was incident.Outcome
	found, err := f.first(ctx, []any{&was}, `
		SELECT COALESCE(f.outcome, a.outcome)
		FROM failures AS f
		JOIN answers AS a ON a.id = f.answer_id
		WHERE f.id = ?1`, id[:])
	if err != nil || !found {
		return 0, false, err
	}
	if is = ended(was); is == was {
		return is, false, nil
	}
	d, err := f.ledger.failure(ctx, f, id)
	if err != nil {
		return 0, false, err
	}
	if err := f.run(ctx, `
		UPDATE failures
		SET outcome = ?2
		WHERE serial = ?1`, d.Serial, int(is)); err != nil {
		return 0, false, err
	}
	return is, true, f.settleCaller(ctx, d, is)
}

// settleCaller has the incident count the caller otherwise. Of an incident that
// is over the callers are forgotten, and it stays as it was told.
func (f *feeding) settleCaller(ctx context.Context, d history.Detail, is incident.Outcome) error {
	r, old, err := f.known(ctx, d.Incident)
	if err != nil || r == nil {
		return err
	}
	who := incident.RestoreFailure(d.ID, d.ReceivedAt, d.Method, d.Params)
	c, err := f.again(ctx, d.Incident, callerHash(who.CallerKey()), callerHash(who.SID), is)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	r.in = r.in.Settle(d.ID, c)
	if old {
		return f.saveIncident(ctx, r)
	}
	r.dirty = true
	return nil
}

// known is an incident by its number, as the batch knows it; nil where it is not
// there any more. One that another incident of its cause has followed is not
// the batch's: old says that.
func (f *feeding) known(ctx context.Context, number int64) (r *running, old bool, err error) {
	r, err = loadRunning(ctx, f, number)
	if errors.Is(err, history.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	newest, err := f.running(ctx, r.cause, r.in.Cause.Key())
	if err != nil || newest.in.ID == number {
		return newest, false, err
	}
	return r, true, nil
}

// recording notes a recording that the request is about, and its words: once,
// whichever request comes first.
func (t *tx) recording(ctx context.Context, failure incident.ID, request incident.Failure) error {
	sid := RecordingOf(request)
	if sid == "" {
		return nil
	}
	seconds, _ := strconv.ParseInt(request.Param("RecordingDuration"), 10, 32) // what is no number is unknown
	return t.run(ctx, `
		INSERT INTO recordings (sid, account, failure_id, at, seconds, transcript)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6)
		ON CONFLICT (sid) DO UPDATE
		SET seconds = MAX(seconds, excluded.seconds),
		  transcript = CASE transcript WHEN '' THEN excluded.transcript ELSE transcript END`,
		sid, request.AccountSID, failure[:], request.ReceivedAt.UnixMilli(), max(0, seconds), request.Param("TranscriptionText"))
}

// RecordingOf is the SID of the recording that a request is about, "" for none: the action of Record
// names its address only (https://www.twilio.com/docs/voice/twiml/record#action).
// What Dial recorded is a conversation, and no message.
func RecordingOf(request incident.Failure) string {
	if request.Param("DialCallStatus") != "" {
		return ""
	}
	sid := request.Param("RecordingSid")
	if sid == "" {
		address, _, _ := strings.Cut(request.Param("RecordingUrl"), "?")
		sid = strings.TrimSuffix(address[strings.LastIndexByte(address, '/')+1:], ".mp3")
	}
	if !strings.HasPrefix(sid, "RE") || len(sid) != len("RE")+32 {
		return ""
	}
	return sid
}

// followUpsOf are what came back about a failure, in order.
func followUpsOf(ctx context.Context, q querier, id incident.ID) (all []history.FollowUp, err error) {
	rows, err := q.QueryContext(ctx, `
		SELECT id, what, step, heard, why, outcome
		FROM follow_ups
		WHERE about = ?1
		ORDER BY id
		LIMIT 200`, id[:])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var u history.FollowUp
		if err := rows.Scan((*idColumn)(&u.ID), &u.What, &u.Step, &u.Heard, &u.Why, &u.Outcome); err != nil {
			return nil, err
		}
		u.At = timeOf(u.ID)
		all = append(all, u)
	}
	return all, rows.Err()
}

func recordingsOf(ctx context.Context, q querier, id incident.ID) (all []history.Recording, err error) {
	rows, err := q.QueryContext(ctx, `
		SELECT sid, account, at, seconds, transcript
		FROM recordings
		WHERE failure_id = ?1
		ORDER BY at, sid
		LIMIT 50`, id[:])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r history.Recording
		if err := rows.Scan(&r.SID, &r.AccountSID, (*timeColumn)(&r.At), &r.Seconds, &r.Transcript); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}
