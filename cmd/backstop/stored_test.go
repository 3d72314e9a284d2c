package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver of whoever holds a lock

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/twilio/sim"
)

// stored is how often each SID is in the history of a folder that no process
// has open any more.
func stored(t *testing.T, dir string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, row := range rows(t, dir) {
		counts[row.SID]++
	}
	return counts
}

func rows(t *testing.T, dir string) []history.Row {
	t.Helper()
	l, err := store.OpenLedger(t.Context(), filepath.Join(dir, ledgerFile), store.LedgerOptions{Policy: incident.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return rowsOf(t, l)
}

func rowsOf(t *testing.T, l *store.Ledger) []history.Row {
	t.Helper()
	var all []history.Row
	q := history.Query{Drills: true, Limit: history.MaxLimit}
	for {
		page, err := l.Failures(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Rows...)
		if page.Older == 0 {
			return all
		}
		q.Before = page.Older
	}
}

// settle waits until everything is in the history that was in the journal
// before: a call is placed, and the journal is fed in order.
func (p *program) settle() {
	p.t.Helper()
	last := p.call(sim.Call{})
	p.person().await(15*time.Second, "/history?sid="+last.SID, "1 failure")
}

// judgeStored checks that each SID is in the history, exactly once.
func judgeStored(t *testing.T, dir string, sids []string) {
	t.Helper()
	counts := stored(t, dir)
	lost, doubled := 0, 0
	for _, sid := range sids {
		switch counts[sid] {
		case 0:
			lost++
		case 1:
		default:
			doubled++
		}
	}
	if lost > 0 || doubled > 0 {
		t.Errorf("of %d calls %d are lost and %d are there more than once", len(sids), lost, doubled)
	}
	for sid, n := range counts {
		if n > 1 {
			t.Errorf("%s is there %d times", sid, n)
			break
		}
	}
}

// judgeIntact checks every page of databases that nobody has open.
func judgeIntact(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		db, err := sql.Open("sqlite3", "file:"+path)
		if err != nil {
			t.Fatal(err)
		}
		var said string
		err = db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&said)
		if err != nil || said != "ok" {
			t.Errorf("%s: integrity_check says %q, %v", filepath.Base(path), said, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// locked holds a database's lock as another program might, until it is given
// back.
func locked(t *testing.T, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_busy_timeout=10000")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	released := false
	release = func() {
		if released {
			return
		}
		released = true
		if _, err := db.Exec("ROLLBACK"); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(release)
	return release
}

// pragma sets one in a database that nobody else writes to.
func pragma(t *testing.T, path, name string, value int) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_busy_timeout=10000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), fmt.Sprintf("PRAGMA %s = %d", name, value)); err != nil {
		t.Fatal(err)
	}
}

// ledgerVersion is the schema's version.
func ledgerVersion(t *testing.T, path string) (version int) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_busy_timeout=10000&mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), "PRAGMA user_version").Scan(&version); err != nil {
		t.Fatal(err)
	}
	return version
}
