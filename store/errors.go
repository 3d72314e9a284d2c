package store

import (
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"

	"github.com/backstop-project/backstop/incident"
)

// What callers branch on.
var (
	// ErrNewer: the database was written by a newer version. It has neither
	// been changed nor may it be moved aside.
	ErrNewer = errors.New("written by a newer version of Backstop")

	// ErrForeign: the file is a database of some other program. It has
	// neither been changed nor may it be moved aside.
	ErrForeign = errors.New("a database of another program")

	// ErrCorrupt: the file is no database, or a damaged one. MoveDamagedAside makes
	// room for a new one.
	ErrCorrupt = errors.New("damaged database")

	// ErrIO: the disk refused to read or to write. Connections that are open may
	// go on refusing where the file is good: close and open again.
	ErrIO = errors.New("the disk fails")

	// ErrReplaced: the path no longer names the file that is open. What is
	// written now would be lost: close and open again.
	ErrReplaced = errors.New("the file was removed or replaced while it was open")

	// ErrClock: the clock is not trusted enough to remove anything.
	ErrClock = errors.New("the clock is not trusted")
)

// classify marks errors of SQLite that say the file is damaged or the disk
// fails, so that errors.Is(err, ErrCorrupt) or ErrIO holds.
func classify(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) || errors.Is(err, ErrCorrupt) || errors.Is(err, ErrIO) {
		return err
	}
	switch e.Code { // all others are about what was asked, or pass
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	case sqlite3.ErrIoErr, sqlite3.ErrCantOpen:
		return fmt.Errorf("%w: %w", ErrIO, err)
	}
	return err
}

// damaged marks errors that say a page is damaged, as an *incident.DamagedError.
// Neither a disk that cannot be read now nor a file without a header is one:
// the former may recover, the latter is replaced as a whole.
func damaged(err error) error {
	err = classify(err)
	if e, ok := errors.AsType[sqlite3.Error](err); ok && e.Code == sqlite3.ErrCorrupt {
		return &incident.DamagedError{Err: err}
	}
	return err
}

// refused marks errors that no retry can mend: the value itself is refused.
// Everything else, known or not, is worth another try.
func refused(err error) error {
	var r *incident.RefusedError
	if err == nil || errors.As(err, &r) {
		return err
	}
	if errors.Is(err, incident.ErrBug) { // a panic inside the transaction
		return &incident.RefusedError{Err: err}
	}
	if e, ok := errors.AsType[sqlite3.Error](err); ok {
		switch e.Code { // all others are worth another try
		case sqlite3.ErrConstraint, sqlite3.ErrMismatch, sqlite3.ErrTooBig, sqlite3.ErrRange:
			return &incident.RefusedError{Err: err}
		}
	}
	return err
}
