package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/handlers/api"
	"github.com/backstop-project/backstop/twilio/sim"
)

const (
	drillAlert = 60 * time.Second
	drillPoll  = 200 * time.Millisecond
)

// drillWaiting waits for what becomes of a drill behind its answer.
type drillWaiting struct {
	w          *world
	base, here string // base addresses: where the drill goes, and the one of LISTEN on this machine
	named      bool   // somebody named base, which is else PUBLIC_URL or here
	api, page  string // base addresses: to ask, and for people
	token, sid string
}

// reached says what to do where nothing answered at all.
func (d drillWaiting) reached(r sim.Result) error {
	failed := r.First().Err
	if failed == nil {
		return nil
	}
	advice := "look at DNS, firewall and the proxy in front. --to " + d.here + " tries the Backstop of this machine"
	switch {
	case d.base == d.here:
		advice = "does Backstop run? Start it, or name another one with --to"
	case d.named:
		advice = "does Backstop run there, and is the address of --to right?"
	}
	return fmt.Errorf("nothing answers at %s: %w: %s", d.base, failed, advice)
}

// await asks until every alert of the drill is delivered.
func (d drillWaiting) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drillAlert)
	defer cancel()
	var last api.Drill
	said := map[string]bool{}
	began := time.Now()
	for {
		report, err := d.ask(ctx)
		switch {
		case err == nil:
			last = report
			if err := d.say(report, said, time.Since(began)); err != nil {
				return err
			}
			if ended, err := d.ended(report); ended {
				return err
			}
		case isElsewhere(err):
			return fmt.Errorf("the drill was answered, but what became of it cannot be asked: %w: the pages of that Backstop are elsewhere, or its drill key is another: name them with --api, the key with --key-file", err)
		}
		select {
		case <-ctx.Done():
			return undelivered(last, err)
		case <-time.After(drillPoll):
		}
	}
}

func (d drillWaiting) ask(ctx context.Context) (api.Drill, error) {
	body, err := fetch(ctx, d.api+"/api/v1/drills/"+d.sid, d.token)
	if err != nil {
		return api.Drill{}, err
	}
	var report api.Drill
	return report, json.Unmarshal(body, &report)
}

// isElsewhere says whether an answer proves that nobody there will ever know.
func isElsewhere(err error) bool {
	var refused *statusError
	return errors.As(err, &refused) && (refused.code == http.StatusNotFound || refused.code == http.StatusUnauthorized)
}

// say prints what was delivered and has not been said.
func (d drillWaiting) say(report api.Drill, said map[string]bool, after time.Duration) error {
	for _, one := range report.Deliveries {
		if one.State != sent || said[one.Notifier] {
			continue
		}
		said[one.Notifier] = true
		if err := d.w.say("Alert delivered by %s after %.1f s\n", one.Notifier, after.Seconds()); err != nil {
			return err
		}
	}
	return nil
}

// ended says whether waiting longer changes nothing, and what came of it.
func (d drillWaiting) ended(report api.Drill) (bool, error) {
	stored := fmt.Sprintf("Stored in the history as %s: %s/history/%s\n", report.FailureID, d.page, report.FailureID)
	switch {
	case !report.Recorded:
		return false, nil
	case len(report.Notifiers) == 0:
		return true, d.w.say("%sNo notifier is configured: nobody was told. %s\n", stored, setNotifier)
	case delivered(report):
		return true, d.w.say("%sThe drill is complete.\n", stored)
	case decided(report):
		return true, undelivered(report, nil)
	}
	return false, nil
}

// sent is the word of the API for a delivery that arrived; folded means that
// another message told it.
const (
	sent   = "sent"
	folded = "folded"
	dead   = "dead" // no further attempt will be made
)

func delivered(report api.Drill) bool { return all(report, sent, folded) }

// decided says whether waiting longer changes nothing.
func decided(report api.Drill) bool { return all(report, sent, folded, dead) }

// all says whether every notifier has a delivery in one of the states.
func all(report api.Drill, states ...string) bool {
	in := map[string]bool{}
	for _, one := range report.Deliveries {
		in[one.Notifier] = in[one.Notifier] || slices.Contains(states, one.State)
	}
	return !slices.ContainsFunc(report.Notifiers, func(name string) bool { return !in[name] })
}

// undelivered names what did not arrive in time.
func undelivered(last api.Drill, asking error) error {
	if !last.Recorded {
		return errors.Join(errors.New("the drill was answered, but is not in the history after a minute: look at /healthz and the log"), asking)
	}
	arrived := map[string]bool{}
	why := map[string]string{}
	for _, one := range last.Deliveries {
		arrived[one.Notifier] = one.State == sent || one.State == folded
		why[one.Notifier] = strings.TrimSuffix(fmt.Sprintf("%s after %s: %s", one.State, number(one.Attempts, "attempt"), one.LastError), ": ")
	}
	var missing []string
	for _, name := range last.Notifiers {
		if !arrived[name] {
			missing = append(missing, strings.TrimSuffix(name+": "+why[name], ": "))
		}
	}
	return fmt.Errorf("not delivered: %s", strings.Join(missing, "; "))
}
