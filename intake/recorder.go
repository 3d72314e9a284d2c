package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// RecorderOptions are a Recorder's parts.
type RecorderOptions struct {
	// Open opens the journal. It is tried until it succeeds, and again when
	// the journal has become another file or none.
	Open func(ctx context.Context) (Journal, error)
	// Room says whether the journal may grow: nil, or why not. It is asked
	// before each commit and must not block.
	Room func(size int64) error
	// MaxBytes bounds the journal's fed rows.
	MaxBytes int64
	Now      func() time.Time
	Log      *slog.Logger
	// Written is called after each commit; it must not block.
	Written func()
	// Overflow is called with each entry that is kept slim or only counted,
	// from the answer path: it must not block.
	Overflow func(lost bool)
	// Trouble is called when commits begin to fail and when they work again
	// (nil); from the writer, so it may take its time but not for ever.
	Trouble func(err error)
	// Lost is called with the reason when the open journal's file was found
	// damaged, removed or replaced, before it is closed and Open is asked.
	Lost func(why error)
}

// Recorder writes failures into the journal, many in one commit. Its queue is
// bounded in bytes; what does not fit whole is kept slim, then only counted.
type Recorder struct {
	o       RecorderOptions
	journal atomic.Pointer[Journal]
	fedRow  atomic.Int64
	late    atomic.Bool
	wake    chan struct{}

	mu      sync.Mutex
	pending *group
	queued  int // bytes of pending and of what is being written

	Stats Stats
}

// Stats counts what the recorder did. Read them at any time.
type Stats struct {
	Written   atomic.Int64 // entries on the disk
	Commits   atomic.Int64
	Slimmed   atomic.Int64
	Dropped   atomic.Int64 // entries that only this number remembers
	Errors    atomic.Int64 // commits that failed
	LastMicro atomic.Int64 // how long the newest commit took
}

// group is what goes into one commit. done is closed when it is on the disk.
type group struct {
	entries []incident.Entry
	bytes   int
	done    chan struct{}
	singly  bool // one entry a row: together they made the writer panic
	lost    bool // an entry of it will not be on the disk: done stays open
}

func newGroup() *group { return &group{done: make(chan struct{})} }

// NewRecorder makes a recorder; Run does its work.
func NewRecorder(o RecorderOptions) *Recorder {
	return &Recorder{o: o, wake: make(chan struct{}, 1), pending: newGroup()}
}

// Record queues e and returns at once. done is closed when e is on the disk,
// and never if it will not be. late is true while the journal is slow or
// broken: then do not wait for done. The queue's lock is held for
// nanoseconds only, never while anything is written.
func (r *Recorder) Record(e incident.Entry) (done <-chan struct{}, late bool) {
	size := sizeOf(e)
	r.mu.Lock()
	if r.queued+size > wholeQueue {
		e.Failure = e.Failure.Slimmed()
		e.Answer.Document = nil
		size = sizeOf(e)
		if r.queued+size > slimQueue {
			r.mu.Unlock()
			r.Stats.Dropped.Add(1)
			r.o.Overflow(true)
			return nil, true
		}
		r.Stats.Slimmed.Add(1)
		defer r.o.Overflow(false)
	}
	g := r.pending
	g.entries = append(g.entries, e)
	g.bytes += size
	r.queued += size
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return g.done, r.late.Load()
}

// Late notes that somebody waited RecordFor in vain: until a commit succeeds
// again nobody waits.
func (r *Recorder) Late() { r.late.Store(true) }

// sizeOf estimates what an entry takes in memory. The document counts for each
// entry although many may share one: own templates make one for each caller.
func sizeOf(e incident.Entry) int {
	size := 512 + 32*len(e.Failure.Params) + len(e.Answer.Document) + len(e.Answer.Heard) + len(e.Answer.Name) + len(e.Answer.Why)
	for _, p := range e.Failure.Params {
		size += len(p.Name) + len(p.Value)
	}
	return size
}

// Journal is the open journal, nil while there is none.
func (r *Recorder) Journal() Journal {
	if j := r.journal.Load(); j != nil {
		return *j
	}
	return nil
}

// Fed tells the recorder up to where the ledger has the journal's rows: they
// may go when they are old.
func (r *Recorder) Fed(row int64) { r.fedRow.Store(row) }

// Queued is how many bytes wait to be written.
func (r *Recorder) Queued() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.queued
}

// Run opens the journal and writes until ctx ends; then it writes what is
// queued, for as long as drainFor allows, and closes the journal.
func (r *Recorder) Run(ctx context.Context) error {
	w := &writer{Recorder: r}
	defer w.drop()
	housekeeping := time.NewTicker(time.Second)
	defer housekeeping.Stop()
	w.keepHouse(ctx)
	wake := r.wake
	var retry <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return w.drain(context.WithoutCancel(ctx))
		case <-housekeeping.C:
			w.keepHouse(ctx)
			continue
		case <-retry:
		case <-wake:
		}
		wake, retry = r.wake, nil
		if err := w.writeAll(ctx); err != nil {
			// A disk that is full is not asked again by every request.
			wake, retry = nil, time.After(retryAfter)
		}
	}
}

const (
	retryAfter = 100 * time.Millisecond
	reopenAt   = 5 // failed commits in a row
)

const drainFor = 8 * time.Second

// writer is the one goroutine that appends.
type writer struct {
	*Recorder
	encoder   encoder
	inFlight  *group // taken from the queue, not yet on the disk
	troubled  bool
	failures  int // commits that failed in a row
	panics    int // likewise that panicked
	lastPrune time.Time
	pruning   bool     // the last time ended before the rows did
	rescued   [][]byte // rows of a lost journal that may not have been fed
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
	w.inFlight, w.pending = w.pending, newGroup()
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
		if err := w.tryWrite(ctx, g); err != nil {
			w.failed(err)
			return err
		}
		w.failures = 0
		w.late.Store(false)
		w.trouble(nil)
	}
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
		err = fmt.Errorf("panic while writing: %v", p)
		w.o.Log.Error("panic while writing to the journal", "err", err, "stack", string(debug.Stack()))
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
		w.o.Log.Error("failure lost: writing it to the journal panics", "failure", lost.ID, "call_sid", lost.SID)
		w.o.Overflow(true)
	}
}

// landed takes the group out of flight.
func (w *writer) landed(g *group) {
	w.inFlight = nil
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

// drop closes the journal; the next use opens it again.
func (w *writer) drop() {
	j := w.Journal()
	if j == nil {
		return
	}
	w.journal.Store(nil)
	w.fedRow.Store(0) // of a journal that may not be the next one
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
		blob := w.encoder.encode(g.entries[:n], begun)
		start := time.Now()
		if _, err := w.Journal().Append(ctx, blob); err != nil {
			return err
		}
		w.Stats.LastMicro.Store(time.Since(start).Microseconds())
		w.Stats.Commits.Add(1)
		w.Stats.Written.Add(int64(n))
		g.entries = g.entries[n:]
		w.o.Written()
	}
	w.landed(g)
	if !g.lost {
		close(g.done)
	}
	return nil
}

// pieceOf is how many of the entries go into one row.
func pieceOf(entries []incident.Entry) int {
	bytes := 0
	for i, e := range entries {
		bytes += sizeOf(e)
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
		w.journal.Store(&j)
	}
	if err := w.o.Room(w.Journal().Size()); err != nil {
		return err
	}
	return w.restore(ctx)
}

// rescueMost bounds what is carried over from a lost journal.
const rescueMost = 64 << 20

// rescue reads what the ledger may not have yet from a journal whose file was
// deleted or replaced, while the open one can still be read.
func (w *writer) rescue(ctx context.Context, j Journal) {
	err := j.ReadAfter(ctx, w.fedRow.Load(), rescueMost, func(_ int64, blob []byte) error {
		w.rescued = append(w.rescued, bytes.Clone(blob))
		return nil
	})
	if err != nil {
		w.o.Log.Error("lost journal not read to its end", "rows", len(w.rescued), "err", err)
	}
}

// restore writes what was rescued into the new journal. The ledger takes each
// failure once, so that a row too many does no harm.
func (w *writer) restore(ctx context.Context) error {
	for len(w.rescued) > 0 {
		if _, err := w.Journal().Append(ctx, w.rescued[0]); err != nil {
			return err
		}
		w.rescued = w.rescued[1:]
		w.o.Written()
	}
	return nil
}

// trouble tells the beginning and the end of it, not each failed commit.
func (w *writer) trouble(err error) {
	if (err != nil) == w.troubled {
		return
	}
	w.troubled = err != nil
	w.o.Trouble(err)
}

// keepHouse runs once a second: it opens the journal where there is none,
// notices one that was moved or deleted, and removes old rows.
func (w *writer) keepHouse(ctx context.Context) {
	j := w.Journal()
	if j == nil || w.troubled && w.idle() { // no commit will show whether it works again
		err := w.ready(ctx)
		if err != nil || w.idle() {
			w.trouble(err)
		}
		return
	}
	if err := j.Check(ctx); err != nil {
		w.trouble(err)
		w.o.Log.Error("journal replaced under us, opening it anew", "err", err)
		w.rescue(ctx, j)
		w.o.Lost(err)
		w.drop()
		return
	}
	w.prune(ctx, j)
}

// Pruning is done in small steps between commits, for a part of each second
// only: a larger one where the journal is over half its bound.
const (
	pruneFor     = 50 * time.Millisecond
	pruneForFull = 300 * time.Millisecond
)

// prune removes fed rows that are old, or too many, until none is left or its
// time is over.
func (w *writer) prune(ctx context.Context, j Journal) {
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
		removed, err := j.Prune(ctx, now.Add(-keepFed), w.fedRow.Load(), w.o.MaxBytes/2)
		if err != nil {
			w.o.Log.Warn("old journal rows not removed", "err", err)
		}
		if removed == 0 {
			w.pruning = false
			return
		}
	}
}

// idle says whether nothing waits to be written.
func (w *writer) idle() bool { return w.inFlight == nil && w.Queued() == 0 }

// drain writes what is left. Whoever stops us waits no longer than drainFor
// for a disk that hangs.
func (w *writer) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainFor)
	defer cancel()
	for {
		if w.writeAll(ctx) == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("the journal did not take all that was queued before the stop")
		case <-time.After(retryAfter):
		}
	}
}
