package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/history"
)

// regular is what this process does by itself again and again, as pages show it.
func (a *app) regular(now time.Time) []pages.Regular {
	c := a.current.Load().config
	return []pages.Regular{
		heartbeatRegular(c.Heartbeat, a.heart.health.Load()),
		drillsRegular(c.Drills.Next(now, zone(c)), a.planned.last.Load()),
		summaryRegular("Weekly summary", "summaries.weekly", c.Summaries.Notifiers, c.Summaries.Weekly.Next(now, zone(c))),
		summaryRegular("Daily summary", "summaries.daily", c.Summaries.Notifiers, c.Summaries.Daily.Next(now, zone(c))),
	}
}

func heartbeatRegular(h config.Heartbeat, known *health) pages.Regular {
	one := pages.Regular{What: "Heartbeat", How: "nobody outside would notice that Backstop is gone: heartbeat.url"}
	if h.URL == "" {
		return one
	}
	one.How, one.Every = "while all of Backstop works", h.Every
	switch {
	case known == nil:
	case known.fault != flaw{}:
		one.State, one.Bad = "stopped: "+known.fault.stage, true
	case known.pinged != "":
		one.State, one.Bad = "does not arrive: "+known.pinged, true
	default:
		one.State = "works"
	}
	return one
}

func drillsRegular(next time.Time, last *history.DrillRun) pages.Regular {
	one := pages.Regular{What: "Drills of every line", How: "none are planned: drills.schedule", Next: next}
	if next.IsZero() {
		return one
	}
	one.How = "through PUBLIC_URL; only one that fails is told"
	switch {
	case last == nil:
	case len(last.Failed) > 0:
		one.State, one.Bad = fmt.Sprintf("%d of %d failed the last time", len(last.Failed), last.Drills+last.Untried()), true
		if n := last.Untried(); n > 0 {
			one.State += fmt.Sprintf(", %d not tried", n)
		}
	default:
		one.State = fmt.Sprintf("all %d went well the last time", last.Drills)
	}
	return one
}

func summaryRegular(what, key string, to []string, next time.Time) pages.Regular {
	if next.IsZero() {
		return pages.Regular{What: what, How: "none is planned: " + key}
	}
	return pages.Regular{What: what, How: "to " + strings.Join(to, ", "), Next: next}
}
