package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/backstop-project/backstop/history"
)

// ReplayStatus says how far sending messages to the customer's servers is, all
// incidents together. It reads what waits and what is unknown, and nothing of
// what was sent, so that it may be asked every few seconds.
func (l *Ledger) ReplayStatus(ctx context.Context) (s history.ReplayStatus, err error) {
	err = l.inView(ctx, func(v *sql.Tx) error {
		if err := v.QueryRowContext(ctx, countReplays).Scan(&s.Waiting, &s.Unknown); err != nil {
			return err
		}
		s.Stopped, err = stoppedServers(ctx, v)
		return err
	})
	if err != nil {
		return history.ReplayStatus{}, fmt.Errorf("status of replays: %w", err)
	}
	return s, nil
}

// Each state by itself, for each has its index.
const countReplays = `
	SELECT (SELECT COUNT(*) FROM replays AS r WHERE r.state = 1) + (SELECT COUNT(*) FROM replays AS r WHERE r.state = 2),
	  (SELECT COUNT(*) FROM replays AS r WHERE r.state = 5)`

const selectStopped = `
	SELECT s.server
	FROM replay_stops AS s
	WHERE EXISTS (SELECT 1 FROM replays AS r WHERE r.state = 1 AND r.server = s.server)
	ORDER BY s.server`

func stoppedServers(ctx context.Context, v *sql.Tx) (all []string, err error) {
	rows, err := v.QueryContext(ctx, selectStopped)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var server string
		if err := rows.Scan(&server); err != nil {
			return nil, err
		}
		all = append(all, server)
	}
	return all, rows.Err()
}
