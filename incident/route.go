package incident

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Route says which notifiers hear of what. Routes are asked in order, and the
// first that matches is the last one, unless it says Continue.
type Route struct {
	Match      Match
	Notifiers  []string
	Continue   bool
	Escalation []Level // nil: the policy's own
}

// Match is what an alert has to be about. Every list that is empty matches
// anything, and of a list one entry is enough. Text may hold "*" for any
// letters and "?" for one.
type Match struct {
	Lines    []string    `json:",omitzero"` // addresses, "+4930*"
	Tags     []string    `json:",omitzero"` // of the line, exactly
	Accounts []string    `json:",omitzero"` // AccountSids
	Hosts    []string    `json:",omitzero"` // of ErrorUrl
	Codes    []CodeRange `json:",omitzero"`
	Channels []Channel   `json:",omitzero"`
	Causes   []CauseKind `json:",omitzero"`
	Urgency  []Urgency   `json:",omitzero"`

	// Hours says whether the moment fits; nil: it does. HoursAre says which they
	// are: "while office is open". Neither is kept with a silence.
	Hours    func(at time.Time) bool `json:"-"`
	HoursAre string                  `json:"-"`

	// OnLine says whether a line is among Lines where these are no globs but written
	// as the configuration's lines are; nil: they are globs. It is not kept with a
	// silence either.
	OnLine func(address string) bool `json:"-"`
}

// CodeRange are the codes from First to Last, both included.
type CodeRange struct{ First, Last int }

// Subject is what a match is asked about: one failure of an incident.
type Subject struct {
	Account string
	Line    string
	Tags    []string
	Host    string
	Code    int
	Channel Channel
	Cause   CauseKind
	Urgency Urgency
	At      time.Time
}

// Fits says whether m matches s.
func (m Match) Fits(s Subject) bool {
	return m.onLine(s.Line) && among(m.Hosts, s.Host) && fits(m.Accounts, s.Account) &&
		(len(m.Tags) == 0 || slices.ContainsFunc(s.Tags, func(tag string) bool { return slices.Contains(m.Tags, tag) })) &&
		(len(m.Codes) == 0 || slices.ContainsFunc(m.Codes, func(r CodeRange) bool { return r.First <= s.Code && s.Code <= r.Last })) &&
		fits(m.Channels, s.Channel) && fits(m.Causes, s.Cause) && fits(m.Urgency, s.Urgency) &&
		(m.Hours == nil || m.Hours(s.At))
}

func (m Match) onLine(address string) bool {
	if m.OnLine != nil {
		return m.OnLine(address)
	}
	return among(m.Lines, address)
}

// Everything says whether m matches whatever it is asked about.
func (m Match) Everything() bool {
	return len(m.Lines)+len(m.Tags)+len(m.Accounts)+len(m.Hosts)+len(m.Codes)+len(m.Channels)+len(m.Causes)+len(m.Urgency) == 0 && m.Hours == nil
}

func fits[T comparable](list []T, one T) bool { return len(list) == 0 || slices.Contains(list, one) }

// among says whether one of the patterns matches s.
func among(patterns []string, s string) bool {
	if len(patterns) == 0 {
		return true
	}
	return slices.ContainsFunc(patterns, func(p string) bool { return glob(p, s) })
}

// glob matches "*" and "?" only, in at most as many steps as the product of both
// lengths.
func glob(pattern, s string) bool {
	star, from := -1, 0 // where the last star was, and what it has taken
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, from = i, j
			i++
		case i < len(pattern) && (pattern[i] == '?' || pattern[i] == s[j]):
			i++
			j++
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	for i < len(pattern) && pattern[i] == '*' {
		i++
	}
	return i == len(pattern)
}

// routed are the notifiers that hear of s, in the order of the routes. Where no
// route matches it is everybody: an alert that nobody gets is none.
func (p Policy) routed(s Subject) []string {
	var names []string
	for _, r := range p.Routes {
		if !r.Match.Fits(s) {
			continue
		}
		for _, name := range r.Notifiers {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if !r.Continue {
			break
		}
	}
	if len(names) > 0 {
		return names
	}
	for _, n := range p.Notifiers {
		names = append(names, n.Name)
	}
	return names
}

// levels are the stages by which s escalates: of the first route that matches
// and has any, else the policy's own.
func (p Policy) levels(s Subject) []Level {
	for _, r := range p.Routes {
		if !r.Match.Fits(s) {
			continue
		}
		if len(r.Escalation) > 0 {
			return r.Escalation
		}
		if !r.Continue {
			break
		}
	}
	return p.Escalation
}

// subject is what in is about now, as its newest failure shows.
func (p Policy) subject(in Incident, at time.Time) Subject {
	s := Subject{
		Account: in.Cause.Account, Line: in.Last.To, Host: Host(in.Last.ErrorURL), Code: in.Last.Code, Channel: in.Last.Channel,
		Cause: in.Cause.Kind, Urgency: in.Watch.Urgency, At: at,
	}
	if p.Line != nil {
		s.Tags = p.Line(s.Line).Tags
	}
	return s
}

// reach brings the notifiers that in was routed to up to date with its newest
// failure, and says whether there are new ones.
func (p Policy) reach(in Incident, at time.Time) (Incident, bool) {
	if in.Watch.Reached != nil && len(p.Routes) == 0 {
		return in, false
	}
	s := p.subject(in, at)
	key := p.routeKey(s)
	if in.Watch.Reached != nil && in.Watch.RoutedFor == key {
		return in, false
	}
	more := false
	reached := slices.Clone(in.Watch.Reached)
	for _, name := range p.routed(s) {
		if !slices.Contains(reached, name) {
			reached = append(reached, name)
			more = true
		}
	}
	in.Watch.Reached, in.Watch.RoutedFor = reached, key
	return in, more
}

// routeKey is the same for what the routes say the same of, for ten minutes where
// some go by the hour.
func (p Policy) routeKey(s Subject) string {
	if len(p.Routes) == 0 {
		return ""
	}
	key := strings.Join([]string{s.Line, s.Host, strconv.Itoa(s.Code), strconv.Itoa(int(s.Channel))}, "|")
	if slices.ContainsFunc(p.Routes, func(r Route) bool { return r.Match.Hours != nil }) {
		key += "|" + strconv.FormatInt(s.At.Unix()/600, 10)
	}
	return key
}
