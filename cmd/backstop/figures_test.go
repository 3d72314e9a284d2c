package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/history"
)

// A disk may not answer for hours. Metrics are what says so, and must not say
// for as long that nothing has changed.
func TestAScrapeNeitherWaitsForALedgerThatHangsNorTellsOldFigures(t *testing.T) {
	t.Parallel()
	env := configured(t)
	synctest.Test(t, func(t *testing.T) {
		c, err := config.Load(func(name string) string { return env[name] }, "")
		if err != nil {
			t.Fatal(err)
		}
		a, err := newApp(c, &world{}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		answers := make(chan error, 1)
		a.figures.read = func(context.Context) (history.ReplayStatus, error) {
			return history.ReplayStatus{Waiting: 7}, <-answers
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- a.figures.Run(ctx) }()
		for _, step := range []struct {
			claim string
			do    func()
			after time.Duration
			want  bool
		}{
			{"before the first answer there are none", func() {}, time.Second, false},
			{"what the ledger says is told", func() { answers <- nil }, 0, true},
			{"and while it does not answer for a moment", func() {}, 15 * time.Second, true},
			{"but no longer", func() {}, 10 * time.Second, false},
			{"nor where it answers with an error", func() { answers <- errors.New("the disk fails") }, time.Second, false},
			{"and again when it is well", func() { answers <- nil }, time.Second, true},
		} {
			step.do()
			time.Sleep(step.after)
			synctest.Wait()
			before := time.Now()
			if got := strings.Contains(scrape(a), "backstop_replays_waiting 7\n"); got != step.want {
				t.Errorf("%s: got %v", step.claim, got)
			}
			if took := time.Since(before); took != 0 {
				t.Errorf("%s: the scrape took %s", step.claim, took)
			}
		}
		cancel()
		close(answers)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func scrape(a *app) string {
	w := httptest.NewRecorder()
	newMetrics(a).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	return w.Body.String()
}
