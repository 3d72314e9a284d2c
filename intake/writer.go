package intake

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/backstop-project/backstop/incident"
)

const (
	retryAfter = 100 * time.Millisecond
	reopenAt   = 5 // failed commits in a row
)

const drainFor = 8 * time.Second

// writer is the one goroutine that appends.
type writer struct {
	*Recorder
	encoder   encoder
	inFlight  *group    // taken from the queue, not yet on the disk
	taken     []waiting // all that inFlight had when it was taken
	spare     []waiting // room for the next group
	troubled  bool
	failures  int // commits that failed in a row
	panics    int // likewise that panicked
	lastPrune time.Time
	pruning   bool  // the last time ended before the rows did
	rescued   []row // of a journal that was closed: the next one may not have them
	overdue   *time.Timer
	told      chan struct{} // that a write hangs: overdue, when it is through
}

// take moves what is pending, or what failed before, into flight.
func (w *writer) take() *group {
	if w.inFlight != nil {
		return w.inFlight
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.pending.entries) == 0 {
		return nil
	}
	w.inFlight, w.pending = w.pending, newGroup(w.spare)
	w.taken, w.spare = w.inFlight.entries, nil
	return w.inFlight
}

// writeAll writes group after group until nothing is pending or one fails. A
// failed group stays in flight, whole, for the next try. It does not end with
// ctx: what was taken in is written.
func (w *writer) writeAll(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	for {
		g := w.take()
		if g == nil {
			return nil
		}
		if err := w.watched(func() error { return w.tryWrite(ctx, g) }); err != nil {
			w.failed(err)
			return err
		}
		w.failures = 0
		w.late.Store(false)
		w.trouble(nil)
	}
}

// hangsAfter is how long a group may take until people are told: well behind
// what a busy disk stalls for.
const hangsAfter = 5 * time.Second

var errHangs = errors.New("the disk does not answer")

// watched has people told of a write that hangs, while it does. The next one
// that succeeds says that it is over.
func (w *writer) watched(write func() error) error {
	if w.overdue == nil {
		w.watch()
	} else {
		w.overdue.Reset(hangsAfter)
	}
	defer func() { // also where it panics
		if !w.overdue.Stop() {
			<-w.told
			w.troubled = true
		}
	}()
	return write()
}

// watch makes the timer of writes that hang, which each of them sets anew, and has it
// run.
func (w *writer) watch() {
	w.told = make(chan struct{})
	w.overdue = time.AfterFunc(hangsAfter, func() {
		defer func() { w.told <- struct{}{} }()
		defer Survive(w.o.Log, "telling that the journal hangs", nil)
		w.o.Trouble(errHangs)
	})
}

// panicsAtMost is how often a group is tried that made the writer panic: a bug
// must not stop everything behind it.
const panicsAtMost = 5

// tryWrite is write where a panic is an error: the group stays in flight.
func (w *writer) tryWrite(ctx context.Context, g *group) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		err = incident.ErrBug
		w.o.Log.Error("panic while writing to the journal", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		w.panicked(g)
	}()
	if err = w.write(ctx, g); err == nil {
		w.panics = 0
	}
	return err
}

// panicked notes that a group made the writer panic. After some in a row its
// entries go one by one; the one that panics even so is counted as lost, and
// said to be.
func (w *writer) panicked(g *group) {
	w.panics++
	switch {
	case w.inFlight != g || len(g.entries) == 0 || w.panics < panicsAtMost:
	case !g.singly && len(g.entries) > 1:
		g.singly = true
	default:
		lost := g.entries[0].Failure
		g.entries, g.lost = g.entries[1:], true
		w.Stats.Dropped.Add(1)
		w.o.Log.Error("failure lost: writing it to the journal panics", "failure", lost.ID, "sid", lost.SID)
		w.o.Overflow(true)
	}
}

// spareMost is how many entries the room has that is kept for the next group.
const spareMost = 1024

// landed takes the group out of flight, and tells those who wait for it.
func (w *writer) landed(g *group) {
	w.inFlight = nil
	if !g.lost {
		close(g.done)
	}
	for i := range w.taken {
		w.giveBack(w.taken[i].params)
	}
	if len(w.taken) <= spareMost {
		clear(w.taken)
		w.spare = w.taken[:0]
	}
	w.taken = nil
	w.mu.Lock()
	w.queued -= g.bytes
	w.mu.Unlock()
}

// failed notes a commit that failed. After some in a row the journal is opened
// anew: a connection may be beyond repair where the file is not.
func (w *writer) failed(err error) {
	w.late.Store(true)
	w.Stats.Errors.Add(1)
	w.trouble(err)
	w.failures++
	if w.failures%reopenAt == 0 {
		w.drop()
	}
}

// drop closes the journal; the next use opens it again, and writes what that one
// does not have of the rows that were read from this one or are kept.
func (w *writer) drop(read ...row) {
	j := w.journal.Load()
	if j == nil {
		return
	}
	w.rescued = append(j.left(read), w.rescued...) // what this one has was before what it was to have
	w.journal.Store(nil)
	if err := j.Close(); err != nil {
		w.o.Log.Warn("journal not closed cleanly", "err", err)
	}
}

// write commits a group in as many pieces as its size asks for.
func (w *writer) write(ctx context.Context, g *group) error {
	if err := w.ready(ctx); err != nil {
		return err
	}
	for len(g.entries) > 0 {
		n := 1
		if !g.singly {
			n = pieceOf(g.entries)
		}
		begun := w.o.Now()
		blob := w.encoder.encodeAll(g.entries[:n], begun)
		start, j := time.Now(), w.journal.Load()
		number, err := j.Append(ctx, blob)
		if err != nil {
			return err
		}
		w.Stats.LastMicro.Store(time.Since(start).Microseconds())
		w.Stats.Commits.Add(1)
		w.Stats.Written.Add(int64(n))
		if g.entries = g.entries[n:]; len(g.entries) == 0 {
			w.landed(g) // what follows asks for memory, for which those who wait would wait, too
		}
		j.keep(row{number, string(blob)})
		w.letGo()
		w.o.Written()
	}
	if w.inFlight == g {
		w.landed(g) // nothing was left of it
	}
	return nil
}

// letGo lets go of what the ledger has.
func (w *writer) letGo() {
	j := w.journal.Load()
	j.fedTo(w.fedRow(j))
}

// pieceOf is how many of the entries go into one row.
func pieceOf(entries []waiting) int {
	bytes := 0
	for i := range entries {
		bytes += entries[i].size
		if i > 0 && (bytes > groupBytes || i >= groupMost) {
			return i
		}
	}
	return len(entries)
}

// ready opens the journal where there is none, and asks whether it may grow.
func (w *writer) ready(ctx context.Context) error {
	if w.Journal() == nil {
		j, err := w.o.Open(ctx)
		if err != nil {
			return err
		}
		w.journal.Store(&kept{Journal: j})
	}
	if err := w.o.Room(w.Journal().Size()); err != nil {
		return err
	}
	return w.restore(ctx)
}

// idle says whether nothing waits to be written.
func (w *writer) idle() bool { return w.inFlight == nil && w.Queued() == 0 }

// drain writes what is left. Whoever stops us waits no longer than drainFor
// for a disk that hangs.
func (w *writer) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainFor)
	defer cancel()
	for {
		if w.writeAll(ctx) == nil && w.stands(ctx) {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("the journal did not take all that was queued before the stop")
		case <-time.After(retryAfter):
		}
	}
}

// stands says whether what was written is still in its place, as far as can be
// seen: what comes to be missing in the second before a stop is written once more.
func (w *writer) stands(ctx context.Context) bool {
	_, err := w.look(ctx)
	return err == nil || len(w.rescued) == 0
}
