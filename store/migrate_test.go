package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/store"
)

func TestALedgerOfEachOlderVersionIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	steps, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(steps) < 2 {
		t.Fatalf("migrations: %v, %v", steps, err)
	}
	newest := len(steps)
	for version := range newest + 1 {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "backstop.db")
			makeLedgerOf(t, path, version)
			var heard []string
			l := openLedgerAt(t, path, func(o *store.LedgerOptions) {
				o.Upgrading = func(from, to uint32) { heard = append(heard, fmt.Sprint(from, " to ", to)) }
			})
			want := fmt.Sprint([]string{fmt.Sprint(version, " to ", newest)})
			if version == 0 || version == newest { // a new one, and one that is up to date
				want = fmt.Sprint([]string(nil))
			}
			if fmt.Sprint(heard) != want {
				t.Errorf("told of %v, want %v", heard, want)
			}
			feed(t, l, call(1))
			if page, err := l.Failures(context.Background(), history.Query{}); err != nil || len(page.Rows) != 1 {
				t.Errorf("%d failures, %v; want the one that was fed", len(page.Rows), err)
			}
		})
	}
}

// makeLedgerOf makes a ledger as the version left it that had so many steps.
func makeLedgerOf(tb testing.TB, path string, version int) {
	tb.Helper()
	if version == 0 {
		return
	}
	db := raw(tb, path)
	if _, err := db.Exec(`PRAGMA application_id = 0x626b7374`); err != nil { // "bkst"
		tb.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := provider.UpTo(context.Background(), int64(version)); err != nil {
		tb.Fatal(err)
	}
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
}
