package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// recentMost bounds how many failures a start looks at.
const recentMost = 20_000

// failedMost is how often a call can have failed and be told apart from one that
// failed more often.
const failedMost = 100

// RecentCalls are the calls and messages that failed since then, as far as they
// are among the newest 20,000 failures: so that one that goes round in circles
// is known after a restart, and one that is kept on the line can go on.
func (l *Ledger) RecentCalls(ctx context.Context, since time.Time) ([]history.RecentCall, error) {
	rows, err := l.read.QueryContext(ctx, `
		SELECT f.id, f.sid, c.account, a.step, url.text, f.url_query,
		  (SELECT COUNT(*) FROM follow_ups AS u WHERE u.about = f.id AND u.step = 'retry')
		FROM (
		  SELECT serial, id, sid, origin_id, answer_id, url_id, url_query
		  FROM failures
		  ORDER BY serial DESC
		  LIMIT ?2) AS f
		JOIN origins AS o ON o.id = f.origin_id
		JOIN causes AS c ON c.id = o.cause_id
		JOIN answers AS a ON a.id = f.answer_id
		LEFT JOIN texts AS url ON url.id = f.url_id
		WHERE f.id >= ?1
		  AND f.sid IS NOT NULL
		ORDER BY f.serial`, idFrom(since.UnixMilli()), recentMost)
	if err != nil {
		return nil, fmt.Errorf("recent calls: %w", classify(err))
	}
	defer rows.Close()
	at := map[[2]string]int{}
	var all []history.RecentCall
	for rows.Next() {
		var id incident.ID
		var sid any
		var account, step string
		var url, query sql.NullString
		var later int // retries behind the failure's own answer
		if err := rows.Scan((*idColumn)(&id), &sid, &account, &step, &url, &query, &later); err != nil {
			return nil, fmt.Errorf("recent calls: %w", err)
		}
		key := [2]string{account, unpackSID(sid)}
		i, known := at[key]
		if !known {
			i, at[key] = len(all), len(all)
			all = append(all, history.RecentCall{AccountSID: account, SID: key[1]})
		}
		one := &all[i]
		one.Newest, one.At, one.ErrorURL = id, timeOf(id), url.String+query.String
		one.Failed = append(one.Failed[max(0, len(one.Failed)-failedMost+1):], one.At)
		one.Retries += later
		if step == "retry" {
			one.Retries++
		}
	}
	return all, rows.Err()
}
