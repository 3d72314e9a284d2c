package store_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
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
			to, _, err := store.MoveAside(path, start)
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

func TestAFolderThatIsNotThereIsAClearError(t *testing.T) {
	forEachKind(t, func(t *testing.T, kind, path string) {
		t.Helper()
		_, err := kinds[kind](filepath.Join(path, "missing", "x.db"))
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "open "+kind) {
			t.Errorf("got %v", err)
		}
	})
}

// A folder that may not be written to: tried by another user, for root may
// write everywhere.
func TestAFolderThatIsNotWritableIsAClearError(t *testing.T) {
	if path := os.Getenv("STORE_TEST_OPEN"); path != "" {
		for _, open := range kinds {
			if _, err := open(path); !errors.Is(err, fs.ErrPermission) {
				t.Errorf("got %v, want a permission error", err)
			}
		}
		return
	}
	dir := openDir(t)
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestAFolderThatIsNotWritableIsAClearError$")
	cmd.Env = append(os.Environ(), "STORE_TEST_OPEN="+filepath.Join(dir, "x.db"))
	if os.Getuid() == 0 {
		binary := copyOfTest(t)
		cmd.Path, cmd.Dir = binary, "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// openDir is a folder that every user may enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// copyOfTest is this binary where every user may run it.
func copyOfTest(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(openDir(t), "store.test")
	if err := os.WriteFile(path, b, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFullDiskLosesNothingAndIsWorthAnotherTry(t *testing.T) {
	ctx := context.Background()
	t.Run("ledger", func(t *testing.T) {
		path := t.TempDir() + "/backstop.db"
		l := openLedgerAt(t, path, func(o *store.LedgerOptions) { o.MaxFile = 600 << 10 })
		s := newStorm()
		var fed int
		var err error
		for range 50 {
			batch := s.batch(200)
			if _, err = l.Feed(ctx, incident.Batch{Cursor: incident.Cursor{Journal: "j", Row: int64(fed + 1)}, Entries: batch}); err != nil {
				break
			}
			fed++
		}
		var refused *incident.RefusedError
		if err == nil || errors.As(err, &refused) || errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), "full") {
			t.Fatalf("got %v, want an error that is worth another try", err)
		}
		if c, err := l.Cursor(ctx, "j"); err != nil || c.Row != int64(fed) {
			t.Errorf("cursor %+v, %v, want row %d", c, err, fed)
		}
		if got := incidents(t, l); len(got) != 1 || got[0].Failures != int64(fed*200) {
			t.Errorf("got %+v, want %d failures", got, fed*200)
		}
		live(t, l, start, start.Add(time.Hour), store.Retention{MaxBytes: 400 << 10})
		feed(t, l, s.batch(200)...) // there is room again
	})
	t.Run("journal", func(t *testing.T) {
		j := openJournal(t, journalPath(t), store.JournalOptions{MaxFile: 40 * 16 << 10}) // 40 of its pages
		var rows int64
		var err error
		for range 100 {
			if _, err = j.Append(ctx, make([]byte, 10<<10)); err != nil {
				break
			}
			rows++
		}
		if err == nil || rows < 10 || errors.Is(err, store.ErrCorrupt) {
			t.Fatalf("got %v after %d rows", err, rows)
		}
		if got := readAll(t, j, 0); len(got) != int(rows) {
			t.Errorf("%d rows, want %d", len(got), rows)
		}
		if n, err := j.Prune(ctx, start.AddDate(10, 0, 0), rows, 1<<40); err != nil || n == 0 {
			t.Errorf("pruned %d, %v", n, err)
		}
		appendRows(t, j, 1, 10<<10)
	})
}

func TestALockOfAnotherProcessIsWaitedForAWhile(t *testing.T) {
	ctx := context.Background()
	path := t.TempDir() + "/backstop.db"
	l := openLedgerAt(t, path)
	feed(t, l, call(0))
	lock, err := raw(t, path).Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err = l.Feed(ctx, incident.Batch{Entries: calls(1, 2)})
	var refused *incident.RefusedError
	if err == nil || errors.As(err, &refused) || time.Since(began) > 10*time.Second {
		t.Errorf("after %s: %v, want an error that is worth another try", time.Since(began), err)
	}
	if got := rows(t, l, history.Query{}); len(got) != 1 {
		t.Errorf("reading while it is locked: %+v", got)
	}
	if _, err := lock.ExecContext(ctx, `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	feed(t, l, call(1))
}

func TestWaitingForTheTurnToWriteEndsWithTheContext(t *testing.T) {
	ctx := context.Background()
	path := t.TempDir() + "/backstop.db"
	hold, held := make(chan struct{}), make(chan struct{})
	var once bool
	l := openLedgerAt(t, path, func(o *store.LedgerOptions) {
		o.Now = func() time.Time {
			if !once {
				once = true
				close(held)
				<-hold
			}
			return start
		}
	})
	done := make(chan error)
	go func() {
		_, err := l.Feed(ctx, incident.Batch{Entries: calls(0, 1)})
		done <- err
	}()
	<-held
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := l.Tell(short, incident.Alert{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's end", err)
	}
	close(hold)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAfterCloseEverythingIsAnError(t *testing.T) {
	ctx := context.Background()
	path := t.TempDir() + "/backstop.db"
	filled(t, "ledger", path)
	l, err := store.OpenLedger(ctx, path, store.LedgerOptions{Policy: incident.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := l.Feed(ctx, incident.Batch{}); err == nil {
		t.Error("feeding a closed ledger gave no error")
	}
	if _, err := l.Failures(ctx, history.Query{}); err == nil {
		t.Error("reading a closed ledger gave no error")
	}
}

// Goose makes its own table before the first migration, which is what a crash
// or a full disk between the two leaves behind.
func TestADatabaseWhoseMakingWasCutShortIsMadeAtTheNextStart(t *testing.T) {
	open := map[string]func(path string, most int64) (database, error){
		"journal": func(path string, most int64) (database, error) {
			return nilIfError(store.OpenJournal(path, store.JournalOptions{MaxFile: most}))
		},
		"ledger": func(path string, most int64) (database, error) {
			return nilIfError(store.OpenLedger(context.Background(), path, store.LedgerOptions{Policy: incident.DefaultPolicy(), MaxFile: most}))
		},
	}
	forEachKind(t, func(t *testing.T, kind, path string) {
		t.Helper()
		short := 0
		for pages := int64(1); ; pages++ {
			path := path + strconv.FormatInt(pages, 10)
			d, err := open[kind](path, pages*4096)
			if err == nil {
				d.Close()
				break
			}
			short++
			d, err = open[kind](path, 0)
			if err != nil {
				t.Fatalf("cut short at %d pages: %v", pages, err)
			}
			d.Close()
		}
		if kind == "ledger" && short < 10 {
			t.Errorf("only %d of the starts were cut short", short)
		}
	})
}

// What was answered for outlives a power cut only with FULL: see ADR 0010 and 0011.
func TestEveryCommitOfBothFilesIsSynced(t *testing.T) {
	const full = 2
	for name, db := range map[string]interface {
		Synchronous(ctx context.Context) (int64, error)
	}{
		"ledger":  openLedger(t),
		"journal": openJournal(t, journalPath(t), store.JournalOptions{}),
	} {
		if got, err := db.Synchronous(t.Context()); err != nil || got != full {
			t.Errorf("%s: synchronous is %d, want %d; %v", name, got, full, err)
		}
	}
}
