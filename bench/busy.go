package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// busy is a Backstop that has other things to do while it answers: it removes what
// is old, somebody looks at its pages, and it tells people of what fails. While
// others are measured it stands still.
type busy struct {
	server  *server
	browser *browser
}

// busyPast is how many failures there are to be removed: more than it can while it
// is measured.
const busyPast = 1_000_000

// startBusy starts it, and waits until it removes failures, which is a minute
// after its start.
func startBusy(ctx context.Context, p plan) (b *busy, err error) {
	dir, err := os.MkdirTemp(p.dir, "busy-")
	if err != nil {
		return nil, err
	}
	h := past{total: busyPast, until: time.Now().Add(-time.Minute).UTC()}
	say("\nmaking a past of %d failures to be removed …", h.total)
	if _, _, err := h.fill(ctx, filepath.Join(dir, "backstop.db")); err != nil {
		return nil, removeAfter(err, dir)
	}
	config := []byte("retention: {days: 2, personal_days: 1}\n")
	if err := os.WriteFile(filepath.Join(dir, "backstop.yaml"), config, 0o600); err != nil {
		return nil, removeAfter(err, dir)
	}
	b = &busy{}
	if b.server, b.browser, err = startAndLogIn(ctx, p, dir); err != nil {
		return nil, removeAfter(err, dir)
	}
	for removed := 0.0; removed == 0 && err == nil; time.Sleep(time.Second) {
		removed, err = b.removed(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, b.end())
	}
	return b, b.standStill()
}

// loop has it answer at a rate while it is busy, which it has to be all the while.
func (b *busy) loop(ctx context.Context, c corpus, rate int, length time.Duration) (outcome, error) {
	if err := b.server.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		return outcome{}, err
	}
	time.Sleep(time.Second) // what it has missed
	before, err := b.removed(ctx)
	if err != nil {
		return outcome{}, err
	}
	out, err := whileLooking(ctx, b.browser, true, func() (outcome, error) { return open(ctx, b.server.address, c, rate, length) })
	if err != nil {
		return outcome{}, err
	}
	after, err := b.removed(ctx)
	if err == nil && after == before {
		err = fmt.Errorf("nothing is removed any more after %.0f failures", after)
	}
	return out, errors.Join(err, b.standStill())
}

func (b *busy) removed(ctx context.Context) (float64, error) {
	return b.server.metric(ctx, `backstop_failures_removed_total{why="age"}`)
}

func (b *busy) standStill() error { return b.server.cmd.Process.Signal(syscall.SIGSTOP) }

// end ends it, and removes its folder.
func (b *busy) end() error {
	err := b.server.cmd.Process.Signal(syscall.SIGCONT)
	b.server.stop()
	return removeAfter(err, b.server.dir)
}
