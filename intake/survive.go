package intake

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// errBug is what a panic is turned into. It says no more, for it gets into an
// alert: the details are in the log.
var errBug = errors.New("a bug in Backstop: its log has the details")

// survive, deferred, keeps a panic while doing something from ending all: it is
// logged, and otherwise is called where there is something to do instead.
func survive(log *slog.Logger, doing string, otherwise func()) {
	cause := recover()
	if cause == nil {
		return
	}
	log.Error("panic behind the answer", "doing", doing, "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
	if otherwise != nil {
		otherwise()
	}
}
