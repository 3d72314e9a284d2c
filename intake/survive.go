package intake

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// Survive keeps, where it is deferred, a panic while doing something behind the
// answer from ending the program: it is logged, and otherwise is called where there
// is something to do instead.
func Survive(log *slog.Logger, doing string, otherwise func()) {
	cause := recover()
	if cause == nil {
		return
	}
	log.Error("panic behind the answer", "doing", doing, "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
	if otherwise != nil {
		otherwise()
	}
}
