package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/sim"
)

// Bounds of a storm.
const (
	mostStorm  = 100_000
	mostCauses = 1000
	stormAfter = 4 * time.Minute // what is told later than that is only counted
)

// rehearse plays a storm to a Backstop of its own, which has the configured
// policy and tells the configured notifiers, and says what each got. Its folder
// is removed; no rule is carried out, so that no standby server is asked.
func (d drillCommand) rehearse(ctx context.Context, w *world, cfg config.Config) (err error) {
	if d.Storm > mostStorm || d.Causes < 1 || d.Causes > mostCauses {
		return fmt.Errorf("a storm has at most %d failures, and 1 to %d causes", mostStorm, mostCauses)
	}
	dir, err := os.MkdirTemp("", "backstop-storm-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	account := sim.Account{SID: sim.NewSID("AC"), AuthToken: sim.NewSID("")}
	cfg, left, err := d.rehearsal(cfg, dir, account)
	if err != nil {
		return err
	}
	r := newRehearsal(account, cfg.PublicURL.String())
	if err := r.begin(ctx, cfg, w.getenv); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	for _, name := range left {
		if err := w.say("Not told, for it wakes people: %s. Add --wake to tell it, too.\n", name); err != nil {
			return err
		}
	}
	if err := r.storm(ctx, w, d.Storm, d.Causes, cfg); err != nil {
		return err
	}
	return r.watch(ctx, w)
}

// rehearsal is the configuration of the Backstop that is rehearsed with; left
// are the notifiers that are not told.
func (d drillCommand) rehearsal(cfg config.Config, dir string, account sim.Account) (c config.Config, left []string, err error) {
	c = cfg
	c.Drill, c.DataDir, c.Ledger, c.Listen, c.AdminListen = true, dir, filepath.Join(dir, "backstop.db"), "127.0.0.1:0", ""
	c.Accounts = []twilio.Account{{Name: "storm", SID: account.SID, Tokens: []string{account.AuthToken}}}
	c.Recovery = recovery.Options{House: cfg.Recovery.House, Lines: cfg.Recovery.Lines, Countries: cfg.Recovery.Countries, Media: nil}
	c.AdminPassword = config.Secret("no-one-logs-in-here")
	c.Heartbeat, c.Drills, c.Summaries = config.Heartbeat{}, config.Plan{}, config.Summaries{}
	if c.PublicURL.IsZero() {
		if c.PublicURL, err = twilio.ParseBaseURL("https://storm.example"); err != nil {
			return c, nil, err
		}
	}
	c.Notifiers = nil
	for _, n := range cfg.Notifiers {
		if knownAs(n).Wakes && !d.Wake {
			left = append(left, n.Name)
			continue
		}
		c.Notifiers = append(c.Notifiers, n)
	}
	if len(c.Notifiers) == 0 {
		return c, left, errors.New("nobody would be told: configure a notifier, or add --wake for those that wake people")
	}
	return c, left, nil
}

// rehearsing is a Backstop that tells what is made up.
type rehearsing struct {
	account sim.Account
	public  string
	app     *app
	base    string
	stop    context.CancelFunc
	ended   chan error
	began   time.Time

	mu  sync.Mutex
	got []stormMessage
}

func newRehearsal(account sim.Account, public string) *rehearsing {
	return &rehearsing{account: account, public: public, ended: make(chan error, 1)}
}

// begin starts it and waits until it answers.
func (r *rehearsing) begin(ctx context.Context, c config.Config, getenv func(string) string) (err error) {
	quiet := &world{getenv: getenv, stdin: nil, stdout: io.Discard, stderr: io.Discard}
	if r.app, err = newApp(c, quiet, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	heard := make(chan net.Addr, 1)
	r.app.heard = func(at net.Addr) { heard <- at }
	r.app.dispatcher.Replace(r.overheard(r.app.current.Load().notifiers))
	ctx, r.stop = context.WithCancel(ctx)
	go func() { r.ended <- r.app.run(ctx, nil) }()
	select {
	case at := <-heard:
		r.base = "http://" + at.String()
		return nil
	case err := <-r.ended:
		r.ended <- nil
		return err
	}
}

func (r *rehearsing) end() error {
	r.stop()
	return <-r.ended
}

// overheard are the notifiers, and what they send is noted.
func (r *rehearsing) overheard(all []notify.Notifier) []notify.Notifier {
	list := make([]notify.Notifier, len(all))
	for i, n := range all {
		list[i] = overheard{n, r}
	}
	return list
}
