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
	o.Primaries = a.list("primaries", f.Primaries)
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
		}
	}
	for _, one := range f.Recovery {
		if !one.At.invalid {
			o.Rules = append(o.Rules, a.rule(fmt.Sprintf("recovery[%d]", len(o.Rules)), one, sids))
		}
	}
}

func (a *answering) rule(key string, written rule, sids map[string]string) recovery.RuleOptions {
	o := recovery.RuleOptions{Name: written.Name.text, Match: a.match(key+".match", written, sids)}
	a.place(key+".steps", value{}, written.At)
	for i, one := range written.Steps {
		at := fmt.Sprintf("%s.steps[%d]", key, i)
		a.places[at] = one.At
		switch {
		case one.At.invalid:
			continue
		case one.Message.set() && one.Message.text != "apology":
			a.mistake(one.Message, "is no text", "write apology: the text for the caller's situation")
		}
		a.places[at+".reject"] = one.Reject
		o.Steps = append(o.Steps, recovery.StepOptions{
			Failover: a.list(at+".failover", one.Failover), Message: one.Message.set(),
			Reject: one.Reject.text, Ignore: a.boolean(one.Ignore, false),
		})
		for n := range one.Failover {
			a.places[at+".failover"] = one.Failover[n]
		}
	}
	return o
}

func (a *answering) match(key string, written rule, sids map[string]string) recovery.Match {
	m := written.Match
	around := m.At
	if around.line == 0 {
		around = written.At
	}
	a.places[key] = around
	a.place(key+".channel", m.Channel, around)
	return recovery.Match{
		Channel: m.Channel.text, Codes: a.list(key+".codes", m.Codes), Lines: a.list(key+".lines", m.Lines), Tags: a.list(key+".tags", m.Tags),
		From: a.list(key+".from", m.From), To: a.list(key+".to", m.To), Accounts: named(sids, a.list(key+".accounts", m.Accounts)),
		Hosts: a.list(key+".hosts", m.Hosts), Paths: a.list(key+".paths", m.Paths),
		Directions: a.list(key+".directions", m.Directions), Statuses: a.list(key+".statuses", m.Statuses),
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
