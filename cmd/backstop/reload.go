package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
)

// reload reads the configuration anew, as one swap: a broken one changes
// nothing and is said so in the log, on the page and in an alert.
func (a *app) reload() {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	defer intake.Survive(a.log, "reading the configuration", func() { a.refuse(incident.ErrBug) })
	overdue := time.AfterFunc(reloadWithin, func() {
		defer intake.Survive(a.log, "telling that the configuration hangs", nil)
		a.refuse(errHangs)
	})
	defer overdue.Stop()
	c, p, err := a.read()
	overdue.Stop()
	if err != nil {
		a.refuse(err)
		return
	}
	before := a.current.Swap(p)
	a.level.Set(c.LogLevel)
	a.dispatcher.Replace(p.notifiers)
	a.setPolicy()
	a.lasting.prober.Replace(p.rules.Probes())
	select {
	case a.swapped <- struct{}{}:
	default: // the sockets know
	}
	a.hook.Replace(p.hookSettings()) // last: what verifies now is told to the new notifiers
	a.state.reload.Store(nil)
	a.log.Info("configuration reloaded", "file", c.File)
	for _, key := range needRestart(before.config, c) {
		a.log.Warn("a changed setting takes a restart", "key", key)
	}
}

// reloadWithin is how long the files of a configuration may take to be read
// until people are told.
const reloadWithin = 10 * time.Second

var errHangs = errors.New("its files could not be read within 10 s: look at the disk or the network that they are on")

// read reads the configuration and all that it names. It may hang as long as a
// file does.
func (a *app) read() (config.Config, *parts, error) {
	c, err := a.load()
	if err != nil {
		return c, nil, err
	}
	p, err := assemble(c, a.secrets.drillKey, a.lasting, a.log)
	return c, p, err
}

// refuse keeps the old configuration and tells why.
func (a *app) refuse(err error) {
	short := inShort(err)
	a.state.reload.Store(&short)
	a.log.Error("changed configuration refused, the old one goes on", "err", err)
	a.teller.Tell(incident.Alert{
		Kind: incident.Meta, Topic: incident.ReloadTopic, At: a.w.now(),
		Title:  "The changed configuration was refused: the old one goes on",
		Detail: short + " " + incident.DoFirst + "mend it, try it with backstop check, and send SIGHUP again.",
		Reason: "a reload failed",
	})
}

// mistakesRead is how many mistakes anybody reads in a message.
const mistakesRead = 5

// inShort is err as a message tells it: the first mistakes in one paragraph,
// and how many more the log has.
func inShort(err error) string {
	all := mistakes(err)
	if len(all) == 1 {
		return all[0] + "."
	}
	var b strings.Builder
	fmt.Fprintf(&b, "There are %d mistakes.", len(all))
	for i, mistake := range all[:min(len(all), mistakesRead)] {
		fmt.Fprintf(&b, " (%d) %s.", i+1, mistake)
	}
	if more := len(all) - mistakesRead; more > 0 {
		fmt.Fprintf(&b, " And %d more: see the log.", more)
	}
	return b.String()
}

// mistakes takes err apart: a line for each thing that is wrong.
func mistakes(err error) []string {
	var invalid *config.InvalidError
	var joined interface{ Unwrap() []error }
	var all []string
	switch {
	case errors.As(err, &invalid):
		for _, m := range invalid.Mistakes {
			all = append(all, m.String())
		}
	case errors.As(err, &joined):
		for _, one := range joined.Unwrap() {
			all = append(all, mistakes(one)...)
		}
	default:
		all = append(all, err.Error())
	}
	return all
}

// needRestart names the settings whose change a reload does not carry out.
func needRestart(before, after config.Config) []string {
	var keys []string
	for _, s := range []struct {
		key     string
		changed bool
	}{
		{"listen", before.Listen != after.Listen},
		{"admin_listen", before.AdminListen != after.AdminListen},
		{"data_dir", before.DataDir != after.DataDir},
		{"database_url", before.Ledger != after.Ledger},
		{"admin_password", before.AdminPassword != after.AdminPassword},
	} {
		if s.changed {
			keys = append(keys, s.key)
		}
	}
	return keys
}
