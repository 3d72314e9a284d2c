package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/mattn/go-sqlite3"
)

// hot is a statement of the feeding, run for every failure. It goes past
// database/sql, whose goroutine for each query in a transaction costs more
// than the query, and past the driver's binding value by value: docs/adr/0013.
type hot struct {
	conn *sql.Conn
	stmt *sqlite3.SQLiteStmt
	args []driver.NamedValue
}

func prepareHot(ctx context.Context, conn *sql.Conn, query string) (*hot, error) {
	h := &hot{conn: conn}
	err := conn.Raw(func(c any) error {
		stmt, err := c.(driver.ConnPrepareContext).PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		h.stmt = stmt.(*sqlite3.SQLiteStmt)
		return nil
	})
	return h, err
}

// step runs the statement in the connection's transaction and says whether it
// yielded a row.
func (h *hot) step(values ...driver.Value) (found bool, err error) {
	h.args = h.args[:0]
	for i, v := range values {
		h.args = append(h.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	err = h.conn.Raw(func(any) error {
		// Without a context that may end: the driver would watch it.
		rows, err := h.stmt.QueryContext(context.Background(), h.args)
		if err != nil {
			return err
		}
		var none [0]driver.Value
		next := rows.Next(none[:])
		found = next == nil
		if errors.Is(next, io.EOF) {
			next = nil
		}
		return errors.Join(next, rows.Close())
	})
	return found, err
}

func (h *hot) close() error {
	return h.conn.Raw(func(any) error { return h.stmt.Close() })
}

// exists says whether err is what an INSERT says of a row that is there.
func exists(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) &&
		(e.ExtendedCode == sqlite3.ErrConstraintUnique || e.ExtendedCode == sqlite3.ErrConstraintPrimaryKey)
}

// hotStatements are all there are.
type hotStatements struct{ find, insert, caller *hot }

func (s *hotStatements) prepare(ctx context.Context, conn *sql.Conn) (err error) {
	if s.find, err = prepareHot(ctx, conn, findRequest); err != nil {
		return err
	}
	if s.insert, err = prepareHot(ctx, conn, insertFailure); err != nil {
		return err
	}
	s.caller, err = prepareHot(ctx, conn, insertCaller)
	return err
}

func (s *hotStatements) close() (err error) {
	for _, h := range []*hot{s.find, s.insert, s.caller} {
		if h != nil {
			err = errors.Join(err, h.close())
		}
	}
	return err
}
