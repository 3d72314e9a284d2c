package intake

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// FeederOptions are a Feeder's parts.
type FeederOptions struct {
	// Journal is the journal to read, nil while there is none.
	Journal func() Journal
	// Ledger is the ledger to feed, or why there is none.
	Ledger func() (Ledger, error)
	// Fed is called with the row of a journal up to which the ledger has all.
	Fed func(incident.Cursor)
	// Written is how many entries the journal took so far.
	Written func() int64
	// Alerts is called when alerts were put into the outbox.
	Alerts func()
	// Tell queues a meta-alert; it does not block.
	Tell func(incident.Alert)
	Now  func() time.Time
	Log  *slog.Logger
}

// Feeder reads the journal from its cursor and gives it to the ledger, batch
// by batch, in order. What the ledger refuses is set aside; what it cannot
// take now waits.
type Feeder struct {
	o    FeederOptions
	wake chan struct{}
	gate *Sentinel

	room         []incident.Fed             // of the last batch, for the next
	roomUsed     time.Time                  // when that was last of use
	decoder      decoder                    // its parameters are of this batch
	damagedSince time.Time                  // the row behind the cursor is damaged since
	until        atomic.Int64               // Unix milliseconds, or unknown, or atEnd: see Until
	aside        map[[sha256.Size]byte]bool // of the batch that is tried: set aside already

	Stats FeederStats
}

// FeederStats counts what the feeder did. Read them at any time.
type FeederStats struct {
	Stored   atomic.Int64 // new failures in the ledger
	SetAside atomic.Int64 // entries that the ledger refused
	Errors   atomic.Int64
}

// NewFeeder makes a feeder that reports to the sentinel how the ledger does;
// Run does its work.
func NewFeeder(o FeederOptions, s *Sentinel) *Feeder {
	return &Feeder{o: o, wake: make(chan struct{}, 1), gate: s, aside: map[[sha256.Size]byte]bool{}}
}

// Until says up to when the ledger has all that came in, which is now where the
// journal is read to its end; ok is false while nobody knows.
func (f *Feeder) Until(now time.Time) (until time.Time, ok bool) {
	switch at := f.until.Load(); at {
	case unknown:
		return time.Time{}, false
	case atEnd:
		return now, true
	default:
		return time.UnixMilli(at).UTC(), true
	}
}

// What until says instead of a time.
const (
	unknown = 0
	atEnd   = -1
)

// Wake says that the journal has new rows. It never blocks.
func (f *Feeder) Wake() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

const (
	readBytes  = 1 << 20
	restBytes  = 2 << 20                // while what a storm left is fed, and answers do not press: fewer commits
	roomAnyway = 256                    // entries, or parameters
	roomStays  = 10 * time.Second       // after a storm
	lull       = 100 * time.Millisecond // without a written entry: nobody asks; a slow disk takes less for a commit
	feedPause  = 20 * time.Millisecond  // between batches, so that entries gather
	stormPause = 300 * time.Millisecond // in a storm: a commit costs the same for one entry as for thousands
	stormBatch = 100                    // entries in one batch that make a storm
	stormShare = 3                      // while answers press, feeding rests this many times as long as it works
	feedRetry  = 250 * time.Millisecond
	feedAnyway = time.Second // without a wake: another process may have written
)

// Run feeds until ctx ends. What the journal holds then is fed at the next
// start.
func (f *Feeder) Run(ctx context.Context) error {
	f.gate.begin()
	defer f.gate.end()
	anyway := time.NewTicker(feedAnyway)
	defer anyway.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.wake:
		case <-anyway.C:
		}
		pause(ctx, f.feedAll(ctx))
	}
}

// feedAll feeds until the journal is read to its end, or ctx ends, and says
// how long to let entries gather. While the ledger is away it tries again.
func (f *Feeder) feedAll(ctx context.Context) (wait time.Duration) {
	most := readBytes
	for ctx.Err() == nil {
		began, before := time.Now(), f.o.Written()
		entries, more, err := f.feedOnce(ctx, most)
		f.gate.ledgerIs(err, began)
		switch {
		case err != nil:
			f.Stats.Errors.Add(1)
			f.until.Store(unknown)
			pause(ctx, feedRetry)
		case more && pressed(entries, f.o.Written()-before):
			most = readBytes
			f.giveWay(ctx, stormShare*time.Since(began))
		case more:
			most = restBytes
		case entries >= stormBatch:
			return stormPause
		default:
			return feedPause
		}
	}
	return 0
}

// pressed says whether answers came at an eighth of the speed of feeding or faster
// while a batch was fed: then both want the processor, and the answers are to
// have it. What waits is in the journal, and is fed as soon as they come slower.
func pressed(fed int, written int64) bool { return written > int64(fed)/8 }

// giveWay rests for d, or less where no answer comes any more.
func (f *Feeder) giveWay(ctx context.Context, d time.Duration) {
	for end := time.Now().Add(d); ctx.Err() == nil && time.Now().Before(end); {
		before := f.o.Written()
		pause(ctx, min(lull, time.Until(end)))
		if f.o.Written() == before {
			return
		}
	}
}

// feedOnce moves one batch of at most so many bytes; more says that the journal holds
// another one.
func (f *Feeder) feedOnce(ctx context.Context, most int) (entries int, more bool, err error) {
	ledger, err := f.o.Ledger()
	if err != nil {
		return 0, false, err
	}
	journal := f.o.Journal()
	if journal == nil {
		return 0, false, nil // the recorder tells about the journal
	}
	cursor, err := ledger.Cursor(ctx, journal.ID())
	if err != nil {
		return 0, false, err
	}
	batch := incident.Batch{Cursor: cursor, Entries: f.room}
	defer func() {
		f.room = emptied(batch.Entries, &f.roomUsed)
		f.decoder.empty()
	}()
	var damaged [][]byte
	read := 0
	err = journal.ReadAfter(ctx, cursor.Row, most, func(row int64, blob string) error {
		var bad [][]byte
		batch.Entries, bad = f.decoder.group(batch.Entries, blob)
		damaged = append(damaged, bad...)
		batch.Cursor.Row = row
		read += len(blob)
		return nil
	})
	if err != nil {
		return 0, false, f.unreadable(ctx, ledger, journal, cursor, err)
	}
	f.damagedSince = time.Time{}
	if batch.Cursor.Row == cursor.Row {
		f.o.Fed(cursor)
		f.until.Store(atEnd)
		return 0, false, f.wentBack(ctx, ledger, journal, cursor)
	}
	for _, raw := range damaged {
		if err := f.setAside(ctx, ledger, raw, errDamaged); err != nil {
			return 0, false, err
		}
	}
	if err := f.feed(ctx, ledger, batch); err != nil {
		return 0, false, err
	}
	clear(f.aside)
	f.o.Fed(batch.Cursor)
	if n := len(batch.Entries); n > 0 {
		f.until.Store(batch.Entries[n-1].JournalAt.UnixMilli())
	}
	return len(batch.Entries), read >= most/2, nil // a row that did not fit stayed behind
}

// emptied is a batch's room for the next one. What a storm took is let go when it
// has been far too large for a while: a storm's batches are not all large.
func emptied[T any](room []T, used *time.Time) []T {
	now := time.Now()
	if cap(room) <= roomAnyway || cap(room) <= 8*len(room) {
		*used = now
	} else if now.Sub(*used) > roomStays {
		return nil
	}
	clear(room)
	return room[:0]
}

// feed gives the batch to the ledger. Where an entry in it is refused, every
// entry goes alone: the ledger takes each only once, so nothing is doubled.
func (f *Feeder) feed(ctx context.Context, ledger Ledger, batch incident.Batch) error {
	err := f.feedWhole(ctx, ledger, batch)
	var refused *incident.RefusedError
	if !errors.As(err, &refused) {
		return err
	}
	before, err := ledger.Cursor(ctx, batch.Cursor.Journal)
	if err != nil {
		return err
	}
	for _, e := range batch.Entries {
		err := f.feedWhole(ctx, ledger, incident.Batch{Cursor: before, Entries: []incident.Fed{e}})
		switch {
		case errors.As(err, &refused):
			var enc encoder
			raw := enc.encode([]incident.Entry{e.Entry}, e.JournalAt)
			if err := f.setAside(ctx, ledger, raw, refused); err != nil {
				return err
			}
		case err != nil:
			return err
		}
	}
	return f.feedWhole(ctx, ledger, incident.Batch{Cursor: batch.Cursor})
}

// feedWhole gives a batch to the ledger as one. A panic is a refusal: an entry that
// makes us panic must not hold up those behind it.
func (f *Feeder) feedWhole(ctx context.Context, ledger Ledger, batch incident.Batch) (err error) {
	defer Survive(f.o.Log, "feeding the ledger", func() { err = &incident.RefusedError{Err: incident.ErrBug} })
	f.gate.feeding(batch.Entries)
	report, err := ledger.Feed(ctx, batch)
	if err != nil {
		return err
	}
	f.gate.fedAll(batch.Entries)
	f.Stats.Stored.Add(int64(report.Stored))
	if report.Alerts > 0 {
		f.o.Alerts()
	}
	return nil
}

// pause waits for d, or less where ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
