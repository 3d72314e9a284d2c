package intake

import (
	"context"
	"log/slog"
	"slices"
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
	// Trouble is called when commits begin to fail, when one hangs, and when they
	// work again (nil); one call at a time. The writer waits for it, so it may
	// take its time but not for ever.
	Trouble func(err error)
	// Lost is called with the reason when the open journal's file was found
	// damaged, removed or replaced, before it is closed and Open is asked.
	Lost func(why error)
}

// Recorder writes failures into the journal, many in one commit. Its queue is
// bounded in bytes; what does not fit whole is kept slim, then only counted.
type Recorder struct {
	o       RecorderOptions
	journal atomic.Pointer[kept]
	fedTo   atomic.Pointer[incident.Cursor]
	late    atomic.Bool
	wake    chan struct{}

	texts sync.Pool // *[]byte: encoded parameters

	mu      sync.Mutex
	pending *group
	queued  int // bytes of pending and of what is being written

	// writer outlives a run that ends by a panic: what it has taken is not written yet.
	writer *writer

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

// waiting is an entry that waits to be written. Its parameters are encoded already,
// so that their slice is not kept: whoever had it recorded may use it again.
type waiting struct {
	incident.Entry         // without Params
	params         *[]byte // of the recorder's texts, to be given back
	size           int     // see sizeOf
}

// group is what goes into one commit. done is closed when it is on the disk.
type group struct {
	entries []waiting
	bytes   int
	done    chan struct{}
	singly  bool // one entry a row: together they made the writer panic
	lost    bool // an entry of it will not be on the disk: done stays open
}

// newGroup makes a group with room for entries.
func newGroup(room []waiting) *group { return &group{entries: room, done: make(chan struct{})} }

// NewRecorder makes a recorder; Run does its work.
func NewRecorder(o RecorderOptions) *Recorder {
	r := &Recorder{o: o, wake: make(chan struct{}, 1), pending: newGroup(nil)}
	r.texts.New = func() any { return new([]byte) }
	r.writer = &writer{Recorder: r}
	return r
}

// Record queues e and returns at once. done is closed when e is on the disk,
// and never if it will not be. late is true while the journal is slow or
// broken: then do not wait for done. e's parameters are copied: their slice is the
// caller's again. The queue's lock is held for nanoseconds only, never while
// anything is written.
func (r *Recorder) Record(e incident.Entry) (done <-chan struct{}, late bool) {
	room := r.texts.Get().(*[]byte)
	q := encoded(e, room)
	g := r.enqueue(&q, wholeQueue)
	if g == nil {
		r.giveBack(room)
		e.Failure = e.Failure.Slimmed()
		e.Answer.Document = nil
		q = encoded(e, new([]byte)) // no larger than it must be
		if g = r.enqueue(&q, slimQueue); g == nil {
			r.Stats.Dropped.Add(1)
			r.o.Overflow(true)
			return nil, true
		}
		r.Stats.Slimmed.Add(1)
		r.o.Overflow(false)
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return g.done, r.late.Load()
}

// encoded is e as it waits, with its parameters in a room.
func encoded(e incident.Entry, room *[]byte) waiting {
	*room = appendParams(slices.Grow((*room)[:0], lengthOf(e.Failure.Params)), e.Failure.Params)
	e.Failure.Params = nil
	return waiting{Entry: e, params: room, size: sizeOf(&e, cap(*room))}
}

// enqueue puts q into the pending group, unless more than most bytes would wait then.
func (r *Recorder) enqueue(q *waiting, most int) (g *group) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.queued+q.size > most {
		return nil
	}
	g = r.pending
	g.entries = append(g.entries, *q)
	g.bytes += q.size
	r.queued += q.size
	return g
}

// giveBack has the room of encoded parameters used again.
func (r *Recorder) giveBack(room *[]byte) {
	if cap(*room) <= textKept {
		r.texts.Put(room)
	}
}

// textKept is how much room for encoded parameters is used again; Twilio's take 1 KiB.
const textKept = 8 << 10

// Late notes that somebody waited RecordFor in vain: until a commit succeeds
// again nobody waits.
func (r *Recorder) Late() { r.late.Store(true) }

// sizeOf estimates what an entry takes in memory whose parameters are encoded in so
// many bytes: as many again are the texts that its fields are of. The document counts
// for each entry although many may share one: own templates make one for each caller.
func sizeOf(e *incident.Entry, params int) int {
	return 512 + 2*params + len(e.Answer.Document) + len(e.Answer.Heard) + len(e.Answer.Name) + len(e.Answer.Why) + len(e.Failure.Token)
}

// Journal is the open journal, nil while there is none. What it took last is read
// from memory.
func (r *Recorder) Journal() Journal {
	if j := r.journal.Load(); j != nil {
		return j
	}
	return nil
}

// Fed tells the recorder up to where the ledger has a journal's rows: they may
// go when they are old. The zero Cursor says that nobody knows any more.
func (r *Recorder) Fed(c incident.Cursor) { r.fedTo.Store(&c) }

// fedRow is up to where the ledger has j's rows, 0 where nobody knows.
func (r *Recorder) fedRow(j *kept) int64 {
	if c := r.fedTo.Load(); c != nil && c.Journal == j.ID() {
		return c.Row
	}
	return 0
}

// Queued is how many bytes wait to be written.
func (r *Recorder) Queued() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.queued
}

// Run opens the journal and writes until ctx ends; then it writes what is
// queued, for as long as drainFor allows, and closes the journal. It may be run
// again after a panic, and goes on where it was.
func (r *Recorder) Run(ctx context.Context) error {
	w := r.writer
	defer w.drop()
	housekeeping := time.NewTicker(time.Second)
	defer housekeeping.Stop()
	w.keepHouse(ctx)
	wake, retry := r.wake, time.After(retryAfter) // of what a run before may have left
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
