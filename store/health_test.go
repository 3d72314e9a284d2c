package store_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// database is what a journal and a ledger have in common.
type database interface {
	Check(ctx context.Context) error
	Close() error
}

// kinds opens either kind of database.
var kinds = map[string]func(path string) (database, error){
	"journal": func(path string) (database, error) {
		return nilIfError(store.OpenJournal(path, store.JournalOptions{}))
	},
	"ledger": func(path string) (database, error) {
		return nilIfError(store.OpenLedger(context.Background(), path, store.LedgerOptions{Policy: incident.DefaultPolicy()}))
	},
}

func nilIfError[D database](d D, err error) (database, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}

// filled makes a closed database with something in it.
func filled(tb testing.TB, kind, path string) {
	tb.Helper()
	d, err := kinds[kind](path)
	if err != nil {
		tb.Fatal(err)
	}
	switch d := d.(type) {
	case *store.Journal:
		appendRows(tb, d, 50, 3000)
	case *store.Ledger:
		feed(tb, d, calls(0, 500)...)
	}
	if err := d.Close(); err != nil {
		tb.Fatal(err)
	}
}

func forEachKind(t *testing.T, test func(t *testing.T, kind, path string)) {
	t.Helper()
	for kind := range kinds {
		t.Run(kind, func(t *testing.T) { test(t, kind, filepath.Join(t.TempDir(), kind+".db")) })
	}
}

func TestOnlyTheOwnerMayReadTheFiles(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	forEachKind(t, func(t *testing.T, kind, path string) {
		t.Helper()
		d, err := kinds[kind](path)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for _, p := range []string{path, path + "-wal", path + "-shm"} {
			if at, err := os.Stat(p); err != nil || at.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", filepath.Base(p), at.Mode(), err)
			}
		}
	})
}

func TestAFileThatIsNoDatabaseIsCorruptAndMadeRoomFor(t *testing.T) {
	forEachKind(t, func(t *testing.T, kind, path string) {
		t.Helper()
		garbage := bytes.Repeat([]byte("not a database. "), 1000)
		if err := os.WriteFile(path, garbage, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := kinds[kind](path); !errors.Is(err, store.ErrCorrupt) {
			t.Fatalf("got %v, want ErrCorrupt", err)
		}
		var names []string
		for range 2 {
			to, err := store.MoveAside(path, start)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, filepath.Base(to))
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := strings.Join(names, " "), kind+".db.20261123T031200Z.aside "+kind+".db.20261123T031200Z.aside-2"; got != want {
			t.Errorf("moved to %s, want %s", got, want)
		}
		if kept, err := os.ReadFile(filepath.Join(filepath.Dir(path), names[0])); err != nil || !bytes.Equal(kept, garbage) {
			t.Errorf("what was moved has changed: %v", err)
		}
		filled(t, kind, path)
	})
}

func TestADamagedFileIsFoundOut(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, path string){
		"cut to half": func(t *testing.T, path string) {
			t.Helper()
			at, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, at.Size()/2); err != nil {
				t.Fatal(err)
			}
		},
		"cut within the header": func(t *testing.T, path string) {
			t.Helper()
			if err := os.Truncate(path, 50); err != nil {
				t.Fatal(err)
			}
		},
		"its second half overwritten": func(t *testing.T, path string) {
			t.Helper()
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			at, err := f.Stat()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, int(at.Size()/2)), at.Size()/2/4096*4096); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir() + "/backstop.db"
			filled(t, "ledger", path)
			damage(t, path)
			l, err := store.OpenLedger(context.Background(), path, store.LedgerOptions{Policy: incident.DefaultPolicy()})
			if err == nil {
				err = l.QuickCheck(context.Background())
				l.Close()
			}
			if !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("got %v, want ErrCorrupt", err)
			}
		})
	}
}

func TestASoundLedgerPassesTheQuickCheck(t *testing.T) {
	path := t.TempDir() + "/backstop.db"
	filled(t, "ledger", path)
	l := openLedgerAt(t, path)
	if err := l.QuickCheck(context.Background()); err != nil {
		t.Error(err)
	}
	if l.Unclean() {
		t.Error("unclean after it was closed")
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.QuickCheck(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it to end with its context", err)
	}
}

func TestANewerOrForeignDatabaseIsLeftAsItIs(t *testing.T) {
	for name, c := range map[string]struct {
		change string
		want   error
	}{
		"newer":               {`PRAGMA user_version = 4711`, store.ErrNewer},
		"of another program":  {`PRAGMA application_id = 1`, store.ErrForeign},
		"of nobody in name":   {`PRAGMA application_id = 0; PRAGMA user_version = 0`, store.ErrForeign},
		"of nobody, a number": {`PRAGMA application_id = 0`, store.ErrForeign},
	} {
		forEachKind(t, func(t *testing.T, kind, path string) {
			t.Helper()
			for _, closed := range []bool{true, false} {
				t.Run(name, func(t *testing.T) {
					path := filepath.Join(filepath.Dir(path), name+kind)
					os.Remove(path)
					filled(t, kind, path)
					db := raw(t, path)
					if _, err := db.Exec(c.change); err != nil {
						t.Fatal(err)
					}
					if closed { // else the change stands in the WAL only
						db.Close()
					}
					before, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := kinds[kind](path); !errors.Is(err, c.want) {
						t.Errorf("got %v, want %v", err, c.want)
					}
					if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
						t.Errorf("the file has changed: %v", err)
					}
					db.Close()
				})
			}
		})
	}
}

func TestAFileThatWasRemovedOrReplacedIsNoticed(t *testing.T) {
	ctx := context.Background()
	forEachKind(t, func(t *testing.T, kind, path string) {
		t.Helper()
		d, err := kinds[kind](path)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.Check(ctx); err != nil {
			t.Errorf("a sound file: %v", err)
		}
		if err := os.Rename(path, path+".other"); err != nil {
			t.Fatal(err)
		}
		if err := d.Check(ctx); !errors.Is(err, store.ErrReplaced) {
			t.Errorf("removed: got %v, want ErrReplaced", err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := d.Check(ctx); !errors.Is(err, store.ErrReplaced) {
			t.Errorf("replaced: got %v, want ErrReplaced", err)
		}
		if err := os.Rename(path+".other", path); err != nil {
			t.Fatal(err)
		}
		if err := d.Check(ctx); err != nil {
			t.Errorf("put back: %v", err)
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte("oops"), 0); err != nil {
			t.Fatal(err)
		}
		if err := d.Check(ctx); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("overwritten: got %v, want ErrCorrupt", err)
		}
		if _, err := f.WriteAt([]byte("SQLi"), 0); err != nil {
			t.Fatal(err)
		}
		// Not closed: that would drop the locks of this process.
		t.Cleanup(func() { f.Close() })
	})
}

// A newer Backstop that was started in the same folder may have changed it.
func TestAJournalThatBecameNewerIsNoticed(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := store.OpenJournal(path, store.JournalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	other := raw(t, path)
	defer other.Close()
	if _, err := other.Exec(`PRAGMA user_version = 99`); err != nil {
		t.Fatal(err)
	}
	if err := j.Check(ctx); !errors.Is(err, store.ErrNewer) {
		t.Errorf("newer: got %v, want ErrNewer", err)
	}
	if _, err := other.Exec(`PRAGMA user_version = 1`); err != nil {
		t.Fatal(err)
	}
	if err := j.Check(ctx); err != nil {
		t.Errorf("no longer: %v", err)
	}
}

func TestAWALThatWasRemovedIsNoticed(t *testing.T) {
	ctx := context.Background()
	forEachKind(t, func(t *testing.T, kind, path string) {
		t.Helper()
		d, err := kinds[kind](path)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.Check(ctx); err != nil {
			t.Errorf("a sound file: %v", err)
		}
		if err := os.Remove(path + "-wal"); err != nil {
			t.Fatal(err)
		}
		if err := d.Check(ctx); !errors.Is(err, store.ErrReplaced) {
			t.Errorf("removed: got %v, want ErrReplaced", err)
		}
	})
}
