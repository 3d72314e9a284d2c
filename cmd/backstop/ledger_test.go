package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

func TestWhoeverFindsTheLedgerDamagedHasItLookedAt(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for who, uses := range map[string]func(s *ledgerSlot, l *store.Ledger) error{
		"a reader of the history": func(s *ledgerSlot, _ *store.Ledger) error {
			_, err := s.Failures(ctx, history.Query{})
			return err
		},
		"a reader of incidents": func(s *ledgerSlot, _ *store.Ledger) error {
			_, err := s.Incidents(ctx, history.IncidentQuery{})
			return err
		},
		"somebody who reveals": func(s *ledgerSlot, _ *store.Ledger) error {
			return s.Reveal(ctx, history.Reveal{}, incident.ID{1})
		},
		"the dispatcher that claims": func(s *ledgerSlot, _ *store.Ledger) error {
			_, _, _, err := s.Claim(ctx, "ops-mail", time.Now(), time.Minute)
			return err
		},
		"who tells": func(s *ledgerSlot, _ *store.Ledger) error {
			_, err := s.Tell(ctx, incident.Alert{Kind: incident.Meta, At: time.Now(), Title: "x"})
			return err
		},
		"the timers": func(s *ledgerSlot, l *store.Ledger) error {
			_, _, err := watchedLedger{l, s.watch}.Tick(ctx, time.Now())
			return err
		},
		"what is set aside": func(s *ledgerSlot, l *store.Ledger) error {
			return watchedLedger{l, s.watch}.SetAside(ctx, []byte("x"), "y", time.Now())
		},
	} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			l := damagedLedger(t)
			var suspected *store.Ledger
			s := &ledgerSlot{alerts: func() {}, alone: func() bool { return false }, suspect: func(l *store.Ledger, _ error) { suspected = l }}
			s.open.Store(l)
			if err := uses(s, l); err == nil {
				t.Fatal("no error from pages that are overwritten")
			}
			if suspected != l {
				t.Error("nobody looks at it")
			}
		})
	}
}

// damagedLedger is open, its header good and its pages overwritten.
func damagedLedger(t *testing.T) *store.Ledger {
	t.Helper()
	path := t.TempDir() + "/backstop.db"
	options := store.LedgerOptions{Policy: incident.DefaultPolicy()}
	options.Policy.Notifiers = []incident.Notifier{{Name: "ops-mail"}}
	for range 2 { // the second finds all of the first in the file, none in its WAL
		l, err := store.OpenLedger(context.Background(), path, options)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	l, err := store.OpenLedger(context.Background(), path, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(garbage(int(info.Size())), 4096); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWhyThereIsNoLedgerIsSaid(t *testing.T) {
	t.Parallel()
	var s ledgerSlot
	if _, err := s.Failures(t.Context(), history.Query{}); !errors.Is(err, history.ErrOpening) || !errors.Is(err, errAway) {
		t.Errorf("while it is opened for the first time: %v", err)
	}
	s.why.Store(new("the disk is away"))
	if _, err := s.Failures(t.Context(), history.Query{}); errors.Is(err, history.ErrOpening) || !errors.Is(err, errAway) || !strings.Contains(err.Error(), "the disk is away") {
		t.Errorf("after that failed: %v", err)
	}
}
