package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mattn/go-sqlite3"
)

const lastRow = `
	SELECT MAX(row)
	FROM journal`

// Last is the newest row, 0 for an empty journal.
func (j *Journal) Last(ctx context.Context) (row int64, err error) {
	row, err = integer(ctx, j.read, lastRow)
	if err != nil {
		return 0, fmt.Errorf("last row of journal: %w", classify(err))
	}
	return row, nil
}

// ReadAfter hands fn the rows after row, oldest first: as many as fit into
// maxBytes, but at least one if there is one. The rows are in memory before fn
// sees the first, so that a slow fn holds no lock and keeps no WAL from being
// reset. An error of fn ends it and is returned as it is. Where the first row
// is damaged the error is an *incident.DamagedError. A row's bytes are a
// string, for whoever decodes one keeps pieces of it.
func (j *Journal) ReadAfter(ctx context.Context, row int64, maxBytes int, fn func(row int64, blob string) error) error {
	groups, err := j.after(ctx, row, maxBytes)
	if err != nil {
		return fmt.Errorf("read journal after row %d: %w", row, damaged(err))
	}
	for _, g := range groups {
		if err := fn(g.row, g.blob); err != nil {
			return err
		}
	}
	return nil
}

type group struct {
	row  int64
	blob string
}

// rowsAfter has entries as text, which they are not: the driver makes a string of
// text at once, and of a blob a slice that is copied into one. No byte is changed.
const rowsAfter = `
	SELECT row, CAST(entries AS TEXT)
	FROM journal
	WHERE row > ?1
	ORDER BY row`

func (j *Journal) after(ctx context.Context, row int64, maxBytes int) (groups []group, err error) {
	rows, err := j.read.QueryContext(ctx, rowsAfter, max(row, 0))
	if failed, ok := errors.AsType[sqlite3.Error](err); ok && failed.Code == sqlite3.ErrCantOpen {
		rows, err = j.write.QueryContext(ctx, rowsAfter, max(row, 0)) // of a file that is gone only who has it open can read
	}
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for bytes := 0; bytes < maxBytes || len(groups) == 0; {
		if !rows.Next() {
			return readable(groups, rows.Err())
		}
		var g group
		if err := rows.Scan(&g.row, &g.blob); err != nil {
			return readable(groups, err)
		}
		bytes += len(g.blob)
		if bytes > maxBytes && len(groups) > 0 {
			break
		}
		groups = append(groups, g)
	}
	return groups, rows.Close()
}

// readable keeps what was read before a row that cannot be: the error comes
// when that row is the first.
func readable(groups []group, err error) ([]group, error) {
	if err != nil && len(groups) == 0 {
		return nil, err
	}
	return groups, nil
}

// pruneStep is how many rows one call of Prune looks at.
const pruneStep = 64

// Prune removes a few of the oldest rows that are no longer needed: fed, that
// is up to and including through, and written before before, or beyond
// maxBytes in all. It returns how many; call it again while that is not 0. The
// newest row always stays, for the next one's number follows from it.
func (j *Journal) Prune(ctx context.Context, before time.Time, through, maxBytes int64) (removed int, err error) {
	oldest := before.UnixMilli()
	if j.Size() > maxBytes {
		oldest = int64(1) << 62
	}
	result, err := j.write.ExecContext(context.WithoutCancel(ctx), `
		DELETE FROM journal
		WHERE row IN (
		  SELECT row
		  FROM (
		    SELECT row, at
		    FROM journal
		    WHERE row > 0
		      AND row <= ?1
		      AND row < (SELECT MAX(row) FROM journal)
		    ORDER BY row
		    LIMIT ?3)
		  WHERE at < ?2)`, through, oldest, pruneStep)
	if err != nil {
		return 0, fmt.Errorf("prune journal: %w", classify(err))
	}
	n, err := result.RowsAffected()
	if err != nil || n == 0 {
		return 0, err
	}
	return int(n), j.shrink(ctx)
}

// shrink gives free pages back to the disk, some with each step, and measures.
func (j *Journal) shrink(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if err := vacuum(ctx, j.write, 512); err != nil {
		return fmt.Errorf("shrink journal: %w", classify(err))
	}
	return j.measure(ctx)
}
