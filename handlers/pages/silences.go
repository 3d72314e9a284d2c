package pages

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

const silencesPath = "/silences"

// silencesView is what people are not told of, on purpose.
type silencesView struct {
	Frame
	Tabs           []chipView
	Form           silenceForm
	Mistakes       []history.Problem
	Preview        *previewView // nil where nothing was asked for yet
	Holding, Ended []silenceView
	OpenUnknown    bool // whom they hush is not known
}

// silenceView is one silence.
type silenceView struct {
	ID           int64
	What, Reason string
	By, EndedBy  string
	From, Until  Moment
	EndedAt      Moment
	Hushes       templates.IncidentRows // that are open
}

// previewView is what a silence would do.
type previewView struct {
	What   string
	Until  Moment // zero where that is not understood
	Hushes templates.IncidentRows
}

// silences shows them, and the form for a new one, filled in as the address says.
func (p *Pages) silences(c *gin.Context) error {
	typed := c.Request.URL.Query()
	form := silenceFormOf(typed, p.Settings().Zone)
	var preview *previewView
	var mistakes []history.Problem
	if form.asks() {
		wanted, problems := p.readSilence(form, "")
		// What is still to be filled in is not complained of.
		mistakes = slices.DeleteFunc(problems, func(one history.Problem) bool {
			return one.Field == reasonField || one.Value == "" && !typed.Has("preview")
		})
		if !slices.ContainsFunc(mistakes, func(one history.Problem) bool { return one.Field != untilField }) {
			preview = &previewView{What: sentenceOf(wanted.Match, p.Now()), Until: p.moment(wanted.Until)}
		}
		if preview != nil {
			return p.showSilences(c, statusFor(mistakes), form, mistakes, preview, wanted.Match)
		}
	}
	return p.showSilences(c, statusFor(mistakes), form, mistakes, nil, incident.Match{})
}

// silence keeps people from being told, or shows what was typed with what is wrong
// with it.
func (p *Pages) silence(c *gin.Context) error {
	typed, err := formOf(c, maxSilenceForm)
	if err != nil {
		return err
	}
	form := silenceFormOf(typed, p.Settings().Zone)
	wanted, problems := p.readSilence(form, c.GetString(userField))
	if len(problems) > 0 {
		return p.showSilences(c, http.StatusBadRequest, form, problems, nil, incident.Match{})
	}
	ctx := context.WithoutCancel(c.Request.Context())
	id, err := read(ctx, p, func(ctx context.Context) (int64, error) { return p.History.Silence(ctx, wanted) })
	if err != nil {
		return err
	}
	p.Log.Info("silenced", "user", shortened(wanted.By), "silence", id, "until", wanted.Until)
	c.Redirect(http.StatusSeeOther, silencesPath+"#s-"+strconv.FormatInt(id, 10))
	return nil
}

// endSilence has people told again before its time.
func (p *Pages) endSilence(c *gin.Context) error {
	id, err := incidentID(c)
	if err != nil {
		return err
	}
	by, at := c.GetString(userField), p.Now()
	ctx := context.WithoutCancel(c.Request.Context())
	if _, err := read(ctx, p, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, p.History.EndSilence(ctx, id, by, at)
	}); err != nil {
		return err
	}
	p.Log.Info("silence ended", "user", shortened(by), "silence", id)
	c.Redirect(http.StatusSeeOther, silencesPath)
	return nil
}

func (p *Pages) showSilences(c *gin.Context, status int, form silenceForm, mistakes []history.Problem, preview *previewView, wanted incident.Match) error {
	ctx := c.Request.Context()
	all, err := p.silencesNow(ctx)
	if err != nil {
		return err
	}
	open, err := p.openIncidents(ctx)
	view := silencesView{Tabs: alertTabs(silencesPath), Form: form, Mistakes: visible(mistakes), Preview: preview, OpenUnknown: err != nil}
	if err != nil {
		p.Log.Warn("silences without incidents", "err", err)
	}
	view.Frame, _ = p.framed(ctx, c, "Silences", "notifiers")
	if preview != nil {
		preview.Hushes = p.fitting(wanted, open)
	}
	now := p.Now()
	for _, s := range all {
		one := p.silenceView(s)
		if s.Active(now) {
			one.Hushes = p.fitting(s.Match, open)
			view.Holding = append(view.Holding, one)
		} else {
			view.Ended = append(view.Ended, one)
		}
	}
	return p.render(c, status, "silences", view)
}

func (p *Pages) silenceView(s incident.Silence) silenceView {
	zone := p.Settings().Zone
	view := silenceView{
		ID: s.ID, What: sentenceOf(s.Match, p.Now()), Reason: history.Visible(cut(s.Reason, 600)),
		By: history.Visible(cut(s.By, 100)), From: momentIn(s.From, zone), Until: momentIn(s.Until, zone),
		EndedAt: momentIn(s.EndedAt, zone), EndedBy: history.Visible(cut(s.EndedBy, 100)),
	}
	if s.EndedAt.IsZero() {
		view.EndedAt = view.Until
	}
	return view
}

// mostOpen is how many open incidents are asked what hushes them.
const mostOpen = 200

func (p *Pages) openIncidents(ctx context.Context) ([]incident.Incident, error) {
	page, err := read(ctx, p, func(ctx context.Context) (history.IncidentPage, error) {
		return p.History.Incidents(ctx, history.IncidentQuery{State: incident.Open, Urgent: true, Limit: mostOpen})
	})
	return page.Incidents, err
}

// fitting are the open incidents that m matches as they stand now.
func (p *Pages) fitting(m incident.Match, open []incident.Incident) (rows templates.IncidentRows) {
	policy, now := p.Policy(), p.Now()
	for _, in := range open {
		if m.Fits(policy.About(in, now)) {
			rows = append(rows, p.incidentRow(in))
		}
	}
	return rows
}

// silencePrefilled is the address of the form for a silence of what in is about,
// and whether that is one host.
func silencePrefilled(in incident.Incident) (address string, ofHost bool) {
	v := url.Values{"for": {"2h"}}
	host := cmp.Or(incident.Host(in.Last.ErrorURL), in.Cause.Host)
	switch {
	case in.Cause.Kind == incident.TwilioWide:
		v.Set("cause", "twilio")
	case in.Cause.Wide(), host == "":
		v.Set("accounts", in.Cause.Account)
		if in.Cause.Code != 0 {
			v.Set("codes", strconv.Itoa(in.Cause.Code))
		}
		if in.Cause.Kind == incident.AskedFirst {
			v.Set("cause", "asked_first")
		}
	default:
		v.Set("hosts", host)
		ofHost = true
	}
	return silencesPath + "?" + v.Encode() + "#new", ofHost
}

// alertTabs lead from one page about alerts to the other.
func alertTabs(on string) []chipView {
	return []chipView{{Label: "Notifiers and routes", Href: notifiersPath, On: on == notifiersPath}, {Label: "Silences", Href: silencesPath, On: on == silencesPath}}
}

// registerSilences adds their routes.
func (p *Pages) registerSilences(people gin.IRouter) {
	get(people, silencesPath, p.page(p.silences))
	people.POST(silencesPath, p.page(p.silence))
	people.POST(silencesPath+"/:id/end", p.page(p.endSilence))
	people.POST(incidentsPath+"/:id/mute", p.page(p.mute))
	people.POST(incidentsPath+"/:id/unmute", p.page(p.unmute))
}

// silenceAtMost is how long one may last: whatever takes longer belongs into the
// configuration.
const silenceAtMost = 30 * 24 * time.Hour
