package pages

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// incidentsView is the list of incidents.
type incidentsView struct {
	Frame
	Incidents   []incidentRow
	Open, Quiet int64
	Tabs        []chipView
	Host        string
	NoHost      string // the address without the host's filter
	Problems    []history.Problem
	Older       string
	Newest      string
	Narrowed    bool
}

// incidentRow is one incident in a list.
type incidentRow struct {
	ID           int64
	Href         string
	Title        string
	Cause        string
	State        string
	Acknowledged string // by whom, "" for nobody
	Callers      int64
	Failures     int64
	Opened, Last Moment
	Lasted       string
}

func (p *Pages) incidents(c *gin.Context) error {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return badRequestError{"The part of the address behind the question mark is not well formed."}
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

func (p *Pages) incidentRows(all []incident.Incident) []incidentRow {
	rows := make([]incidentRow, 0, len(all))
	for _, in := range all {
		rows = append(rows, p.incidentRow(in))
	}
	return rows
}

func (p *Pages) incidentRow(in incident.Incident) incidentRow {
	settings := p.Settings()
	return incidentRow{
		ID: in.ID, Href: incidentsPath + "/" + strconv.FormatInt(in.ID, 10),
		Title: causeTitle(in, settings.Mask), Cause: causeWords(in.Cause), State: in.State.String(),
		Acknowledged: history.Visible(in.AcknowledgedBy), Callers: in.Callers, Failures: in.Failures,
		Opened: momentIn(in.OpenedAt, settings.Zone), Last: momentIn(in.LastAt, settings.Zone),
		Lasted: roughly(in.LastAt.Sub(in.OpenedAt)),
	}
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
	}
	return ""
}

// incidentView is all that is known of one incident.
type incidentView struct {
	Frame
	In           incidentRow
	Acknowledged Moment
	QuietAt      Moment
	ResolvedAt   Moment
	ResolvedBy   string
	Previous     int64
	Calls        int64
	Messages     int64
	Late         int64
	UsualGap     string
	Line         string
	MoreLines    bool
	CodeTitle    string
	ErrorPage    string
	Means        string
	First        string // the first thing to do
	Heard        string
	ErrorURL     string
	SID, Console string
	LastFailure  string
	Chart        *chartView
	Events       []eventView
	Deliveries   []deliveryView
	NotSent      int64
	Days         []dayView
	AllFailures  string
	CanTake      bool
	CanResolve   bool
}

type eventView struct {
	At       Moment
	By, What string
}

// affected is how many failures the page of an incident shows.
const affected = 10

func (p *Pages) incident(c *gin.Context) error {
	id, err := incidentID(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	d, err := read(ctx, p, func(ctx context.Context) (history.IncidentDetail, error) { return p.History.Incident(ctx, id) })
	if err != nil {
		return err
	}
	newest := history.Query{Incident: id, Limit: affected}
	page, err := read(ctx, p, func(ctx context.Context) (history.Page, error) { return p.History.Failures(ctx, newest) })
	if err != nil {
		return err
	}
	view := p.incidentDetail(d)
	view.Days = p.days(page.Rows)
	view.Frame, _ = p.framed(ctx, c, fmt.Sprintf("#%d %s", id, view.In.Title), "incidents")
	view.Refresh = d.State != incident.Resolved
	return p.render(c, http.StatusOK, "incident", view)
}

func incidentID(c *gin.Context) (int64, error) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || id < 1 {
		return 0, history.ErrNotFound
	}
	return id, nil
}

func (p *Pages) incidentDetail(d history.IncidentDetail) incidentView {
	settings := p.Settings()
	mask, zone := settings.Mask, settings.Zone
	last := d.Last
	code := twilio.Lookup(last.Code)
	if d.Cause.Kind == incident.AskedFirst {
		code = twilio.Lookup(0)
	}
	view := incidentView{
		In: p.incidentRow(d.Incident), Acknowledged: momentIn(d.AcknowledgedAt, zone), QuietAt: momentIn(d.QuietAt, zone),
		ResolvedAt: momentIn(d.ResolvedAt, zone), ResolvedBy: history.Visible(d.ResolvedBy), Previous: d.Previous,
		Calls: d.Calls, Messages: d.Messages(), Late: d.Late, Line: address(last.To, mask), MoreLines: d.MoreLines,
		CodeTitle: code.Title(), Means: code.Means, First: code.Advice(twilio.ParseErrorURL(last.ErrorURL)),
		Heard: history.Visible(mask.Text(last.Heard)), ErrorURL: history.Visible(cut(mask.URL(last.ErrorURL), 500)),
		SID: history.Visible(cut(last.SID, 40)), Console: twilio.ConsoleLink(last.SID),
		LastFailure: historyPath + "/" + last.FailureID.String(),
		Deliveries:  deliveries(d.Deliveries, zone), NotSent: d.NotSent,
		AllFailures: historyURL(history.Query{Incident: d.ID}),
		CanTake:     !d.Acknowledged() && d.State != incident.Resolved, CanResolve: d.State != incident.Resolved,
	}
	if d.Cause.Kind == incident.Itself {
		view.Means = "The address that failed is one of Backstop's own. " + view.Means
		view.First = "See whether Backstop can be reached from outside: name, certificate, reverse proxy. " + view.First
	}
	if d.UsualGap > 0 {
		view.UsualGap = roughly(d.UsualGap)
	}
	if last.Code >= 10_000 && last.Code <= 99_999 {
		view.ErrorPage = twilio.ErrorPage(last.Code)
	}
	view.Chart = p.chart(d.Chart, time.Time{}, time.Time{}, func(from, to time.Time) string {
		return historyURL(history.Query{Incident: d.ID, From: from, To: to})
	})
	for _, e := range d.Events {
		view.Events = append(view.Events, eventView{momentIn(e.At, zone), history.Visible(e.By), history.Visible(e.What)})
	}
	return view
}

func (p *Pages) acknowledge(c *gin.Context) error { return p.change(c, p.History.Acknowledge) }

func (p *Pages) resolve(c *gin.Context) error { return p.change(c, p.History.Resolve) }

// change does something to an incident in the name of who is logged in, and
// shows it.
func (p *Pages) change(c *gin.Context, do func(context.Context, int64, string, time.Time) (incident.Incident, error)) error {
	id, err := incidentID(c)
	if err != nil {
		return err
	}
	by, at := c.GetString(userField), p.Now()
	// What a person has decided is done even where the browser goes away.
	ctx := context.WithoutCancel(c.Request.Context())
	if _, err := read(ctx, p, func(ctx context.Context) (incident.Incident, error) { return do(ctx, id, by, at) }); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, incidentsPath+"/"+strconv.FormatInt(id, 10))
	return nil
}
