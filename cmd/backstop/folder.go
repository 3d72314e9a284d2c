package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"
)

// folder is the data folder. What it was when it was first seen it must stay:
// when its disk is unmounted, a new database in the empty folder beneath would
// hide the old one.
type folder struct {
	path string

	mu    sync.Mutex
	first os.FileInfo // nil while it could not be made
}

// errElsewhere: the path leads to another folder, as when a disk is unmounted.
var errElsewhere = errors.New("is another one than at start: is its disk still mounted?")

// gone says whether an error of check means that the folder is not where it was,
// rather than that it cannot be looked at.
func gone(err error) bool { return errors.Is(err, errElsewhere) || errors.Is(err, fs.ErrNotExist) }

// check says whether the folder can be used, and is still the one it was. Where
// it was never seen it is made, private to its owner.
func (f *folder) check() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.first == nil {
		if err := os.MkdirAll(f.path, 0o700); err != nil {
			return fmt.Errorf("DATA_DIR %s cannot be made: %w: let this user write there, or name another folder", f.path, err)
		}
	}
	now, err := os.Stat(f.path)
	switch {
	case err != nil:
		return fmt.Errorf("data folder: %w", err)
	case f.first == nil:
		f.first = now
	case !os.SameFile(f.first, now):
		return fmt.Errorf("the data folder %s %w", f.path, errElsewhere)
	}
	return nil
}

// free is how many bytes a user may still write there; ok is false where
// nobody knows.
func (f *folder) free() (bytes int64, ok bool) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(f.path, &stat); err != nil {
		return 0, false
	}
	return int64(stat.Bavail) * stat.Bsize, true //nolint:gosec // below 8 EiB
}
