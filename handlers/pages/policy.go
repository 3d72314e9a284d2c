package pages

import (
	"strconv"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

type figureView struct{ What, Is string }

// windowView is a time of maintenance.
type windowView struct {
	What, Reason, State, Kind string
	Until, Next               Moment
}

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

// regularView is something that is done again and again.
type regularView struct {
	What, How, State, Kind string
	Next                   Moment
}

func (p *Pages) regularViews(now time.Time) []regularView {
	all := p.Regular(now)
	views := make([]regularView, len(all))
	for i, one := range all {
		views[i] = regularView{What: one.What, How: history.Visible(one.How), State: history.Visible(one.State), Kind: "good", Next: p.moment(one.Next)}
		if one.Every > 0 {
			views[i].How = "every " + spanWords(one.Every) + " " + views[i].How
		}
		if one.Bad {
			views[i].Kind = "bad"
		}
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
		{"Quiet", "without a failure for " + spanWords(p.QuietAfter) + ", or " + strconv.Itoa(p.QuietFactor) + " times the usual gap or the longest pause so far, up to " + spanWords(p.QuietAtMost)},
		{"Closed", "quiet for " + spanWords(p.CloseAfter)},
		{"Proven over", templates.Plural(int64(p.Proofs), "good probe", "good probes") + " in a row"},
		{"One incident instead of many", volume(p.Wide, "server", "servers") + " that fail"},
		{"New messages", "at most " + strconv.Itoa(p.PerTenMinutes) + " in 10 minutes through each notifier"},
	}
}
