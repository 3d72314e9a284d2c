package pages

import (
	"net/http"
	"slices"
	"strconv"
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
	Backtest   string
	Asked      tellingForm
	Mistakes   []history.Problem
	Verdicts   []verdictOfPolicy
	Of         *incidentRow // whom the verdict is about; nil for what was typed in
	OfHush     *hushView    // why nobody is told of it anyway; nil where people are
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

// windowView is a time of maintenance.
type windowView struct {
	What, Reason, State, Kind string
	Until, Next               Moment
}

type figureView struct{ What, Is string }

// notifiers shows who is told of what, and who would be.
func (p *Pages) notifiers(c *gin.Context) error {
	ctx := c.Request.Context()
	policy, now := p.Policy(), p.Now()
	view := notifiersView{
		Tabs: alertTabs(notifiersPath), Escalation: levelViews(policy.Escalation),
		Windows: p.windowViews(policy, now), QuietHours: p.quietHours(policy, now), Figures: figuresOf(policy),
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

func (p *Pages) windowViews(policy incident.Policy, now time.Time) (views []windowView) {
	zone := p.Settings().Zone
	for _, w := range policy.Windows {
		open, until, next := w.Standing(now)
		view := windowView{What: sentenceOf(w.Match, now), Reason: history.Visible(w.Reason), Until: momentIn(until, zone), Next: momentIn(next, zone), State: "closed", Kind: "plain"}
		switch {
		case open:
			view.State, view.Kind = "open", "warn"
		case w.Over(now):
			view.State = "over"
		}
		views = append(views, view)
	}
	return views
}

// quietHours says how they stand, "" where there are none.
func (p *Pages) quietHours(policy incident.Policy, now time.Time) string {
	if policy.QuietHours == nil {
		return ""
	}
	w := incident.Window{During: policy.QuietHours}
	open, until, next := w.Standing(now)
	switch {
	case open:
		return "It is quiet now: notices wait until " + p.moment(until).Text + ". Pages go out all the same."
	case next.IsZero():
		return "Not now. In quiet hours notices wait; pages go out all the same."
	}
	return "Not now; the next begin at " + p.moment(next).Text + ". Notices wait then; pages go out all the same."
}

// figuresOf is the policy in numbers.
func figuresOf(p incident.Policy) []figureView {
	volume := func(v incident.Volume, one, many string) string {
		if v.Count <= 0 {
			return "never"
		}
		return templates.Plural(int64(v.Count), one, many) + " within " + spanWords(v.Within)
	}
	remind := "never"
	if p.RemindEvery > 0 {
		remind = "every " + spanWords(p.RemindEvery) + " while nobody has acknowledged it"
	}
	return []figureView{
		{"A page", volume(p.Page, "caller", "callers") + "; or a failed probe; or a critical line"},
		{"“Growing”", "at 10, 100, 1,000 … callers, at most once in " + spanWords(p.GrowthEvery)},
		{"“Fast”", volume(p.Rate, "failure", "failures")},
		{"A reminder", remind},
		{"Quiet", "without a failure for " + spanWords(p.QuietAfter) + ", or " + strconv.Itoa(p.QuietFactor) + " times the usual gap, up to " + spanWords(p.QuietAtMost)},
		{"Closed", "quiet for " + spanWords(p.CloseAfter)},
		{"Proven over", templates.Plural(int64(p.Proofs), "good probe", "good probes") + " in a row"},
		{"One incident instead of many", volume(p.Wide, "server", "servers") + " that fail"},
		{"New messages", "at most " + strconv.Itoa(p.PerTenMinutes) + " in 10 minutes through each notifier"},
	}
}

// registerNotifiers adds their routes.
func (p *Pages) registerNotifiers(people gin.IRouter) {
	get(people, notifiersPath, p.page(p.notifiers))
	people.POST(notifiersPath+"/:name/test", p.page(p.testNotifier))
	get(people, notifiersPath+"/:name/test", p.page(func(c *gin.Context) error {
		c.Redirect(http.StatusSeeOther, notifiersPath)
		return nil
	}))
}
