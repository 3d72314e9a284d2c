// Package disktest has the disk fail below SQLite, for tests: at the n-th thing
// that is done with the files of one database, once or from then on. Whoever
// imports it has its VFS below every database of the process, which touches only
// those that are watched; it knows nothing of what the databases hold.
package disktest

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"fmt"
	"sync"
	"unsafe"

	_ "github.com/mattn/go-sqlite3" // links SQLite
)

// register puts the shim below SQLite, once for the process.
var register = sync.OnceValue(func() int { return int(C.disk_register()) }) //nolint:gochecknoglobals // as global as SQLite's list

// Disk is what is below one database. Any goroutine may call any method.
type Disk struct{ c *C.disk }

// Watch begins to count what is done with the database at path: its file, its
// journals and its shared memory. Files that are open already are not counted.
// Close ends it.
func Watch(path string) (*Disk, error) {
	if code := register(); code != 0 {
		return nil, fmt.Errorf("register the VFS: SQLite says %d", code)
	}
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	return &Disk{C.disk_watch(name)}, nil
}

// Fault is which step fails, and how.
type Fault struct {
	Step    int  // counted from 1 since Watch; none where 0
	Forever bool // and all that follow
	Full    bool // writes say that the disk is full, and not that it failed
}

// Fail has steps fail from now on. The zero Fault heals the disk.
func (d *Disk) Fail(f Fault) {
	C.disk_fail(d.c, C.long(f.Step), truth(f.Forever), truth(f.Full))
}

func truth(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// Steps is how many there were.
func (d *Disk) Steps() int { return int(C.disk_steps(d.c)) }

// Failures is how many steps failed.
func (d *Disk) Failures() int { return int(C.disk_failures(d.c)) }

// First says what the first step was that failed.
func (d *Disk) First() string { return C.GoString(C.disk_what(d.c)) }

// Close forgets the database, which has to be closed by then.
func (d *Disk) Close() error {
	if open := C.disk_forget(d.c); open > 0 {
		return fmt.Errorf("%d of its files are still open", int(open))
	}
	return nil
}
