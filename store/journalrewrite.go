package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/backstop-project/backstop/incident"
)

// RewriteJournal hands rewrite every row of the journal at path, which another
// process may be writing, and writes what it changes in the place of that. It
// takes small steps, so that the writer hardly waits. Of what stood there, and
// in rows that were removed before, nothing is left in the file. end is its last
// row: what comes behind it was never anything else. Whoever has read rows before,
// or keeps what was written, has them as they were.
func RewriteJournal(ctx context.Context, path string, rewrite func(blob string) (row []byte, changed bool)) (changed int64, end incident.Cursor, err error) {
	if _, err := os.Stat(path); err != nil {
		return 0, end, err
	}
	j, err := openRewritten(ctx, path)
	if err != nil {
		return 0, end, fmt.Errorf("rewrite journal: %w", classify(err))
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	for more := true; more; {
		before := end.Row
		groups, err := j.after(ctx, before, copyBytes)
		if err != nil {
			return changed, end, fmt.Errorf("rewrite journal after row %d: %w", before, damaged(err))
		}
		for _, g := range groups {
			end.Row = g.row
			row, other := rewrite(g.blob)
			if !other {
				continue
			}
			changed++
			if err := j.replace(ctx, g.row, row); err != nil {
				return changed, end, fmt.Errorf("rewrite row %d of journal: %w", g.row, classify(err))
			}
		}
		more = len(groups) > 0
	}
	end.Journal = j.id
	if err := j.forget(ctx); err != nil {
		return changed, end, fmt.Errorf("rewrite journal: %w", classify(err))
	}
	return changed, end, nil
}

// openRewritten opens a journal that is there.
func openRewritten(ctx context.Context, path string) (j *Journal, err error) {
	j = &Journal{now: time.Now}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.Close())
		}
	}()
	if j.file, err = openFile(path, journalVersion); err != nil {
		return j, err
	}
	if err = inspect(ctx, path, journalVersion); err != nil {
		return j, err
	}
	j.write = open(path, settings{conns: 1, cacheKiB: 2048, checkpoint: journalCheckpoint, walLimit: journalWAL, erase: "true"})
	j.read = open(path, settings{conns: 1, cacheKiB: 1024, readOnly: true})
	return j, j.create(ctx)
}

func (j *Journal) replace(ctx context.Context, row int64, entries []byte) error {
	return persist(ctx, func() error {
		_, err := j.write.ExecContext(ctx, `
			UPDATE journal
			SET entries = ?2
			WHERE row = ?1`, row, entries)
		return err
	})
}

// forget gives the pages of removed rows back, which the writer does not
// overwrite for want of time, and empties the WAL.
func (j *Journal) forget(ctx context.Context) error {
	for {
		free, err := integer(ctx, j.write, `PRAGMA freelist_count`)
		if err != nil || free == 0 {
			return errors.Join(err, emptyWAL(ctx, j.write))
		}
		if err := persist(ctx, func() error { return vacuum(ctx, j.write, 512) }); err != nil {
			return err
		}
	}
}

// emptyWAL copies the WAL back and cuts it to nothing, so that no earlier form of
// any page is left. Readers are waited for.
func emptyWAL(ctx context.Context, q querier) error {
	return persist(ctx, func() error {
		var busy, pages, copied int64
		if err := q.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &copied); err != nil {
			return err
		}
		if busy != 0 {
			return errBusy
		}
		return nil
	})
}

// errBusy means that others were in the way all the time.
var errBusy = errors.New("others read it all the time: try again")

// How often something is tried again that others are in the way of.
const (
	persistTries = 40
	persistPause = 250 * time.Millisecond
)

// persist tries until it works: another process may have the lock.
func persist(ctx context.Context, try func() error) (err error) {
	for range persistTries {
		if err = try(); err == nil || !isBusy(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(persistPause):
		}
	}
	return err
}

// isBusy says whether err is that others have the lock, which passes.
func isBusy(err error) bool {
	if errors.Is(err, errBusy) {
		return true
	}
	e, ok := errors.AsType[sqlite3.Error](err)
	return ok && (e.Code == sqlite3.ErrBusy || e.Code == sqlite3.ErrLocked)
}
