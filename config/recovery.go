package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/replay"
)

// rules are what callers get: the servers that can stand in, and which steps are
// tried when. What they may say is recovery's to judge.
func (a *answering) rules(f file, o *recovery.Options) {
	sids := map[string]string{}
	for _, one := range f.Accounts {
		sids[one.Name.text] = one.SID.text
	}
	o.Limits = a.limits(f.Limits)
	a.primaries(f, o)
	o.Targets = make(map[string]standby.Options, len(f.Targets))
	for name, one := range f.Targets {
		if one.At.invalid {
			continue
		}
		a.place("targets."+name+".url", one.URL, one.At)
		o.Targets[name] = standby.Options{
			URL: one.URL.text, Timeout: a.duration(one.Timeout, standby.DefaultTimeout, 100*time.Millisecond, recovery.Budget),
			Accounts:     named(sids, a.list("targets."+name+".accounts", one.Accounts)),
			AllowPrivate: a.boolean(one.AllowPrivate, false), WithError: a.boolean(one.WithError, false),
			RepeatOK: a.boolean(one.RepeatOK, false),
			Probe:    one.Probe.text, ProbeEvery: a.probeEvery(one.Probe, one.ProbeEvery),
		}
		a.places["targets."+name+".probe"] = one.Probe
	}
	a.hours(f, o)
	for _, one := range f.Recovery {
		if !one.At.invalid {
			o.Rules = append(o.Rules, a.rule(fmt.Sprintf("recovery[%d]", len(o.Rules)), one, sids))
		}
	}
}

// primaries are the customer's own servers, and what is said about probing them.
func (a *answering) primaries(f file, o *recovery.Options) {
	o.PrimaryProbes = map[string]standby.ProbeOptions{}
	for _, one := range f.Primaries {
		if one.At.invalid || one.URL.invalid {
			continue
		}
		key := fmt.Sprintf("primaries[%d]", len(o.Primaries))
		a.places[key] = one.URL
		if one.URL.absent() {
			a.places[key] = one.At
		}
		a.places[key+".probe"] = one.Probe
		a.places[key+".health_url"] = one.HealthURL
		o.Primaries = append(o.Primaries, one.URL.text)
		probe := standby.ProbeOptions{
			URL: one.Probe.text, Every: a.probeEvery(one.Probe, one.ProbeEvery),
			HealthURL: one.HealthURL.text, AllowPrivate: a.boolean(one.AllowPrivate, false),
		}
		if one.Probe.set() || one.HealthURL.set() || probe.AllowPrivate {
			o.PrimaryProbes[one.URL.text] = probe
		}
	}
}

// probeEvery is how often a server is probed.
func (a *answering) probeEvery(probe, every value) time.Duration {
	if every.set() && probe.absent() {
		a.mistake(every, "has no probe beside it", "say what to ask, such as probe: /healthz, or remove it")
	}
	return a.duration(every, standby.DefaultProbeEvery, 5*time.Second, 10*time.Minute)
}

func (a *answering) rule(key string, written rule, sids map[string]string) recovery.RuleOptions {
	o := recovery.RuleOptions{Name: written.Name.text, Match: a.match(key+".match", written, sids)}
	a.place(key+".steps", value{}, written.At)
	o.Steps = a.steps(key, written.Steps)
	return o
}

// hedge is after how long the next target is asked, too; 0 where nobody said.
func (a *answering) hedge(v value) time.Duration {
	if !v.set() {
		return 0
	}
	return a.duration(v, 300*time.Millisecond, 50*time.Millisecond, 2*time.Second)
}

func (a *answering) match(key string, written rule, sids map[string]string) recovery.Match {
	m := written.Match
	around := m.At
	if around.line == 0 {
		around = written.At
	}
	a.places[key] = around
	a.place(key+".channel", m.Channel, around)
	a.place(key+".visits", m.Visits, around)
	a.place(key+".open", m.Open, around)
	a.place(key+".closed", m.Closed, around)
	return recovery.Match{
		Channel: m.Channel.text, Codes: a.list(key+".codes", m.Codes), Lines: a.list(key+".lines", m.Lines), Tags: a.list(key+".tags", m.Tags),
		From: a.list(key+".from", m.From), To: a.list(key+".to", m.To), Accounts: named(sids, a.list(key+".accounts", m.Accounts)),
		Hosts: a.list(key+".hosts", m.Hosts), Paths: a.list(key+".paths", m.Paths),
		Directions: a.list(key+".directions", m.Directions), Statuses: a.list(key+".statuses", m.Statuses),
		Visits: m.Visits.text,
		Open:   m.Open.text, Closed: m.Closed.text,
		Health: a.list(key+".health", m.Health),
	}
}

// replay is how messages go to the server that has not had them.
func (r *review) replay(written sending) replay.Options {
	return replay.Options{
		PerSecond:    r.rate(written.PerSecond, replay.DefaultPerSecond, replay.LeastPerSecond, replay.MostPerSecond),
		AllowPrivate: r.boolean(written.AllowPrivate, false),
	}
}

// list are the texts of several values, whose places are remembered.
func (a *answering) list(key string, values []value) []string {
	values = slices.DeleteFunc(slices.Clone(values), func(v value) bool { return v.invalid })
	for i, v := range values {
		a.places[fmt.Sprintf("%s[%d]", key, i)] = v
	}
	return texts(values)
}

// named puts SIDs in the place of accounts' names.
func named(sids map[string]string, accounts []string) []string {
	for i, name := range accounts {
		if sid := sids[name]; sid != "" {
			accounts[i] = sid
		}
	}
	return accounts
}
