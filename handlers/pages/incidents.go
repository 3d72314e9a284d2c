package pages

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// incidentsView is the list of incidents.
type incidentsView struct {
	Frame
	Incidents   templates.IncidentRows
	Open, Quiet int64
	Tabs        []chipView
	Host        string
	NoHost      string // the address without the host's filter
	Problems    []history.Problem
	Older       string
	Newest      string
	Narrowed    bool
}

func (p *Pages) incidents(c *gin.Context) error {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return errQuery
	}
	q, problems := history.ParseIncidentQuery(values)
	ctx := c.Request.Context()
	page, err := read(ctx, p, func(ctx context.Context) (history.IncidentPage, error) { return p.History.Incidents(ctx, q) })
	if err != nil {
		return err
	}
	view := incidentsView{
		Incidents: p.incidentRows(page.Incidents), Open: page.Open, Quiet: page.Quiet, Host: history.Visible(q.Host),
		Problems: visible(problems), Narrowed: q.State != 0 || q.Host != "" || q.Before != 0,
	}
	view.Frame, _ = p.framed(ctx, c, "Incidents", "incidents")
	view.Refresh = q.Before == 0
	for _, tab := range []struct {
		label string
		state incident.State
	}{{"All", 0}, {"Open", incident.Open}, {"Quiet", incident.Quiet}, {"Resolved", incident.Resolved}} {
		view.Tabs = append(view.Tabs, chipView{
			Label: tab.label, On: q.State == tab.state,
			Href: incidentsURL(history.IncidentQuery{State: tab.state, Host: q.Host, Limit: q.Limit}),
		})
	}
	view.NoHost = incidentsURL(history.IncidentQuery{State: q.State})
	if page.Older != 0 {
		older := q
		older.Before = page.Older
		view.Older = incidentsURL(older)
	}
	if q.Before != 0 {
		newest := q
		newest.Before = 0
		view.Newest = incidentsURL(newest)
	}
	return p.render(c, statusFor(problems), "incidents", view)
}

const incidentsPath = "/incidents"

func incidentsURL(q history.IncidentQuery) string {
	if values := q.Values(); len(values) > 0 {
		return incidentsPath + "?" + values.Encode()
	}
	return incidentsPath
}

func (p *Pages) incidentRows(all []incident.Incident) templates.IncidentRows {
	rows := make(templates.IncidentRows, 0, len(all))
	for _, in := range all {
		rows = append(rows, p.incidentRow(in))
	}
	return rows
}

func (p *Pages) incidentRow(in incident.Incident) templates.IncidentRow {
	settings := p.Settings()
	return templates.IncidentRow{
		ID: in.ID, Href: incidentsPath + "/" + strconv.FormatInt(in.ID, 10),
		Title: causeTitle(in), Cause: causeWords(in.Cause), State: in.State.String(),
		Acknowledged: history.Visible(in.AcknowledgedBy), Page: in.Watch.Urgency == incident.Page && in.State == incident.Open, Hushed: hushedWord(in, p.Now()), Parent: in.Parent, Callers: in.Callers, Failures: in.Failures,
		Opened: momentIn(in.OpenedAt, settings.Zone), Last: momentIn(in.LastAt, settings.Zone),
	}
}

// hushedWord says in a word that nobody is told of in, as far as it shows that
// itself.
func hushedWord(in incident.Incident, now time.Time) string {
	switch {
	case in.State != incident.Open:
		return ""
	case in.Muted(now):
		return "muted"
	case in.Watch.Withheld && in.Parent == 0:
		return "kept quiet"
	}
	return ""
}

// causeWords says what was grouped.
func causeWords(c incident.Cause) string {
	host := history.Visible(c.Host)
	if host == "" {
		host = "no host"
	}
	switch c.Kind {
	case incident.FetchLevel:
		return "Twilio cannot fetch from " + host
	case incident.DocumentLevel:
		return strings.TrimSpace(fmt.Sprintf("%d at %s%s", c.Code, host, history.Visible(c.Path)))
	case incident.AskedFirst:
		return "asked without an error code"
	case incident.Itself:
		return "ErrorUrl is one of Backstop's own addresses"
	case incident.DrillCause:
		return "drill"
	case incident.AccountWide:
		return "servers of account " + history.Visible(c.Account)
	case incident.TwilioWide:
		return "servers of several accounts"
	}
	return ""
}
