package incident_test

import (
	"slices"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

func TestARouteMatchesWhatItsListsSay(t *testing.T) {
	t.Parallel()
	s := incident.Subject{
		Account: "AC1", Line: "+493012345600", Tags: []string{"clinic", "berlin"}, Host: "www.example.com", Code: 11200,
		Channel: incident.Voice, Cause: incident.FetchLevel, Urgency: incident.Page, At: noon,
	}
	for _, test := range []struct {
		claim string
		m     incident.Match
		want  bool
	}{
		{"nothing matches everything", incident.Match{}, true},
		{"a line by its beginning", incident.Match{Lines: []string{"+4989*", "+4930*"}}, true},
		{"another line", incident.Match{Lines: []string{"+4989*"}}, false},
		{"one letter", incident.Match{Lines: []string{"+49301234560?"}}, true},
		{"not more than one", incident.Match{Lines: []string{"+4930123456?"}}, false},
		{"a star in the middle", incident.Match{Hosts: []string{"www.*.com"}}, true},
		{"stars that have to give back", incident.Match{Hosts: []string{"*w.*e.com"}}, true},
		{"lines that are no globs", incident.Match{Lines: []string{"+4989*"}, OnLine: func(address string) bool { return address == "+493012345600" }}, true},
		{"lines that are no globs, and other ones", incident.Match{Lines: []string{"*"}, OnLine: func(string) bool { return false }}, false},
		{"any of its tags", incident.Match{Tags: []string{"sales", "berlin"}}, true},
		{"none of its tags", incident.Match{Tags: []string{"sales"}}, false},
		{"an account", incident.Match{Accounts: []string{"AC2"}}, false},
		{"a range of codes", incident.Match{Codes: []incident.CodeRange{{First: 11000, Last: 11199}, {First: 11200, Last: 11200}}}, true},
		{"outside of the codes", incident.Match{Codes: []incident.CodeRange{{First: 12000, Last: 12999}}}, false},
		{"a channel", incident.Match{Channels: []incident.Channel{incident.Messaging}}, false},
		{"a cause", incident.Match{Causes: []incident.CauseKind{incident.FetchLevel}}, true},
		{"an urgency", incident.Match{Urgency: []incident.Urgency{incident.Notice}}, false},
		{"all of it", incident.Match{Tags: []string{"clinic"}, Channels: []incident.Channel{incident.Voice}, Urgency: []incident.Urgency{incident.Page}}, true},
		{"all but one", incident.Match{Tags: []string{"clinic"}, Channels: []incident.Channel{incident.Messaging}}, false},
		{"its hours", incident.Match{Hours: func(at time.Time) bool { return at.Equal(noon) }}, true},
		{"outside its hours", incident.Match{Hours: func(time.Time) bool { return false }}, false},
	} {
		if got := test.m.Fits(s); got != test.want {
			t.Errorf("%s: got %v, want %v", test.claim, got, test.want)
		}
	}
}

// house is a policy for four notifiers: ops by mail, a chat that changes its
// messages, the clinic's mail, and a pager that is for pages only.
func house(routes ...incident.Route) incident.Policy {
	p := incident.DefaultPolicy()
	p.Notifiers = []incident.Notifier{{Name: "ops"}, {Name: "chat", InPlace: true}, {Name: "clinic"}, {Name: "pager", InPlace: true, Wakes: true, OnlyPages: true}}
	p.Routes = routes
	p.Line = func(address string) incident.Traits {
		if address == "+493012345600" {
			return incident.Traits{Tags: []string{"clinic"}}
		}
		return incident.Traits{}
	}
	return p
}

func on(at time.Time, caller int, line string) incident.Entry {
	e := from(at, caller)
	e.Failure.To = line
	return e
}

func TestAlertsGoWhereTheRoutesSay(t *testing.T) {
	t.Parallel()
	clinic := incident.Route{Match: incident.Match{Tags: []string{"clinic"}}, Notifiers: []string{"clinic"}}
	rest := incident.Route{Notifiers: []string{"ops", "chat", "pager"}}
	goesOn := clinic
	goesOn.Continue = true
	for _, test := range []struct {
		claim  string
		routes []incident.Route
		line   string
		kind   incident.Kind
		page   bool
		told   []string
		want   []string
	}{
		{"without routes it is everybody's, but the pager's only where it is urgent", nil, "+1", incident.Opened, false, nil, []string{"ops", "chat", "clinic"}},
		{"and the pager's where it is", nil, "+1", incident.Opened, true, nil, []string{"ops", "chat", "clinic", "pager"}},
		{"the first route that matches", []incident.Route{clinic, rest}, "+493012345600", incident.Opened, true, nil, []string{"clinic"}},
		{"and those behind it where it says so", []incident.Route{goesOn, rest}, "+493012345600", incident.Opened, true, nil, []string{"ops", "chat", "clinic", "pager"}},
		{"another line", []incident.Route{clinic, rest}, "+1", incident.Opened, true, nil, []string{"ops", "chat", "pager"}},
		{"what no route matches is everybody's", []incident.Route{clinic}, "+1", incident.Opened, true, nil, []string{"ops", "chat", "clinic", "pager"}},
		{"that it is over is for those who know of it", []incident.Route{clinic, rest}, "+1", incident.Over, true, []string{"clinic", "pager"}, []string{"clinic", "pager"}},
		{"that somebody has it is for those of them who change their messages", nil, "+1", incident.Taken, true, []string{"ops", "chat"}, []string{"chat"}},
		{"that it is quiet wakes nobody", nil, "+1", incident.FellQuiet, true, []string{"ops", "pager"}, []string{"ops"}},
		{"that it may wake people is for those who are woken, and who do not know", nil, "+1", incident.Raised, true, []string{"ops", "chat", "pager"}, []string{"clinic", "pager"}},
		{"growth is for everybody on its routes", []incident.Route{clinic, rest}, "+1", incident.Growing, true, nil, []string{"ops", "chat"}},
	} {
		t.Run(test.claim, func(t *testing.T) {
			t.Parallel()
			p := house(test.routes...)
			in, _ := incident.Begin(on(noon, 1, test.line), nil, p)
			if test.page {
				in.Watch.Urgency = incident.Page
			}
			a := incident.Alert{Kind: test.kind, Urgency: in.Watch.Urgency, At: noon}
			got, err := p.Recipients(a, &in, func() ([]string, error) { return test.told, nil })
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("got %v, %v, want %v", got, err, test.want)
			}
		})
	}
}

func TestAnotherLineReachesThePeopleOfItsRouteOnce(t *testing.T) {
	t.Parallel()
	p := house(incident.Route{Match: incident.Match{Tags: []string{"clinic"}}, Notifiers: []string{"clinic"}}, incident.Route{Notifiers: []string{"ops"}})
	s := &story{t: t, policy: p, seen: map[string]bool{}}
	s.in, s.alerts = incident.Begin(on(noon, 1, "+1"), nil, p)
	s.seen[from(noon, 1).Failure.CallerKey()] = true
	s.observe(on(noon.Add(time.Minute), 1, "+2"))
	s.observe(on(noon.Add(2*time.Minute), 1, "+493012345600"))
	s.observe(on(noon.Add(3*time.Minute), 1, "+1"))
	s.observe(on(noon.Add(4*time.Minute), 1, "+493012345600"))
	s.want("opened(1) spread(1) ")
	got, err := p.Recipients(s.alerts[1], &s.in, func() ([]string, error) { return []string{"ops"}, nil })
	if err != nil || !slices.Equal(got, []string{"clinic"}) {
		t.Errorf("it goes to %v, %v, want the clinic alone", got, err)
	}
	// And from then on the clinic hears what goes on.
	got, err = p.Recipients(incident.Alert{Kind: incident.Reminder, At: noon}, &s.in, nil)
	if err != nil || !slices.Equal(got, []string{"ops", "clinic"}) {
		t.Errorf("a reminder goes to %v, %v", got, err)
	}
}

func TestRoutesAreAskedAgainForWhateverTheyGoBy(t *testing.T) {
	t.Parallel()
	evening := noon.Add(6 * time.Hour)
	for claim, c := range map[string]struct {
		match  incident.Match
		change func(*incident.Failure)
		at     time.Time
	}{
		"another channel":   {incident.Match{Channels: []incident.Channel{incident.Messaging}}, func(f *incident.Failure) { f.Channel = incident.Messaging }, noon.Add(time.Minute)},
		"another code":      {incident.Match{Codes: []incident.CodeRange{{First: 11210, Last: 11210}}}, func(f *incident.Failure) { f.Code = 11210 }, noon.Add(time.Minute)},
		"another address":   {incident.Match{Hosts: []string{"api.*"}}, func(f *incident.Failure) { f.ErrorURL = "https://api.example.com/voice" }, noon.Add(time.Minute)},
		"the evening shift": {incident.Match{Hours: func(at time.Time) bool { return !at.Before(evening) }}, func(*incident.Failure) {}, evening.Add(time.Minute)},
	} {
		p := house(incident.Route{Match: c.match, Notifiers: []string{"clinic"}}, incident.Route{Notifiers: []string{"ops"}})
		p.QuietAfter = 24 * time.Hour
		s := &story{t: t, policy: p, seen: map[string]bool{}}
		s.in, s.alerts = incident.Begin(from(noon, 1), nil, p)
		s.seen[from(noon, 1).Failure.CallerKey()] = true
		e := from(c.at, 1)
		c.change(&e.Failure)
		s.observe(e)
		if s.kinds() != "opened(1) spread(1) " {
			t.Errorf("%s: told %s", claim, s.kinds())
			continue
		}
		got, err := p.Recipients(s.alerts[1], &s.in, func() ([]string, error) { return []string{"ops"}, nil })
		if err != nil || !slices.Equal(got, []string{"clinic"}) {
			t.Errorf("%s: it goes to %v, %v, want the clinic alone", claim, got, err)
		}
	}
}

func TestWhatBackstopSaysOfItselfReachesSomebody(t *testing.T) {
	t.Parallel()
	p := incident.DefaultPolicy()
	p.Notifiers = []incident.Notifier{{Name: "mail"}, {Name: "pager", Wakes: true, OnlyPages: true}}
	for _, test := range []struct {
		claim string
		a     incident.Alert
		want  []string
	}{
		{"a notice is no reason to page", incident.Alert{Kind: incident.Meta, Topic: incident.ReloadTopic}, []string{"mail"}},
		{"but where the mail itself fails", incident.Alert{Kind: incident.Meta, Topic: incident.NotifierTopic.About("mail"), Except: "mail"}, []string{"pager"}},
		{"callers that are not written down are one", incident.Alert{Kind: incident.Meta, Topic: incident.JournalTopic.About("callers")}, []string{"mail", "pager"}},
		{"a drill is none", incident.Alert{Kind: incident.DrillAlert}, []string{"mail"}},
	} {
		test.a.Urgency = test.a.Topic.Urgency()
		if got, err := p.Recipients(test.a, nil, nil); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, %v, want %v", test.claim, got, err, test.want)
		}
	}
}
