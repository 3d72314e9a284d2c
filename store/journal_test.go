package store_test

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/backstop-project/backstop/store"
)

func openJournal(t testing.TB, path string, o store.JournalOptions) *store.Journal {
	t.Helper()
	j, err := store.OpenJournal(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

func journalPath(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "journal.db")
}

// appendRows appends n rows of that size and returns the last one's number.
func appendRows(t testing.TB, j *store.Journal, n, size int) (row int64) {
	t.Helper()
	for i := range n {
		var err error
		if row, err = j.Append(context.Background(), bytes.Repeat([]byte{byte(i)}, size)); err != nil {
			t.Fatal(err)
		}
	}
	return row
}

// readAll is every row after row.
func readAll(t testing.TB, j *store.Journal, row int64) (rows []int64) {
	t.Helper()
	if err := j.ReadAfter(context.Background(), row, 1<<30, func(row int64, _ []byte) error {
		rows = append(rows, row)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestJournalKeepsItsRowsAndItsIdOverAReopening(t *testing.T) {
	path := journalPath(t)
	j, err := store.OpenJournal(path, store.JournalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	id := j.ID()
	appendRows(t, j, 3, 100)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = openJournal(t, path, store.JournalOptions{})
	if j.ID() != id || len(id) != 32 {
		t.Errorf("id: got %q, want %q", j.ID(), id)
	}
	if got := readAll(t, j, 0); len(got) != 3 || got[0] != 1 {
		t.Errorf("rows: got %v, want 1 to 3", got)
	}
	if last, err := j.Last(context.Background()); last != 3 || err != nil {
		t.Errorf("last: got %d, %v", last, err)
	}
}

func TestPruningNeverLetsARowsNumberComeTwice(t *testing.T) {
	now := start
	j := openJournal(t, journalPath(t), store.JournalOptions{Now: func() time.Time { return now }})
	last := appendRows(t, j, 100, 5000)
	before := j.Size()
	total := 0
	for {
		n, err := j.Prune(context.Background(), now.Add(time.Hour), last, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		if total += n; n == 0 {
			break
		}
	}
	if total != 99 {
		t.Errorf("removed %d rows, want all but the newest", total)
	}
	if next := appendRows(t, j, 1, 10); next != last+1 {
		t.Errorf("next row is %d, want %d", next, last+1)
	}
	if j.Size() > before/4 {
		t.Errorf("size is %d after pruning, was %d", j.Size(), before)
	}
}
