package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/handlers/api"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/sim"
)

type drillCommand struct {
	To      string `help:"Base address of the Backstop to drill; else PUBLIC_URL, else the one of LISTEN on this machine." placeholder:"URL"`
	API     string `help:"Base address of its pages, where they are on another port (ADMIN_LISTEN)." placeholder:"URL"`
	Channel string `help:"What fails: voice or messaging." enum:"voice,messaging" default:"voice"`
	Code    string `help:"Twilio's ErrorCode." default:"11200"`
	From    string `help:"Who calls or writes." placeholder:"NUMBER"`
	Line    string `help:"Which of your numbers is called: its name and language apply." placeholder:"NUMBER"`
	KeyFile string `help:"The drill key; else drill.key in DATA_DIR." placeholder:"FILE"`
}

const (
	drillWalk  = 60 * time.Second // a call of ours takes 20 s of speech, which is not waited for
	drillAlert = 60 * time.Second
	drillPoll  = 200 * time.Millisecond
)

// Run plays one failure through the whole chain and prints what came of it.
// Not delivered within a minute is an error that names the notifier.
func (d drillCommand) Run(ctx context.Context, w *world, c *cli) error {
	cfg, err := config.Load(w.getenv, c.Config)
	if err != nil {
		return err
	}
	keyFile := d.KeyFile
	if keyFile == "" {
		keyFile = filepath.Join(cfg.DataDir, drillKeyFile)
	}
	key, err := readSecret(keyFile)
	if err != nil {
		return fmt.Errorf("the drill key: %w: start Backstop once, or name its key with --key-file", err)
	}
	base := d.base(cfg)
	result, err := d.play(ctx, base, key)
	if err != nil {
		return err
	}
	if err := w.say("Drill of %s/fallback/%s, %s %s, error %s\n\n%s\n", base, d.Channel, kindOf(d.Channel), result.SID, d.Code, result); err != nil {
		return err
	}
	if err := result.Err(); err != nil {
		return fmt.Errorf("the answer is not what a caller should get: %w", err)
	}
	switch failure := result.First().Failure(); {
	case failure == "":
		return fmt.Errorf("answered with the plain apology and not recorded: is %s the key of the Backstop at %s?", keyFile, base)
	case !strings.HasSuffix(failure, "written=yes"):
		if err := w.say("Answered before it was written down: the disk of that Backstop is slow, or in trouble.\n"); err != nil {
			return err
		}
	}
	return d.await(ctx, w, d.apiBase(cfg, base), key, result.SID)
}

func kindOf(channel string) string {
	if channel == "messaging" {
		return "message"
	}
	return "call"
}

// base is where the drill goes: the way Twilio takes, where that is known.
func (d drillCommand) base(cfg config.Config) string {
	switch {
	case d.To != "":
		return strings.TrimSuffix(d.To, "/")
	case !cfg.PublicURL.IsZero():
		return cfg.PublicURL.String()
	}
	return reachable(cfg.Listen)
}

func (d drillCommand) apiBase(cfg config.Config, base string) string {
	switch {
	case d.API != "":
		return strings.TrimSuffix(d.API, "/")
	case d.To == "" && cfg.AdminListen != "":
		return reachable(cfg.AdminListen)
	}
	return base
}

// play sends the request and walks the answer as a call would.
func (d drillCommand) play(ctx context.Context, base, key string) (sim.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, drillWalk)
	defer cancel()
	client := sim.Client{Account: sim.Account{SID: twilio.DrillAccountSID, AuthToken: key}}
	if d.Channel == "messaging" {
		return client.Send(ctx, base+"/fallback/messaging", sim.Message{From: d.From, To: d.Line, ErrorCode: d.Code})
	}
	return client.Place(ctx, base+"/fallback/voice", sim.Call{From: d.From, To: d.Line, ErrorCode: d.Code})
}

// await asks until every alert of the drill is delivered.
func (d drillCommand) await(ctx context.Context, w *world, base, key, sid string) error {
	ctx, cancel := context.WithTimeout(ctx, drillAlert)
	defer cancel()
	address := base + "/api/v1/drills/" + sid
	var last api.Drill
	said := map[string]bool{}
	began := time.Now()
	for {
		report, err := askDrill(ctx, address, drillToken(key))
		if err == nil {
			last = report
			if report.Recorded && len(report.Notifiers) == 0 {
				return w.say("Stored in the history as %s.\nNo notifier is configured: nobody was told. Set SMTP_URL or SLACK_WEBHOOK_URL to be told.\n", report.FailureID)
			}
			for _, one := range report.Deliveries {
				if one.State == sent && !said[one.Notifier] {
					said[one.Notifier] = true
					if err := w.say("Alert delivered by %s after %.1f s\n", one.Notifier, time.Since(began).Seconds()); err != nil {
						return err
					}
				}
			}
			switch {
			case report.Recorded && delivered(report):
				return w.say("Stored in the history as %s. The drill is complete.\n", report.FailureID)
			case report.Recorded && decided(report):
				return undelivered(report, nil)
			}
		}
		select {
		case <-ctx.Done():
			return undelivered(last, err)
		case <-time.After(drillPoll):
		}
	}
}

func askDrill(ctx context.Context, address, token string) (api.Drill, error) {
	body, err := fetch(ctx, address, token)
	if err != nil {
		return api.Drill{}, err
	}
	var report api.Drill
	return report, json.Unmarshal(body, &report)
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
		why[one.Notifier] = fmt.Sprintf("%s after %s %s", one.State, number(one.Attempts, "attempt"), one.LastError)
	}
	var missing []string
	for _, name := range last.Notifiers {
		if !arrived[name] {
			missing = append(missing, strings.TrimSpace(name+": "+why[name]))
		}
	}
	return fmt.Errorf("not delivered: %s", strings.Join(missing, "; "))
}
