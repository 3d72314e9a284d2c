package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// file is a database file as the folder sees it. The handle is opened before
// SQLite's own and closed after them, because closing any handle of a file
// drops every POSIX lock that the process holds on it. For the same reason a
// process opens a database once at a time.
type file struct {
	path   string
	handle *os.File
	dirty  bool                        // there was a WAL: the last writer did not close
	wal    atomic.Pointer[fs.FileInfo] // of the WAL, once check has seen it
}

// openFile opens or creates the file, readable to its owner alone, and checks
// its header, but changes nothing in it.
func openFile(path string, version uint32) (*file, error) {
	handle, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	f := &file{path: path, handle: handle}
	if wal, err := os.Stat(path + "-wal"); err == nil {
		f.dirty = wal.Size() > 0
	}
	if err := f.checkHeader(version); err != nil {
		return nil, errors.Join(err, handle.Close())
	}
	return f, nil
}

// The header of a database file: https://www.sqlite.org/fileformat.html#the_database_header
const (
	headerSize          = 100
	headerUserVersion   = 60
	headerApplicationID = 68
)

func (f *file) checkHeader(version uint32) error {
	header := make([]byte, headerSize)
	n, err := f.handle.ReadAt(header, 0)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return nil // new
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case n < headerSize || !bytes.HasPrefix(header, []byte("SQLite format 3\x00")):
		return fmt.Errorf("%s: %w: no SQLite header", f.path, ErrCorrupt)
	}
	return checkVersion(f.path,
		binary.BigEndian.Uint32(header[headerApplicationID:]),
		binary.BigEndian.Uint32(header[headerUserVersion:]), version)
}

// checkVersion refuses what is not ours to write. A file without either mark
// is one that was being created when the power went.
func checkVersion(path string, application, found, version uint32) error {
	if application != applicationID && (application != 0 || found != 0) {
		return fmt.Errorf("%s: %w", path, ErrForeign)
	}
	if found > version {
		return fmt.Errorf("%s: %w: its version is %d, this one knows %d", path, ErrNewer, found, version)
	}
	return nil
}

// check says whether the path still names the open file, and whether its
// header can still be read. It takes microseconds.
func (f *file) check() error {
	at, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", f.path, ErrReplaced)
	}
	if err != nil {
		return err
	}
	own, err := f.handle.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(at, own) {
		return fmt.Errorf("%s: %w", f.path, ErrReplaced)
	}
	if err := f.checkWAL(); err != nil {
		return err
	}
	return f.checkMagic()
}

// checkWAL notices that the WAL was removed or replaced: SQLite goes on
// writing into the one that is gone, and the next to open finds nothing.
func (f *file) checkWAL() error {
	at, err := os.Stat(f.path + "-wal")
	seen := f.wal.Load()
	switch {
	case seen == nil && err == nil:
		f.wal.Store(&at)
		return nil
	case seen == nil && errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && os.SameFile(at, *seen):
		return nil
	case err == nil || errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s-wal: %w", f.path, ErrReplaced)
	}
	return err
}

func (f *file) checkMagic() error {
	magic := make([]byte, 16)
	if _, err := f.handle.ReadAt(magic, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !bytes.Equal(magic, []byte("SQLite format 3\x00")) {
		return fmt.Errorf("%s: %w: its header was overwritten", f.path, ErrCorrupt)
	}
	return nil
}

func (f *file) close() error { return f.handle.Close() }

// walSize is 0 where there is none.
func (f *file) walSize() int64 {
	wal, err := os.Stat(f.path + "-wal")
	if err != nil {
		return 0
	}
	return wal.Size()
}

// MoveAside renames a database that is closed, with its WAL, so that a new one
// can take its place, and returns the new name. The renamed file can be opened
// and examined with any SQLite.
func MoveAside(path string, now time.Time) (to string, err error) {
	base := path + "." + now.UTC().Format(asideStamp) + ".aside"
	to = base
	for n := 2; ; n++ {
		if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			break
		}
		to = fmt.Sprintf("%s-%d", base, n)
	}
	if err := os.Rename(path, to); err != nil {
		return "", err
	}
	if err := os.Rename(path+"-wal", to+"-wal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return to, err
	}
	if err := os.Remove(path + "-shm"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return to, err
	}
	return to, nil
}

const asideStamp = "20060102T150405Z"

// MoveDamagedAside is MoveAside of a damaged database. Of those that were moved
// before, only the newest stays: a disk that damages one file after the other is
// not to be filled by them as well. removed names the others; what cannot be
// removed is tried again the next time.
func MoveDamagedAside(path string, now time.Time) (to string, removed []string, err error) {
	if to, err = MoveAside(path, now); err != nil {
		return to, nil, err
	}
	return to, removeAsides(path, to), nil
}

// removeAsides removes what was moved aside before, but for the newest.
func removeAsides(path, newest string) (removed []string) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil
	}
	type aside struct {
		path string
		at   time.Time
	}
	var earlier []aside
	for _, e := range entries {
		at := filepath.Join(filepath.Dir(path), e.Name())
		if info, err := e.Info(); err == nil && at != newest && asideOf(filepath.Base(path), e.Name()) && info.Mode().IsRegular() {
			earlier = append(earlier, aside{at, info.ModTime()})
		}
	}
	slices.SortFunc(earlier, func(a, b aside) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(b.path, a.path)) })
	for _, a := range earlier[min(1, len(earlier)):] {
		if os.Remove(a.path) == nil {
			removed = append(removed, a.path)
			_ = os.Remove(a.path + "-wal") // most have none
		}
	}
	return removed
}

// asideOf says whether a file is one that MoveAside made of the database.
func asideOf(database, name string) bool {
	stamp, ours := strings.CutPrefix(name, database+".")
	at, n, ours2 := strings.Cut(stamp, ".aside")
	if _, err := time.Parse(asideStamp, at); err != nil || !ours || !ours2 {
		return false
	}
	_, err := strconv.Atoi(strings.TrimPrefix(n, "-"))
	return n == "" || err == nil
}

// Asides are what was moved aside of the database at path, and is still there.
func Asides(path string) (asides []string, err error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if asideOf(filepath.Base(path), e.Name()) && e.Type().IsRegular() {
			asides = append(asides, filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
	return asides, nil
}
