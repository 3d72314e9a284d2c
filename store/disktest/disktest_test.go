package disktest_test

import (
	"path/filepath"
	"testing"

	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/store/disktest"
)

func TestTheNthStepFailsOnceOrFromThenOn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	steps := appended(t, path, disktest.Fault{}, nil)
	if steps < 20 {
		t.Fatalf("to open a journal takes %d steps", steps)
	}
	failed := 0
	for n := 1; n <= steps; n++ {
		appended(t, filepath.Join(t.TempDir(), "journal.db"), disktest.Fault{Step: n, Forever: true}, &failed)
	}
	if failed < steps/2 {
		t.Errorf("of %d steps that fail for ever %d keep a journal from taking a row", steps, failed)
	}
}

// appended opens a journal, appends a row and closes it.
func appended(t *testing.T, path string, f disktest.Fault, failed *int) (steps int) {
	t.Helper()
	d, err := disktest.Watch(path)
	if err != nil {
		t.Fatal(err)
	}
	d.Fail(f)
	j, err := store.OpenJournal(path, store.JournalOptions{})
	if err == nil {
		_, err = j.Append(t.Context(), []byte("row"))
		_ = j.Close()
	}
	if err != nil && failed != nil {
		*failed++
		if d.Failures() == 0 || d.First() == "" {
			t.Errorf("%v, but no step failed", err)
		}
	}
	steps = d.Steps()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	return steps
}
