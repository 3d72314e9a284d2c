package recovery

import (
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// RuleOptions is one rule as the configuration says it: the steps of the first
// rule that matches are taken.
type RuleOptions struct {
	Name  string
	Match Match
	Steps []StepOptions
}

// Match is what a rule asks of a failure: all that is said has to hold, and of
// each list one entry. An empty Match holds always. * in Hosts and Paths stands
// for any text, in numbers at their end as in a line's match.
type Match struct {
	Channel    string   // voice or messaging
	Codes      []string // "11200", "11200-11299"; "0" for a request without an error code
	Lines      []string // numbers, services, domains, apps: as a line's match
	Tags       []string // of the line
	From, To   []string // numbers and addresses, likewise
	Accounts   []string // AccountSids
	Hosts      []string // of the ErrorUrl, with a port that is not the scheme's own
	Paths      []string // of the ErrorUrl
	Directions []string // inbound, outbound-api, outbound-dial
	Statuses   []string // CallStatus: ringing, in-progress …
	Visits     string   // how often the call or message has failed: "1", "2-3", "2-"
	Open       string   // name of hours that it is within …
	Closed     string   // … and of hours that it is not
	Health     []string // of a target or primary that is probed: "standby down", "https://www.example.com up"
}

// StepOptions is one step: exactly one of its fields is set.
type StepOptions struct {
	Failover  []string          // names of targets, to be asked in this order
	Redirect  string            // name of the target where the call is to go on
	Retry     *RetryOptions     // go back to the address that failed
	Dial      *DialOptions      // ring people
	Enqueue   *EnqueueOptions   // have the caller wait until somebody takes the call
	Voicemail *VoicemailOptions // record what the caller has to say
	Callback  bool              // offer to call back
	Message   bool              // say or write the text for the situation
	Reject    string            // busy or rejected: end a call that still rings, unbilled
	Ignore    bool              // say nothing
	LastGood  bool              // serve what was good for that path before

	// Hedge stands beside Failover: each time that it passes without an
	// answer the next target is asked, too. 0: not before one fails.
	Hedge time.Duration
}

// rule is one that was checked.
type rule struct {
	name   string
	digest [6]byte // of its steps: see digestOf
	match  Match
	when   []condition // all of them
	steps  []Step
}

// condition is one thing that a rule asks.
type condition func(c *asked) bool

// asked is what conditions look at.
type asked struct {
	incident.Failure
	seen  *facts
	line  found
	state State
	at    twilio.ErrorURL // parsed when first looked at
	read  bool
}

// rule is the first that matches, nil where none does.
func (r *Rules) rule(f incident.Failure, seen *facts, line found, s State) *rule {
	if len(r.rules) == 0 {
		return nil
	}
	c := &asked{Failure: f, seen: seen, line: line, state: s}
	for i := range r.rules {
		if r.rules[i].matches(c) {
			return &r.rules[i]
		}
	}
	return nil
}

func (r *rule) matches(c *asked) bool {
	for _, holds := range r.when {
		if !holds(c) {
			return false
		}
	}
	return true
}

func (c *asked) errorURL() *twilio.ErrorURL {
	if !c.read {
		c.at, c.read = twilio.ParseErrorURL(c.ErrorURL), true
	}
	return &c.at
}

// fromTo are the numbers from … to, both included.
type fromTo struct{ from, to int }

func (r fromTo) holds(n int) bool { return r.from <= n && n <= r.to }

func onCodes(ranges []fromTo) condition {
	return func(c *asked) bool {
		return slices.ContainsFunc(ranges, func(r fromTo) bool { return r.holds(c.Code) })
	}
}

// onAddresses asks whether one of the addresses that a failure can be listed by
// is among those of m.
func onAddresses(m matcher, of func(c *asked, room []string) []string) condition {
	return func(c *asked) bool {
		var room [8]string
		return m.find(of(c, room[:0])) != noLine
	}
}

func linesOf(c *asked, room []string) []string { return c.seen.appendLine(room, c.line.ours) }
func fromOf(c *asked, room []string) []string  { return appendAddresses(room, c.From) }
func toOf(c *asked, room []string) []string    { return appendAddresses(room, c.To) }

func onTags(tags []string) condition {
	return func(c *asked) bool {
		return c.line.Line != nil && slices.ContainsFunc(tags, func(tag string) bool { return slices.Contains(c.line.Tags, tag) })
	}
}

// onTexts asks for one of several texts, * standing for any.
func onTexts(patterns []string, of func(c *asked) string) condition {
	return func(c *asked) bool {
		text := of(c)
		return slices.ContainsFunc(patterns, func(pattern string) bool { return glob(pattern, text) })
	}
}

// glob says whether text is what pattern says, * standing for any text.
func glob(pattern, text string) bool {
	first, rest, starred := strings.Cut(pattern, "*")
	if !starred {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	parts := strings.Split(rest, "*")
	last := parts[len(parts)-1]
	for _, part := range parts[:len(parts)-1] {
		_, behind, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = behind
	}
	return strings.HasSuffix(text, last)
}
