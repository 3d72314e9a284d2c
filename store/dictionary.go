package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/backstop-project/backstop/incident"
)

// What many failures have in common is kept once, in dictionary tables, and
// named by small numbers. These functions find or make the number.

type textKind int64

const (
	urlText     textKind = 1
	addressText textKind = 2
)

type textKey struct {
	kind textKind
	text string
}

type dictionaryText struct {
	id       int64
	usedHour int64
}

const hourMillis = 3_600_000

// text is the number of a text that a failure of that time uses.
func (t *tx) text(ctx context.Context, key textKey, at int64) (int64, error) {
	hour := at / hourMillis
	known := t.texts[key]
	if known == nil {
		var err error
		if known, err = t.findText(ctx, key, hour); err != nil {
			return 0, fmt.Errorf("dictionary of texts: %w", err)
		}
		t.texts[key] = known
	}
	if known.usedHour >= hour {
		return known.id, nil
	}
	known.usedHour = hour
	return known.id, t.run(ctx, `
		UPDATE texts
		SET used_at = ?2
		WHERE id = ?1`, known.id, hour*hourMillis)
}

func (t *tx) findText(ctx context.Context, key textKey, hour int64) (*dictionaryText, error) {
	id, used, err := lookUpText(ctx, t, key)
	if err == nil {
		return &dictionaryText{id: id, usedHour: used / hourMillis}, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	id, err = t.insert(ctx, `
		INSERT INTO texts (kind, hash, text, used_at)
		VALUES (?1, ?2, ?3, ?4)`, int64(key.kind), hash64(key.text), key.text, hour*hourMillis)
	return &dictionaryText{id: id, usedHour: hour}, err
}

func lookUpText(ctx context.Context, q querier, key textKey) (id, used int64, err error) {
	err = q.QueryRowContext(ctx, `
		SELECT id, used_at
		FROM texts
		WHERE hash = ?1
		  AND kind = ?2
		  AND text = ?3`, hash64(key.text), int64(key.kind), key.text).Scan(&id, &used)
	return id, used, err
}

// address is the number that stands for From or To; nothing for "".
func (t *tx) address(ctx context.Context, s string, at int64) (any, error) {
	if s == "" {
		return nil, nil //nolint:nilnil // NULL is the value
	}
	if n, ok := number(s); ok {
		return n, nil
	}
	id, err := t.text(ctx, textKey{addressText, s}, at)
	return -id, err
}

// origin is what failures have in common but the people.
type origin struct {
	cause       int64
	channel     incident.Channel
	code        int
	host        string
	method      string
	drill, asks bool
	itself      bool
}

func (t *tx) origin(ctx context.Context, f incident.Failure, c incident.Cause, cause int64) (int64, error) {
	host := c.Host // which is that of ErrorUrl where the cause has one
	if host == "" && f.ErrorURL != "" {
		host = incident.Host(f.ErrorURL)
	}
	o := origin{cause, f.Channel, f.Code, host, f.Method, f.Drill, f.AskedFirst, f.Itself}
	if id, ok := t.origins[o]; ok {
		return id, nil
	}
	args := []any{o.cause, int(o.channel), o.code, o.host, o.method, o.drill, o.asks, o.itself}
	if err := t.run(ctx, `
		INSERT INTO origins (cause_id, channel, code, host, method, drill, asked_first, itself)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
		ON CONFLICT DO NOTHING`, args...); err != nil {
		return 0, fmt.Errorf("dictionary of origins: %w", err)
	}
	id, err := integer(ctx, t, `
		SELECT id
		FROM origins
		WHERE cause_id = ?1
		  AND channel = ?2
		  AND code = ?3
		  AND host = ?4
		  AND method = ?5
		  AND drill = ?6
		  AND asked_first = ?7
		  AND itself = ?8`, args...)
	if err != nil {
		return 0, fmt.Errorf("dictionary of origins: %w", err)
	}
	t.origins[o] = id
	return id, nil
}

func (t *tx) cause(ctx context.Context, c incident.Cause, key string) (int64, error) {
	if id, ok := t.causes[key]; ok {
		return id, nil
	}
	if err := t.run(ctx, `
		INSERT INTO causes (key, kind, version, account, code, host, path)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
		ON CONFLICT DO NOTHING`, key, int(c.Kind), c.Version, c.Account, c.Code, c.Host, c.Path); err != nil {
		return 0, fmt.Errorf("dictionary of causes: %w", err)
	}
	id, err := integer(ctx, t, `
		SELECT id
		FROM causes
		WHERE key = ?1`, key)
	if err != nil {
		return 0, fmt.Errorf("dictionary of causes: %w", err)
	}
	t.causes[key] = id
	return id, nil
}
