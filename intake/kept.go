package intake

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// keptMost bounds what is kept of what was written, in bytes: some 2,000 failures,
// more than wait for the ledger but in a burst.
const keptMost = 2 << 20

const (
	// keptFor is how long a row stays although the ledger has it: both may be on a
	// disk that says yes and lies.
	keptFor = time.Second
	// keptUnsaid is how long it stays where nobody says what the ledger has, as in a
	// process that stands back for another one.
	keptUnsaid = time.Minute
)

// row is one of a journal's.
type row struct {
	number int64
	blob   string
}

// keptRow is a row with the time since when it is kept.
type keptRow struct {
	row
	since time.Time
}

// kept is an open journal, and what it took last as far as the ledger may not have
// it. The feeder has that from memory, and the next journal what turns out to be
// missing: docs/adr/0112.
type kept struct {
	Journal

	mu    sync.Mutex
	rows  []keptRow // oldest first
	bytes int

	// Of the writer alone.
	fed     int64 // what the ledger had at the last look
	looked  time.Time
	through int64 // what it had a look earlier: no row up to it is kept
}

// keep keeps a row of the journal behind those that are kept, in place of the oldest
// where there is too much.
func (k *kept) keep(r row) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.rows); n > 0 && k.rows[n-1].number >= r.number {
		return
	}
	k.rows = append(k.rows, keptRow{r, time.Now()})
	k.bytes += len(r.blob)
	for k.bytes > keptMost && len(k.rows) > 1 {
		k.removeFirst()
	}
}

// fedTo lets go of rows that the ledger has had for a while: up to number, which is 0
// where nobody says.
func (k *kept) fedTo(number int64) {
	if time.Since(k.looked) >= keptFor {
		k.through, k.fed, k.looked = k.fed, number, time.Now()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.rows) > 0 && (k.rows[0].number <= k.through || number == 0 && time.Since(k.rows[0].since) > keptUnsaid) {
		k.removeFirst()
	}
	if len(k.rows) == 0 {
		k.rows = nil
	}
}

func (k *kept) removeFirst() {
	k.bytes -= len(k.rows[0].blob)
	k.rows[0] = keptRow{}
	k.rows = k.rows[1:]
}

// ReadAfter has the rows from memory where they follow each other there, and else
// from the disk.
func (k *kept) ReadAfter(ctx context.Context, number int64, maxBytes int, fn func(number int64, blob string) error) error {
	rows := k.after(number, maxBytes)
	if len(rows) == 0 {
		return k.Journal.ReadAfter(ctx, number, maxBytes, fn)
	}
	for _, r := range rows {
		if err := fn(r.number, r.blob); err != nil {
			return err
		}
	}
	return nil
}

// after is the rows behind a number: as many as fit, but at least one. It is none
// where one of them is not here; another process may have written it.
func (k *kept) after(number int64, maxBytes int) []row {
	k.mu.Lock()
	defer k.mu.Unlock()
	first, _ := slices.BinarySearchFunc(k.rows, number+1, func(r keptRow, n int64) int { return cmp.Compare(r.number, n) })
	n := 0
	var rows []row
	for _, r := range k.rows[first:] {
		if r.number != number+1+int64(n) {
			return nil
		}
		if maxBytes -= len(r.blob); maxBytes < 0 && n > 0 {
			break
		}
		n++
		rows = append(rows, r.row)
	}
	return rows
}

// left is what this journal may not have, for the next one: those of the rows here
// that were not read from its file, and those that were, in their order.
func (k *kept) left(read []row) []row {
	all := slices.Clone(read)
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.rows {
		if !slices.ContainsFunc(read, func(other row) bool { return other.number == r.number }) {
			all = append(all, r.row)
		}
	}
	slices.SortStableFunc(all, func(a, b row) int { return cmp.Compare(a.number, b.number) })
	return all
}
