package incident

import "errors"

// ErrBug is what a panic is turned into for people and for what is kept and shown.
// It says no more, for nobody knows what a panic has in it: the details are in the
// log.
var ErrBug = errors.New("a bug in Backstop: its log has the details")
