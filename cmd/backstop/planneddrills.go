package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/sim"
)

// lineDrills drills lines, one after the other.
type lineDrills struct {
	client  sim.Client
	base    string // PUBLIC_URL
	primary string // whose address is said to have failed; "" for an invented one
	pause   time.Duration
	again   time.Duration // how long after a drill that failed it is tried once more
	walk    time.Duration // how long one may take
}

// Bounds of planned drills.
const (
	drillsEvery = time.Minute
	drillPause  = time.Second
	drillAgain  = 10 * time.Second
	drillsCut   = 3 // failures in a row without any answer, after which the others are not tried
)

// run drills all of them, and says which failed.
func (d lineDrills) run(ctx context.Context, lines []recovery.Example) (drills int, failed []history.DrillFailure) {
	silent, planned := 0, 0
	for _, line := range lines {
		planned += len(line.Channels)
	}
	for _, line := range lines {
		for _, channel := range line.Channels {
			if drills > 0 {
				wait(ctx, d.pause)
			}
			if ctx.Err() != nil {
				return drills, failed
			}
			drills++
			why, answered := d.twice(ctx, line, channel)
			if why != "" {
				failed = append(failed, history.DrillFailure{Line: line.Line, Name: line.Name, Channel: channel.String(), Why: why})
			}
			if silent++; answered {
				silent = 0
			}
			if silent == drillsCut {
				failed[len(failed)-1].Untried = planned - drills
				return drills, failed
			}
		}
	}
	return drills, failed
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// twice tries a drill that failed once more: one packet that is lost is no news.
func (d lineDrills) twice(ctx context.Context, line recovery.Example, channel incident.Channel) (why string, answered bool) {
	why, answered = d.one(ctx, line, channel)
	if why != "" {
		wait(ctx, d.again)
		why, answered = d.one(ctx, line, channel)
	}
	return why, answered
}

// one plays one drill, and says why its answer is not what a caller should get.
func (d lineDrills) one(ctx context.Context, line recovery.Example, channel incident.Channel) (why string, answered bool) {
	ctx, cancel := context.WithTimeout(ctx, d.walk)
	defer cancel()
	changes := asDrill(incident.Planned)
	for _, p := range line.Params {
		changes.Set = append(changes.Set, sim.Param{Name: p.Name, Value: p.Value})
	}
	var result sim.Result
	var err error
	if channel == incident.Messaging {
		result, err = d.client.Send(ctx, d.base+"/fallback/messaging", sim.Message{ErrorURL: d.failed("/messages"), Changes: changes})
	} else {
		result, err = d.client.Place(ctx, d.base+"/fallback/voice", sim.Call{ErrorURL: d.failed("/voice"), Changes: changes})
	}
	first := result.First()
	switch {
	case first.Err != nil:
		return short("nothing answers at PUBLIC_URL: " + first.Err.Error()), false
	case err != nil:
		return short(err.Error()), first.Status != 0
	case first.Status == http.StatusForbidden, first.Failure() == "":
		return "what answers at PUBLIC_URL is no Backstop with this drill key", true
	case result.Err() != nil:
		return short(result.Err().Error()), true
	}
	return "", true
}

// failed is the address that is said to have failed; "" is the sim's own.
func (d lineDrills) failed(path string) string {
	if d.primary == "" {
		return ""
	}
	return d.primary + path
}

const longestWhy = 200

func short(why string) string {
	return templates.Shorten(strings.Join(strings.Fields(why), " "), longestWhy)
}

// plannedDrills is what is known of them.
type plannedDrills struct {
	last atomic.Pointer[history.DrillRun]
}

// drillAsPlanned drills every line when it is time, until ctx ends.
func (a *app) drillAsPlanned(ctx context.Context) error {
	for {
		wait(ctx, drillsEvery)
		if ctx.Err() != nil {
			return nil
		}
		a.drillIfDue(ctx, a.w.now(), drillPause, drillAgain)
	}
}

func (a *app) drillIfDue(ctx context.Context, now time.Time, pause, again time.Duration) {
	l, err := a.slot.ledger()
	if err != nil {
		return // why, its keeper says
	}
	p := a.current.Load()
	slot, base := p.config.Drills.Last(now, zone(p.config)), a.hook.Public()
	if !slot.IsZero() && !base.IsZero() {
		due, err := l.BeginDrills(ctx, slot, now)
		if a.slot.watch(l, err) != nil {
			a.log.Warn("planned drills cannot be begun", "err", err)
			return
		}
		if due {
			a.drillLines(ctx, p, lineDrills{
				client: sim.Client{Account: sim.Account{SID: twilio.DrillAccountSID, AuthToken: a.secrets.drillKey}},
				base:   base.String(), primary: firstOf(p.config.Recovery.Primaries), pause: pause, again: again, walk: drillWalk,
			}, history.DrillRun{Slot: slot, Begun: now})
		}
	}
	if last, ok, err := l.LastDrills(ctx); a.slot.watch(l, err) == nil && ok {
		a.planned.last.Store(&last)
	}
}

func firstOf(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// drillLines drills them, notes what came of it, and tells where one failed.
func (a *app) drillLines(ctx context.Context, p *parts, d lineDrills, run history.DrillRun) {
	run.Drills, run.Failed = d.run(ctx, p.rules.Examples())
	if ctx.Err() != nil {
		return // cut short: begun once more after the next start
	}
	run.Ended = a.w.now()
	a.log.Info("planned drills done", "drills", run.Drills, "failed", len(run.Failed))
	if l, err := a.slot.ledger(); err != nil || a.slot.watch(l, l.EndDrills(ctx, run)) != nil {
		a.log.Warn("what came of the planned drills is not noted")
	}
	if len(run.Failed) > 0 {
		a.teller.Tell(drillsFailed(run))
	}
}

// drillsNamed is how many failed drills one alert names.
const drillsNamed = 5

// drillsFailed is the alert of a run in which some failed.
func drillsFailed(run history.DrillRun) incident.Alert {
	var said strings.Builder
	untried := run.Untried()
	fmt.Fprintf(&said, "%d of %s failed, each twice", len(run.Failed), templates.Plural(int64(run.Drills+untried), "planned drill", "planned drills"))
	if untried > 0 {
		said.WriteString(", and " + templates.Plural(int64(untried), "other was", "others were") + " not tried, for nothing answers")
	}
	said.WriteString(": ")
	for i, f := range run.Failed[:min(len(run.Failed), drillsNamed)] {
		if i > 0 {
			said.WriteString("; ")
		}
		said.WriteString(lineInFull(f) + ": " + strings.TrimSuffix(f.Why, "."))
	}
	if more := len(run.Failed) - drillsNamed; more > 0 {
		fmt.Fprintf(&said, "; and %d more", more)
	}
	command := "`backstop drill"
	if line := run.Failed[0].Line; line != "" && !strings.HasSuffix(line, "*") {
		command += " --line " + line
	}
	if run.Failed[0].Channel == incident.Messaging.String() {
		command += " --channel messaging"
	}
	return incident.Alert{
		Kind: incident.Meta, Topic: incident.DrillTopic, At: run.Ended,
		Title:  "A planned drill failed: callers of " + templates.Shorten(lineName(run.Failed[0]), 30),
		Detail: said.String() + ". Nobody was affected; callers would be. " + incident.DoFirst + "try it by " + command + "`.",
		Reason: "a planned drill failed",
	}
}

// lineName is what people call a line, and by what way it was drilled.
func lineName(f history.DrillFailure) string {
	return cmp.Or(f.Name, f.Line, "any line") + " (" + f.Channel + ")"
}

// lineInFull is the same with what is configured, by which a drill is repeated.
func lineInFull(f history.DrillFailure) string {
	if f.Name == "" || f.Line == "" {
		return lineName(f)
	}
	return f.Name + ", " + f.Line + " (" + f.Channel + ")"
}

// notices say on pages that the last drills failed, until others went well.
func (d *plannedDrills) notices() []pages.Notice {
	last := d.last.Load()
	if last == nil || len(last.Failed) == 0 {
		return nil
	}
	a := drillsFailed(*last)
	means, first := a.Advice()
	return []pages.Notice{{Title: a.Title, Detail: means + "Do first: " + first}}
}
