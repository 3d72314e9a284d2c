package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// memo is something that is remembered under a name.
type memo struct {
	at   time.Time
	says string
}

// readMemo is what is remembered under name; ok is false for nothing.
func readMemo(ctx context.Context, q querier, name string) (m memo, ok bool, err error) {
	err = q.QueryRowContext(ctx, `
		SELECT at, says
		FROM memos
		WHERE name = ?1`, name).Scan((*timeColumn)(&m.at), &m.says)
	if errors.Is(err, sql.ErrNoRows) {
		return memo{}, false, nil
	}
	return m, err == nil, err
}

func (t *tx) setMemo(ctx context.Context, name string, m memo) error {
	return t.run(ctx, `
		INSERT INTO memos (name, at, says)
		VALUES (?1, ?2, ?3)
		ON CONFLICT DO UPDATE
		SET at = excluded.at, says = excluded.says`, name, m.at.UnixMilli(), m.says)
}

// Remembered is what Remember noted last under that name; ok is false for
// nothing.
func (l *Ledger) Remembered(ctx context.Context, name string) (says string, at time.Time, ok bool, err error) {
	var m memo
	err = l.inView(ctx, func(v *sql.Tx) error {
		m, ok, err = readMemo(ctx, v, ownMemo+name)
		return err
	})
	if err != nil {
		return "", time.Time{}, false, fmt.Errorf("recall %s: %w", name, err)
	}
	return m.says, m.at, ok, nil
}

// Remember notes something under a name, for after the next start: it takes the
// place of what was noted before.
func (l *Ledger) Remember(ctx context.Context, name, says string, at time.Time) error {
	err := l.inTx(ctx, func(ctx context.Context, t *tx) error { return t.setMemo(ctx, ownMemo+name, memo{at, says}) })
	if err != nil {
		return fmt.Errorf("remember %s: %w", name, err)
	}
	return nil
}

// pulseMemo is the newest drill of Backstop's own. It takes the place of the one
// before, so that the ledger does not grow by what nobody looks at.
const pulseMemo = "pulse"

// Pulse is the id of the newest drill of the kind incident.Pulse that was fed; ""
// for none.
func (l *Ledger) Pulse(ctx context.Context) (id string, err error) {
	var m memo
	err = l.inView(ctx, func(v *sql.Tx) error {
		m, _, err = readMemo(ctx, v, pulseMemo)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read pulse: %w", err)
	}
	return m.says, nil
}

// ownMemo keeps what others remember apart from what the ledger does.
const ownMemo = "own: "
