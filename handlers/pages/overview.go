package pages

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// overviewView answers, at one glance: is anything broken, is anybody told.
type overviewView struct {
	Frame
	Away       bool // the history cannot be asked: all of it is left out
	Opening    bool // that is because it is being opened
	Headline   string
	Calm       bool
	Open       templates.IncidentRows
	Quiet      templates.IncidentRows
	MoreOpen   string
	Kept       string // how many of those that are open nobody is told of, "" for none
	Chart      *chartView
	Day        string // the address of the last 24 hours
	Notifiers  []notifierRow
	Trouble    string // which of them do not work, where others do; "" for none
	Setup      setupView
	SetupDone  bool
	Drilled    bool // a drill has come through, or something real
	Pasted     bool // Twilio has asked us: the addresses are set
	Unverified *unverifiedView
}

// notifierRow is how one notifier does.
type notifierRow struct {
	Name, State, Kind string
	LastSuccess       Moment
	LastFailure       Moment
	LastError         string
	Waiting, Dead     int64
	Next              Moment // when the first of those that wait may go out
}

// inOverview is how many incidents of a kind the overview names.
const inOverview = 10

func (p *Pages) overview(c *gin.Context) error {
	ctx := c.Request.Context()
	view := overviewView{Setup: p.setup(), Unverified: p.unverified(), Day: historyPath + "?since=24h"}
	var statuses []history.NotifierStatus
	view.Frame, statuses = p.framed(ctx, c, "Overview", "overview")
	view.Refresh = true
	view.Notifiers = p.notifierRows(statuses)
	view.Trouble = troubled(view.Notifiers)
	status := http.StatusOK
	if err := p.fillOverview(ctx, &view); err != nil {
		p.Log.Error("page not complete", "path", c.FullPath(), "err", err)
		view.Away, view.Opening, status = true, errors.Is(err, history.ErrOpening), http.StatusServiceUnavailable
	}
	view.SetupDone = len(view.Setup.Missing) == 0 && view.Setup.Notifiers && (view.Drilled || view.Away) // away: nobody knows
	return p.render(c, status, "overview", view)
}

func (p *Pages) fillOverview(ctx context.Context, view *overviewView) error {
	open, err := p.incidentsIn(ctx, history.IncidentQuery{State: incident.Open, Urgent: true, Limit: inOverview})
	if err != nil {
		return err
	}
	quiet, err := p.incidentsIn(ctx, history.IncidentQuery{State: incident.Quiet, Uncounted: true, Limit: inOverview})
	if err != nil {
		return err
	}
	now := p.Now().UTC()
	day := history.Query{From: now.Add(-24 * time.Hour), To: now}
	buckets, err := read(ctx, p, func(ctx context.Context) ([]history.Bucket, error) { return p.History.Histogram(ctx, day, chartBars) })
	if err != nil {
		return err
	}
	if view.Pasted, err = p.any(ctx, history.Query{Limit: 1}); err != nil {
		return err
	}
	if view.Drilled, err = p.any(ctx, history.Query{Drills: true, Limit: 1}); err != nil {
		return err
	}
	view.Open, view.Quiet = p.incidentRows(open.Incidents), p.incidentRows(quiet.Incidents)
	if open.Open > 0 {
		if view.Kept, err = p.keptWords(ctx); err != nil {
			return err
		}
	}
	if open.Open > int64(len(view.Open)) {
		view.MoreOpen = incidentsURL(history.IncidentQuery{State: incident.Open})
	}
	view.Headline, view.Calm = headline(open), open.Open == 0
	view.Chart = p.chart(buckets, day.From, day.To, historyWithin(history.Query{}))
	return nil
}

func (p *Pages) incidentsIn(ctx context.Context, q history.IncidentQuery) (history.IncidentPage, error) {
	return read(ctx, p, func(ctx context.Context) (history.IncidentPage, error) { return p.History.Incidents(ctx, q) })
}

// keptWords says of how many open incidents nobody is told now, on purpose, but for
// those that another one explains; "" for none.
func (p *Pages) keptWords(ctx context.Context) (string, error) {
	silences, err := p.silencesNow(ctx)
	if err != nil {
		return "", err
	}
	policy, now := p.Policy(), p.Now()
	onlyMuted := len(silences) == 0 && len(policy.Windows) == 0 // as nearly always: then the others need not be read
	open, err := p.incidentsIn(ctx, history.IncidentQuery{State: incident.Open, Urgent: !onlyMuted, Muted: onlyMuted, Uncounted: true, Limit: mostOpen})
	if err != nil {
		return "", err
	}
	muted, silenced := int64(0), int64(0)
	for _, in := range open.Incidents {
		switch _, kept := policy.Kept(in, now, silences, false); {
		case in.Muted(now):
			muted++
		case kept:
			silenced++
		}
	}
	var words []string
	if muted > 0 {
		words = append(words, templates.Count(muted)+" muted")
	}
	if silenced > 0 {
		words = append(words, templates.Count(silenced)+" silenced or in maintenance")
	}
	if len(words) == 0 {
		return "", nil
	}
	return "Nobody is told of " + templates.Plural(muted+silenced, "open incident", "open incidents") + ": " + strings.Join(words, ", "), nil
}

// any says whether q finds anything.
func (p *Pages) any(ctx context.Context, q history.Query) (bool, error) {
	page, err := read(ctx, p, func(ctx context.Context) (history.Page, error) { return p.History.Failures(ctx, q) })
	return len(page.Rows) > 0, err
}

// headline is the state of things in one line. The callers are those of all
// open incidents, also of those that are not on the page.
func headline(page history.IncidentPage) string {
	callers := templates.Plural(page.Callers, "caller", "callers")
	switch {
	case page.Open == 1:
		return "1 incident is open: " + callers
	case page.Open > 1:
		return templates.Count(page.Open) + " incidents are open: " + callers + ", counted for each incident"
	case page.Quiet > 0:
		return "Nothing is open; " + templates.Plural(page.Quiet, "incident is quiet, not proven over", "incidents are quiet, not proven over")
	}
	return "Nothing is open"
}

// troubled says which notifiers fail, where not all of them do: then a banner says
// that nobody is told.
func troubled(rows []notifierRow) string {
	var fail []string
	for _, row := range rows {
		if row.Kind == "bad" {
			fail = append(fail, row.Name)
		}
	}
	if len(fail) == 0 || len(fail) == len(rows) {
		return ""
	}
	if len(fail) == 1 {
		return "The notifier " + fail[0] + " does not work: its alerts wait, and the others go on"
	}
	return "The notifiers " + strings.Join(fail, ", ") + " do not work: their alerts wait, and the others go on"
}

func (p *Pages) notifierRows(statuses []history.NotifierStatus) []notifierRow {
	zone := p.Settings().Zone
	rows := make([]notifierRow, 0, len(statuses))
	for _, s := range statuses {
		row := notifierRow{
			Name: s.Name, State: "works", Kind: "good", LastSuccess: momentIn(s.LastSuccess, zone),
			LastFailure: momentIn(s.LastFailure, zone), Waiting: s.Waiting, Next: momentIn(s.NextAt, zone), Dead: s.Dead,
		}
		switch {
		case doesFail(s):
			row.State, row.Kind, row.LastError = "fails", "bad", history.Visible(cut(s.LastError, 300))
		case s.LastSuccess.IsZero():
			row.State, row.Kind = "not tried yet", "plain"
		case s.Dead > 0:
			row.State, row.Kind = "works, gave some up", "warn"
		}
		rows = append(rows, row)
	}
	return rows
}
