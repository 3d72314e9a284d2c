package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/backstop-project/backstop/incident"
)

// LedgerOptions are what OpenLedger has to know.
type LedgerOptions struct {
	Policy incident.Policy
	// Now says when rows are written; time.Now where nil.
	Now func() time.Time
	// Built is when the program was built: while the clock is before it,
	// nothing is removed.
	Built time.Time
	// MaxFile is a size in bytes that the file itself never exceeds: beyond
	// it writing fails as on a full disk. 0 is no bound.
	MaxFile int64
	// Upgrading hears of a ledger that an older version made, before it is brought up
	// to date, which takes minutes where it is large. nil is nobody.
	Upgrading func(from, to uint32)
	// Panicked hears of a panic in a transaction, for the log; the transaction
	// is rolled back and ends in an error. nil is nobody.
	Panicked func(value any, stack []byte)
}

// The ledger copies its WAL back every 32 MiB: pages that many batches touch
// are then written once.
const (
	ledgerCheckpoint = 32 << 20
	ledgerWAL        = 32 << 20
	ledgerWALLimit   = 256 << 20 // beyond it, readers are waited for
)

// Ledger is the database behind the journal: failures, incidents, outbox,
// everything people see. All writing goes through one connection, whose turns
// are taken in order; reading has a pool of its own and waits for nobody. Any
// goroutine may call any method.
type Ledger struct {
	file  *file
	write *sql.DB
	conn  *sql.Conn // the only one of write
	hot   hotStatements
	read  *sql.DB
	id    string
	now   func() time.Time
	built time.Time
	packing

	panicked func(value any, stack []byte)

	policy  atomic.Pointer[incident.Policy]
	changed atomic.Bool // the policy, since the last Tick

	// turn holds the memory while nobody writes: whoever takes it may write.
	turn chan *memory
	wal  atomic.Int64 // transactions since the WAL was last looked at

	clock clock // of whoever has the turn
}

// OpenLedger opens the ledger at path, or makes one, and brings its schema up
// to date. Errors are ErrNewer and ErrForeign (the file was left as it is),
// ErrCorrupt (move it aside, open again and feed it), or what the disk or a
// lock said, which is worth another try.
func OpenLedger(ctx context.Context, path string, o LedgerOptions) (*Ledger, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Upgrading == nil {
		o.Upgrading = func(uint32, uint32) {}
	}
	if o.Panicked == nil {
		o.Panicked = func(any, []byte) {}
	}
	l := &Ledger{now: o.Now, built: o.Built, panicked: o.Panicked, turn: make(chan *memory, 1)}
	l.turn <- newMemory()
	l.SetPolicy(o.Policy)
	if err := l.open(ctx, path, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger: %w", classify(err)), l.Close())
	}
	return l, nil
}

func (l *Ledger) open(ctx context.Context, path string, o LedgerOptions) (err error) {
	if l.packing, err = newPacking(); err != nil {
		return err
	}
	if l.file, err = openFile(path, ledgerVersion); err != nil {
		return err
	}
	if err := inspect(ctx, path, ledgerVersion); err != nil {
		return err
	}
	l.write = open(path, settings{conns: 1, cacheKiB: 16 << 10, checkpoint: ledgerCheckpoint, walLimit: ledgerWAL, erase: "true", maxFile: o.MaxFile})
	l.read = open(path, settings{conns: 4, cacheKiB: 2 << 10, readOnly: true})
	if err := migrate(ctx, l.write, o.Upgrading); err != nil {
		return err
	}
	if l.conn, err = l.write.Conn(ctx); err != nil {
		return err
	}
	if err := l.hot.prepare(ctx, l.conn); err != nil {
		return err
	}
	var id []byte
	err = l.conn.QueryRowContext(ctx, `
		SELECT id
		FROM ledger`).Scan(&id)
	l.id = hex.EncodeToString(id)
	return err
}

// ID is the random id of this ledger.
func (l *Ledger) ID() string { return l.id }

// SetPolicy changes the policy, and with it who is told, from the next decision
// on: the next Tick looks at what was withheld by the old one. What waits for a
// notifier that is gone is given up after a day.
func (l *Ledger) SetPolicy(p incident.Policy) {
	l.policy.Store(&p)
	l.changed.Store(true)
}

// Unclean says whether the last one to write had no chance to close: then
// QuickCheck is worth its time.
func (l *Ledger) Unclean() bool { return l.file.dirty }

// Check says whether the path still names this ledger and its header can be
// read: ErrReplaced, ErrCorrupt or what the disk said. It is cheap enough for
// every second.
func (l *Ledger) Check(context.Context) error {
	if err := l.file.check(); err != nil {
		return fmt.Errorf("check ledger: %w", err)
	}
	return nil
}

// QuickCheck reads the whole file and returns ErrCorrupt with the first thing
// that is wrong. It takes seconds a gigabyte and holds the WAL from being
// reset, so it is for the background, after an unclean stop; the context ends
// it. That the disk cannot be read is ErrIO.
func (l *Ledger) QuickCheck(ctx context.Context) error {
	var said string
	err := l.read.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&said)
	if err != nil {
		return fmt.Errorf("quick check of ledger: %w", classify(err))
	}
	if said != "ok" {
		return fmt.Errorf("quick check of ledger: %w: %s", wrongness(said), said)
	}
	return nil
}

// wrongness is what a check has found: damage, unless it says that it could not have
// a page, and by the code that is for another reason.
func wrongness(said string) error {
	_, after, unread := strings.Cut(said, "error code=")
	code, err := strconv.Atoi(strings.TrimSpace(after))
	if !unread || err != nil {
		return ErrCorrupt
	}
	return classify(sqlite3.Error{Code: sqlite3.ErrNo(code & 0xff)}) // the rest says more of the same
}

// Close waits for whoever writes and ends it. A second time it does nothing.
func (l *Ledger) Close() error {
	m := <-l.turn
	defer func() { l.turn <- nil }()
	if m == nil {
		return nil
	}
	var err error
	if l.read != nil {
		err = errors.Join(err, l.read.Close())
	}
	if l.conn != nil {
		err = errors.Join(err, l.hot.close(), l.conn.Close())
	}
	if l.write != nil {
		err = errors.Join(err, l.write.Close())
	}
	if l.file != nil {
		err = errors.Join(err, l.file.close())
	}
	return err
}
