package recovery

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/recovery/standby"
)

// Probes are what is to be asked, and how often, to see which servers work.
func (r *Rules) Probes() []standby.Probe { return r.probes }

// Exams are how the primaries are looked at while an incident about them is open.
func (r *Rules) Exams() standby.Exams { return r.exams }

// Probed says of each server that is probed how it is, in a sentence for people.
func (r *Rules) Probed(s State, now time.Time) []string {
	var all []string
	for _, probe := range r.probes {
		h := s.health(probe.Name)
		said := probe.Name + " was not probed yet."
		if h.Verdict != standby.Unknown {
			said = fmt.Sprintf("%s has been %s for %s. %s", probe.Name, h.Verdict, span(now.Sub(h.Since)), lastProbe(h, now))
		}
		all = append(all, said)
	}
	return all
}

// lastProbe is how the last probe of a server ended; "" where there was none.
func lastProbe(h standby.Health, now time.Time) string {
	switch {
	case h.Verdict == standby.Unknown:
		return ""
	case h.Verdict == standby.Up:
		return fmt.Sprintf("Its last probe, %s ago, was good.", span(now.Sub(h.Probed)))
	case h.Good.IsZero():
		return fmt.Sprintf("Its last probe, %s ago, was not good: %s.", span(now.Sub(h.Probed)), h.Why)
	}
	return fmt.Sprintf("Its last probe, %s ago, was not good: %s. One %s ago was.", span(now.Sub(h.Probed)), h.Why, span(now.Sub(h.Good)))
}

// span is a time in the largest unit that it has one of.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(d, 0)/time.Second)
	case d < time.Hour && d%time.Minute >= time.Second && d < 10*time.Minute:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d h", d/time.Hour)
}

// probed is a server and what it has to be: what an entry of Match.Health says.
type probed struct {
	name    string
	verdict standby.Verdict
}

// onHealth asks whether one of several servers is as it says. Of one that was
// not probed yet neither is true.
func onHealth(list []probed) condition {
	return func(c *asked) bool {
		return slices.ContainsFunc(list, func(p probed) bool { return c.state.health(p.name).Verdict == p.verdict })
	}
}

// probes finds out how servers are probed.
func (c *checker) probes(o Options, primaries standby.Primaries, targets map[string]*standby.Target) (probes []standby.Probe) {
	add := func(key, written string, p standby.Probe, ok bool, err error) {
		switch {
		case err != nil:
			c.remedied(key, written, err)
		case ok && slices.ContainsFunc(probes, func(other standby.Probe) bool { return other.Name == p.Name }):
			c.mistake(key, written, "is the second probe of "+p.Name, "name each server once")
		case ok && keepsLastGood(o.Rules):
			probes = append(probes, p.Keeping(primaries))
		case ok:
			probes = append(probes, p)
		}
	}
	for i, address := range o.Primaries {
		if options, known := o.PrimaryProbes[address]; known && primaries.Has(address) {
			p, ok, err := standby.PrimaryProbe(address, options)
			add(fmt.Sprintf("primaries[%d].probe", i), options.URL, p, ok, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		if targets[name].Usable() {
			p, ok, err := targets[name].NewProbe()
			add("targets."+name+".probe", o.Targets[name].Probe, p, ok, err)
		}
	}
	return probes
}

// exams finds out how each primary is looked at while an incident about it is
// open. What is wrong with its probe was said already.
func (c *checker) exams(o Options, primaries standby.Primaries) (exams standby.Exams) {
	for i, address := range o.Primaries {
		if !primaries.Has(address) {
			continue
		}
		options := o.PrimaryProbes[address]
		e, err := standby.NewExam(address, options)
		if err != nil && options.HealthURL != "" {
			c.remedied(fmt.Sprintf("primaries[%d].health_url", i), options.HealthURL, err)
		}
		exams = append(exams, e)
	}
	return exams
}

// health reads the entries of Match.Health.
func (c *ruleChecker) health(key string, list []string) (all []probed) {
	for i, written := range list {
		at := strings.LastIndexByte(written, ' ')
		name, is := strings.TrimSpace(written[:max(at, 0)]), written[at+1:]
		one := probed{name, standby.Up}
		if is == standby.Down.String() {
			one.verdict = standby.Down
		}
		key := fmt.Sprintf("%s[%d]", key, i)
		_, isTarget := c.targets[name]
		if address := standby.PrimaryName(name); !isTarget && address != "" {
			one.name = address
		}
		switch {
		case is != one.verdict.String() || name == "":
			c.mistake(key, written, "says neither up nor down of a server", "write its name and one of these words, such as \"standby down\"")
		case !c.isProbed(one.name):
			c.mistake(key, written, "names no server that is probed", "give a target or one of primaries a probe, such as probe: /healthz"+among(c.probedNames()))
		}
		all = append(all, one)
	}
	return all
}

// isProbed says whether a server is; where its probe or its URL is wrong that is
// one mistake, not two.
func (c *ruleChecker) isProbed(name string) bool {
	if t := c.targets[name]; t != nil && (!t.Usable() || t.Probe != "") {
		return true
	}
	return slices.Contains(c.probedNames(), name)
}

func (c *ruleChecker) probedNames() (names []string) {
	for _, p := range c.probed {
		names = append(names, p.Name)
	}
	return names
}
