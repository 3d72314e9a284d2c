package incident

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Report is what the ledger says of a day or a week.
type Report struct {
	Weekly bool
	From   time.Time
	To     time.Time // the period ends before it
	Figures
	Before Figures // of the period before; zero where the ledger is younger
	Bars   []Bar   // the failures of the period, in equal parts of it
	Worst  []Incident
	More   int64 // incidents beside the worst
	// Untold are incidents that nobody was told of, because of silences, mutes and
	// maintenance. Their Watch says why.
	Untold []Incident
}

// Figures are the numbers of a period.
type Figures struct {
	Opened       int64
	Resolved     int64
	Open         int64 // at its end
	Failures     int64
	Callers      int64
	Ended        Ended // the callers, by how it ended for them
	Acknowledged int64
	// AcknowledgedIn is the median time from the first failure of an incident until
	// somebody took it.
	AcknowledgedIn time.Duration
	DeadLetters    int64
	Drills         int64 // as planned
	DrillsFailed   int64
}

// Bar is how much failed in a part of a period.
type Bar struct {
	At       time.Time
	Failures int64
}

// Nothing says whether there is nothing to say: nothing failed, is open, or was
// lost.
func (r Report) Nothing() bool {
	f := r.Figures
	return f.Opened == 0 && f.Open == 0 && f.Failures == 0 && f.DeadLetters == 0 && f.DrillsFailed == 0
}

// Alert is the summary that tells it to those notifiers: a title and a few sentences for
// those that show no more.
func (r Report) Alert(to []string, zone *time.Location, at time.Time) Alert {
	name := "daily"
	if r.Weekly {
		name = "weekly"
	}
	return Alert{
		Kind: Summary, At: at, Topic: SummaryTopic.About(name), Only: to,
		Title: fit(r.Title(zone)), Detail: r.sentences(), Reason: "the " + name + " summary, as configured",
	}
}

// Title is the report in one line.
func (r Report) Title(zone *time.Location) string {
	period := "Day to "
	if r.Weekly {
		period = "Week to "
	}
	period += r.To.In(zone).Format("Mon 2 Jan")
	if r.Nothing() {
		return period + ": nothing failed"
	}
	return period + ": " + plural(int(r.Opened), "incident", "incidents") + ", " + plural(int(r.Callers), "caller", "callers") +
		fmt.Sprintf(", %d helped", r.Ended.Helped())
}

func (r Report) sentences() string {
	if r.Nothing() {
		return "Nothing failed, and no alert was lost."
	}
	said := []string{fmt.Sprintf("Incidents: %d opened, %d resolved, %d open.", r.Opened, r.Resolved, r.Open)}
	if r.Callers > 0 {
		said = append(said, fmt.Sprintf("Callers: %d, of whom %d were helped and %d lost.", r.Callers, r.Ended.Helped(), r.Ended.Of(Lost)))
	}
	if r.DeadLetters > 0 {
		said = append(said, fmt.Sprintf("Alerts that did not get out: %d.", r.DeadLetters))
	}
	if r.DrillsFailed > 0 {
		said = append(said, fmt.Sprintf("Drills that failed: %d of %d.", r.DrillsFailed, r.Drills))
	}
	if n := len(r.Untold); n > 0 {
		said = append(said, plural(n, "incident", "incidents")+" nobody was told of, as configured.")
	}
	return strings.Join(said, " ")
}

// Bare is in without what is personal: for what outlives the incident's samples.
func (in Incident) Bare() Incident {
	bare := func(s Sample) Sample {
		return Sample{At: s.At, Channel: s.Channel, Code: s.Code, ErrorURL: rootOf(s.ErrorURL)}
	}
	in.First, in.Last = bare(in.First), bare(in.Last)
	in.Watch = Watch{Urgency: in.Watch.Urgency, WithheldWhy: in.Watch.WithheldWhy}
	return in
}

// rootOf is the server of an address, without path and query.
func rootOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}).String()
}
