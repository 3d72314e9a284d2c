package pages_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// alerting is a house with all that a policy can hold: routes, levels, windows,
// silences, an incident that explains others, one that is muted, one that is a
// page.
func alerting() *house {
	h := newHouse(oneNight(40))
	h.policy = fullPolicy()
	h.setup.Notifiers = []string{"ops-mail", "ops-slack", "pager"}
	h.setup.Failing = []string{"pager"}
	h.places = []pages.Place{{Name: "ops-mail", Kind: "e-mail"}, {Name: "ops-slack", Kind: "Slack, by a bot"}, {Name: "pager", Kind: "e-mail", PausedUntil: night.Add(20 * time.Second)}}
	h.ledger.notifiers = []history.NotifierStatus{
		{Name: "ops-mail", LastSuccess: night.Add(-3 * time.Minute)},
		{Name: "ops-slack", LastSuccess: night.Add(-27 * time.Minute), LastFailure: night.Add(-2 * time.Hour), Dead: 2},
		{Name: "pager", LastSuccess: night.Add(-30 * time.Hour), LastFailure: night.Add(-time.Minute), Waiting: 3, LastError: "dial tcp 192.0.2.7:465: connect: connection refused"},
	}
	h.backtest = "With this policy the last 30 days would have sent 3 alerts instead of 214."
	page := &h.ledger.incidents[2]
	page.Watch = incident.Watch{
		Urgency: incident.Page, Urgent: "2 callers within 10 minutes", PagedAt: page.OpenedAt.Add(40 * time.Second), SaidAt: night.Add(-3 * time.Minute), Level: 1,
		Probe: incident.Finding{At: night.Add(-12 * time.Second), Said: "DNS ok, connection refused"}, SeenDown: true,
	}
	page.Deliveries = append([]history.Delivery{
		{ID: 902, Notifier: "pager", Kind: incident.Escalated, Urgency: incident.Page, Reason: "nobody has acknowledged it for 10 minutes: level 1", State: history.Sent, CreatedAt: night.Add(-17 * time.Minute), SentAt: night.Add(-17 * time.Minute), Attempts: 1},
		{ID: 901, Notifier: "ops-mail", Kind: incident.Raised, Urgency: incident.Page, Reason: "2 callers within 10 minutes", State: history.Sent, CreatedAt: night.Add(-27 * time.Minute), SentAt: night.Add(-27 * time.Minute), Attempts: 1},
	}, page.Deliveries...)
	h.ledger.addWide(30)
	h.ledger.addIncident(incident.Incident{ID: 40, State: incident.Open, Cause: cause(incident.DocumentLevel, 12100, "shop.example.org", "/orders/:id/voice")}, 4, 40*time.Minute, func(i int) []param {
		return call(8000+i, fmt.Sprintf("+1415555%04d", i), "+4989545500", 12100, "https://shop.example.org/orders/17/voice")
	})
	muted := &h.ledger.incidents[len(h.ledger.incidents)-1]
	muted.Incident, _ = muted.Mute("kim", night.Add(50*time.Minute), 100, night.Add(-10*time.Minute))
	muted.Incident = muted.Withhold(incident.Hush{Why: "muted by kim", Until: night.Add(50 * time.Minute)})
	muted.Watch.Probe = incident.Finding{At: night.Add(-40 * time.Second), OK: true, Said: "DNS ok, connected in 12 ms, TLS ok, HTTP 404"}
	h.ledger.silences = []incident.Silence{
		{ID: 3, Match: incident.Match{Hosts: []string{"shop.*"}}, From: night.Add(-time.Hour), Until: night.Add(5 * time.Hour), Reason: "moving house", By: "kim"},
		{ID: 2, Match: incident.Match{Lines: []string{"+4989*", "+493090182*"}, Codes: []incident.CodeRange{{First: 11200, Last: 11299}, {First: 12100, Last: 12100}}, Channels: []incident.Channel{incident.Messaging}}, From: night.Add(-26 * time.Hour), Until: night.Add(-2 * time.Hour), Reason: "load test of the new menu", By: "anna"},
		{ID: 1, Match: incident.Match{}, From: night.Add(-50 * time.Hour), Until: night.Add(-20 * time.Hour), Reason: strings.Repeat("a very long reason ", 10), By: "admin", EndedAt: night.Add(-49 * time.Hour), EndedBy: "kim"},
	}
	return h
}

func regularly(now time.Time) []pages.Regular {
	return []pages.Regular{
		{What: "Heartbeat", How: "while all of Backstop works", Every: time.Minute, State: "works"},
		{What: "Drills of every line", How: "through PUBLIC_URL; only one that fails is told", Next: now.AddDate(0, 0, 7), State: "2 of 9 failed the last time", Bad: true},
		{What: "Weekly summary", How: "to ops-mail, <b>chat</b>", Next: now.AddDate(0, 0, 3)},
		{What: "Daily summary", How: "none is planned: summaries.daily"},
	}
}

func fullPolicy() incident.Policy {
	p := incident.DefaultPolicy()
	p.Notifiers = []incident.Notifier{{Name: "ops-mail"}, {Name: "ops-slack", InPlace: true}, {Name: "pager", Wakes: true, OnlyPages: true}}
	p.Routes = []incident.Route{
		{Match: incident.Match{Tags: []string{"clinic"}, Urgency: []incident.Urgency{incident.Page}}, Notifiers: []string{"pager"}, Continue: true, Escalation: []incident.Level{{After: 5 * time.Minute, Notifiers: []string{"ops-mail"}}}},
		{Match: incident.Match{Lines: []string{"+4930*", "+4989*"}, Codes: []incident.CodeRange{{First: 11200, Last: 11299}}, Hours: func(time.Time) bool { return true }, HoursAre: "while office <b> is open"}, Notifiers: []string{"ops-slack", "pager"}},
		{Match: incident.Match{Channels: []incident.Channel{incident.Messaging}, Causes: []incident.CauseKind{incident.DocumentLevel, incident.AccountWide}, Accounts: []string{account}, Hosts: []string{"*.example.org"}}, Notifiers: []string{"ops-slack"}},
	}
	p.Escalation = []incident.Level{{After: 10 * time.Minute, Notifiers: []string{"pager"}}, {After: 30 * time.Minute, Notifiers: []string{"ops-mail", "ops-slack"}}}
	p.QuietHours = func(at time.Time) (time.Time, bool) {
		at = at.In(berlin)
		return time.Date(at.Year(), at.Month(), at.Day(), 7, 0, 0, 0, berlin), at.Hour() < 7
	}
	p.Windows = []incident.Window{
		{Match: incident.Match{Hosts: []string{"staging.example.com"}}, From: night.Add(-time.Hour), Until: night.Add(time.Hour), Reason: "new database"},
		{Match: incident.Match{Tags: []string{"test"}}, Reason: "every night", During: func(at time.Time) (time.Time, bool) {
			at = at.In(berlin)
			return time.Date(at.Year(), at.Month(), at.Day(), 23, 30, 0, 0, berlin), at.Hour() == 22 && at.Minute() >= 7
		}},
		{Match: incident.Match{}, From: night.Add(-48 * time.Hour), Until: night.Add(-47 * time.Hour), Reason: "last week"},
	}
	p.Line = func(address string) incident.Traits {
		if address == line {
			return incident.Traits{Tags: []string{"clinic"}, Critical: true}
		}
		return incident.Traits{}
	}
	return p
}

// addWide adds an incident that explains five others.
func (l *ledger) addWide(id int64) {
	begin := len(l.incidents)
	for i := range int64(5) {
		host := fmt.Sprintf("api%d.example.net", i)
		l.addIncident(incident.Incident{ID: id + 1 + i, State: incident.Open, Cause: cause(incident.FetchLevel, 0, host, ""), Parent: id}, 3, 15*time.Minute, func(n int) []param {
			return call(7000+int(i)*100+n, fmt.Sprintf("+4917170%05d", int(i)*100+n), line, 11205, "https://"+host+"/voice")
		})
	}
	var children []incident.Incident
	for _, d := range l.incidents[begin:] {
		children = append(children, d.Incident)
	}
	wide, _ := incident.BeginWide(cause(incident.AccountWide, 0, "", ""), "5 servers of one account at once", children, fullPolicy())
	wide.ID = id
	wide.Last.FailureID = children[4].Last.FailureID
	for i := range l.incidents[begin:] {
		l.incidents[begin+i].ExplainedBy = &wide
	}
	l.incidents = append(l.incidents, history.IncidentDetail{Incident: wide, Explains: children, ExplainsAll: int64(len(children)), Events: []history.Event{{At: wide.OpenedAt, What: "opened: 5 servers of one account at once"}}})
}
