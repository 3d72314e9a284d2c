package store_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

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
