package history

import "errors"

// ErrNotFound says that there is no failure or incident of that name. Any
// other error of a ledger means that it could not be asked.
var ErrNotFound = errors.New("not found")

// ErrOpening says that the ledger is being opened for the first time since the start:
// where it is large, or brought up to date, that can take minutes.
var ErrOpening = errors.New("it is being opened")
