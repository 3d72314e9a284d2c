package templates

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// bar is one line of a chart: table cells, which every mail program draws, where
// pictures are asked for first and remote ones never shown.
type bar struct {
	Label   string
	Count   string
	Percent int    // of the widest; 0 for none at all
	Hashes  string // the same in a text
}

// tellReport says what came of a day or a week. Where that is nothing, it is two
// lines.
func (a *Alerts) tellReport(r incident.Report) telling {
	title := r.Title(a.zone)
	t := telling{Line: a.firstFitting(title), Whole: title, Event: title, Mood: calm}
	if r.Nothing() {
		t.Mood = over
		t.fact("Drills", words(reportedDrills(r)))
		return t
	}
	t.Chart = a.chart(r)
	t.fact("Incidents", words(against(r, "opened", r.Opened, r.Before.Opened)+", "+Count(r.Resolved)+" resolved, "+Count(r.Open)+" open at the end"))
	t.fact("Callers", words(reportedCallers(r)))
	t.fact("Failures", words(against(r, "", r.Failures, r.Before.Failures)))
	t.fact("Until somebody took it", words(reportedWait(r)))
	if r.DeadLetters > 0 {
		t.fact("Alerts that did not get out", words(Count(r.DeadLetters)+": see Notifiers on the page"))
	}
	t.fact("Drills", words(reportedDrills(r)))
	for _, in := range r.Worst {
		if slices.ContainsFunc(r.Untold, func(one incident.Incident) bool { return one.ID == in.ID }) {
			continue
		}
		t.Items = append(t.Items, a.digestItem(in, r.To))
	}
	for _, in := range r.Untold {
		one := a.digestItem(in, r.To)
		one.Text = "Nobody was told: " + one.Text
		if why := tidy(in.Watch.WithheldWhy, 120); why != "" {
			one.Text += ": " + why
		}
		t.Items = append(t.Items, one)
	}
	if r.More > 0 {
		t.More = Count(r.More)
	}
	t.fact("All of them", a.page("/incidents", "Incidents")...)
	return t
}

// against is a number beside that of the period before.
func against(r incident.Report, what string, now, before int64) string {
	period := "the day before"
	if r.Weekly {
		period = "the week before"
	}
	return strings.TrimSpace(Count(now)+" "+what) + " (" + period + ": " + Count(before) + ")"
}

func reportedCallers(r incident.Report) string {
	said := against(r, "", r.Callers, r.Before.Callers)
	var ends []string
	for _, o := range []incident.Outcome{incident.Saved, incident.Voicemail, incident.CallbackRequested, incident.Told, incident.NotTold, incident.Lost, incident.OutcomeUnknown} {
		if n := r.Ended.Of(o); n > 0 {
			ends = append(ends, Count(n)+" "+Ending(o))
		}
	}
	if len(ends) > 0 {
		said += ": " + strings.Join(ends, ", ")
	}
	return said
}

func reportedWait(r incident.Report) string {
	switch {
	case r.Opened == 0 && r.Acknowledged == 0:
		return ""
	case r.Acknowledged == 0:
		return "Nobody has taken one"
	}
	said := "Half of them within " + spelled(r.AcknowledgedIn) + ", of " + Plural(r.Acknowledged, "incident", "incidents")
	if r.Before.Acknowledged > 0 {
		said += fmt.Sprintf(" (before: %s)", spelled(r.Before.AcknowledgedIn))
	}
	return said
}

// spelled is a time as people say it.
func spelled(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return Plural(int64(d/time.Second), "second", "seconds")
	case d < 2*time.Hour:
		return Plural(int64(d/time.Minute), "minute", "minutes")
	case d < 48*time.Hour:
		return Plural(int64(d/time.Hour), "hour", "hours")
	}
	return Plural(int64(d/(24*time.Hour)), "day", "days")
}

func reportedDrills(r incident.Report) string {
	switch {
	case r.Drills == 0:
		return ""
	case r.DrillsFailed > 0:
		return Count(r.DrillsFailed) + " of " + Count(r.Drills) + " failed"
	}
	return Count(r.Drills) + ", all went well"
}

// chart is what failed when.
func (a *Alerts) chart(r incident.Report) []bar {
	most := int64(0)
	for _, b := range r.Bars {
		most = max(most, b.Failures)
	}
	if most == 0 {
		return nil
	}
	layout := "15:04"
	if r.Weekly {
		layout = "Mon 2 Jan"
	}
	const hashes, widest = 30, 80 // beside it there is room for the number
	bars := make([]bar, 0, len(r.Bars))
	for _, b := range r.Bars {
		share := func(of int64) int { return int((b.Failures*of + most - 1) / most) } // what is there is seen
		bars = append(bars, bar{
			Label: b.At.In(a.zone).Format(layout), Count: Count(b.Failures),
			Percent: share(widest), Hashes: strings.Repeat("#", share(hashes)),
		})
	}
	return bars
}
