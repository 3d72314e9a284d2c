package store

import (
	"context"
	"database/sql"
	"errors"
	"os"

	"github.com/mattn/go-sqlite3"
)

// inspect opens the database read-only and says whether this version may write
// to it. It looks beyond the header on disk, whose newest version may still be
// in the WAL. An empty file passes: it is new. What
// was not written to its end is undone first, as by any SQLite that may write: a
// kill leaves that while a database is made, before it has a WAL.
func inspect(ctx context.Context, path string, version uint32) error {
	if at, err := os.Stat(path); err != nil || at.Size() == 0 {
		return err
	}
	application, found, tables, err := marksOf(ctx, path, settings{conns: 1, cacheKiB: 64, readOnly: true})
	if failed, ok := errors.AsType[sqlite3.Error](err); ok && failed.ExtendedCode == sqlite3.ErrReadonlyRollback {
		application, found, tables, err = marksOf(ctx, path, settings{conns: 1, cacheKiB: 64, asItIs: true})
	}
	if err != nil {
		return err
	}
	if application == 0 && tables > 0 {
		return checkVersion(path, 1, found, version) // somebody's, who marked nothing
	}
	return checkVersion(path, application, found, version)
}

func marksOf(ctx context.Context, path string, s settings) (application, version, tables uint32, err error) {
	db := open(path, s)
	defer func() { err = errors.Join(err, db.Close()) }()
	return marks(ctx, db)
}

func marks(ctx context.Context, db *sql.DB) (application, version, tables uint32, err error) {
	err = db.QueryRowContext(ctx, `
		SELECT a.application_id, v.user_version, (SELECT COUNT(*) FROM sqlite_schema)
		FROM pragma_application_id AS a, pragma_user_version AS v`).Scan(&application, &version, &tables)
	return application, version, tables, err
}

// Readable says whether this version can go on with a journal and a ledger, which
// others may be writing: errors are ErrNewer, ErrForeign, ErrCorrupt,
// fs.ErrNotExist, or what the disk said. It reads hardly anything, and undoes what a
// kill left behind, but changes nothing else.
func Readable(ctx context.Context, journal, ledger string) error {
	for _, one := range []struct {
		path    string
		version uint32
	}{{journal, journalVersion}, {ledger, ledgerVersion}} {
		if err := inspect(ctx, one.path, one.version); err != nil {
			return classify(err)
		}
	}
	return nil
}
