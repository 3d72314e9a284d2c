package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/backstop-project/backstop/act"
	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/handlers/deeds"
	"github.com/backstop-project/backstop/handlers/hook"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/rest"
)

// parts are what a configuration comes to: everything that a reload swaps.
type parts struct {
	config    config.Config
	keys      *twilio.Keys
	answers   *templates.Answers
	rules     recovery.Rules
	recovery  *recovery.Recovery
	media     *recovery.Media // nil for none
	twilio    *rest.Client
	notifiers []notify.Notifier
	policy    incident.Policy
	primaries standby.Primaries
	making    deedMaker
	deeds     deeds.Settings
}

// lasting is what a reload leaves as it is.
type lasting struct {
	recent   *recovery.Recent // what messages were answered lately
	standbys *standby.Client  // and which servers failed lately
	prober   *standby.Prober  // and which answer their probes
	calls    *recovery.Calls  // and which calls failed
	spent    *recovery.Spent  // of what is limited
	seal     *recovery.Seal   // of the addresses of follow-ups
	acts     *act.Seal        // of what people may do from where they read; nil for nothing
	dial     notify.Dial      // of notifiers; nil for the network
}

// newLasting begins; secret makes the seal, and what was good is kept in lastGood,
// nil for nowhere.
func (w *world) newLasting(secret string, lastGood *standby.LastGood, log *slog.Logger) lasting {
	options := w.standbys()
	options.LastGood, options.Log = lastGood, log
	standbys := standby.NewClient(options)
	return lasting{
		recent: recovery.NewRecent(), standbys: standbys, prober: standby.NewProber(standbys),
		calls: recovery.NewCalls(), spent: recovery.NewSpent(), seal: recovery.NewSeal(secret), dial: w.dial,
	}
}

// assembled is what the configuration comes to, for a command that looks at it:
// p.config is the configuration itself.
func (w *world) assembled(c *cli) (*parts, error) {
	cfg, err := config.Load(w.getenv, c.Config)
	if err != nil {
		return nil, err
	}
	p, err := assemble(cfg, "", w.newLasting("", nil, nil), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, fmt.Errorf("the configuration has mistakes:\n%w", err)
	}
	return p, nil
}

// assemble makes the parts, or lists every mistake that only they can find.
// lasting is what outlives a reload.
func assemble(c config.Config, drillKey string, l lasting, log *slog.Logger) (*parts, error) {
	p := &parts{config: c}
	p.twilio = newTwilio(p.config)
	var errs []error
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	var err error
	p.keys, err = twilio.NewKeys(twilio.KeyOptions{Accounts: c.Accounts, Drill: drillKey})
	note(err)
	if c.Media != "" {
		p.media, err = recovery.OpenMedia(c.Media)
		note(err)
	}
	options := templates.AnswerOptions{Log: log}
	if c.Templates != "" {
		options.Own = os.DirFS(c.Templates)
	}
	p.answers, err = templates.NewAnswers(options)
	note(err)
	wording := c.Recovery
	wording.Media = p.media
	p.rules, err = recovery.NewRules(wording, p.answers.Knows)
	note(err)
	for _, one := range c.Recovery.Primaries {
		if more, err := p.primaries.With(one); err == nil { // else the rules have said so
			p.primaries = more
		}
	}
	p.recovery = recovery.New(recovery.Parts{
		Texts: p.answers, Recent: l.recent, Standbys: l.standbys, Calls: l.calls, Spent: l.spent, Seal: l.seal,
	})
	texts, err := templates.NewAlerts(templates.AlertOptions{Zone: zone(c), Pages: pageURL(c), Drill: c.Drill})
	if err != nil {
		return nil, err
	}
	p.making = newDeedMaker(l.acts, c)
	p.deeds, err = p.deedSettings(texts)
	note(err)
	p.policy = c.Alerts
	p.policy.Line = p.rules.Traits
	p.policy.Probes = p.primaries.Has
	for _, n := range c.Notifiers {
		one, err := p.newNotifier(n, texts, l.dial, log)
		if err != nil {
			note(fmt.Errorf("notifiers %s: %w", n.Name, err))
			continue
		}
		p.notifiers = append(p.notifiers, one)
		p.policy.Notifiers = append(p.policy.Notifiers, knownAs(n))
	}
	return p, errors.Join(errs...)
}

// hookSettings are the part that Twilio's routes go by.
func (p *parts) hookSettings() hook.Settings {
	s := hook.Settings{
		Keys: p.keys, Public: p.config.PublicURL, Accounts: map[string]bool{}, Reject: p.config.Reject,
		TrustedProxies: p.config.TrustedProxies, Drop: map[string]bool{}, Rules: p.rules, Recovery: p.recovery,
	}
	for _, a := range p.config.Accounts {
		switch {
		case len(a.Tokens) == 0:
		case a.SID == "":
			s.AnyAccount = true
		default:
			s.Accounts[a.SID] = true
		}
	}
	for _, name := range p.config.Privacy.Drop {
		s.Drop[name] = true
	}
	return s
}

// knownAs is the notifier as the policy knows it.
func knownAs(n config.Notifier) incident.Notifier {
	return incident.Notifier{
		Name: n.Name, PerHour: perHour(n), InPlace: n.UpdatesInPlace(), Wakes: n.Pages() || n.Mentions(), OnlyPages: n.Pages(),
	}
}

// retention is the part that the ledger goes by.
func (p *parts) retention() store.Retention {
	r := p.config.Retention
	return store.Retention{Days: r.Days, PersonalDays: r.PersonalDays, MaxBytes: r.MaxBytes}
}

// pageURL is where people reach the pages: "" where nobody said.
func pageURL(c config.Config) string {
	if c.AdminURL != "" {
		return c.AdminURL
	}
	if c.AdminListen == "" && !c.PublicURL.IsZero() {
		return c.PublicURL.String()
	}
	return ""
}

// zonedNow is now, in the zone that people read times in.
func (a *app) zonedNow() time.Time { return a.w.now().In(zone(a.current.Load().config)) }

// zone is the time zone that people read times in.
func zone(c config.Config) *time.Location {
	if c.TimeZone != nil {
		return c.TimeZone
	}
	return time.UTC
}

// namedLines are those of the configuration that people may look for by name.
func namedLines(c config.Config) []history.NamedLine {
	var named []history.NamedLine
	for _, line := range c.Recovery.Lines {
		if line.Name != "" {
			named = append(named, history.NamedLine{Name: line.Name, Address: line.Match})
		}
	}
	return named
}
