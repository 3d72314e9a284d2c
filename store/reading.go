package store

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/backstop-project/backstop/history"
)

// Reading reads a ledger that another process may be writing, and changes nothing.
type Reading struct{ ledger *Ledger }

// OpenReading opens the ledger at path to be read. One of an older version is an
// error: this version has to have been started with it once.
func OpenReading(ctx context.Context, path string) (*Reading, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	if err := inspect(ctx, path, ledgerVersion); err != nil {
		return nil, classify(err)
	}
	packing, err := newPacking()
	if err != nil {
		return nil, err
	}
	db := open(path, settings{conns: 1, cacheKiB: 2 << 10, readOnly: true})
	if _, version, _, err := marks(ctx, db); err != nil || version != ledgerVersion {
		return nil, errors.Join(err, db.Close(), fmt.Errorf("the history is of version %d, and this program reads %d: start it with that history once", version, ledgerVersion))
	}
	return &Reading{&Ledger{read: db, packing: packing}}, nil
}

// Export is Ledger's.
func (r *Reading) Export(ctx context.Context, q history.Query, after history.Cursor) (page []*history.Exported, next history.Cursor, err error) {
	return r.ledger.Export(ctx, q, after)
}

// Close ends it.
func (r *Reading) Close() error { return r.ledger.read.Close() }
