package pages

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// standingView is where an incident stands with those who are to be told of it.
type standingView struct {
	Over    bool
	Urgency string // "page" or "notice"
	Urgent  string // why it is a page; of a notice, what would make it one
	Paged   Moment

	Probe *probeView // nil where nobody has probed

	Hushed   *hushView // nil where people are told
	Withheld bool      // something was, so that it will be told

	Levels   string // who is told next while nobody acknowledges it
	LevelAt  Moment
	RemindAt Moment
	QuietAt  Moment

	Parent   *templates.IncidentRow // that explains it
	Children templates.IncidentRows
	More     int64 // children that are not among them
	Servers  int64 // of a wide one
	Accounts int64

	Mute    *muteView // nil where it is over
	Silence string    // the address of a form that silences what it is about
	OfHost  bool      // which is one host
}

// probeView is what looking at the server came to.
type probeView struct {
	Said  string
	Kind  string // a class of the style sheet
	At    Moment
	Means string
	Good  string // how many in a row, and how many prove it; "" for none
}

// hushView is why nobody is told.
type hushView struct {
	Why    string
	Until  Moment // zero: until what explains it is over, or it is
	UpTo   int64  // callers, 0 for no bound
	Link   string // where it can be changed; "" for nowhere
	Label  string
	Muted  bool
	Parent int64
}

// standing is where d stands. silences are those that may hold.
func (p *Pages) standing(d history.IncidentDetail, silences []incident.Silence) standingView {
	policy, now, zone := p.Policy(), p.Now(), p.Settings().Zone
	w := d.Watch
	view := standingView{
		Over: d.State == incident.Resolved, Urgency: w.Urgency.String(), Urgent: history.Visible(upperFirst(d.Because())), Paged: momentIn(w.PagedAt, zone),
		Servers: int64(w.Servers), Accounts: int64(w.Accounts), Children: p.incidentRows(d.Explains), More: max(0, d.ExplainsAll-int64(len(d.Explains))),
	}
	for i := range view.Children {
		view.Children[i].Parent = 0 // it is the page's own
	}
	if w.Urgency != incident.Page && d.State == incident.Open {
		view.Urgent = becomesPage(policy)
	}
	if !w.Probe.At.IsZero() {
		view.Probe = probeOf(d.Incident, policy, zone)
	}
	if d.ExplainedBy != nil {
		parent := p.incidentRow(*d.ExplainedBy)
		view.Parent = &parent
	}
	if d.State == incident.Resolved {
		return view
	}
	if h, ok := policy.Kept(d.Incident, now, silences, d.Explained()); ok {
		view.Hushed, view.Withheld = hushOf(d, h, now, zone), w.Withheld
	}
	ahead := policy.Ahead(d.Incident)
	if view.Hushed == nil {
		view.RemindAt = momentIn(ahead.RemindAt, zone)
		if !ahead.LevelAt.IsZero() {
			view.LevelAt = momentIn(ahead.LevelAt, zone)
			view.Levels = history.Visible(strings.Join(ahead.Level.Notifiers, ", ")) + " (level " + strconv.Itoa(ahead.Number) + " of " + strconv.Itoa(ahead.Levels) + ")"
		}
	}
	if ahead.QuietAt.After(now) {
		view.QuietAt = momentIn(ahead.QuietAt, zone)
	}
	view.Mute = p.muteForm(d.Incident)
	view.Silence, view.OfHost = silencePrefilled(d.Incident)
	return view
}

// becomesPage says what would make a page of a notice.
func becomesPage(p incident.Policy) string {
	said := "It becomes a page if its server fails a probe, or a critical line is hit"
	if p.Page.Count > 0 {
		said = "It becomes a page with " + templates.Plural(int64(p.Page.Count), "caller", "callers") + " within " + spanWords(p.Page.Within) + ", if its server fails a probe, or a critical line is hit"
	}
	return said
}

// probeOf says what the last look at the server proves, and what not.
func probeOf(in incident.Incident, p incident.Policy, zone *time.Location) *probeView {
	f := in.Watch.Probe
	view := &probeView{Said: history.Visible(f.Said), At: momentIn(f.At, zone), Kind: "bad"}
	if f.Moot {
		view.Kind, view.Means = "plain", "This proves nothing: Backstop may not ask the server, or its first look had no time to."
		return view
	}
	if !f.OK {
		view.Means = "Backstop cannot use the server either: it is down, seen from here as well as from Twilio."
		return view
	}
	view.Kind = "good"
	switch {
	case !f.Health && in.Cause.Kind != incident.FetchLevel:
		view.Kind = "plain"
		view.Means = "The server can be reached, which proves nothing about what it answers to Twilio. A health_url would."
	case !in.Watch.SeenDown:
		view.Kind = "plain"
		view.Means = "It answers Backstop, and did so all the time while Twilio failed: what is wrong lies between Twilio and the server, or comes and goes. This proves nothing over."
	case f.Health:
		view.Means = "The server says at its health_url that it works."
	default:
		view.Means = "The server can be reached again. What it answers to Twilio was not asked."
	}
	if in.Watch.Good > 0 && in.Watch.SeenDown && in.State != incident.Resolved {
		view.Good = templates.Plural(int64(in.Watch.Good), "good probe", "good probes") + " in a row; " + strconv.Itoa(p.Proofs) + " prove it over"
	}
	return view
}

// hushOf says why nobody is told of d, and where to change that.
func hushOf(d history.IncidentDetail, h incident.Hush, now time.Time, zone *time.Location) *hushView {
	view := &hushView{Why: history.Visible(cut(h.Why, 300)), Until: momentIn(h.Until, zone)}
	switch {
	case d.Explained():
		view.Parent = d.Parent
	case d.Muted(now):
		view.Muted, view.UpTo = true, d.Watch.MutedUpTo
	case strings.HasPrefix(h.Why, "silenced by "):
		view.Link, view.Label = silencesPath, "The silences"
	default:
		view.Link, view.Label = notifiersPath+"#windows", "The maintenance windows"
	}
	return view
}

// standingOf asks for the silences and says where d stands. Without them the
// page is shown all the same.
func (p *Pages) standingOf(ctx context.Context, d history.IncidentDetail) standingView {
	silences, err := p.silencesNow(ctx)
	if err != nil {
		p.Log.Warn("page without silences", "err", err)
	}
	return p.standing(d, silences)
}

// silencesNow are those that may hold.
func (p *Pages) silencesNow(ctx context.Context) ([]incident.Silence, error) {
	return read(ctx, p, func(ctx context.Context) ([]incident.Silence, error) { return p.History.Silences(ctx, p.Now()) })
}

// spanWords writes a wait as people say it: "10 minutes", "1 hour 30 minutes".
func spanWords(d time.Duration) string {
	var words []string
	for _, unit := range []struct {
		is        time.Duration
		one, many string
	}{{24 * time.Hour, "day", "days"}, {time.Hour, "hour", "hours"}, {time.Minute, "minute", "minutes"}, {time.Second, "second", "seconds"}} {
		if n := d / unit.is; n > 0 {
			words = append(words, templates.Plural(int64(n), unit.one, unit.many))
			d -= n * unit.is
		}
	}
	if len(words) == 0 {
		return "0 seconds"
	}
	return strings.Join(words[:min(len(words), 2)], " ")
}
