package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

func TestOfDamagedDatabasesTheNewestTwoStay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "backstop.db")
	for _, name := range []string{"backstop.db.mine.aside", "backstop.db.20260101T000000Z.aside.gz", "journal.db.20260101T000000Z.aside"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var moved []string
	for n := range 4 {
		if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
		at := start.Add(time.Duration(n) * time.Hour)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		to, removed, err := store.MoveDamagedAside(path, at)
		if err != nil {
			t.Fatal(err)
		}
		moved = append(moved, to)
		if want := moved[max(0, n-2):max(0, n-1)]; !slices.Equal(removed, want) {
			t.Errorf("move %d removed %v, want %v", n, removed, want)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 5 {
		t.Errorf("%d files are left, %v: want the newest two and the three of others", len(left), err)
	}
}

func TestTwoThingsToSayAboutOneTopicAreBothTold(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	tell := func(reason string) bool {
		queued, err := l.Tell(ctx, incident.Alert{Kind: incident.Meta, Topic: incident.DamagedTopic, At: start, Title: reason, Reason: reason})
		if err != nil {
			t.Fatal(err)
		}
		return queued
	}
	if !tell("the journal was moved aside") || !tell("the ledger was moved aside") {
		t.Error("one swallowed the other")
	}
	if tell("the journal was moved aside") {
		t.Error("the same news was told twice")
	}
	for _, want := range []string{"the journal was moved aside", "the ledger was moved aside"} {
		m, _, ok, err := l.Claim(ctx, "chat", start.Add(time.Minute), time.Minute)
		if err != nil || !ok || m.Alert.Reason != want || len(m.Folded) != 0 {
			t.Errorf("got %q, %v, %v, want %q by itself", m.Alert.Reason, ok, err, want)
		}
	}
}

func TestAnAnswerThatNewerFailuresShareStaysTheirs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backstop.db")
	l := openLedgerAt(t, path)
	old, young := call(0), call(20*86400)
	feed(t, l, old, young)
	live(t, l, start.Add(20*day), start.Add(35*day), store.Retention{Days: 400, PersonalDays: 30})
	if d := failure(t, l, old.Failure.ID); !d.Erased || d.Answer.Heard != "" || len(d.Answer.Document) != 0 {
		t.Errorf("the old one is left with %+v", d.Answer)
	}
	if d := failure(t, l, young.Failure.ID); d.Erased || d.Answer.Heard != young.Answer.Heard || string(d.Answer.Document) != string(young.Answer.Document) {
		t.Errorf("the young one is left with %+v", d.Answer)
	}
	again := call(36 * 86400)
	feed(t, l, again)
	live(t, l, start.Add(36*day), start.Add(60*day), store.Retention{Days: 400, PersonalDays: 30})
	if d := failure(t, l, again.Failure.ID); d.Answer.Heard != again.Answer.Heard {
		t.Errorf("the newest is left with %+v", d.Answer)
	}
	if got := len(rows(t, l, history.Query{})); got != 3 {
		t.Errorf("%d failures are found, want 3", got)
	}
}

func TestLargeAnswersDoNotFillTheMemory(t *testing.T) {
	l := openLedger(t)
	before := heap()
	for n := range 40 {
		feed(t, l, calls(n*10, n*10+10, func(e *incident.Fed) {
			e.Answer.Document = append(make([]byte, 100<<10), fmt.Append(nil, e.Failure.ID)...)
		})...)
	}
	if grown := heap() - before; grown > 24<<20 {
		t.Errorf("%d MiB of answers are remembered", grown>>20)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
