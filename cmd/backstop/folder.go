package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// folder is the data folder. What it was at start it must stay: when its disk
// is unmounted, a new database in the empty folder beneath would hide the old
// one.
type folder struct {
	path   string
	device uint64
	inode  uint64
}

// openFolder makes the folder where there is none, private to its owner.
func openFolder(path string) (*folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("DATA_DIR %s cannot be made: %w: let this user write there, or name another folder", path, err)
	}
	f := &folder{path: path}
	var err error
	f.device, f.inode, err = identity(path)
	return f, err
}

// check says whether the folder is still the one it was.
func (f *folder) check() error {
	device, inode, err := identity(f.path)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if f.inode == 0 { // it could not be read at start
		f.device, f.inode = device, inode
	}
	if device != f.device || inode != f.inode {
		return fmt.Errorf("the data folder %s is another one than at start: is its disk still mounted?", f.path)
	}
	return nil
}

func identity(path string) (device, inode uint64, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, errors.New("this system does not number its files")
	}
	return stat.Dev, stat.Ino, nil
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
