package pages

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio"
)

// incidentView is all that is known of one incident.
type incidentView struct {
	Frame
	In           templates.IncidentRow
	Acknowledged Moment
	QuietAt      Moment
	ResolvedAt   Moment
	ResolvedBy   string
	Previous     int64
	Next         int64 // its cause came back as that one
	Calls        int64
	Messages     int64
	Late         int64
	UsualGap     string
	Line         string
	MoreLines    bool
	CodeTitle    string
	Codes        []codeView // where there are several, the most frequent first
	ErrorPage    string
	Means        string
	First        string // the first thing to do
	Got          string // what Heard is: "The last caller heard"
	Heard        string
	Saved        string      // the step that saved the last one; "" where none did
	Ended        []endedView // how it ended for how many callers
	Erased       bool        // what they heard was, because of its age
	ErrorURL     string
	SID, Console string
	LastFailure  string
	Chart        *chartView
	Events       []eventView
	EventsLeft   int64 // behind the first of them
	Deliveries   []deliveryView
	NotSent      int64
	Days         []dayView
	AllFailures  string
	Callers      string // whom to call back
	CanTake      bool
	CanResolve   bool
	Replays      *replaysView // nil where there are no messages
	Standing     standingView
}

type eventView struct {
	At       Moment
	By, What string
}

// codeView is an error code of several, with the failures that had it.
type codeView struct {
	Title    string
	Failures string // the page of those failures; "" where there is none
	Count    int64
}

// affected is how many failures the page of an incident shows.
const affected = 10

func (p *Pages) incident(c *gin.Context) error {
	id, err := incidentID(c)
	if err != nil {
		return err
	}
	return p.showIncident(c, id, http.StatusOK, func(*incidentView) {})
}

// showIncident shows an incident; amend changes what is shown.
func (p *Pages) showIncident(c *gin.Context, id int64, status int, amend func(*incidentView)) error {
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
	view.Standing = p.standingOf(ctx, d)
	view.Days = p.days(page.Rows, p.Settings().Mask)
	view.Frame, _ = p.framed(ctx, c, fmt.Sprintf("#%d %s", id, view.In.Title), "incidents")
	view.Refresh = d.State != incident.Resolved
	amend(&view)
	return p.render(c, status, "incident", view)
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
	listener, how := last.Listener()
	code := twilio.Lookup(last.Code)
	if d.Cause.Kind == incident.AskedFirst {
		code = twilio.Lookup(0)
	}
	got := lastGot(how)
	if last.Outcome == incident.Saved {
		got = "The last one was saved"
	}
	view := incidentView{
		In: p.incidentRow(d.Incident), Acknowledged: momentIn(d.AcknowledgedAt, zone), QuietAt: momentIn(d.QuietAt, zone),
		ResolvedAt: momentIn(d.ResolvedAt, zone), ResolvedBy: history.Visible(d.ResolvedBy), Previous: d.Previous, Next: d.Next, Erased: d.Erased,
		Calls: d.Calls, Messages: d.Messages(), Late: d.Late, Line: lineInFull(last), MoreLines: d.MoreLines,
		CodeTitle: code.Title(), Means: code.Means, First: templates.Advice(d.Incident),
		Got: got, Saved: savedBy(last), Ended: endedOf(d.Ended),
		Heard: history.Visible(mask.Words(last.Heard, listener, last.To)), ErrorURL: history.Visible(cut(mask.URL(last.ErrorURL), 500)),
		SID: history.Visible(cut(last.SID, 40)), Console: twilio.ConsoleLink(last.SID),
		LastFailure: historyPath + "/" + last.FailureID.String(),
		Deliveries:  deliveries(d.Deliveries, zone), NotSent: d.NotSent,
		AllFailures: historyURL(history.Query{Incident: d.ID}), Callers: callersURL(history.CallerQuery{Incident: d.ID}),
		CanTake: !d.Acknowledged() && d.State != incident.Resolved, CanResolve: d.State != incident.Resolved,
	}
	view.Replays = p.replays(d, mask, zone)
	if d.Cause.Kind == incident.Itself {
		view.Means = "The address that failed is one of Backstop's own. " + view.Means
		view.First = "See whether Backstop can be reached from outside: name, certificate, reverse proxy. " + view.First
	}
	if d.Cause.Wide() {
		view.Means = wideMeans
		view.First = "Look at https://status.twilio.com/ first, then open one of the servers below yourself. If it answers you, the trouble lies between Twilio and your servers; if none does, with what they share."
	}
	if d.UsualGap >= time.Second { // less tells nobody anything
		view.UsualGap = roughly(d.UsualGap)
	}
	if last.Code >= 10_000 && last.Code <= 99_999 {
		view.ErrorPage = twilio.ErrorPage(last.Code)
	}
	view.Chart = p.chart(d.Chart, time.Time{}, time.Time{}, historyWithin(history.Query{Incident: d.ID}))
	for _, c := range d.Codes {
		one := codeView{Title: twilio.Lookup(c.Code).Title(), Count: c.Failures}
		if c.Code != 0 {
			one.Failures = historyURL(history.Query{Incident: d.ID, Code: c.Code})
		}
		view.Codes = append(view.Codes, one)
	}
	view.EventsLeft = d.EventsLeft
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

// wideMeans is what it means that many servers fail at once.
const wideMeans = "So many servers seldom fail by themselves within minutes: it is more likely what they share (network, DNS, hosting, certificate), or the way from Twilio to them. While this is open, nobody is told of the servers one by one."

// savedBy says what saved the last caller or sender.
func savedBy(s incident.Sample) string {
	if s.Outcome != incident.Saved {
		return ""
	}
	return history.Visible(templates.SavedBy(s.Step))
}

// endedView is how it ended for some callers.
type endedView struct {
	Callers int64
	Outcome string
}

func endedOf(e incident.Ended) (views []endedView) {
	for _, o := range []incident.Outcome{
		incident.Saved, incident.Voicemail, incident.CallbackRequested, incident.Told, incident.NotTold, incident.Lost, incident.OutcomeUnknown,
	} {
		if n := e.Of(o); n > 0 {
			views = append(views, endedView{n, templates.Ending(o)})
		}
	}
	return views
}
