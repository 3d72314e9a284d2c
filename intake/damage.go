package intake

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// skipAfter is how long a row must be damaged before it is passed over: what
// looks so for a moment may be a file that is just being replaced.
const skipAfter = 5 * time.Second

// unreadable notes that the row behind the cursor cannot be read. What it
// returns counts as the ledger being away, so that people are told from memory
// at once. A disk that fails or hangs is waited for; only what the journal
// calls damaged is passed over after a while, for behind it lie failures that
// nobody would hear of.
func (f *Feeder) unreadable(ctx context.Context, ledger Ledger, journal Journal, cursor incident.Cursor, why error) error {
	isDamaged := damagedRow(why)
	why = fmt.Errorf("the journal cannot be read: %w", why)
	if !isDamaged {
		f.damagedSince = time.Time{}
		return why
	}
	if f.damagedSince.IsZero() {
		f.damagedSince = f.o.Now()
		f.o.Log.Error("journal damaged", "row", cursor.Row+1, "err", why)
	}
	if f.o.Now().Sub(f.damagedSince) < skipAfter {
		return why
	}
	next, err := f.readableAfter(ctx, journal, cursor.Row)
	if err != nil {
		return errors.Join(why, err)
	}
	reason := fmt.Sprintf("rows %d to %d of journal %s cannot be read: %v", cursor.Row+1, next, cursor.Journal, why)
	if err := f.setAside(ctx, ledger, []byte{}, errors.New(reason)); err != nil {
		return err
	}
	_, err = ledger.Feed(ctx, incident.Batch{Cursor: incident.Cursor{Journal: cursor.Journal, Row: next}})
	return err
}

func damagedRow(err error) bool {
	_, ok := errors.AsType[*incident.DamagedError](err)
	return ok
}

// readableAfter finds the row behind which the journal can be read again: by
// doubling steps first, then between the last two. An error that is no damage
// ends the search: nothing is passed over because a disk hangs.
func (f *Feeder) readableAfter(ctx context.Context, journal Journal, row int64) (int64, error) {
	last, err := journal.Last(ctx)
	if err != nil {
		return 0, err
	}
	reads := func(after int64) (bool, error) {
		err := journal.ReadAfter(ctx, after, 1, func(int64, string) error { return nil })
		if damagedRow(err) {
			return false, nil
		}
		return true, err
	}
	bad, good := row, min(row+1, last)
	for step := int64(1); good < last; step *= 2 {
		ok, err := reads(good)
		if err != nil {
			return 0, err
		}
		if ok {
			break
		}
		bad, good = good, min(row+2*step, last)
	}
	for good-bad > 1 {
		middle := bad + (good-bad)/2
		ok, err := reads(middle)
		if err != nil {
			return 0, err
		}
		if ok {
			good = middle
		} else {
			bad = middle
		}
	}
	return good, nil
}

// wentBack notices a journal that ends before the cursor: an older copy of its
// file was put back, or its disk lost what it had said yes to. Its rows are fed once
// more from the first, for new ones have the numbers of old ones; the ledger takes
// each failure once.
func (f *Feeder) wentBack(ctx context.Context, ledger Ledger, journal Journal, cursor incident.Cursor) error {
	last, err := journal.Last(ctx)
	if err != nil || last >= cursor.Row {
		return err
	}
	f.o.Log.Error("the journal ends before what was fed: an older copy was put back, or the disk lost its end; feeding it from its beginning, each failure is stored once",
		"fed", cursor.Row, "last", last)
	_, err = ledger.Feed(ctx, incident.Batch{Cursor: incident.Cursor{Journal: cursor.Journal}})
	f.Wake()
	return err
}

// setAside keeps what cannot be fed, byte for byte, and tells people: once,
// however often the rest of its batch has to be tried.
func (f *Feeder) setAside(ctx context.Context, ledger Ledger, raw []byte, why error) error {
	piece := sha256.Sum256(raw)
	if len(raw) == 0 { // rows that could not be read: why names them
		piece = sha256.Sum256([]byte(why.Error()))
	}
	if f.aside[piece] {
		return nil
	}
	if err := ledger.SetAside(ctx, raw, why.Error(), f.o.Now()); err != nil {
		return err
	}
	f.aside[piece] = true
	f.Stats.SetAside.Add(1)
	f.o.Log.Error("entry set aside", "err", why)
	f.o.Tell(incident.Alert{
		Kind: incident.Meta, Topic: incident.AsideTopic, At: f.o.Now(),
		Title: "A failure could not be filed: it was set aside",
		Detail: "The ledger refused one entry of the journal (" + why.Error() + "). It is kept byte for byte in the table " +
			"set_aside; everything else goes on. " + incident.DoFirst + "report it with the log of this time.",
		Reason: "an entry was set aside",
	})
	return nil
}
