package config

import (
	"net/url"
	"slices"
	"time"
)

// Heartbeat is an address that is asked as long as Backstop works: an outside
// service that hears nothing any more tells people. "" is none.
type Heartbeat struct {
	URL   Secret
	Every time.Duration
}

// Summaries are what the ledger says of a day and of a week, and who gets that.
type Summaries struct {
	Daily     Plan
	Weekly    Plan
	Notifiers []string
}

type heartbeat struct {
	URL   value `yaml:"url,secret"`
	Every value `yaml:"every"`
}

type drills struct {
	Schedule value `yaml:"schedule"`
	At       value `yaml:"at"`
}

type summaries struct {
	At        value
	Daily     value   `yaml:"daily"`
	Weekly    value   `yaml:"weekly"`
	Notifiers []value `yaml:"notifiers"`
}

func (r *review) heartbeat(written heartbeat) Heartbeat {
	h := Heartbeat{Every: r.duration(written.Every, time.Minute, 30*time.Second, time.Hour)}
	const remedy = "copy the address that the service gives you, such as https://hc-ping.com/…"
	switch v := written.URL; {
	case v.absent() && !written.Every.absent():
		r.missing(written.Every, "heartbeat.url", "is missing", remedy)
	case v.set():
		u, err := url.Parse(v.text)
		switch {
		case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || !validPort(u.Port()):
			r.mistake(v, "is no address that can be asked", remedy)
		default:
			u.Fragment = ""
			h.URL = Secret(u.String())
		}
	}
	return h
}

// drillPlan is when all lines are drilled. Without an hour it is one at which
// people work.
func (r *review) drillPlan(f file) Plan {
	var p Plan
	switch r.oneOf(f.Drills.Schedule, off, "daily", "weekly") {
	case "daily":
		p = r.daily(f.Drills.At, "10:00")
	case "weekly":
		p = r.weekly(f.Drills.At, "mon 10:00")
	default:
		if f.Drills.At.set() && f.Drills.Schedule.absent() {
			r.missing(f.Drills.At, "drills.schedule", "is missing", "write daily or weekly beside it")
		}
		return p
	}
	if !f.PublicURL.set() {
		r.warn(f.Drills.Schedule, "goes through PUBLIC_URL: until that is set or found out, nothing is drilled")
	}
	return p
}

// summaries are weekly where there is e-mail, unless somebody says otherwise.
func (r *review) summaries(written summaries, notifiers []Notifier) Summaries {
	var s Summaries
	var all, mail []string
	for _, n := range notifiers {
		all = append(all, n.Name)
		if n.Email != nil {
			mail = append(mail, n.Name)
		}
	}
	a := alerting{review: r, notifiers: all}
	if s.Notifiers = a.named(written.Notifiers); len(written.Notifiers) == 0 {
		s.Notifiers = mail
	}
	weekly := "mon 07:30"
	if len(s.Notifiers) == 0 {
		weekly = off
	}
	s.Daily, s.Weekly = r.daily(written.Daily, off), r.weekly(written.Weekly, weekly)
	asked := slices.ContainsFunc([]value{written.Daily, written.Weekly}, func(v value) bool { return v.set() && v.text != off })
	if asked && len(s.Notifiers) == 0 && len(written.Notifiers) == 0 {
		r.missing(first(written.Daily, written.Weekly), "summaries.notifiers", "is missing", "name who gets them, for no notifier sends e-mail"+orAmong(all))
	}
	return s
}
