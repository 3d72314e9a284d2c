package store_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/store/disktest"
)

// TestADatabaseThatWasHalfMadeIsOpenedAgain has every step of the making of a
// database be the last one that the disk does, as a kill or a power cut may.
func TestADatabaseThatWasHalfMadeIsOpenedAgain(t *testing.T) {
	t.Parallel()
	t.Run("journal", func(t *testing.T) {
		t.Parallel()
		halfMade(t, func(path string) error {
			j, err := store.OpenJournal(path, store.JournalOptions{})
			if err != nil {
				return err
			}
			_, err = j.Append(t.Context(), []byte("row"))
			_ = j.Close() // the disk may be gone
			return err
		})
	})
	t.Run("ledger", func(t *testing.T) {
		t.Parallel()
		halfMade(t, func(path string) error {
			l, err := store.OpenLedger(t.Context(), path, store.LedgerOptions{Policy: incident.DefaultPolicy()})
			if err != nil {
				return err
			}
			_, err = l.Pulse(t.Context())
			_ = l.Close()
			return err
		})
	})
}

func halfMade(t *testing.T, make func(path string) error) {
	t.Helper()
	n, failures := 1, 1
	for ; failures > 0; n += 1 + n/10 {
		path := filepath.Join(t.TempDir(), "database")
		d, err := disktest.Watch(path)
		if err != nil {
			t.Fatal(err)
		}
		d.Fail(disktest.Fault{Step: n, Forever: true})
		_ = make(path)
		failures = d.Failures()
		d.Fail(disktest.Fault{})
		if err := make(path); err != nil {
			t.Errorf("after step %d, %s, failed with all that followed, it is not opened: %v", n, d.First(), err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if n < 50 {
		t.Errorf("it takes %d steps only", n)
	}
}

func TestADiskThatCannotBeReadIsNoDamage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "database")
	d, err := disktest.Watch(path)
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for n := 1; n < 200; n += 1 + n/5 {
		l, err := store.OpenLedger(t.Context(), path, store.LedgerOptions{Policy: incident.DefaultPolicy()})
		if err != nil {
			t.Fatal(err)
		}
		d.Fail(disktest.Fault{Step: d.Steps() + n, Forever: true})
		err = l.QuickCheck(t.Context())
		d.Fail(disktest.Fault{})
		if err != nil {
			failed++
		}
		if errors.Is(err, store.ErrCorrupt) || err != nil && !errors.Is(err, store.ErrIO) {
			t.Errorf("where the disk fails from step %d on, it says %v", n, err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if failed < 5 {
		t.Errorf("%d checks failed", failed)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
