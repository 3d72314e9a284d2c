package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// journalVersion is the schema of journal.db, kept in its user_version.
const journalVersion = 1

// journalSchema is all there is: one table, whose row 0 is the journal's
// random id. One row is one commit group. An index or a second table would
// cost what the answers wait for: docs/adr/0010.
const journalSchema = `
CREATE TABLE IF NOT EXISTS journal (
  row INTEGER PRIMARY KEY,
  at INTEGER NOT NULL, -- unix ms
  entries BLOB NOT NULL
) STRICT;
INSERT OR IGNORE INTO journal (row, at, entries)
VALUES (0, 0, randomblob(16));
PRAGMA application_id = 0x626b7374;
PRAGMA user_version = 1;
`

// JournalOptions are what OpenJournal may be told. The zero value serves.
type JournalOptions struct {
	// Now stamps the rows; time.Now where nil.
	Now func() time.Time
	// MaxFile is a size in bytes that the file itself never exceeds: beyond
	// it Append fails as on a full disk. 0 is no bound.
	MaxFile int64
}

// journal settings: docs/adr/0010 has the measurements. The WAL is copied back
// often, for a commit waits while it is.
const (
	journalCheckpoint = 1 << 20
	journalWAL        = 4 << 20
	journalWALLimit   = 64 << 20 // beyond it, readers are waited for
)

// Journal is the local, append-only, fsynced record of what came in. Append,
// Prune and Check belong to one goroutine, the writer; everything else may be
// called by any, and never blocks it.
type Journal struct {
	file  *file
	write *sql.DB
	read  *sql.DB
	add   *sql.Stmt
	id    string
	now   func() time.Time
	first int64 // no row that is appended has a lower number

	size     atomic.Int64 // bytes of the rows that are kept
	appended int64        // bytes since the WAL was last looked at
}

// OpenJournal opens the journal at path, or makes one. Errors are ErrNewer,
// ErrForeign, ErrCorrupt, or what the disk said.
func OpenJournal(path string, o JournalOptions) (*Journal, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	j := &Journal{now: o.Now}
	if err := j.open(context.Background(), path, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open journal: %w", classify(err)), j.Close())
	}
	return j, nil
}

func (j *Journal) open(ctx context.Context, path string, o JournalOptions) (err error) {
	if j.file, err = openFile(path, journalVersion); err != nil {
		return err
	}
	if err := inspect(ctx, path, journalVersion); err != nil {
		return err
	}
	j.write = open(path, settings{conns: 1, cacheKiB: 2048, checkpoint: journalCheckpoint, walLimit: journalWAL, erase: "FAST", maxFile: o.MaxFile})
	j.read = open(path, settings{conns: 2, cacheKiB: 1024, readOnly: true})
	if err := j.create(ctx); err != nil {
		return err
	}
	if err := j.measure(ctx); err != nil {
		return err
	}
	if err := j.number(ctx); err != nil {
		return err
	}
	j.add, err = j.write.PrepareContext(ctx, `
		INSERT INTO journal (row, at, entries)
		SELECT MAX(?1, MAX(row) + 1), ?2, ?3
		FROM journal`)
	return err
}

// number has the rows of a journal that had some before go on from the time of
// its opening. Somebody may have put back an older copy: were its next row the one
// after its last, it would have the number of one that the ledger has been fed
// already, and be passed over: docs/adr/0010.
func (j *Journal) number(ctx context.Context) error {
	last, err := integer(ctx, j.write, lastRow)
	if last > 0 {
		j.first = j.now().UnixMicro()
	}
	return err
}

func (j *Journal) create(ctx context.Context) error {
	tx, err := j.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, journalSchema); err != nil {
		return err
	}
	var id []byte
	if err := tx.QueryRowContext(ctx, `
		SELECT entries
		FROM journal
		WHERE row = 0`).Scan(&id); err != nil {
		return err
	}
	j.id = hex.EncodeToString(id)
	return tx.Commit()
}

// ID is the random id of this journal: a cursor into another one means
// nothing here.
func (j *Journal) ID() string { return j.id }

// Append writes one commit group and returns its row. It is durable once the
// error is nil; with an error it may yet be there, so that whoever appends the
// group again relies on the ledger to store it once. The context is not heeded
// while the disk works.
func (j *Journal) Append(ctx context.Context, blob []byte) (row int64, err error) {
	result, err := j.add.ExecContext(context.WithoutCancel(ctx), j.first, j.now().UnixMilli(), blob)
	if err != nil {
		return 0, fmt.Errorf("append to journal: %w", classify(err))
	}
	if row, err = result.LastInsertId(); err != nil {
		return 0, fmt.Errorf("append to journal: %w", err)
	}
	j.size.Add(int64(len(blob)) + rowOverhead)
	j.appended += int64(len(blob))
	j.boundWAL(ctx)
	return row, nil
}

// rowOverhead is about what a row costs besides its blob: half a page.
const rowOverhead = pageSize / 2

// boundWAL keeps the WAL small. The commits' own checkpoints reset it unless a
// reader is in the way each time; past the limit readers are waited for, for
// as long as the busy timeout. Failing is no harm: the next one tries again.
func (j *Journal) boundWAL(ctx context.Context) {
	if j.appended < journalWAL {
		return
	}
	j.appended = 0
	if j.file.walSize() > journalWALLimit {
		_, _ = j.write.ExecContext(context.WithoutCancel(ctx), `PRAGMA wal_checkpoint(TRUNCATE)`)
	}
}

// Size is how many bytes the kept rows take, near enough. It touches nothing.
func (j *Journal) Size() int64 { return j.size.Load() }

// measure sets the size to what the pages in use say.
func (j *Journal) measure(ctx context.Context) error {
	used, err := integer(ctx, j.write, usedBytes)
	j.size.Store(used)
	return err
}

// Check says whether the path still names this journal, its header can be read
// and nobody has made it newer than this version knows: ErrReplaced, ErrCorrupt,
// ErrNewer or what the disk said. It is cheap enough for every second.
func (j *Journal) Check(ctx context.Context) error {
	if err := j.file.check(); err != nil {
		return fmt.Errorf("check journal: %w", err)
	}
	version, err := integer(ctx, j.write, `PRAGMA user_version`)
	if err == nil && version > journalVersion { // an error says nothing: a commit will say more
		return fmt.Errorf("check journal: %s: %w: its version is %d, this one knows %d", j.file.path, ErrNewer, version, journalVersion)
	}
	return nil
}

// Close ends it. Rows that were appended stay.
func (j *Journal) Close() error {
	var err error
	if j.add != nil {
		err = errors.Join(err, j.add.Close())
	}
	if j.read != nil {
		err = errors.Join(err, j.read.Close())
	}
	if j.write != nil {
		err = errors.Join(err, j.write.Close())
	}
	if j.file != nil {
		err = errors.Join(err, j.file.close())
	}
	return err
}
