package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// bubble runs something under simulated time. What it prints, it prints when it
// hangs in real time, and ends everything: nothing else would.
func bubble(t *testing.T, what string, do func(t *testing.T, outside time.Time)) {
	t.Helper()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP) // its goroutine must not begin in a bubble
	signal.Stop(signals)
	outside := time.Now()
	hangs := time.AfterFunc(hangsFor, func() {
		debug.SetTraceback("all")
		panic("hangs: " + what)
	})
	defer hangs.Stop()
	whole := false
	defer func() {
		if !whole {
			fmt.Fprintf(os.Stderr, "failed: %s\n", what)
		}
	}()
	synctest.Test(t, func(t *testing.T) { t.Helper(); do(t, outside) })
	whole = !t.Failed()
}

// hangsFor is how long a run may take, of real time: it takes less than a second.
const hangsFor = 3 * time.Minute

// resident is how many bytes of memory this process has.
func resident(t *testing.T) int64 {
	t.Helper()
	var pages, have int64
	if _, err := fmt.Sscan(read(t, "/proc/self/statm"), &pages, &have); err != nil {
		t.Fatal(err)
	}
	return have * int64(os.Getpagesize())
}

// mostGrowth is how much memory many runs may take more than one does.
const mostGrowth = 1 << 30

// ramDisk is a folder in memory, where there is room for one: what is simulated are
// faults of the disk, and not its speed.
func ramDisk(t *testing.T) string {
	t.Helper()
	var at syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &at); err != nil || int64(at.Bavail)*at.Bsize < 4*diskReserve {
		return t.TempDir()
	}
	folder, err := os.MkdirTemp("/dev/shm", "backstop-") //nolint:usetesting // t.TempDir is on a disk
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}
