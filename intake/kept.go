package intake

import (
	"context"
	"slices"
	"sync"
	"time"
)

// keptMost bounds what is kept of what was written, in bytes: some 2,000 failures,
// more than wait for the ledger but in a burst.
const keptMost = 2 << 20

// keptFor is how long a row stays although the ledger has it: both may be on a disk
// that says yes and lies.
const keptFor = time.Second

// row is one of a journal's.
type row struct {
	number int64
	blob   string
}

// kept is an open journal, and what it took last as far as the ledger may not have
// it. The feeder has that from memory, and the next journal what turns out to be
// missing: docs/adr/0112.
type kept struct {
	Journal

	mu    sync.Mutex
	rows  []row // oldest first
	bytes int

	// Of the writer alone.
	fed     int64 // what the ledger had at the last look
	looked  time.Time
	through int64 // what it had a look earlier: no row up to it is kept
}

// Append keeps what was written, in place of the oldest where there is too much.
func (k *kept) Append(ctx context.Context, blob []byte) (number int64, err error) {
	if number, err = k.Journal.Append(ctx, blob); err != nil {
		return number, err
	}
	r := row{number, string(blob)}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rows = append(k.rows, r)
	k.bytes += len(blob)
	for k.bytes > keptMost && len(k.rows) > 1 {
		k.removeFirst()
	}
	return number, nil
}

// fedTo lets go of rows that the ledger has had for a while.
func (k *kept) fedTo(number int64) {
	if time.Since(k.looked) >= keptFor {
		k.through, k.fed, k.looked = k.fed, number, time.Now()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.rows) > 0 && k.rows[0].number <= k.through {
		k.removeFirst()
	}
	if len(k.rows) == 0 {
		k.rows = nil
	}
}

func (k *kept) removeFirst() {
	k.bytes -= len(k.rows[0].blob)
	k.rows[0] = row{}
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
	first, _ := slices.BinarySearchFunc(k.rows, number+1, func(r row, n int64) int { return int(r.number - n) })
	n := 0
	for _, r := range k.rows[first:] {
		if r.number != number+1+int64(n) {
			return nil
		}
		if maxBytes -= len(r.blob); maxBytes < 0 && n > 0 {
			break
		}
		n++
	}
	return slices.Clone(k.rows[first : first+n])
}

// left is what this journal may not have, for the next one: those of the rows here
// that were not read from its file, and those that were, in their order.
func (k *kept) left(read []row) []row {
	all := slices.Clone(read)
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.rows {
		if !slices.ContainsFunc(read, func(other row) bool { return other.number == r.number }) {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b row) int { return int(a.number - b.number) })
	return all
}
