package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// ledgerVersion is the newest migration, kept in user_version too.
const ledgerVersion = 11

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date, each step in its transaction.
func migrate(ctx context.Context, db *sql.DB, upgrading func(from, to uint32)) error {
	from, err := mark(ctx, db)
	if err != nil {
		return err
	}
	if from > 0 && from < ledgerVersion {
		upgrading(from, ledgerVersion)
	}
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, dir,
		goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// mark says whose file this is before anything else is in it: goose makes a
// table of its own ahead of the first step, and a start that ends in between
// must not leave a file that looks like somebody else's. It returns the version of
// the schema, 0 of a new file.
func mark(ctx context.Context, db *sql.DB) (version uint32, err error) {
	application, version, _, err := marks(ctx, db)
	if err != nil || application == applicationID {
		return version, err
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID))
	return version, err
}
