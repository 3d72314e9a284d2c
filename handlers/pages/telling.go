package pages

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// tellingForm asks who would be told, as it was typed.
type tellingForm struct {
	Incident                                string
	Line, Code, Tags, Host, Account, Chosen string
	At                                      string
	Zone                                    string
	asked                                   bool
	values                                  url.Values
}

// Channels are what can be chosen.
func (tellingForm) Channels() []choice[incident.Channel] { return channelChoices()[:2] }

// usualCode is what is asked about where no code is typed: the most frequent one.
const usualCode = "11200"

func tellingFormOf(typed url.Values, zone *time.Location) tellingForm {
	f := tellingForm{
		Incident: strings.TrimPrefix(strings.TrimSpace(typed.Get("incident")), "#"),
		Line:     typed.Get("line"), Code: cmp.Or(strings.TrimSpace(typed.Get("code")), usualCode), Tags: typed.Get("tags"), Host: typed.Get("host"),
		Account: strings.TrimSpace(typed.Get("account")), Chosen: cmp.Or(typed.Get("channel"), "voice"), At: typed.Get("at"), Zone: zone.String(), values: typed,
	}
	f.asked = f.Incident != "" || typed.Has("line") || typed.Has("code") || typed.Has("tags") || typed.Has("host") || typed.Has("account")
	return f
}

// subjectAsked is what the form asks about; nil where it asks nothing, or was not
// understood. of is the incident, nil for what was typed in.
func (p *Pages) subjectAsked(ctx context.Context, policy incident.Policy, f tellingForm) (s *incident.Subject, of *history.IncidentDetail, problems []history.Problem) {
	if !f.asked {
		return nil, nil, nil
	}
	at, problems := history.ParseMoment(f.values, "at", p.Now(), p.Settings().Zone)
	switch {
	case len(problems) > 0:
		return nil, nil, problems
	case at.IsZero():
		at = p.Now()
	}
	if f.Incident != "" {
		d, problem := p.incidentNamed(ctx, f.Incident)
		if problem != nil {
			return nil, nil, []history.Problem{*problem}
		}
		about := policy.About(d.Incident, at)
		return &about, d, nil
	}
	typed, problems := f.subject(policy, at)
	if len(problems) > 0 {
		return nil, nil, problems
	}
	return &typed, nil, nil
}

func (p *Pages) incidentNamed(ctx context.Context, typed string) (*history.IncidentDetail, *history.Problem) {
	id, err := strconv.ParseInt(typed, 10, 64)
	if err != nil || id < 1 {
		return nil, &history.Problem{Field: "incident", Value: typed, Hint: "an incident is named by its number, such as 14"}
	}
	d, err := read(ctx, p, func(ctx context.Context) (history.IncidentDetail, error) { return p.History.Incident(ctx, id) })
	switch {
	case errors.Is(err, history.ErrNotFound):
		return nil, &history.Problem{Field: "incident", Value: typed, Hint: "there is none with this number"}
	case err != nil:
		return nil, &history.Problem{Field: "incident", Value: typed, Hint: "the history does not answer at the moment: type in what it is about"}
	}
	return &d, nil
}

// subject is what was typed in. The line's own tags come with it.
func (f tellingForm) subject(policy incident.Policy, at time.Time) (s incident.Subject, problems []history.Problem) {
	s = incident.Subject{Account: f.Account, Line: typedLine(strings.TrimSpace(f.Line)), Tags: typedList(f.Tags), Host: typedHost(strings.TrimSpace(f.Host)), At: at}
	code, err := strconv.Atoi(f.Code)
	if err != nil || code < 0 {
		problems = append(problems, history.Problem{Field: "code", Value: f.Code, Hint: "an error code is a number such as 11200; 0 for none"})
	}
	s.Code = code
	if f.Account != "" && !twilio.IsAccountSID(f.Account) {
		problems = append(problems, history.Problem{Field: "account", Value: f.Account, Hint: "an Account SID is AC and 32 of 0-9 a-f"})
	}
	channel, ok := incident.ParseChannel(f.Chosen)
	if !ok {
		problems = append(problems, history.Problem{Field: "channel", Value: f.Chosen, Hint: "it is voice or messaging"})
	}
	s.Channel = channel
	s.Cause = incident.CauseOf(incident.Failure{Code: code, AskedFirst: code == 0}).Kind
	if policy.Line != nil && s.Line != "" {
		for _, tag := range policy.Line(s.Line).Tags {
			if !slices.Contains(s.Tags, tag) {
				s.Tags = append(s.Tags, tag)
			}
		}
	}
	return s, problems
}

// verdictOfPolicy is who would be told of something of one urgency.
type verdictOfPolicy struct {
	Urgency   string
	Is        bool   // the incident is of that urgency
	Told      string // "" for nobody
	OnlyPages string // who would be if it were a page
	Route     string // "by route 2", "by routes 1 and 3", "no route matches: everybody"
	Levels    []levelView
	Hush      string // why nobody is told
	HushUntil Moment
	DueAt     Moment // when it goes out, where that is not at once
	routes    []int
}

// verdicts says who is told of it as a notice and as a page.
func (p *Pages) verdicts(ctx context.Context, policy incident.Policy, s incident.Subject, known bool) (views []verdictOfPolicy) {
	silences, err := p.silencesNow(ctx)
	if err != nil {
		p.Log.Warn("verdict without silences", "err", err)
	}
	is := s.Urgency
	for _, urgency := range []incident.Urgency{incident.Notice, incident.Page} {
		s.Urgency = urgency
		v := policy.Verdict(s, silences)
		view := verdictOfPolicy{
			Urgency: urgency.String(), Is: known && urgency == is, Told: namesOf(v.Told), OnlyPages: namesOf(v.OnlyPages), Levels: levelViews(v.Levels), routes: v.Routes, Route: routesTold(v),
		}
		if v.Hushed {
			view.Hush, view.HushUntil = history.Visible(v.Hush.Why), p.moment(v.Hush.Until)
		}
		if v.DueAt.After(s.At) {
			view.DueAt = p.moment(v.DueAt)
		}
		views = append(views, view)
	}
	return views
}

func routesTold(v incident.Verdict) string {
	if v.Everybody {
		return "no route matches: everybody"
	}
	numbers := make([]string, len(v.Routes))
	for i, at := range v.Routes {
		numbers[i] = strconv.Itoa(at + 1)
	}
	if len(numbers) == 1 {
		return "by route " + numbers[0]
	}
	return "by routes " + strings.Join(numbers[:len(numbers)-1], ", ") + " and " + numbers[len(numbers)-1]
}
