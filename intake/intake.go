// Package intake is the pipeline behind the answer: it writes failures into
// the journal, feeds the journal to the ledger, lets time pass for incidents
// and raises the alarm itself while the ledger is away. It knows neither HTTP
// nor SQL: journal and ledger are what it is given.
package intake

import (
	"context"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// Journal is the durable, append-only store that an answer waits for.
type Journal interface {
	// ID is random and the journal's own: a new file has another.
	ID() string
	// Append returns once blob is on the disk. One goroutine calls it.
	Append(ctx context.Context, blob []byte) (row int64, err error)
	// ReadAfter calls fn for the rows after row, in order, until about
	// maxBytes have been read. It never holds up Append. Only where the
	// first row is damaged for good is the error an *incident.DamagedError.
	ReadAfter(ctx context.Context, row int64, maxBytes int, fn func(row int64, blob string) error) error
	// Last is the newest row's number.
	Last(ctx context.Context) (row int64, err error)
	// Prune removes rows up to through that were written before the given
	// time, or earlier ones beyond maxBytes; a small step each time.
	Prune(ctx context.Context, before time.Time, through, maxBytes int64) (removed int, err error)
	// Size is what the journal's files take, in bytes.
	Size() int64
	// Check says whether the file is still the one at its path.
	Check(ctx context.Context) error
	Close() error
}

// Ledger is the database behind the journal.
type Ledger interface {
	Cursor(ctx context.Context, journal string) (incident.Cursor, error)
	// Feed takes a batch. It keeps nothing of its parameters, whose room is used
	// again for the next one.
	Feed(ctx context.Context, batch incident.Batch) (incident.FeedReport, error)
	SetAside(ctx context.Context, raw []byte, reason string, at time.Time) error
	Tick(ctx context.Context, now time.Time) (next time.Time, alerts int, err error)
}

// Bounds of the pipeline. DESIGN: every one, approached or reached, is told.
const (
	// RecordFor is how long an answer waits for the journal.
	RecordFor = 300 * time.Millisecond

	wholeQueue = 16 << 20 // bytes of whole entries that wait to be written
	slimQueue  = 24 << 20 // beyond this only counters
	groupBytes = 4 << 20
	groupMost  = 4096

	keepFed = 24 * time.Hour // fed rows stay, so that a lost ledger is fed again
)
