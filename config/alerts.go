package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/hours"
)

// alerting reads what is told, when and to whom.
type alerting struct {
	*review
	sids      map[string]string // of accounts, by name
	notifiers []string
	hours     map[string]*hours.Schedule
	broken    map[string]bool // hours in which there is a mistake
	tags      map[string]bool // of lines; false: only of those that no alert shows
	zone      *time.Location
	now       time.Time
}

// alerts is the policy, as the file says it, with the defaults for the rest.
func (r *review) alerts(f file, c Config) incident.Policy {
	a := alerting{
		review: r, sids: map[string]string{}, hours: map[string]*hours.Schedule{}, broken: map[string]bool{}, tags: map[string]bool{},
		zone: c.TimeZone, now: time.Now(),
	}
	if a.zone == nil {
		a.zone = time.UTC
	}
	for _, one := range f.Accounts {
		a.sids[one.Name.text] = one.SID.text
	}
	for _, n := range c.Notifiers {
		if n.Name != "" && !slices.Contains(a.notifiers, n.Name) {
			a.notifiers = append(a.notifiers, n.Name)
		}
	}
	for name, o := range c.Recovery.Hours {
		schedule, wrong := hours.New(o) // which is said where they are written
		a.hours[name], a.broken[name] = schedule, len(wrong) > 0
	}
	for _, line := range c.Recovery.Lines {
		for _, tag := range line.Tags {
			a.tags[tag] = a.tags[tag] || !recovery.IsService(line.Match)
		}
	}
	return a.policy(f.Alerts)
}

func (a *alerting) policy(f alerts) incident.Policy {
	p := incident.DefaultPolicy()
	p.Page.Count = a.number(f.Page.Callers, p.Page.Count, 1, mostPageCallers)
	p.Page.Within = a.duration(f.Page.Within, p.Page.Within, time.Minute, time.Hour)
	p.Rate.Count = a.number(f.Rate.Failures, p.Rate.Count, 2, 1_000_000)
	p.Rate.Within = a.duration(f.Rate.Within, p.Rate.Within, time.Minute, 15*time.Minute)
	p.Wide.Count = a.number(f.Wide.Servers, p.Wide.Count, 2, 1000)
	p.Wide.Within = a.duration(f.Wide.Within, p.Wide.Within, time.Minute, time.Hour)
	p.RemindEvery = a.duration(f.RemindEvery, p.RemindEvery, 30*time.Minute, 7*24*time.Hour)
	for i, one := range f.Routes {
		if !one.At.invalid {
			p.Routes = append(p.Routes, a.route(one, i == len(f.Routes)-1))
		}
	}
	p.Escalation = a.escalation(f.Escalation)
	p.QuietHours = a.quiet(f.QuietHours)
	for _, one := range f.Maintenance {
		if !one.At.invalid {
			p.Windows = append(p.Windows, a.window(one))
		}
	}
	a.reached(f, p)
	return p
}

// mostPageCallers is as many callers as an incident remembers.
const mostPageCallers = 20

func (a *alerting) route(written route, last bool) incident.Route {
	before := len(a.mistakes)
	r := incident.Route{
		Match: a.about(written.Match), Notifiers: a.named(written.Notifiers), Continue: a.boolean(written.Continue, false),
		Escalation: a.escalation(written.Escalation),
	}
	if len(written.Notifiers) == 0 {
		a.missing(written.At, written.At.key+".notifiers", "is missing", "name who hears of it"+orAmong(a.notifiers))
	}
	if r.Match.Everything() && !r.Continue && !last && len(a.mistakes) == before {
		a.mistake(written.At, "matches everything, so that the routes behind it are never asked", "move it to the end, give it a match, or add continue: true")
	}
	return r
}

// named are notifiers that exist.
func (a *alerting) named(written []value) []string {
	var names []string
	for _, v := range written {
		switch {
		case !v.set():
		case !slices.Contains(a.notifiers, v.text):
			a.mistake(v, "is no notifier", "add it under notifiers"+orAmong(a.notifiers))
		case slices.Contains(names, v.text):
			a.mistake(v, "stands there twice", "remove one of the two")
		default:
			names = append(names, v.text)
		}
	}
	return names
}

func orAmong(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ", or name one of " + strings.Join(names, ", ")
}

// escalation is who else is told while nobody acknowledges a page.
func (a *alerting) escalation(written []level) []incident.Level {
	var levels []incident.Level
	for _, one := range written {
		if one.At.invalid {
			continue
		}
		l := incident.Level{After: a.duration(one.After, 10*time.Minute, time.Minute, 24*time.Hour), Notifiers: a.named(one.Notifiers)}
		if one.After.absent() {
			a.missing(one.At, one.At.key+".after", "is missing", "say after how long nobody has acknowledged it, such as 10m")
		}
		if len(one.Notifiers) == 0 {
			a.missing(one.At, one.At.key+".notifiers", "is missing", "name who is told then"+orAmong(a.notifiers))
		}
		if n := len(levels); n > 0 && one.After.set() && l.After <= levels[n-1].After {
			a.mistake(one.After, "is not after the level before it", "give the levels in order, each later than the one before")
		}
		levels = append(levels, l)
	}
	return levels
}

// reached says which notifiers nothing ever goes to, and that something may go to
// nobody in particular.
func (a *alerting) reached(f alerts, p incident.Policy) {
	if len(p.Routes) == 0 {
		return
	}
	var named []string
	note := func(levels []incident.Level) {
		for _, l := range levels {
			named = append(named, l.Notifiers...)
		}
	}
	note(p.Escalation)
	for _, r := range p.Routes {
		named = append(named, r.Notifiers...)
		note(r.Escalation)
	}
	for _, name := range a.notifiers {
		if !slices.Contains(named, name) {
			a.warn(f.At, fmt.Sprintf("sends nothing about incidents to %s: no route and no level names it", name))
		}
	}
	if !p.Routes[len(p.Routes)-1].Match.Everything() {
		a.warn(f.At, "has no route at its end that matches everything: what no route matches goes to every notifier")
	}
}
