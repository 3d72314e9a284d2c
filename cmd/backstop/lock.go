package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// folderLock is held by the one process of a data folder that feeds the
// ledger and sends alerts. Others answer and append all the same.
type folderLock struct{ file *os.File }

// takeLock waits until the lock is free, asking once a second: the process
// before us may still be draining.
func takeLock(ctx context.Context, dir string, waiting func()) (*folderLock, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // a file in DATA_DIR
	if err != nil {
		return nil, err
	}
	for told := false; ; told = true {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return &folderLock{file: file}, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(err, file.Close())
		}
		if !told {
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), file.Close())
		case <-time.After(time.Second):
		}
	}
}

func (l *folderLock) release() error { return l.file.Close() }
