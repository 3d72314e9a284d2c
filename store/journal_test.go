package store_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/backstop-project/backstop/store"
)

func openJournal(tb testing.TB, path string, o store.JournalOptions) *store.Journal {
	tb.Helper()
	j, err := store.OpenJournal(path, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := j.Close(); err != nil {
			tb.Error(err)
		}
	})
	return j
}

func journalPath(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "journal.db")
}

// appendRows appends n rows of that size and returns the last one's number.
func appendRows(tb testing.TB, j *store.Journal, n, size int) (row int64) {
	tb.Helper()
	for i := range n {
		var err error
		if row, err = j.Append(context.Background(), bytes.Repeat([]byte{byte(i)}, size)); err != nil {
			tb.Fatal(err)
		}
	}
	return row
}

// readAll is every row after row.
func readAll(tb testing.TB, j *store.Journal, row int64) (rows []int64) {
	tb.Helper()
	if err := j.ReadAfter(context.Background(), row, 1<<30, func(row int64, _ string) error {
		rows = append(rows, row)
		return nil
	}); err != nil {
		tb.Fatal(err)
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

// Were the rows of an older copy to go on from its last, they would have numbers
// that the ledger has been fed already.
func TestRowsOfAnOlderCopyComeAfterAllOfWhatItReplaces(t *testing.T) {
	now := start
	o := store.JournalOptions{Now: func() time.Time { return now }}
	path := journalPath(t)
	reopened := func() *store.Journal {
		j, err := store.OpenJournal(path, o)
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
		return j
	}
	var copied []byte
	var last int64
	for _, rows := range []int{5, 300, 10} {
		j := reopened()
		last = appendRows(t, j, rows, 100)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if copied == nil {
			copied, _ = os.ReadFile(path)
		}
	}
	if err := os.WriteFile(path, copied, 0o600); err != nil {
		t.Fatal(err)
	}
	j := reopened()
	defer j.Close()
	if got := readAll(t, j, 0); len(got) != 5 {
		t.Fatalf("the copy has %d rows, want 5", len(got))
	}
	next := appendRows(t, j, 1, 10)
	if next <= last {
		t.Errorf("its next row is %d, want one after %d", next, last)
	}
	if after := appendRows(t, j, 1, 10); after != next+1 {
		t.Errorf("the one after it is %d, want %d", after, next+1)
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

func TestAJournalThatWasDeletedBeforeAnybodyReadItCanBeRead(t *testing.T) {
	path := journalPath(t)
	j := openJournal(t, path, store.JournalOptions{})
	last := appendRows(t, j, 3, 100)
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + end); err != nil {
			t.Fatal(err)
		}
	}
	if rows := readAll(t, j, 0); len(rows) != 3 || rows[2] != last {
		t.Errorf("read %v, want three rows up to %d", rows, last)
	}
}

func TestReadingStopsAtItsBoundButGoesOn(t *testing.T) {
	ctx := context.Background()
	j := openJournal(t, journalPath(t), store.JournalOptions{})
	appendRows(t, j, 10, 1000)
	for _, c := range []struct {
		after    int64
		maxBytes int
		want     int
	}{{0, 1, 1}, {0, 2500, 2}, {0, 3000, 3}, {8, 1 << 20, 2}, {10, 1 << 20, 0}, {99, 1 << 20, 0}, {-1, 1 << 20, 10}} {
		n := 0
		if err := j.ReadAfter(ctx, c.after, c.maxBytes, func(row int64, blob string) error {
			n++
			if row != max(c.after, 0)+int64(n) || len(blob) != 1000 || blob[0] != byte(row-1) {
				t.Errorf("row %d holds %d bytes of %d", row, len(blob), blob[0])
			}
			return nil
		}); err != nil || n != c.want {
			t.Errorf("after %d, %d bytes: got %d rows, %v, want %d", c.after, c.maxBytes, n, err, c.want)
		}
	}
	stop := errors.New("stop")
	if err := j.ReadAfter(ctx, 0, 1<<20, func(int64, string) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want fn's error", err)
	}
}

func TestAReaderThatIsSlowHoldsNothingUp(t *testing.T) {
	ctx := context.Background()
	path := journalPath(t)
	j := openJournal(t, path, store.JournalOptions{})
	appendRows(t, j, 3, 1000)
	if err := j.ReadAfter(ctx, 0, 1<<20, func(int64, string) error {
		appendRows(t, j, 40, 1<<20)
		if n, err := j.Prune(ctx, time.Now().Add(time.Hour), 2, 1<<40); err != nil {
			t.Errorf("pruned %d, %v", n, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	wal, err := os.Stat(path + "-wal")
	if err != nil || wal.Size() > 64<<20 {
		t.Errorf("the WAL has %d bytes, %v", wal.Size(), err)
	}
}

func TestWhatHasNotBeenFedIsNeverPruned(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		before   time.Time
		through  int64
		maxBytes int64
		want     []int64 // first and last row that stay
	}{
		"young and within bounds":           {start, 20, 1 << 30, []int64{1, 20}},
		"nothing fed, all too old, no room": {start.AddDate(1, 0, 0), 0, 0, []int64{1, 20}},
		"old and fed":                       {start.Add(day), 5, 1 << 30, []int64{6, 20}},
		"old, fed beyond":                   {start.Add(day), 15, 1 << 30, []int64{11, 20}},
		"young but beyond the size":         {start, 15, 0, []int64{16, 20}},
	} {
		t.Run(name, func(t *testing.T) {
			now := start
			j := openJournal(t, journalPath(t), store.JournalOptions{Now: func() time.Time { return now }})
			appendRows(t, j, 10, 1000)
			now = start.Add(2 * day)
			appendRows(t, j, 10, 1000)
			for removed := 1; removed > 0; {
				var err error
				if removed, err = j.Prune(ctx, c.before, c.through, c.maxBytes); err != nil {
					t.Fatal(err)
				}
			}
			got := readAll(t, j, 0)
			if got[0] != c.want[0] || got[len(got)-1] != c.want[1] {
				t.Errorf("rows %d to %d stay, want %d to %d", got[0], got[len(got)-1], c.want[0], c.want[1])
			}
		})
	}
}

func TestTwoProcessesMayAppendToOneJournal(t *testing.T) {
	path := journalPath(t)
	one := openJournal(t, path, store.JournalOptions{})
	two := openJournal(t, path, store.JournalOptions{})
	if one.ID() != two.ID() {
		t.Errorf("ids %s and %s", one.ID(), two.ID())
	}
	var both sync.WaitGroup
	for _, j := range []*store.Journal{one, two} {
		both.Go(func() { appendRows(t, j, 50, 100) })
	}
	both.Wait()
	if got := readAll(t, one, 0); len(got) != 100 || got[99] != 100 {
		t.Errorf("%d rows", len(got))
	}
}

// Whoever is killed loses nothing that was appended, and leaves nothing that
// the next one could not read.
func TestAppendedIsAppendedWhateverKillsTheProcess(t *testing.T) {
	if path := os.Getenv("STORE_TEST_APPEND"); path != "" {
		appendForEver(t, path)
	}
	path := journalPath(t)
	var acknowledged, last int64
	for range 5 {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestAppendedIsAppendedWhateverKillsTheProcess$")
		cmd.Env = append(os.Environ(), "STORE_TEST_APPEND="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if _, err := fmt.Sscan(lines.Text(), &last); err != nil {
				t.Fatalf("%q: %v", lines.Text(), err)
			}
			acknowledged++
			if n == 200 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait()
		j, err := store.OpenJournal(path, store.JournalOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got := readAll(t, j, 0)
		if int64(len(got)) < acknowledged || got[len(got)-1] < last {
			t.Errorf("%d rows, the last is %d; %d were acknowledged, the last of them %d", len(got), got[len(got)-1], acknowledged, last)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if acknowledged < 1000 {
		t.Errorf("only %d rows were appended", acknowledged)
	}
}

// appendForEver appends rows and says the number of each once it is durable.
func appendForEver(t *testing.T, path string) {
	t.Helper()
	j, err := store.OpenJournal(path, store.JournalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		row, err := j.Append(context.Background(), make([]byte, 100+n%5000))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(row)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{500, 5_000, 50_000, 500_000} {
		b.Run(fmt.Sprintf("%d bytes a group", size), func(b *testing.B) {
			j := openJournal(b, journalPath(b), store.JournalOptions{})
			blob := make([]byte, size)
			b.SetBytes(int64(size))
			before := cpu()
			for b.Loop() {
				if _, err := j.Append(context.Background(), blob); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/group")
		})
	}
}

// What a file is made with shows in its header, and nowhere else: a pragma that
// comes too late does nothing and says nothing.
// https://www.sqlite.org/fileformat2.html#the_database_header
func TestAFileHasTheUsualPagesAndCanShrink(t *testing.T) {
	dir := t.TempDir()
	journal, err := store.OpenJournal(filepath.Join(dir, "journal.db"), store.JournalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := store.OpenLedger(t.Context(), filepath.Join(dir, "backstop.db"), store.LedgerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(journal.Close(), ledger.Close()); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"journal.db", "backstop.db"} {
		header, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if got := binary.BigEndian.Uint16(header[16:]); got != 4096 {
			t.Errorf("%s: got pages of %d bytes, want 4096: what is counted in bytes relies on it", file, got)
		}
		if root, incremental := binary.BigEndian.Uint32(header[52:]), binary.BigEndian.Uint32(header[64:]); root == 0 || incremental == 0 {
			t.Errorf("%s: got auto_vacuum %d, %d, want incremental", file, root, incremental)
		}
	}
}
