package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// backtestFor is how far back a policy is played.
const backtestFor = 30 * 24 * time.Hour

// backtest says what the configured policy would have sent.
func (w *world) backtest(ctx context.Context, cfg config.Config, p *parts) error {
	now := time.Now()
	test := incident.NewBacktest(p.policy)
	n, err := store.ReadPast(ctx, cfg.Ledger, now.Add(-backtestFor), test.Fail, test.Do)
	if err != nil {
		return fmt.Errorf("backtest: %w", err)
	}
	return w.say("%s", backtestWords(test.Done(now), n))
}

// backtestWords say it in a sentence or two.
func backtestWords(r incident.BacktestResult, n int) string {
	words := "With this policy the last 30 days " + r.String() + ".\n"
	if n == store.MostPast {
		words += fmt.Sprintf("Only the newest %d failures were played.\n", n)
	}
	return words
}

// backtests say what the present policy would have sent, for the page of
// notifiers: played anew after a reload, and once an hour.
type backtests struct {
	past   func(ctx context.Context, since time.Time, fail func(incident.Entry), do func(incident.Deed)) (int, error)
	policy func() *parts
	now    func() time.Time

	mu   sync.Mutex
	of   *parts
	at   time.Time
	said string
}

const backtestEvery = time.Hour

// words is the sentence; ok is false where the history cannot be read.
func (b *backtests) words(ctx context.Context) (text string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, p := b.now(), b.policy()
	if b.of == p && now.Sub(b.at) < backtestEvery {
		return b.said, true
	}
	test := incident.NewBacktest(p.policy)
	n, err := b.past(ctx, now.Add(-backtestFor), test.Fail, test.Do)
	if err != nil {
		return "", false
	}
	b.of, b.at, b.said = p, now, strings.TrimSpace(backtestWords(test.Done(now), n))
	return b.said, true
}
