package history

import "errors"

// ErrNotFound says that there is no failure or incident of that name. Any
// other error of a ledger means that it could not be asked.
var ErrNotFound = errors.New("not found")
