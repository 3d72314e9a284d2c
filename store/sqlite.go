package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/mattn/go-sqlite3"
)

// busyTimeout is how long a statement waits for another process's lock.
// Nobody can interrupt it, so it is short; whoever may retry does.
const busyTimeout = 2 * time.Second

// applicationID marks our files in their header: "bkst".
const applicationID = 0x626b7374

// settings of one pool of connections.
type settings struct {
	readOnly   bool
	mayCopy    bool // VACUUM INTO another file
	asItIs     bool // read-write, but nothing of the file's form is changed
	conns      int
	cacheKiB   int    // page cache of each connection
	checkpoint int    // bytes of WAL after which a commit checkpoints
	walLimit   int64  // bytes that the WAL is cut to when it starts again
	erase      string // secure_delete: overwrite what is deleted
	maxFile    int64  // bytes that the file never exceeds; 0 is no bound
}

// open makes a pool whose every connection has the same pragmas: most of them
// in the DSN, the few that the driver has no name for when it connects. Run by
// hand they would reach one connection of the pool.
func open(path string, s settings) *sql.DB {
	db := sql.OpenDB(connector{dsn: dsn(path, s), settings: s})
	db.SetMaxOpenConns(s.conns)
	db.SetMaxIdleConns(s.conns)
	return db
}

func dsn(path string, s settings) string {
	q := url.Values{}
	q.Set("_busy_timeout", strconv.FormatInt(busyTimeout.Milliseconds(), 10))
	q.Set("_cache_size", strconv.Itoa(-s.cacheKiB))
	q.Set("_stmt_cache_size", "100")
	q.Set("_foreign_keys", "1")
	switch {
	case s.readOnly:
		q.Set("mode", "ro")
		if !s.mayCopy {
			q.Set("_query_only", "1")
		}
	case s.asItIs:
		q.Set("mode", "rw")
	default:
		q.Set("_synchronous", "FULL")
		q.Set("_txlock", "immediate")
		q.Set("_auto_vacuum", "incremental")
		q.Set("_secure_delete", s.erase)
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// connector opens connections with our own settings and without the registry
// of drivers, which is global.
type connector struct {
	dsn      string
	settings settings
}

// Connect opens one connection.
func (c connector) Connect(context.Context) (driver.Conn, error) {
	return c.Driver().Open(c.dsn)
}

// Driver is SQLite with what the DSN cannot say.
func (c connector) Driver() driver.Driver {
	return &sqlite3.SQLiteDriver{ConnectHook: c.prepare}
}

func (c connector) prepare(conn *sqlite3.SQLiteConn) error {
	if c.settings.readOnly || c.settings.asItIs {
		return nil
	}
	pragmas := fmt.Sprintf("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = %d; PRAGMA journal_size_limit = %d",
		c.settings.checkpoint/pageSize, c.settings.walLimit)
	if _, err := conn.Exec(pragmas, nil); err != nil {
		return fmt.Errorf("set pragmas: %w", err)
	}
	if c.settings.maxFile == 0 {
		return nil
	}
	_, err := conn.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", max(1, c.settings.maxFile/pageSize)), nil)
	return err
}

// pageSize is SQLite's default, in bytes, and what both files are made with.
const pageSize = 4096

// integer runs a statement that yields one number.
func integer(ctx context.Context, q querier, query string, args ...any) (int64, error) {
	var n sql.NullInt64
	err := q.QueryRowContext(ctx, query, args...).Scan(&n)
	return n.Int64, err
}

// integers are the numbers that a query finds.
func integers(ctx context.Context, q querier, query string, args ...any) (all []int64, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, rows.Err()
}

// querier is a pool, a connection or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// usedBytes is the size of a database without the pages that are free to be
// used again.
const usedBytes = `
	SELECT (p.page_count - f.freelist_count) * s.page_size
	FROM pragma_page_count AS p, pragma_freelist_count AS f, pragma_page_size AS s`

// vacuum gives free pages at the end of the file back to the disk: one with
// each step of the statement.
func vacuum(ctx context.Context, q querier, pages int) error {
	rows, err := q.QueryContext(ctx, "PRAGMA incremental_vacuum("+strconv.Itoa(pages)+")")
	if err != nil {
		return err
	}
	defer rows.Close()
	for more := true; more; {
		more = rows.Next()
	}
	return rows.Err()
}
