package pages

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

const notifiersPath = "/notifiers"

// Place is a notifier as the program knows it, beside what the ledger does.
type Place struct {
	Name string
	Kind string // "e-mail", "Slack, by a bot"
	// PausedUntil is until when nothing is tried, after attempts that failed;
	// zero where it is not paused.
	PausedUntil time.Time
}

// Regular is something that Backstop does again and again without being asked.
type Regular struct {
	What  string // "Drills of every line"
	How   string // "through PUBLIC_URL", or how to have it done
	Every time.Duration
	Next  time.Time // where it is planned by the clock
	// State is how it goes; "" where there is nothing to say. Bad says that it
	// does not go well.
	State string
	Bad   bool
}

// notifiersView is who is told of what.
type notifiersView struct {
	Frame
	Tabs       []chipView
	Away       bool // how they do is not known
	Notifiers  []placeView
	Routes     []routeView
	Escalation []levelView // of routes that have none of their own
	Windows    []windowView
	QuietHours string // "" where there are none
	Figures    []figureView
	Regular    []regularView
	Backtest   string
	Asked      tellingForm
	Mistakes   []history.Problem
	Verdicts   []verdictOfPolicy
	Of         *templates.IncidentRow // whom the verdict is about; nil for what was typed in
	OfHush     *hushView              // why nobody is told of it anyway; nil where people are
}

// placeView is one notifier.
type placeView struct {
	notifierRow
	What    string // which kind it is
	Wakes   string
	Paused  Moment
	Trial   *trialView // the last test; nil for none since the start
	NoTrial string     // why none can be sent now; "" where it can
}

// routeView is one route.
type routeView struct {
	Number     int
	Match      []string // everything where there is nothing
	Notifiers  string
	Continue   bool
	Escalation []levelView
	Asked      bool // it matches what is asked about
}

type levelView struct{ After, Notifiers string }

// notifiers shows who is told of what, and who would be.
func (p *Pages) notifiers(c *gin.Context) error {
	ctx := c.Request.Context()
	policy, now := p.Policy(), p.Now()
	view := notifiersView{
		Tabs: alertTabs(notifiersPath), Escalation: levelViews(policy.Escalation),
		Windows: p.windowViews(policy, now), QuietHours: p.quietHours(policy, now), Figures: figuresOf(policy), Regular: p.regularViews(now),
	}
	var statuses []history.NotifierStatus
	view.Frame, statuses = p.framed(ctx, c, "Notifiers", "notifiers")
	view.Refresh = true
	view.Away = statuses == nil && len(policy.Notifiers) > 0
	view.Notifiers = p.placeViews(policy, statuses, now)
	view.Asked = tellingFormOf(c.Request.URL.Query(), p.Settings().Zone)
	subject, of, mistakes := p.subjectAsked(ctx, policy, view.Asked)
	view.Mistakes = visible(mistakes)
	if subject != nil {
		view.Verdicts = p.verdicts(ctx, policy, *subject, of != nil)
		if of != nil {
			row := p.incidentRow(of.Incident)
			view.Of = &row
			if h, ok := policy.Kept(of.Incident, now, nil, of.Explained()); ok && (of.Explained() || of.Muted(now)) {
				view.OfHush = hushOf(*of, h, now, p.Settings().Zone)
			}
		}
	}
	view.Routes = routeViews(policy, now, view.Verdicts)
	if p.Backtest != nil {
		if text, ok := p.Backtest(ctx); ok {
			view.Backtest = history.Visible(text)
		}
	}
	return p.render(c, statusFor(mistakes), "notifiers", view)
}

func (p *Pages) placeViews(policy incident.Policy, statuses []history.NotifierStatus, now time.Time) []placeView {
	zone := p.Settings().Zone
	places := p.Places()
	views := make([]placeView, 0, len(policy.Notifiers))
	rows := p.notifierRows(statuses)
	for _, n := range policy.Notifiers {
		view := placeView{notifierRow: notifierRow{Name: n.Name, State: "not known", Kind: "plain"}, Wakes: wakingWords(n)}
		if i := slices.IndexFunc(rows, func(r notifierRow) bool { return r.Name == n.Name }); i >= 0 {
			view.notifierRow = rows[i]
		}
		if i := slices.IndexFunc(places, func(one Place) bool { return one.Name == n.Name }); i >= 0 {
			view.What = history.Visible(places[i].Kind)
			if places[i].PausedUntil.After(now) {
				view.Paused = momentIn(places[i].PausedUntil, zone)
			}
		}
		view.Trial, view.NoTrial = p.trials.of(n.Name, now, zone)
		views = append(views, view)
	}
	return views
}

// wakingWords says whether people hear it at night.
func wakingWords(n incident.Notifier) string {
	switch {
	case n.OnlyPages && n.Wakes:
		return "wakes people: pages only"
	case n.OnlyPages:
		return "pages only"
	case n.Wakes:
		return "wakes people"
	}
	return "to be read when there is time"
}

func routeViews(policy incident.Policy, now time.Time, verdicts []verdictOfPolicy) []routeView {
	views := make([]routeView, 0, len(policy.Routes))
	for i, r := range policy.Routes {
		views = append(views, routeView{
			Number: i + 1, Match: matchWords(r.Match, now), Notifiers: namesOf(r.Notifiers), Continue: r.Continue,
			Escalation: levelViews(r.Escalation),
			Asked:      slices.ContainsFunc(verdicts, func(v verdictOfPolicy) bool { return slices.Contains(v.routes, i) }),
		})
	}
	return views
}

func levelViews(levels []incident.Level) (views []levelView) {
	for _, l := range levels {
		views = append(views, levelView{After: spanWords(l.After), Notifiers: namesOf(l.Notifiers)})
	}
	return views
}

func namesOf(names []string) string { return history.Visible(strings.Join(names, ", ")) }

// registerNotifiers adds their routes.
func (p *Pages) registerNotifiers(people gin.IRouter) {
	get(people, notifiersPath, p.page(p.notifiers))
	people.POST(notifiersPath+"/:name/test", p.page(p.testNotifier))
	get(people, notifiersPath+"/:name/test", p.page(func(c *gin.Context) error {
		c.Redirect(http.StatusSeeOther, notifiersPath)
		return nil
	}))
}
