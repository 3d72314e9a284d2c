package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// Export is a page of what the query finds, oldest first, behind the place after,
// with all that is known of it. next is the place behind it, 0 where that is all.
// It holds nobody up who writes, whoever asks for however many pages.
func (l *Ledger) Export(ctx context.Context, q history.Query, after history.Cursor) (page []*history.Exported, next history.Cursor, err error) {
	q.Before, q.After, q.Limit = 0, after, history.MaxLimit
	err = l.inView(ctx, func(v *sql.Tx) error {
		s, err := newSearch(ctx, v, q)
		if err != nil || s.empty {
			return err
		}
		s.newer = true
		found, err := s.serials(ctx)
		if err != nil {
			return err
		}
		if len(found) > s.limit {
			found = found[:s.limit]
			next = history.Cursor(found[s.limit-1])
		}
		for _, serial := range found {
			x, err := l.exported(ctx, v, serial)
			if err != nil {
				return err
			}
			page = append(page, x)
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("export failures: %w", err)
	}
	return page, next, nil
}

const selectExported = `
		SELECT f.id, f.request_key, ` + weCalled + `, c.key, a.outcome, again.about
		FROM failures AS f
		JOIN origins AS o ON o.id = f.origin_id
		JOIN causes AS c ON c.id = o.cause_id
		JOIN answers AS a ON a.id = f.answer_id
		LEFT JOIN follow_ups AS again ON again.id = f.id AND again.what = 1
		WHERE f.serial = ?1`

func (l *Ledger) exported(ctx context.Context, v *sql.Tx, serial int64) (*history.Exported, error) {
	var id, after incident.ID
	var before []byte
	var key int64
	var answered incident.Outcome
	x := &history.Exported{Form: history.ExportForm}
	err := v.QueryRowContext(ctx, selectExported, serial).Scan((*idColumn)(&id), &key, &x.Outbound, &x.Cause, &answered, &before)
	if err != nil {
		return nil, err
	}
	copy(after[:], before)
	d, err := l.failure(ctx, v, id)
	if err != nil {
		return nil, err
	}
	x.RequestKey, x.AgainAfter = keyText(key), after
	exportFailure(x, d)
	exportAnswer(x, d.Answer, answered)
	if x.FollowUps, err = exportFollowUps(ctx, v, id); err != nil {
		return nil, err
	}
	x.Recordings, err = exportRecordings(ctx, v, id)
	return x, err
}

func exportFailure(x *history.Exported, d history.Detail) {
	x.ID, x.ReceivedAt, x.WrittenAt = d.ID, d.ReceivedAt, d.JournalAt
	x.Channel, x.Method = d.Channel.String(), d.Method
	x.Account, x.SID, x.From, x.To = history.Bytes(d.AccountSID), history.Bytes(d.SID), history.Bytes(d.From), history.Bytes(d.To)
	x.Code, x.ErrorURL = d.Code, history.Bytes(d.ErrorURL)
	x.AskedFirst, x.Itself, x.Drill, x.Late, x.Slim = d.AskedFirst, d.Itself, d.Drill, d.Late, d.Slim
	x.Dropped, x.OptOut, x.Erased, x.Token = d.Dropped, d.OptOut, d.Erased, history.Bytes(d.Token)
	x.Incident, x.Outcome = d.Incident, d.Outcome.String()
	for _, p := range d.Params {
		x.Params = append(x.Params, [2]history.Bytes{history.Bytes(p.Name), history.Bytes(p.Value)})
	}
}

func exportAnswer(x *history.Exported, a incident.Answer, outcome incident.Outcome) {
	x.Answer = history.ExportedAnswer{
		Step: history.Bytes(a.Step), Situation: a.Situation.String(), Languages: a.Languages, Name: history.Bytes(a.Name), Heard: history.Bytes(a.Heard),
		Why: history.Bytes(a.Why), Outcome: outcome.String(), TookMicro: a.Took.Microseconds(), Document: history.Bytes(a.Document),
	}
}

// exportFollowUps leaves out that the call failed again: the later failure says so.
func exportFollowUps(ctx context.Context, v *sql.Tx, id incident.ID) (all []history.ExportedFollowUp, err error) {
	rows, err := v.QueryContext(ctx, `
		SELECT id, request_key, what, step, heard, why, outcome
		FROM follow_ups
		WHERE about = ?1
		  AND what <> ?2
		ORDER BY id`, id[:], int(incident.FailedAgain))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var u history.ExportedFollowUp
		var key int64
		var step, heard, why string
		var outcome incident.Outcome
		if err := rows.Scan((*idColumn)(&u.ID), &key, &u.What, &step, &heard, &why, &outcome); err != nil {
			return nil, err
		}
		u.Is, u.RequestKey, u.Outcome = u.What.String(), keyText(key), outcome.String()
		u.Step, u.Heard, u.Why = history.Bytes(step), history.Bytes(heard), history.Bytes(why)
		all = append(all, u)
	}
	return all, rows.Err()
}

func exportRecordings(ctx context.Context, v *sql.Tx, id incident.ID) (all []history.ExportedRecording, err error) {
	left, err := recordingsOf(ctx, v, id)
	for _, r := range left {
		all = append(all, history.ExportedRecording{SID: r.SID, Account: r.AccountSID, At: r.At, Seconds: r.Seconds, Transcript: history.Bytes(r.Transcript)})
	}
	return all, err
}

// keyText is what is kept of a request key, in hexadecimal digits; "" for none.
func keyText(key int64) string {
	if key == 0 {
		return ""
	}
	text := strconv.FormatUint(uint64(key), 16) //nolint:gosec // bits are bits
	return "0000000000000000"[len(text):] + text
}
