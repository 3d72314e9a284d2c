package incident

import "time"

// Cursor says how far a journal has been fed: up to and including Row. Journal
// is its random id, so that a new journal is fed from its beginning.
type Cursor struct {
	Journal string
	Row     int64
}

// Fed is an entry on its way from the journal to the ledger.
type Fed struct {
	Entry
	JournalAt time.Time // when the group that holds it was begun to be written
}

// Batch is what the ledger takes in one transaction: entries in the order in
// which they came, and the cursor that stands once they are in.
type Batch struct {
	Cursor  Cursor
	Entries []Fed
}

// FeedReport says what a batch came to.
type FeedReport struct {
	Stored  int // new failures
	Retries int // entries that were there already
	Alerts  int // alerts put into the outbox
}

// RefusedError marks an error with which the ledger says that an entry will never
// go in, whatever the state of disk and locks: a constraint, a bug. Any other
// error of the ledger is worth another try.
type RefusedError struct{ Err error }

// Error says what the ledger objected to.
func (r *RefusedError) Error() string { return "refused by the ledger: " + r.Err.Error() }

// Unwrap returns what the ledger objected to.
func (r *RefusedError) Unwrap() error { return r.Err }

// DamagedError marks an error with which the journal says that a row is damaged:
// reading it again will not help. Any other error of the journal, such as a
// disk that does not answer, is worth another try.
type DamagedError struct{ Err error }

// Error says what was found.
func (d *DamagedError) Error() string { return "damaged: " + d.Err.Error() }

// Unwrap returns what was found.
func (d *DamagedError) Unwrap() error { return d.Err }
