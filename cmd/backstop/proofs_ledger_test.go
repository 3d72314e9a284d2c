package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
	"github.com/backstop-project/backstop/store"
)

// scripted is a primary that is down until a moment.
type scripted struct{ until time.Time }

func (scripted) About(in incident.Incident) string { return in.Cause.Host }

func (s scripted) Examine(context.Context, string) (incident.Finding, bool) {
	if now := time.Now(); now.Before(s.until) {
		return incident.Finding{At: now, Said: "connection refused"}, true
	}
	return incident.Finding{At: time.Now(), OK: true, Said: "answers 200 in 80 ms"}, true
}

// failing are calls whose servers cannot be reached, one a second.
func failing(t *testing.T, l *store.Ledger, hosts ...string) {
	t.Helper()
	var entries []incident.Fed
	for i, host := range hosts {
		at := time.Now().Add(time.Duration(i-len(hosts)+1) * time.Second)
		f := incident.NewFailure(at, "POST", []incident.Param{
			{Name: "AccountSid", Value: accountSID},
			{Name: "CallSid", Value: fmt.Sprintf("CA%032x", i)},
			{Name: "From", Value: fmt.Sprintf("+1415%07d", i)},
			{Name: "ErrorCode", Value: "11205"},
			{Name: "ErrorUrl", Value: "https://" + host + "/voice"},
		})
		f.RequestKey = [16]byte{byte(i), byte(i >> 8), 1}
		entries = append(entries, incident.Fed{Entry: incident.Entry{Failure: f}, JournalAt: at})
	}
	if _, err := l.Feed(t.Context(), incident.Batch{Cursor: incident.Cursor{Journal: "test", Row: 1}, Entries: entries}); err != nil {
		t.Fatal(err)
	}
}

func TestAServerThatIsBackEndsItsIncident(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		policy := incident.DefaultPolicy()
		policy.Probes = func(string) bool { return true }
		l, err := store.OpenLedger(t.Context(), filepath.Join(dir, ledgerFile), store.LedgerOptions{Policy: policy})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		slot := &ledgerSlot{}
		slot.open.Store(l)
		proofs := intake.NewProofs(intake.ProofOptions{
			Ledger: func() (intake.ProofLedger, error) { return slot, nil }, Alerts: func() {}, Log: slog.New(slog.DiscardHandler),
			Primaries: scripted{time.Now().Add(12*time.Minute + 30*time.Second)},
		})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = proofs.Run(ctx) })
		defer func() { cancel(); running.Wait() }()
		synctest.Wait()
		failing(t, l, "www.example.com")
		proofs.Wake()
		is := func(want string) {
			t.Helper()
			synctest.Wait()
			page, err := l.Incidents(t.Context(), history.IncidentQuery{})
			if err != nil || len(page.Incidents) != 1 {
				t.Fatalf("got %d incidents, %v", len(page.Incidents), err)
			}
			in := page.Incidents[0]
			if got := fmt.Sprintf("%s by %q, %s", in.State, in.ResolvedBy, in.Watch.Probe.Said); got != want {
				t.Errorf("it is %s, want %s", got, want)
			}
		}
		time.Sleep(12 * time.Minute)
		is(`open by "", connection refused`)
		time.Sleep(70 * time.Second) // looks are up to 33 s apart
		is(`open by "", answers 200 in 80 ms`)
		time.Sleep(2 * time.Minute)
		is(`resolved by "good probes", answers 200 in 80 ms`)
	})
}

func TestEveryIncidentThatIsNotResolvedIsFound(t *testing.T) {
	t.Parallel()
	policy := incident.DefaultPolicy()
	policy.Wide = incident.Volume{}
	l, err := store.OpenLedger(t.Context(), filepath.Join(t.TempDir(), ledgerFile), store.LedgerOptions{Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	hosts := make([]string, 2*history.MaxLimit+1)
	for i := range hosts {
		hosts[i] = fmt.Sprintf("%d.example.com", i)
	}
	failing(t, l, hosts...)
	if _, err := l.Resolve(t.Context(), 7, "anna", time.Now()); err != nil {
		t.Fatal(err)
	}
	slot := &ledgerSlot{}
	slot.open.Store(l)
	all, err := slot.Unresolved(t.Context())
	seen := map[string]bool{}
	for _, in := range all {
		seen[in.Cause.Host] = true
	}
	if err != nil || len(all) != len(hosts)-1 || len(seen) != len(all) {
		t.Errorf("found %d incidents of %d servers, %v; want %d", len(all), len(seen), err, len(hosts)-1)
	}
}
