package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// folderLock is held by the one process of a data folder that feeds the
// ledger, sends alerts and moves damaged files aside. Others answer and append
// all the same.
type folderLock struct {
	file *os.File
	held atomic.Bool
}

// owns says whether this process is the one.
func (l *folderLock) owns() bool { return l.held.Load() }

// try takes the lock if it is free. Where it cannot be taken at all, as in a
// folder that nobody can write to, this process owns what there is.
func (l *folderLock) try(dir string) error {
	if l.owns() {
		return nil
	}
	if l.file == nil {
		file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // in DATA_DIR
		if err != nil {
			l.held.Store(true)
			return err
		}
		l.file = file
	}
	err := unix.Flock(int(l.file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil
	}
	l.held.Store(true)
	return err
}

// wait asks once a second until this process owns the folder: the one before
// it may still be draining.
func (l *folderLock) wait(ctx context.Context, dir string, waiting func()) error {
	for told := false; ; told = true {
		if err := l.try(dir); err != nil || l.owns() {
			return err
		}
		if !told {
			waiting()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// release lets another process take over.
func (l *folderLock) release() error {
	l.held.Store(false)
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
