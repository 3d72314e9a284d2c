package intake_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
)

// memoryJournal is a journal in memory that can be made to hang or fail.
type memoryJournal struct {
	id string

	mu     sync.Mutex
	rows   [][]byte
	fail   error
	hang   chan struct{} // closed when it goes on; nil: it does not hang
	stuck  chan struct{} // likewise of Check
	gone   bool          // Check says that the file was replaced
	closed bool
	pruned int64          // rows removed
	bad    map[int64]bool // rows that are damaged
	unread error          // what reading any row says
	panics int            // so often Append panics
	poison string         // Append panics where a row holds it
	upset  int            // so often Check panics

	unreadBehind error // what reading says of rows behind the first
}

func (j *memoryJournal) ID() string { return j.id }

func (j *memoryJournal) Append(_ context.Context, blob []byte) (int64, error) {
	j.mu.Lock()
	hang := j.hang
	j.mu.Unlock()
	if hang != nil {
		<-hang
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.poison != "" && bytes.Contains(blob, []byte(j.poison)) {
		panic("a poisoned row")
	}
	if j.panics > 0 {
		j.panics--
		panic("a bug")
	}
	if j.fail != nil {
		return 0, j.fail
	}
	j.rows = append(j.rows, append([]byte(nil), blob...))
	return int64(len(j.rows)), nil
}

func (j *memoryJournal) ReadAfter(_ context.Context, row int64, maxBytes int, fn func(int64, string) error) error {
	j.mu.Lock()
	rows, unread, behind := j.rows[min(row, int64(len(j.rows))):], j.unread, j.unreadBehind
	j.mu.Unlock()
	if unread != nil {
		return unread
	}
	if row > 0 && behind != nil {
		return behind
	}
	for i, blob := range rows {
		if j.isBad(row + int64(i) + 1) {
			if i == 0 {
				return &incident.DamagedError{Err: errors.New("database disk image is malformed")}
			}
			return nil
		}
		if maxBytes -= len(blob); maxBytes < 0 && i > 0 {
			break
		}
		if err := fn(row+int64(i)+1, string(blob)); err != nil {
			return err
		}
	}
	return nil
}

// Prune removes 32 fed rows a call while there are more than maxBytes, which
// counts rows here.
func (j *memoryJournal) Prune(_ context.Context, _ time.Time, through, maxBytes int64) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	step := min(32, through-j.pruned, int64(len(j.rows))-j.pruned-maxBytes)
	if step <= 0 {
		return 0, nil
	}
	j.pruned += step
	return int(step), nil
}

func (j *memoryJournal) isBad(row int64) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bad[row]
}

func (j *memoryJournal) Last(context.Context) (int64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return int64(len(j.rows)), nil
}

func (j *memoryJournal) Size() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return int64(len(j.rows)) - j.pruned
}

func (j *memoryJournal) Check(context.Context) error {
	j.mu.Lock()
	stuck := j.stuck
	j.mu.Unlock()
	if stuck != nil {
		<-stuck
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.upset > 0 {
		j.upset--
		panic("a bug")
	}
	if j.gone {
		return errors.New("another file")
	}
	return nil
}

func (j *memoryJournal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	return nil
}

func (j *memoryJournal) set(change func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	change()
}

func (j *memoryJournal) length() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.rows)
}

// memoryLedger stores each failure once and refuses what it is told to.
type memoryLedger struct {
	mu      sync.Mutex
	cursors map[string]incident.Cursor
	entries []incident.Fed
	known   map[[16]byte]bool
	refuse  map[string]bool // SIDs
	aside   [][]byte
	fail    error
	told    []incident.Alert
	ticks   []time.Time
	hang    chan struct{}
	slow    time.Duration // how long Feed takes, before it fails or not
	panics  int           // so often Tell panics
	poison  string        // a SID with which Feed panics
}

func newMemoryLedger() *memoryLedger {
	return &memoryLedger{cursors: map[string]incident.Cursor{}, known: map[[16]byte]bool{}, refuse: map[string]bool{}}
}

func (l *memoryLedger) Cursor(_ context.Context, journal string) (incident.Cursor, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil && l.slow == 0 { // a lock stops writers only
		return incident.Cursor{}, l.fail
	}
	c := l.cursors[journal]
	c.Journal = journal
	return c, nil
}

func (l *memoryLedger) Feed(_ context.Context, batch incident.Batch) (incident.FeedReport, error) {
	l.mu.Lock()
	hang, slow := l.hang, l.slow
	l.mu.Unlock()
	if hang != nil {
		<-hang
	}
	time.Sleep(slow)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return incident.FeedReport{}, l.fail
	}
	var report incident.FeedReport
	for _, e := range batch.Entries {
		if l.poison != "" && e.Failure.SID == l.poison {
			panic("a bug")
		}
		if l.refuse[e.Failure.SID] {
			return incident.FeedReport{}, &incident.RefusedError{Err: errors.New("constraint")}
		}
	}
	for _, e := range batch.Entries {
		if l.known[e.Failure.RequestKey] {
			report.Retries++
			continue
		}
		l.known[e.Failure.RequestKey] = true
		e.Failure.Params = slices.Clone(e.Failure.Params)
		l.entries = append(l.entries, e)
		report.Stored++
	}
	l.cursors[batch.Cursor.Journal] = batch.Cursor
	return report, nil
}

func (l *memoryLedger) SetAside(_ context.Context, raw []byte, _ string, _ time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.aside = append(l.aside, append([]byte(nil), raw...))
	return nil
}

func (l *memoryLedger) Tick(_ context.Context, now time.Time) (time.Time, int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ticks = append(l.ticks, now)
	return time.Time{}, 0, nil
}

func (l *memoryLedger) ticked() []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ticks
}

func (l *memoryLedger) Tell(_ context.Context, a incident.Alert) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.panics > 0 {
		l.panics--
		panic("a bug")
	}
	if l.fail != nil {
		return false, l.fail
	}
	l.told = append(l.told, a)
	return true, nil
}

func (l *memoryLedger) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

func (l *memoryLedger) has(id incident.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.entries, func(e incident.Fed) bool { return e.Failure.ID == id })
}

// journalMost bounds the rig's journal, in rows.
const journalMost = 200

// rig is a whole pipeline in memory.
type rig struct {
	journal  *memoryJournal
	ledger   *memoryLedger
	recorder *intake.Recorder
	feeder   *intake.Feeder
	sentinel *intake.Sentinel

	mu      sync.Mutex
	urgent  []incident.Alert
	told    []incident.Alert
	logged  bytes.Buffer // by the sentinel; read it after halt
	trouble []error
	deaf    int // so often whoever hears of trouble panics
	lost    []error
	opened  int
	room    error
	stop    context.CancelFunc
	done    sync.WaitGroup
}

func newRig() *rig {
	r := &rig{journal: &memoryJournal{id: "one"}, ledger: newMemoryLedger()}
	r.sentinel = intake.NewSentinel(func(a incident.Alert) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.urgent = append(r.urgent, a)
	}, func(a incident.Alert) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.told = append(r.told, a)
	}, time.Now, slog.New(slog.NewTextHandler(&r.logged, nil)))
	r.recorder = intake.NewRecorder(intake.RecorderOptions{
		Open: func(context.Context) (intake.Journal, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.opened++
			return r.journal, nil
		},
		Room: func(int64) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.room
		},
		MaxBytes: journalMost, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Written:  func() { r.feeder.Wake() },
		Overflow: func(bool) {},
		Lost: func(err error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.lost = append(r.lost, err)
		},
		Trouble: func(err error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.deaf > 0 {
				r.deaf--
				panic("a bug")
			}
			r.trouble = append(r.trouble, err)
		},
	})
	r.feeder = intake.NewFeeder(intake.FeederOptions{
		Journal: r.recorder.Journal, Ledger: func() (intake.Ledger, error) { return r.ledger, nil },
		Fed: r.recorder.Fed, Written: r.recorder.Stats.Written.Load, Alerts: func() {}, Tell: func(a incident.Alert) { _, _ = r.ledger.Tell(context.Background(), a) },
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}, r.sentinel)
	return r
}

// start runs the pipeline; halt stops it and waits.
func (r *rig) start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	r.done.Go(func() {
		for !ended(ctx, r.recorder.Run) {
		}
	})
	r.done.Go(func() {
		for !ended(ctx, r.feeder.Run) {
		}
	})
	r.done.Go(func() { _ = r.sentinel.Run(ctx) })
}

// ended runs a worker as the program does: one that panics is started again.
func ended(ctx context.Context, run func(context.Context) error) (well bool) {
	defer func() {
		if recover() != nil {
			well = ctx.Err() != nil
			time.Sleep(time.Second)
		}
	}()
	_ = run(ctx) // its error is of the end
	return true
}

func (r *rig) troubles() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.trouble)
}

func (r *rig) halt() {
	r.stop()
	r.done.Wait()
}
