package store_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

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
