package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// tx is one transaction of the ledger, with what is remembered between them.
type tx struct {
	*sql.Tx
	*memory
	ledger *Ledger
	hot    *hotStatements
	policy incident.Policy
	now    time.Time
	quiet  []incident.Silence // those that may hold, once asked for
	asked  bool

	explains map[explanation]bool // what explained found
}

// memory is what writing remembers of the database, so that a failure of a
// known kind costs two statements. It is true as long as nobody else writes:
// it is dropped when a transaction fails, and when another process wrote.
type memory struct {
	version int64 // PRAGMA data_version when it was made
	row     *ledgerRow
	texts   map[textKey]*dictionaryText
	origins map[origin]int64
	causes  map[string]int64
	answers map[answerKey]*dictionaryAnswer
	// lastAnswer is the key that was asked for last.
	lastAnswer answerKey
	// answerBytes is about what the keys of answers take: own templates make
	// a document for each caller.
	answerBytes int
	incidents   map[string]*running // by Cause.Key
	sieve       sieve
}

func newMemory() *memory {
	return &memory{
		texts:     map[textKey]*dictionaryText{},
		origins:   map[origin]int64{},
		causes:    map[string]int64{},
		answers:   map[answerKey]*dictionaryAnswer{},
		incidents: map[string]*running{},
	}
}

// maxRemembered bounds each of its maps: a hostile variety of URLs costs
// look-ups, not memory.
const maxRemembered = 4096

// maxAnswerBytes bounds the answers besides.
const maxAnswerBytes = 8 << 20

func (m *memory) trim() {
	if len(m.texts) > maxRemembered {
		clear(m.texts)
	}
	if len(m.origins) > maxRemembered || len(m.causes) > maxRemembered {
		clear(m.origins)
		clear(m.causes)
	}
	if len(m.answers) > maxRemembered || m.answerBytes > maxAnswerBytes {
		clear(m.answers)
		m.answerBytes = 0
	}
	if len(m.incidents) > maxRemembered {
		clear(m.incidents)
	}
}

// inTx runs do in the one transaction that may write. It waits its turn as
// long as the context lasts; after that the context is not heeded, so that
// nothing is left half done. An error or a panic of do undoes everything.
func (l *Ledger) inTx(ctx context.Context, do func(context.Context, *tx) error) error {
	var m *memory
	select {
	case m = <-l.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { l.turn <- m }()
	if m == nil {
		return sql.ErrConnDone
	}
	m.trim()
	err := l.transact(context.WithoutCancel(ctx), m, do)
	if err != nil {
		m = newMemory()
		return classify(err)
	}
	l.boundWAL(context.WithoutCancel(ctx))
	return nil
}

func (l *Ledger) transact(ctx context.Context, m *memory, do func(context.Context, *tx) error) (err error) {
	sqlTx, err := l.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			l.panicked(p, debug.Stack())
			err = incident.ErrBug // and the transaction is rolled back
		}
		if err != nil {
			err = errors.Join(err, ignoreDone(sqlTx.Rollback()))
		}
	}()
	t := &tx{Tx: sqlTx, memory: m, ledger: l, hot: &l.hot, policy: *l.policy.Load(), now: l.now().UTC().Truncate(time.Millisecond)}
	if err := t.recall(ctx); err != nil {
		return err
	}
	if err := do(ctx, t); err != nil {
		return err
	}
	return sqlTx.Commit()
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// recall forgets everything if another process has written, and writes no more
// if that was a newer version of Backstop.
func (t *tx) recall(ctx context.Context) error {
	version, err := integer(ctx, t, `PRAGMA data_version`)
	if err != nil || version == t.version {
		return err
	}
	schema, err := integer(ctx, t, `PRAGMA user_version`)
	if err != nil {
		return err
	}
	if schema > ledgerVersion {
		return fmt.Errorf("%w: its version is %d, this one knows %d", ErrNewer, schema, ledgerVersion)
	}
	*t.memory = *newMemory()
	t.version = version
	return nil
}

// run executes a statement whose result nobody needs.
func (t *tx) run(ctx context.Context, query string, args ...any) error {
	_, err := t.ExecContext(ctx, query, args...)
	return err
}

// changed executes a statement and says how many rows it changed.
func (t *tx) changed(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := t.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// insert executes an INSERT and returns the new row's number.
func (t *tx) insert(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := t.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// boundWAL keeps the WAL small although a reader may have been in the way of
// each checkpoint so far. Failing is no harm: the next one tries again.
func (l *Ledger) boundWAL(ctx context.Context) {
	if l.wal.Add(1)%16 != 0 || l.file.walSize() <= ledgerWALLimit {
		return
	}
	_, _ = l.conn.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
}

// ledgerRow is the one row about the ledger itself.
type ledgerRow struct {
	serial       int64
	erasedBefore int64
	minutesFrom  int64
	clockAt      int64
}

func (t *tx) ledgerRow(ctx context.Context) (*ledgerRow, error) {
	if t.row != nil {
		return t.row, nil
	}
	var r ledgerRow
	err := t.QueryRowContext(ctx, `
		SELECT serial, erased_before, minutes_from, clock_at
		FROM ledger`).Scan(&r.serial, &r.erasedBefore, &r.minutesFrom, &r.clockAt)
	if err != nil {
		return nil, fmt.Errorf("read ledger row: %w", err)
	}
	t.row = &r
	t.sieve.since = r.serial
	return t.row, nil
}

func (t *tx) saveLedgerRow(ctx context.Context) error {
	return t.run(ctx, `
		UPDATE ledger
		SET serial = ?1, erased_before = ?2, minutes_from = ?3, clock_at = ?4`,
		t.row.serial, t.row.erasedBefore, t.row.minutesFrom, t.row.clockAt)
}
