package intake

import (
	"context"
	"slices"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// rescueMost bounds what is carried over from a lost journal.
const rescueMost = 64 << 20

// rescue reads what the ledger may not have yet from a journal whose file was
// deleted or replaced, while the open one can still be read.
func (w *writer) rescue(ctx context.Context, j *kept) (read []row) {
	err := j.Journal.ReadAfter(ctx, w.fedRow(j), rescueMost, func(number int64, blob string) error {
		read = append(read, row{number, blob})
		return nil
	})
	if err != nil {
		w.o.Log.Error("lost journal not read to its end", "rows", len(read), "err", err)
	}
	return read
}

// restore writes what was rescued into the open journal, unless it is the same and
// has it.
func (w *writer) restore(ctx context.Context) error {
	j := w.journal.Load()
	w.rescued = slices.DeleteFunc(w.rescued, func(wanted row) bool {
		found, ok := find(ctx, j.Journal, wanted)
		if ok {
			j.keep(found)
		}
		return ok
	})
	for len(w.rescued) > 0 {
		if _, err := j.Append(ctx, []byte(w.rescued[0].blob)); err != nil {
			return err
		}
		w.rescued = w.rescued[1:]
		w.o.Written()
	}
	return nil
}

// find looks for a row in j, where an erasure may have changed what its entries say.
// One that cannot be read is not there: the ledger takes each failure once, so that
// a row too many does no harm.
func find(ctx context.Context, j Journal, wanted row) (found row, ok bool) {
	err := j.ReadAfter(ctx, wanted.number-1, 1, func(number int64, blob string) error {
		found = row{number, blob}
		return nil
	})
	return found, err == nil && found.number == wanted.number && sameEntries(found.blob, wanted.blob)
}

// sameEntries says whether two rows have the same entries, whatever is in them.
func sameEntries(a, b string) bool {
	if a == b {
		return true
	}
	var d decoder
	all, damagedA := d.group(nil, a)
	others, damagedB := d.group(nil, b)
	return len(damagedA)+len(damagedB) == 0 && slices.EqualFunc(all, others, func(one, other incident.Fed) bool {
		return one.Failure.ID == other.Failure.ID
	})
}

// trouble tells the beginning and the end of it, not each failed commit.
func (w *writer) trouble(err error) {
	if (err != nil) == w.troubled {
		return
	}
	w.troubled = err != nil
	w.o.Trouble(err)
}

// keepHouse runs once a second. What it finds is told when it is done; that it
// hangs, while it does.
func (w *writer) keepHouse(ctx context.Context) {
	var found error
	var judged bool
	_ = w.watched(func() error {
		judged, found = w.look(ctx)
		return nil
	})
	if judged {
		w.trouble(found)
	}
}

// look opens the journal where there is none, notices one that was moved or
// deleted, and removes old rows. judged is true where what it found says
// whether the journal works: a commit that waits will show it better.
func (w *writer) look(ctx context.Context) (judged bool, found error) {
	j := w.journal.Load()
	if j == nil || w.troubled && w.idle() { // no commit will show whether it works again
		err := w.ready(ctx)
		return err != nil || w.idle(), err
	}
	if err := j.Check(ctx); err != nil {
		w.o.Log.Error("journal replaced under us, opening it anew", "err", err)
		read := w.rescue(ctx, j)
		w.o.Lost(err)
		w.drop(read...)
		return true, err
	}
	w.letGo()
	w.prune(ctx, j)
	return false, nil
}

// Pruning is done in small steps between commits, for a part of each second
// only: a larger one where the journal is over half its bound.
const (
	pruneFor     = 50 * time.Millisecond
	pruneForFull = 300 * time.Millisecond
)

// prune removes fed rows that are old, or too many, until none is left or its
// time is over.
func (w *writer) prune(ctx context.Context, j *kept) {
	now, began := w.o.Now(), time.Now()
	if !w.pruning && now.Sub(w.lastPrune) < time.Minute && j.Size() <= w.o.MaxBytes/2 {
		return
	}
	w.lastPrune = now
	budget := pruneFor
	if j.Size() > w.o.MaxBytes/2 {
		budget = pruneForFull
	}
	for w.pruning = true; time.Since(began) < budget; {
		removed, err := j.Prune(ctx, now.Add(-keepFed), w.fedRow(j), w.o.MaxBytes/2)
		if err != nil {
			w.o.Log.Warn("old journal rows not removed", "err", err)
		}
		if removed == 0 {
			w.pruning = false
			return
		}
	}
}
