package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/sim"
)

type drillCommand struct {
	To      string `help:"Base address of the Backstop to drill; else PUBLIC_URL, else the one of LISTEN on this machine." placeholder:"URL"`
	API     string `help:"Base address of its pages, where they are on another port (ADMIN_LISTEN)." placeholder:"URL"`
	Channel string `help:"What fails: voice or messaging." enum:"voice,messaging" default:"voice"`
	Code    string `help:"Twilio's ErrorCode." default:"11200"`
	URL     string `name:"error-url" help:"What failed; else /voice or /messages on the first of primaries." placeholder:"URL"`
	From    string `help:"Who calls or writes." placeholder:"NUMBER"`
	Line    string `help:"Which of your numbers is called: its name and language apply." placeholder:"NUMBER"`
	Cases   string `help:"Play the cases of this file, people included, and say whether each ended as it has to." placeholder:"FILE"`
	Storm   int    `help:"Rehearse so many failures at once: a Backstop of its own, which keeps nothing, tells your notifiers what it would tell them, each message marked as a drill." placeholder:"N"`
	Causes  int    `help:"How many causes a storm has." default:"20"`
	Wake    bool   `help:"Have a storm tell those notifiers, too, that wake people."`
	KeyFile string `help:"The drill key; else drill.key in DATA_DIR." placeholder:"FILE"`
}

// drillWalk is for all documents of a call; its 20 s of speech are not waited for.
const drillWalk = 60 * time.Second

// Run plays one failure through the whole chain and prints what came of it.
// Not delivered within a minute is an error that names the notifier.
func (d drillCommand) Run(ctx context.Context, w *world, c *cli) error {
	cfg, err := config.Load(w.getenv, c.Config)
	if err != nil {
		return err
	}
	if d.Storm > 0 {
		return d.rehearse(ctx, w, cfg)
	}
	if err := checkCode(d.Code); err != nil {
		return fmt.Errorf("--code %q: %w", d.Code, err)
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
	client := sim.Client{Account: sim.Account{SID: twilio.DrillAccountSID, AuthToken: key}}
	if d.Cases != "" {
		cases, err := readCases(d.Cases)
		if err != nil {
			return err
		}
		return d.playCases(ctx, w, cases, client, base, d.waiting(cfg, w, base, key, ""))
	}
	if d.URL == "" && len(cfg.Recovery.Primaries) > 0 {
		d.URL = cfg.Recovery.Primaries[0] + map[string]string{"voice": "/voice", "messaging": "/messages"}[d.Channel]
	}
	result, err := d.play(ctx, client, base)
	if err != nil {
		return err
	}
	if err := w.say("Drill of %s/fallback/%s, %s %s, error %s\n\n%s\n", base, d.Channel, kindOf(d.Channel), result.SID, d.Code, result); err != nil {
		return err
	}
	if result.First().Status == http.StatusForbidden {
		return fmt.Errorf("the Backstop at %s refuses the signature (UNVERIFIED=reject): is %s its drill key?", base, keyFile)
	}
	wait := d.waiting(cfg, w, base, key, result.SID)
	if err := wait.reached(result); err != nil {
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
	return wait.await(ctx)
}

// checkCode refuses what Twilio never sends as ErrorCode.
func checkCode(code string) error {
	if n, err := strconv.Atoi(code); err != nil || n < 10000 || n > 99999 {
		return errors.New("an error code of Twilio is a number of five digits, such as 11200")
	}
	return nil
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
		return baseOf(d.To)
	case !cfg.PublicURL.IsZero():
		return cfg.PublicURL.String()
	}
	return reachable(cfg.Listen)
}

// baseOf is the base address where somebody gives one of Twilio's, as the
// greeting prints them.
func baseOf(address string) string {
	address = strings.TrimSuffix(address, "/")
	for _, path := range []string{"/fallback/voice", "/fallback/messaging", "/fallback"} {
		if base, ok := strings.CutSuffix(address, path); ok {
			return base
		}
	}
	return address
}

// waiting asks where the pages of that Backstop are: for the one that is
// configured here they may have a port of their own.
func (d drillCommand) waiting(cfg config.Config, w *world, base, key, sid string) drillWaiting {
	wait := drillWaiting{w: w, base: base, here: reachable(cfg.Listen), named: d.To != "", api: base, page: base, token: drillToken(key), sid: sid}
	own := base == reachable(cfg.Listen) || !cfg.PublicURL.IsZero() && base == cfg.PublicURL.String()
	if own && cfg.AdminListen != "" {
		wait.api = reachable(cfg.AdminListen)
		wait.page = wait.api
	}
	if page := pageURL(cfg); own && page != "" {
		wait.page = page
	}
	if d.API != "" {
		wait.api = strings.TrimSuffix(d.API, "/")
		wait.page = wait.api
	}
	return wait
}

// play sends the request and walks the answer as a call would.
func (d drillCommand) play(ctx context.Context, client sim.Client, base string) (sim.Result, error) {
	return drillCase{Channel: d.Channel, From: d.From, Line: d.Line, Code: d.Code, ErrorURL: d.URL}.play(ctx, client, base)
}
