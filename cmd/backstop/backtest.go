package main

import (
	"context"
	"fmt"
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
