package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// folderLock is held by the one process of a data folder that feeds the
// ledger, sends alerts and moves damaged files aside. Others answer and append
// all the same.
type folderLock struct {
	ready func() error // whether the folder is there; nil where that is known

	mu     sync.Mutex
	file   *os.File
	locked bool // file is, by us
	held   atomic.Bool
}

// owns says whether this process is the one.
func (l *folderLock) owns() bool { return l.held.Load() }

// alone says whether this process holds the lock, so that no other one owns
// what there is.
func (l *folderLock) alone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.locked
}

// try takes the lock if it is free. Where it cannot be taken at all, as in a
// folder that nobody can write to, this process owns what there is until it is
// asked again: whoever opens a file of the folder anew asks first.
func (l *folderLock) try(dir string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.locked {
		return nil
	}
	err := l.lock(dir)
	l.locked = err == nil
	if errors.Is(err, unix.EWOULDBLOCK) {
		l.held.Store(false)
		return nil
	}
	l.held.Store(true)
	return err
}

func (l *folderLock) lock(dir string) error {
	if l.file == nil {
		if l.ready != nil {
			if err := l.ready(); err != nil {
				return err
			}
		}
		file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // in DATA_DIR
		if err != nil {
			return err
		}
		l.file = file
	}
	return unix.Flock(int(l.file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
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

// lost returns when ctx ends, or when a folder that could not be locked, or was
// left, can be, and turns out to be another process's.
func (l *folderLock) lost(ctx context.Context, dir string) {
	for {
		if err := l.try(dir); err == nil && !l.owns() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

// leave lets go of a folder that is gone: its disk could not be repaired else,
// nor mounted anew, for it would be in use. This process owns what there is until
// it is asked again.
func (l *folderLock) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		_ = l.file.Close() // nothing was written
		l.file, l.locked = nil, false
	}
}

// release lets another process take over.
func (l *folderLock) release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held.Store(false)
	l.locked = false
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// folderInUse says whether a process holds the lock of a folder, and leaves no
// trace of having looked.
func folderInUse(dir string) bool {
	file, err := os.Open(filepath.Join(dir, "lock")) //nolint:gosec // in DATA_DIR
	if err != nil {
		return false
	}
	defer file.Close()
	return errors.Is(unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}
