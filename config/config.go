// Package config turns the environment and one YAML file into one Config, or
// into the list of everything that is wrong with them. It knows what may be
// said and what it means, not what is done with it.
package config

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/netip"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/replay"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/twilio"
)

// Config is everything that can be configured, checked. It is shown without
// its secrets by fmt, slog, JSON and YAML.
type Config struct {
	File     string   // the YAML file that was read, "" for none
	Warnings []string // odd but no reason to refuse; sentences without secrets

	PublicURL twilio.BaseURL
	Accounts  []twilio.Account
	Reject    bool // unverified requests get 403

	// Recovery says how callers are spoken to. Its Media is nil: where the
	// folder Media is set, open that for as long as it is used.
	Recovery  recovery.Options
	Replay    replay.Options
	Templates string // folder of the customer's own texts, "" for none
	Media     string // folder of the files that Play names, "" for none

	Notifiers []Notifier
	// Alerts says what is told, when and to whom. Its Notifiers, Line and Probes
	// are for whoever makes these.
	Alerts    incident.Policy
	Heartbeat Heartbeat
	Drills    Plan // when all lines are drilled
	Summaries Summaries
	TimeZone  *time.Location
	TwilioAPI string // "" for Twilio's own address

	Retention store.Retention
	Privacy   Privacy
	DataDir   string
	Ledger    string // the SQLite file of the ledger

	Listen         string
	AdminListen    string // "" where one port serves all
	AdminURL       string // of the pages, for links; "" where unknown
	AdminPassword  Secret // "" where one is to be generated
	TrustedProxies []netip.Prefix
	LogLevel       slog.Level

	// Drill has every alert say that it is one. No file says so: a rehearsal
	// does.
	Drill bool

	settings []setting
}

// DefaultFile is read where neither --config nor BACKSTOP_CONFIG names a file.
const DefaultFile = "backstop.yaml"

// Load reads the configuration: the file at path, else the one that
// BACKSTOP_CONFIG names, else DefaultFile where it is there; then the
// environment, which has the last word. The error is an *InvalidError that
// lists every mistake. getenv is asked for variables by name and returns "" for
// those that are not set.
func Load(getenv func(string) string, path string) (Config, error) {
	r := &review{}
	env := newEnvironment(getenv, r)
	expander := expander{env: env, used: make(map[string]bool)}
	f, name, ok := readFile(path, env, expander.expand, r)
	f = override(f, env, expander.used)
	if !ok { // what is missing may stand in the file that could not be read
		return Config{}, r.err()
	}
	c := build(f, r)
	if err := r.err(); err != nil {
		return Config{}, err
	}
	c.File = name
	for _, w := range r.warnings {
		c.Warnings = append(c.Warnings, r.scrub(w))
	}
	c.settings = settingsOf(f, r)
	return c, nil
}

// readFile finds and reads the YAML file. ok is false where there should be
// one that cannot be read.
func readFile(path string, env *environment, expand func(value) value, r *review) (f file, name string, ok bool) {
	at := value{key: "--config", text: path, written: path}
	if !at.set() {
		at = env.value("BACKSTOP_CONFIG")
	}
	optional := !at.set()
	if optional {
		at = value{key: DefaultFile, text: DefaultFile, written: DefaultFile}
	}
	content, err := readBounded(at.text, maxFile)
	switch {
	case optional && errors.Is(err, fs.ErrNotExist):
		return file{}, "", true
	case err != nil:
		r.mistake(at, "cannot be read: "+reason(err), "name a readable YAML file")
		return file{}, "", false
	}
	f, ok = (&reader{name: at.text, expand: expand, review: r}).read(content)
	return f, at.text, ok
}

// build checks what f says and gives it its meaning.
func build(f file, r *review) Config {
	c := Config{
		PublicURL:      r.publicURL(f.PublicURL),
		Accounts:       r.accounts(f.Accounts),
		Reject:         r.oneOf(f.Unverified, "answer", "reject") == "reject",
		Recovery:       r.answers(f),
		Replay:         r.replay(f.Replay),
		Templates:      f.Templates.folder(),
		Media:          f.Media.folder(),
		Notifiers:      r.notifiers(f),
		TimeZone:       r.timeZone(f.TimeZone),
		TwilioAPI:      r.tokenURL(f.TwilioAPI, "https://api.dublin.ie1.twilio.com"),
		Retention:      r.retention(f.Retention),
		Privacy:        r.privacy(f.Privacy),
		DataDir:        r.dataDir(f.DataDir),
		Listen:         r.listen(f.Listen, ":8080"),
		AdminListen:    r.listen(f.AdminListen, ""),
		AdminURL:       r.adminURL(f.AdminURL),
		AdminPassword:  r.adminPassword(f.AdminPassword),
		TrustedProxies: r.trustedProxies(f.TrustedProxies),
		LogLevel:       r.logLevel(f.LogLevel),
	}
	c.Alerts = r.alerts(f, c)
	c.Heartbeat, c.Drills, c.Summaries = r.heartbeat(f.Heartbeat), r.drillPlan(f), r.summaries(f.Summaries, c.Notifiers)
	c.Ledger = r.ledgerPath(f.DatabaseURL, c.DataDir)
	r.separate(f.AdminListen, c.AdminListen, c.Listen)
	r.unset(f)
	return c
}
