package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"github.com/backstop-project/backstop/history"
)

// copyBytes is about how much of a journal is read at once.
const copyBytes = 1 << 20

// CopyJournal copies the journal at from, which another process may be writing,
// into a new one at to: every row that was there when it began, but for those
// that are removed meanwhile, which the ledger has had for long. It reads in
// small steps, so that the writer never waits for it. The copy has an id of its
// own: it is fed from its beginning, and the ledger takes nothing twice.
func CopyJournal(ctx context.Context, from, to string) (rows int64, err error) {
	source, err := openCopied(ctx, from, journalVersion)
	if err != nil {
		return 0, fmt.Errorf("copy journal: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	copied, err := OpenJournal(to, JournalOptions{})
	if err != nil {
		return 0, fmt.Errorf("copy journal: %w", err)
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	last, err := integer(ctx, source, `
		SELECT MAX(row)
		FROM journal`)
	if err != nil {
		return 0, fmt.Errorf("copy journal: %w", classify(err))
	}
	for row := int64(0); row < last; {
		next, n, err := copyRows(ctx, source, copied.write, row, last)
		if err != nil {
			return 0, fmt.Errorf("copy journal: %w", classify(err))
		}
		if n == 0 {
			break // the last ones were removed
		}
		row, rows = next, rows+n
	}
	return rows, nil
}

// copyRows copies some rows after the given one.
func copyRows(ctx context.Context, source, to *sql.DB, after, last int64) (row, n int64, err error) {
	rows, err := source.QueryContext(ctx, `
		SELECT row, at, entries
		FROM journal
		WHERE row > ?1
		  AND row <= ?2
		ORDER BY row`, after, last)
	if err != nil {
		return 0, 0, err
	}
	defer rows.Close()
	tx, err := to.BeginTx(ctx, nil)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, ignoreDone(tx.Rollback())) }()
	for bytes := 0; bytes < copyBytes && rows.Next(); n++ {
		var at int64
		var entries []byte
		if err := rows.Scan(&row, &at, &entries); err != nil {
			return 0, 0, err
		}
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO journal (row, at, entries)
			VALUES (?1, ?2, ?3)`, row, at, entries); err != nil {
			return 0, 0, err
		}
		bytes += len(entries)
	}
	if err := rows.Err(); err != nil {
		return 0, 0, err
	}
	return row, n, tx.Commit()
}

// CopyLedger copies the ledger at from, as it is at one moment, into a new file
// at to, which is not there yet. Another process may be writing it: its WAL
// grows while this lasts, and beyond 256 MiB feeding waits; answers do not.
// Neither file nor folder is synced.
func CopyLedger(ctx context.Context, from, to string) (err error) {
	source, err := openCopied(ctx, from, ledgerVersion)
	if err != nil {
		return fmt.Errorf("copy ledger: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	file, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // SQLite takes an empty one
	if err != nil {
		return fmt.Errorf("copy ledger: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("copy ledger: %w", err)
	}
	if _, err := source.ExecContext(ctx, `VACUUM INTO ?1`, to); err != nil {
		return fmt.Errorf("copy ledger: %w", classify(err))
	}
	return nil
}

// openCopied opens a database to be read, of this version or an older one.
func openCopied(ctx context.Context, path string, version uint32) (*sql.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	if err := inspect(ctx, path, version); err != nil {
		return nil, classify(err)
	}
	return open(path, settings{conns: 1, cacheKiB: 2 << 10, readOnly: true, mayCopy: true}), nil
}

// Contents are what a pair of databases holds.
type Contents struct {
	Failures, Incidents, JournalRows int64
}

// Verify reads every page of a copied journal and ledger, which nobody else may
// have open, and says what is in them. Errors are ErrNewer, ErrForeign,
// ErrCorrupt, or what the disk said.
func Verify(ctx context.Context, journal, ledger string) (c Contents, err error) {
	for _, one := range []struct {
		path    string
		version uint32
		count   map[string]*int64
	}{
		{journal, journalVersion, map[string]*int64{`SELECT COUNT(*) FROM journal WHERE row > 0`: &c.JournalRows}},
		{ledger, ledgerVersion, map[string]*int64{
			`SELECT COUNT(*) FROM failures`: &c.Failures, `SELECT COUNT(*) FROM incidents`: &c.Incidents,
		}},
	} {
		if err := verify(ctx, one.path, one.version, one.count); err != nil {
			return c, fmt.Errorf("verify %s: %w", one.path, classify(err))
		}
	}
	return c, nil
}

func verify(ctx context.Context, path string, version uint32, count map[string]*int64) (err error) {
	db, err := openCopied(ctx, path, version)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var said string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&said); err != nil {
		return err
	}
	if said != "ok" {
		return fmt.Errorf("%w: %s", ErrCorrupt, said)
	}
	for query, into := range count {
		if err := db.QueryRowContext(ctx, query).Scan(into); err != nil {
			return err
		}
	}
	return nil
}

// Restored makes the ledger one that goes on in another place or at another time:
// it has a new id, so that what people may do from messages of before is refused,
// and whatever waited to be sent is given up, so that nobody is told of what was
// long ago. undelivered is how many deliveries that were. Close it then.
func (l *Ledger) Restored(ctx context.Context) (undelivered int64, err error) {
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		if err := t.run(ctx, `
			UPDATE ledger
			SET id = randomblob(16)`); err != nil {
			return err
		}
		undelivered, err = t.changed(ctx, `
			UPDATE deliveries
			SET state = ?1, last_error = 'not sent when the backup was made, and not sent after it was restored'
			WHERE state IN (1, 2)`, int(history.Dead))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("restore ledger: %w", err)
	}
	return undelivered, nil
}
