package store_test

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// exportOf is a ledger as lines of an export.
func exportOf(tb testing.TB, l *store.Ledger, q history.Query) (lines [][]byte) {
	tb.Helper()
	for after := history.Cursor(0); ; {
		page, next, err := l.Export(context.Background(), q, after)
		if err != nil {
			tb.Fatal(err)
		}
		for _, x := range page {
			line, err := x.Line()
			if err != nil {
				tb.Fatal(err)
			}
			lines = append(lines, line)
		}
		if next == 0 {
			return lines
		}
		after = next
	}
}

// FuzzImport holds that whatever is read as a line of an export is taken in: once,
// without an error, and exported again.
func FuzzImport(f *testing.F) {
	source := openLedger(f)
	theirs := call(3, func(e *incident.Fed) { e.Failure = e.Failure.Anonymous() })
	again := call(4, sameCall(call(1)))
	again.FollowUp = incident.FollowUp{About: call(1).Failure.ID, What: incident.FailedAgain}
	first := call(1)
	feed(f, source, first, call(2), theirs, again, about(first, 9, incident.DialEnded, incident.Saved))
	for _, line := range exportOf(f, source, history.Query{}) {
		f.Add(line)
	}
	into := openLedger(f)
	f.Fuzz(func(t *testing.T, line []byte) {
		x, err := history.ReadExported(line)
		if err != nil {
			return
		}
		i := into.Import()
		if _, err := i.Take(t.Context(), []*history.Exported{x}); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		if err := i.Close(t.Context()); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		report, err := into.Import().Take(t.Context(), []*history.Exported{x})
		if err != nil || report.New > 0 {
			t.Fatalf("a second time it is new: %+v, %v\n%s", report, err, line)
		}
	})
}

func TestAnExportIsReadInPagesThatHaveEachFailureOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backstop.db")
	l, into := openLedger(t), openLedgerAt(t, path, func(o *store.LedgerOptions) { o.Policy.Notifiers = nil })
	feed(t, l, calls(0, 2*history.MaxLimit+1)...)
	lines := exportOf(t, l, history.Query{})
	if len(lines) != 2*history.MaxLimit+1 {
		t.Fatalf("%d lines", len(lines))
	}
	i := into.Import()
	var all []*history.Exported
	for _, line := range lines {
		x, err := history.ReadExported(line)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, x)
	}
	report, err := i.Take(t.Context(), all)
	if err != nil || report.New != len(all) {
		t.Fatalf("%+v, %v", report, err)
	}
	if err := i.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := exportOf(t, into, history.Query{}); !bytes.Equal(bytes.Join(got, []byte("\n")), bytes.Join(lines, []byte("\n"))) {
		t.Error("it is exported otherwise")
	}
	if in := incidents(t, into); len(in) != 1 || in[0].Failures != int64(len(all)) || in[0].State != incident.Resolved || in[0].ResolvedBy != "import" {
		t.Errorf("its incidents: %+v", in)
	}
	var told int
	if err := raw(t, path).QueryRow(`SELECT COUNT(*) FROM deliveries`).Scan(&told); err != nil || told != 0 {
		t.Errorf("people are told %d things, %v", told, err)
	}
}
