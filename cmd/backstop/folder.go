package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// folder is the data folder. What it was when it was first seen it must stay:
// when its disk is unmounted, a new database in the empty folder beneath would
// hide the old one.
type folder struct {
	path string

	mu    sync.Mutex
	first *place // nil while it could not be made
	key   []byte // the drill key in it, which no other folder has; nil while it could not be read
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
	now, err := placeOf(f.path)
	switch {
	case err != nil:
		return fmt.Errorf("data folder: %w", err)
	case f.first == nil, f.moved(now):
		f.first = now
	case !f.first.is(now):
		return fmt.Errorf("the data folder %s %w", f.path, errElsewhere)
	}
	if len(f.key) == 0 {
		f.key, _ = f.readKey() // there is another time
	}
	return nil
}

// moved says whether it is the folder on XFS, which comes back as another file system
// where its disk comes back as another device. A copy of the folder, as it may lie
// where the disk is not mounted, has another inode; one that is mounted there is
// taken for it.
func (f *folder) moved(now *place) bool {
	if now.kind != unix.XFS_SUPER_MAGIC || f.first.is(now) || inode(now.info) == 0 || inode(now.info) != inode(f.first.info) || len(f.key) == 0 {
		return false
	}
	key, err := f.readKey()
	return err == nil && bytes.Equal(key, f.key)
}

func (f *folder) readKey() ([]byte, error) { return os.ReadFile(filepath.Join(f.path, drillKeyFile)) }

// free is how many bytes a user may still write there; ok is false where
// nobody knows.
func (f *folder) free() (bytes int64, ok bool) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(f.path, &stat); err != nil {
		return 0, false
	}
	return int64(stat.Bavail) * stat.Bsize, true //nolint:gosec // below 8 EiB
}

// place is where a folder lies.
type place struct {
	info   os.FileInfo
	system syscall.Fsid // of the file system; zero where nobody knows
	kind   int64        // of the file system
}

func placeOf(path string) (*place, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var stat syscall.Statfs_t
	_ = syscall.Statfs(path, &stat) // where it fails, the device has to be the same
	return &place{info, stat.Fsid, stat.Type}, nil
}

// is says whether both are one. Most file systems keep their number where their disk
// comes back as another device.
func (p *place) is(other *place) bool {
	return os.SameFile(p.info, other.info) ||
		p.system != syscall.Fsid{} && p.system == other.system && inode(p.info) != 0 && inode(p.info) == inode(other.info)
}

// inode is 0 where nobody knows.
func inode(info os.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ino
	}
	return 0
}
