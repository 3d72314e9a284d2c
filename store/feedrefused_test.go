package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// raw opens the same file as another process would.
func raw(tb testing.TB, path string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_busy_timeout=1000")
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	tb.Cleanup(func() { db.Close() })
	return db
}

func TestWhatCanNeverGoInIsRefusedAndUndone(t *testing.T) {
	ctx := context.Background()
	path := t.TempDir() + "/backstop.db"
	l := openLedgerAt(t, path)
	if _, err := raw(t, path).Exec(`
		CREATE TRIGGER poison BEFORE INSERT ON failures WHEN NEW.from_number = 14150000005
		BEGIN SELECT RAISE(ABORT, 'poison'); END`); err != nil {
		t.Fatal(err)
	}
	batch := incident.Batch{Cursor: incident.Cursor{Journal: "j", Row: 7}, Entries: calls(0, 10)}
	var refused *incident.RefusedError
	if _, err := l.Feed(ctx, batch); !errors.As(err, &refused) || !strings.Contains(err.Error(), "poison") {
		t.Fatalf("got %v, want it refused", err)
	}
	if got := incidents(t, l); len(got) != 0 {
		t.Errorf("half of it is there: %+v", got)
	}
	if c, err := l.Cursor(ctx, "j"); c.Row != 0 || err != nil {
		t.Errorf("cursor: %+v, %v", c, err)
	}
	for n, e := range batch.Entries {
		_, err := l.Feed(ctx, incident.Batch{Entries: []incident.Fed{e}})
		if (err != nil) != (n == 5) {
			t.Errorf("entry %d: %v", n, err)
		}
	}
	if err := l.SetAside(ctx, []byte("entry 5"), "poison", start); err != nil {
		t.Fatal(err)
	}
	if got := incidents(t, l); len(got) != 1 || got[0].Failures != 9 {
		t.Errorf("got %+v", got)
	}
}

func TestAPanicInADecisionIsRefusedAndUndone(t *testing.T) {
	ctx := context.Background()
	var broken bool
	var heard string
	l := openLedger(t, func(o *store.LedgerOptions) {
		o.Panicked = func(value any, stack []byte) { heard = fmt.Sprintf("%v\n%s", value, stack) }
		o.Now = func() time.Time {
			if broken {
				panic("no clock")
			}
			return start
		}
	})
	broken = true
	var refused *incident.RefusedError
	if _, err := l.Feed(ctx, incident.Batch{Entries: calls(0, 3)}); !errors.As(err, &refused) {
		t.Fatalf("got %v, want it refused", err)
	}
	if strings.Contains(refused.Error(), "no clock") || strings.Contains(refused.Error(), ".go:") {
		t.Errorf("the error tells people what only the log should have: %v", refused)
	}
	if !strings.Contains(heard, "no clock") || !strings.Contains(heard, "feedrefused_test.go") {
		t.Errorf("the log would have %q", heard)
	}
	broken = false
	if got := feed(t, l, calls(0, 3)...); got.Stored != 3 {
		t.Errorf("got %+v", got)
	}
}

func TestAnotherProcessesWritingIsNotOverwritten(t *testing.T) {
	ctx := context.Background()
	path := t.TempDir() + "/backstop.db"
	l := openLedgerAt(t, path)
	feed(t, l, call(0))
	other := openLedgerAt(t, path)
	if _, err := other.Acknowledge(ctx, 1, "anna", start.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	feed(t, l, call(1))
	if got := incidents(t, l); !got[0].Acknowledged() || got[0].Failures != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestCursorsAreKeptForEachJournal(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	for _, c := range []incident.Cursor{{Journal: "a", Row: 5}, {Journal: "b", Row: 1}, {Journal: "a", Row: 9}} {
		if _, err := l.Feed(ctx, incident.Batch{Cursor: c}); err != nil {
			t.Fatal(err)
		}
	}
	for journal, want := range map[string]int64{"a": 9, "b": 1, "c": 0} {
		if got, err := l.Cursor(ctx, journal); err != nil || got.Row != want || got.Journal != journal {
			t.Errorf("%s: got %+v, %v, want row %d", journal, got, err, want)
		}
	}
}
