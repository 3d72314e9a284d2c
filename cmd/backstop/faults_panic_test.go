package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

func TestAWorkerThatPanicsIsStartedAgainAndPeopleAreTold(t *testing.T) {
	t.Parallel()
	slack := newSlack(t)
	a := running(t, configured(t).with(slack.webhookSettings()))
	var runs atomic.Int64
	err := a.guarded(t.Context(), "timers", func(context.Context) error {
		if runs.Add(1) < 3 {
			panic("a bug")
		}
		return nil
	})
	if err != nil || runs.Load() != 3 {
		t.Errorf("run %d times, %v; want until it goes well", runs.Load(), err)
	}
	slack.await(t, soon, "A part of Backstop failed and was started again: timers")
	if got := slack.got(); len(got) != 1 {
		t.Errorf("it is told %d times, want once: %q", len(got), got)
	}
}

func TestABugInReadingTheConfigurationIsARefusedReload(t *testing.T) {
	t.Parallel()
	a := running(t, configured(t))
	a.load = func() (config.Config, error) { panic("a bug") }
	a.reload()
	notices := a.notices() // on a busy machine others may be among them
	if !slices.ContainsFunc(notices, func(n pages.Notice) bool { return strings.Contains(n.Detail, incident.ErrBug.Error()) }) {
		t.Errorf("pages say %+v", notices)
	}
}

func TestABugInCountingCostsNoOtherMetric(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	newMetrics(&app{log: slog.New(slog.DiscardHandler)}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "go_goroutines") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestABugInReadingADamagedLedgerEndsNothing(t *testing.T) {
	t.Parallel()
	var logged output
	k := &ledgerKeeper{log: slog.New(slog.NewTextHandler(&logged, nil))}
	k.read(t.Context(), &store.Ledger{}) // which nobody has opened
	k.examining.Wait()
	if !strings.Contains(logged.String(), "panic behind the answer") {
		t.Errorf("logged %q", &logged)
	}
}

// fragile is something to write to that panics at first.
type fragile struct {
	io.Writer
	panics sync.Once
}

func (f *fragile) Write(b []byte) (int, error) {
	f.panics.Do(func() { panic("a bug") })
	return f.Writer.Write(b)
}

func TestABugInWritingTheLogCostsALine(t *testing.T) {
	t.Parallel()
	var all output
	w := newLogWriter(&fragile{Writer: &all})
	_, _ = w.Write([]byte("one\n"))
	time.Sleep(4 * linesGather)
	eventually(t, soon, "a later line is written", func() bool {
		_, _ = w.Write([]byte("two\n"))
		return strings.Contains(all.String(), "two")
	})
	w.Close()
}
