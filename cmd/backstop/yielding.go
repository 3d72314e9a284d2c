package main

import (
	"context"
	"log/slog"
	"runtime"

	"golang.org/x/sys/unix"
)

// lowered is the niceness of work that can wait: under a full processor it
// still gets about a tenth of what an answer does.
const lowered = 10

// yielding runs work on a thread of its own that the kernel makes wait where
// answers want the processor: docs/adr/0067. The thread ends with its
// goroutine, so that nothing else inherits the niceness.
func yielding(log *slog.Logger, work func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		runtime.LockOSThread()
		if runtime.GOOS == "linux" { // elsewhere it would be the whole process
			if err := unix.Setpriority(unix.PRIO_PROCESS, 0, lowered); err != nil {
				log.Warn("work behind the answers runs at their priority", "err", err)
			}
		}
		return work(ctx)
	}
}
