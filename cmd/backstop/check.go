package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/templates"
)

type checkCommand struct {
	Notify   bool `help:"Connect, authenticate and send a test through each notifier."`
	Coverage bool `help:"List the lines that get nothing better than the apology when your server is down."`

	Backtest bool `help:"Say what the alert policy would have sent in the last 30 days, by the history in DATA_DIR."`

	Primaries bool `help:"Look at each of your own servers once, as is done while an incident about it is open."`
}

const checkAtMost = 90 * time.Second

// Run validates everything that a start would, and sends nothing to anybody
// unless it is told to.
func (k checkCommand) Run(ctx context.Context, w *world, c *cli) error {
	p, err := w.assembled(c)
	if err != nil {
		return err
	}
	cfg := p.config
	from := "the environment"
	if cfg.File != "" {
		from = cfg.File + " and the environment"
	}
	if err := w.say("Configuration from %s: good. %s, %s, %s, %s, %s.\n", from, number(len(cfg.Accounts), "account"),
		number(len(cfg.Recovery.Lines), "line"), number(len(cfg.Recovery.Targets), "target"), number(len(cfg.Recovery.Rules), "rule"),
		number(len(p.notifiers), "notifier")); err != nil {
		return err
	}
	for _, summary := range p.rules.Summaries() {
		if err := w.say("%s\n", summary); err != nil {
			return err
		}
	}
	for _, standing := range p.rules.HoursAt(time.Now()) {
		if err := w.say("At present %s\n", standing); err != nil {
			return err
		}
	}
	if k.Coverage {
		if err := w.coverage(cfg, p); err != nil {
			return err
		}
	}
	for _, warning := range cfg.Warnings {
		if err := w.say("Warning: %s\n", warning); err != nil {
			return err
		}
	}
	var errs []error
	if k.Backtest {
		errs = append(errs, w.backtest(ctx, cfg, p))
	}
	if k.Primaries {
		errs = append(errs, w.examine(ctx, p))
	}
	if k.Notify {
		errs = append(errs, k.notify(ctx, w, p))
	}
	return errors.Join(errs...)
}

// coverage lists the lines that no rule has anything for but words.
func (w *world) coverage(cfg config.Config, p *parts) error {
	bare := p.rules.Uncovered(cfg.Accounts...)
	if len(bare) == 0 {
		return w.say("Every line gets something better than the apology when your server is down.\n")
	}
	return w.say("%s of %s nothing better than the apology when your server is down:\n  %s\n",
		number(len(bare), "line"), strconv.Itoa(len(cfg.Recovery.Lines))+" would get", strings.Join(bare, "\n  "))
}

func (checkCommand) notify(ctx context.Context, w *world, p *parts) error {
	if len(p.notifiers) == 0 {
		return errors.New("no notifier is configured: nobody will be told; set SMTP_URL with ALERT_EMAIL_TO and ALERT_EMAIL_FROM, or SLACK_WEBHOOK_URL")
	}
	ctx, cancel := context.WithTimeout(ctx, checkAtMost)
	defer cancel()
	failed := 0
	results := notify.Check(ctx, p.notifiers, slog.New(slog.NewTextHandler(w.stderr, nil)))
	for _, n := range p.notifiers {
		verdict := "took the test message"
		if err := results[n.Name()]; err != nil {
			verdict = "FAILED: " + err.Error()
			failed++
		}
		if err := w.say("Notifier %s %s\n", n.Name(), verdict); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("does not work: %d of %s", failed, number(len(p.notifiers), "notifier"))
	}
	return nil
}

// number writes a count with its noun.
func number(n int, noun string) string { return templates.Plural(int64(n), noun, noun+"s") }
