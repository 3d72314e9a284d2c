package templates

import (
	"time"

	"github.com/backstop-project/backstop/incident"
)

// ownSample is an alert to try a template out with. Several may have one name.
type ownSample struct {
	name  string // what a warning calls it
	event Event
}

// ownSamples are alerts of each kind and form.
func ownSamples() []ownSample {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	a := &Alerts{zone: time.UTC, pages: "https://backstop.example.com"}
	var all []ownSample
	add := func(name string, m incident.Message) {
		m.Now = now
		all = append(all, ownSample{name, a.Event(m)})
	}
	for _, kind := range ownKinds() {
		for _, in := range ownIncidents(kind, now) {
			add(kind.String(), incident.Message{Alert: ownAlert(kind, now), Incident: &in})
		}
	}
	in := ownIncident(now)
	others := []incident.Incident{in, in}
	wide := in
	wide.Cause = incident.Cause{Kind: incident.AccountWide, Version: incident.CauseVersion, Account: in.Cause.Account}
	wide = wide.Gathered(others)
	add("many servers at once", incident.Message{Alert: ownAlert(incident.Opened, now), Incident: &wide, Explained: others, NotSent: 1})
	add("digest", incident.Message{Alert: ownAlert(incident.Opened, now), Digest: others, Others: []incident.Alert{ownAlert(incident.Meta, now)}})

	f := incident.RestoreFailure(incident.ID{}, now, "POST", nil)
	f.Drill = true
	add("drill", incident.Message{Alert: ownAlert(incident.DrillAlert, now), Failure: &incident.Entry{Failure: f}})
	for _, one := range ownNews(now) {
		add("meta", incident.Message{Alert: one})
	}
	for _, r := range ownReports(others, now) {
		add("summary", incident.Message{Alert: r.Alert(nil, time.UTC, now), Report: &r})
	}
	return all
}

// ownKinds are those that are about one incident.
func ownKinds() []incident.Kind {
	return []incident.Kind{
		incident.Opened, incident.Regression, incident.Raised, incident.Spread, incident.Growing, incident.Rate, incident.Reminder,
		incident.Escalated, incident.Resumed, incident.Late, incident.FellQuiet, incident.Over, incident.Taken,
	}
}

func ownAlert(kind incident.Kind, at time.Time) incident.Alert {
	return incident.Alert{ID: 1, Kind: kind, At: at, IncidentID: 1, Callers: 1, Reason: "a template is tried out", Title: "A template is tried out"}
}

func ownIncident(now time.Time) incident.Incident {
	return incident.Incident{
		ID: 1, State: incident.Open, OpenedAt: now.Add(-time.Hour), LastAt: now, Failures: 1, Calls: 1, Callers: 1,
		Cause: incident.Cause{Kind: incident.FetchLevel, Version: incident.CauseVersion, Host: "www.example.com"},
		Last:  incident.Sample{At: now, Channel: incident.Voice, Code: 11200, ErrorURL: "https://www.example.com/voice", To: "+15550100", Name: "Example Ltd"},
	}
}

// ownIncidents are incidents as an alert of that kind may be about them.
func ownIncidents(kind incident.Kind, now time.Time) []incident.Incident {
	plain := ownIncident(now)
	switch kind {
	case incident.Opened:
		return append(ownCauses(plain), ownPage(plain))
	case incident.Regression:
		plain.Previous = 2
	case incident.Late:
		plain.Late = 1
	case incident.FellQuiet:
		plain.State, plain.QuietAt = incident.Quiet, now
	case incident.Over:
		plain.State, plain.ResolvedAt = incident.Resolved, now
		byPerson := plain
		byPerson.ResolvedBy = "anna"
		return []incident.Incident{plain, byPerson}
	case incident.Taken:
		muted := plain
		muted.Watch.MutedBy, muted.Watch.MutedUntil = "anna", now.Add(time.Hour)
		plain.AcknowledgedAt, plain.AcknowledgedBy = now, "anna"
		return []incident.Incident{plain, muted}
	case incident.Spread, incident.Growing, incident.Rate:
		plain.MoreLines, plain.Failures, plain.Callers, plain.Calls = true, 2000, 1000, 1000
		plain.Ended = incident.Ended{incident.Saved: 1, incident.Told: 999}
	case incident.Raised, incident.Reminder, incident.Escalated, incident.Resumed:
		return []incident.Incident{ownPage(plain)}
	case incident.DrillAlert, incident.Meta, incident.Summary:
	}
	return []incident.Incident{plain}
}

// ownPage is in as a page.
func ownPage(in incident.Incident) incident.Incident {
	in.Watch.Urgency, in.Watch.Urgent = incident.Page, "2 callers within 10 minutes"
	in.Watch.Probe = incident.Finding{At: in.LastAt, Said: "DNS ok, connection refused"}
	return in
}

// ownCauses are in with each cause that one incident by itself may have.
func ownCauses(in incident.Incident) []incident.Incident {
	document := in
	document.Cause = incident.Cause{Kind: incident.DocumentLevel, Version: incident.CauseVersion, Code: 12100, Host: "www.example.com", Path: "/sms"}
	document.Calls = 0
	document.Last.Code, document.Last.Channel, document.Last.ErrorURL, document.Last.Name = 12100, incident.Messaging, "https://www.example.com/sms", ""
	first := in
	first.Cause = incident.Cause{Kind: incident.AskedFirst, Version: incident.CauseVersion}
	first.Last.Code, first.Last.ErrorURL, first.Last.To = 0, "", "" // nothing of it is certain
	itself := in
	itself.Cause.Kind = incident.Itself
	return []incident.Incident{in, document, first, itself}
}

// ownNews are what Backstop says of itself.
func ownNews(now time.Time) []incident.Alert {
	news := incident.Alert{
		Kind: incident.Meta, At: now, Topic: incident.JournalTopic, Title: "A template is tried out",
		Detail: "Nothing is wrong. " + incident.DoFirst + "nothing.",
	}
	over, test := news, news
	over.Ends, over.Detail = []incident.Topic{incident.JournalTopic}, "It works again."
	test.Topic, test.Detail = incident.TestTopic, ""
	return []incident.Alert{news, over, test}
}

// ownReports are summaries of a day of nothing and of a week.
func ownReports(worst []incident.Incident, now time.Time) []incident.Report {
	week := incident.Report{
		Weekly: true, From: now.AddDate(0, 0, -7), To: now, Worst: worst[:1],
		Figures: incident.Figures{Opened: 1, Open: 1, Failures: 2, Callers: 2, Ended: incident.Ended{incident.Told: 2}},
		Bars:    []incident.Bar{{At: now.AddDate(0, 0, -1), Failures: 2}},
	}
	return []incident.Report{week, {From: now.AddDate(0, 0, -1), To: now}}
}
