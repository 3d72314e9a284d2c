package recovery

import (
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
)

// primaries checks the customer's own servers.
func (c *checker) primaries(urls []string) (p standby.Primaries) {
	for i, raw := range urls {
		with, err := p.With(raw)
		if err != nil {
			c.remedied(fmt.Sprintf("primaries[%d]", i), raw, err)
			continue
		}
		if c.isOwn(raw) {
			c.mistake(fmt.Sprintf("primaries[%d]", i), raw, circle, "name the server whose calls Backstop saves")
		}
		p = with
	}
	return p
}

// circle is what is wrong with Backstop's own address as somebody else's.
const circle = "is Backstop itself, so that calls would go round in circles"

// isOwn says whether an address is that of Backstop, by http as by https: there
// the one leads to the other. Below a path of its own it may share the host with
// others.
func (c *checker) isOwn(address string) bool {
	own, is := authorityOf(c.own), authorityOf(address)
	if own == "" || own != is {
		return false
	}
	at, err := url.Parse(address)
	return c.basePath == "" || err == nil && (at.Path == c.basePath || strings.HasPrefix(at.Path, c.basePath+"/"))
}

// authorityOf is host and port of an http(s) address, without a port that is usual
// for one of the two schemes; "" for what is no such address.
func authorityOf(address string) string {
	_, authority, _ := strings.Cut(standby.PrimaryName(address), "://")
	return strings.TrimSuffix(strings.TrimSuffix(authority, ":443"), ":80")
}

// remedied notes an error that says problem and remedy, with a colon between.
func (c *checker) remedied(key, value string, err error) {
	problem, remedy, _ := strings.Cut(err.Error(), ": ")
	c.mistake(key, value, problem, remedy)
}

// targets checks the servers that can stand in.
func (c *checker) targets(o Options) map[string]*standby.Target {
	targets := map[string]*standby.Target{}
	for _, name := range slices.Sorted(maps.Keys(o.Targets)) {
		t, err := standby.NewTarget(name, o.Targets[name])
		if err != nil {
			c.remedied("targets."+name+".url", o.Targets[name].URL, err)
		}
		if place, _, _ := strings.Cut(o.Targets[name].URL, "{"); c.isOwn(place) {
			c.mistake("targets."+name+".url", o.Targets[name].URL, circle, "name the server that is to stand in")
		}
		targets[name] = &t // that its URL is wrong is one mistake, not two
	}
	return targets
}

// rules checks the rules.
func (c *checker) rules(o Options, targets map[string]*standby.Target, probed []standby.Probe) []rule {
	tags := map[string]bool{}
	for _, line := range o.Lines {
		for _, tag := range line.Tags {
			tags[tag] = true
		}
	}
	const mostRules = 1000 // each failure goes through them, and check compares every two
	if len(o.Rules) > mostRules {
		c.mistake("recovery", "", "are too many rules", fmt.Sprintf("name %d at most: tags of lines may say the same in fewer", mostRules))
	}
	rc := ruleChecker{checker: c, targets: targets, probed: probed, tags: tags, lines: o.Lines, only: o.OnlyAccounts}
	var rules []rule
	for i, one := range o.Rules {
		rules = append(rules, rc.rule(fmt.Sprintf("recovery[%d]", i), one, i < len(o.Rules)-1))
	}
	rc.unreachable(rules)
	return rules
}

const mostSteps = 20

// ruleChecker checks what rules name.
type ruleChecker struct {
	*checker
	targets map[string]*standby.Target
	probed  []standby.Probe
	tags    map[string]bool
	lines   []Line
	only    []string // accounts
}

func (c *ruleChecker) rule(key string, o RuleOptions, more bool) rule {
	r := rule{name: o.Name, match: o.Match}
	if len(o.Steps) > mostSteps {
		c.mistake(key+".steps", "", "are too many", fmt.Sprintf("name %d at most: nobody waits for more", mostSteps))
	}
	c.conditions(key+".match", o.Match, &r)
	if len(r.when) == 0 && more {
		c.mistake(key+".match", "", "matches everything, so that no rule behind it is ever asked", "put this rule last, or say what it matches")
	}
	if len(o.Steps) == 0 {
		c.mistake(key+".steps", "", "is empty", "name what to try, such as steps: [{failover: standby}, {message: apology}]")
	}
	for i, step := range o.Steps {
		at := fmt.Sprintf("%s.steps[%d]", key, i)
		r.steps = append(r.steps, c.step(at, step))
		if (step.Message || step.Ignore) && i < len(o.Steps)-1 {
			c.mistake(fmt.Sprintf("%s.steps[%d]", key, i), "", "always serves, so that no step behind it is ever tried", "put it last")
		}
		if kind := r.steps[i].Kind; o.Match.Channel == "messaging" && (kind.holds() || kind == Reject) {
			c.mistake(at+"."+string(kind), step.Reject, "is for calls, and this rule is for messages", "write {message: apology} or {ignore: true}")
		}
		if step.Reject != "" && i > 0 && r.steps[i-1].Kind.holds() {
			c.mistake(at+".reject", step.Reject, "can only end a call that rings, and the step before it has answered", "put it first, or into a rule of its own")
		}
	}
	return r
}

// conditions reads what a rule asks into r.
func (c *ruleChecker) conditions(key string, m Match, r *rule) {
	if m.Channel != "" {
		channel, ok := incident.ParseChannel(m.Channel)
		if !ok || channel == incident.Unknown {
			c.mistake(key+".channel", m.Channel, "is no channel", "write voice or messaging")
		}
		r.when = append(r.when, func(a *asked) bool { return a.Channel == channel })
	}
	c.contradictions(key, m)
	if len(m.Codes) > 0 {
		r.when = append(r.when, onCodes(c.codes(key+".codes", m.Codes)))
	}
	for _, list := range []struct {
		name    string
		matches []string
		of      func(*asked, []string) []string
	}{{"lines", m.Lines, linesOf}, {"from", m.From, fromOf}, {"to", m.To, toOf}} {
		if len(list.matches) > 0 {
			r.when = append(r.when, onAddresses(c.addresses(key+"."+list.name, list.matches), list.of))
		}
	}
	if len(m.Tags) > 0 {
		for i, tag := range m.Tags {
			if !c.tags[tag] {
				c.mistake(fmt.Sprintf("%s.tags[%d]", key, i), tag, "is a tag that no line has", "add it to the tags of a line")
			}
		}
		r.when = append(r.when, onTags(m.Tags))
	}
	if m.Visits != "" {
		visits := c.visits(key+".visits", m.Visits)
		r.when = append(r.when, func(a *asked) bool { return visits.holds(max(1, a.state.Visit)) })
	}
	if len(m.Health) > 0 {
		r.when = append(r.when, onHealth(c.health(key+".health", m.Health)))
	}
	c.texts(key, m, r)
	c.hours(key, m, r)
}

func (c *ruleChecker) visits(key, text string) fromTo {
	visits, ok := parseVisits(text)
	if !ok {
		c.mistake(key, text, "says not how often a call may have failed", "write 1 for the first time, 2- for every further one, or 2-3")
	} else if visits.from > MostVisits {
		c.mistake(key, text, "is more often than rules are asked", fmt.Sprintf("begin with %d at most: what fails more often within minutes goes round in circles, and gets the text", MostVisits))
	}
	return visits
}

// parseVisits reads "1", "2-3" or "2-"; nothing is however often.
func parseVisits(text string) (r fromTo, ok bool) {
	if text == "" {
		return fromTo{1, math.MaxInt}, true
	}
	from, to, isRange := strings.Cut(text, "-")
	first, err := strconv.Atoi(strings.TrimSpace(from))
	last := first
	var errLast error
	if isRange {
		if last = math.MaxInt; strings.TrimSpace(to) != "" {
			last, errLast = strconv.Atoi(strings.TrimSpace(to))
		}
	}
	return fromTo{first, last}, err == nil && errLast == nil && first >= 1 && last >= first
}

// texts reads the conditions that compare texts.
func (c *ruleChecker) texts(key string, m Match, r *rule) {
	c.accounts(key+".accounts", m.Accounts)
	c.hosts(key+".hosts", m.Hosts)
	c.paths(key+".paths", m.Paths)
	for _, one := range []struct {
		patterns []string
		of       func(*asked) string
	}{
		{m.Accounts, func(a *asked) string { return a.AccountSID }},
		{lower(m.Hosts), func(a *asked) string { return a.errorURL().Authority() }},
		{m.Paths, func(a *asked) string { return a.errorURL().Path }},
		{c.words(key+".directions", m.Directions, Directions()), func(a *asked) string { return a.seen.direction }},
		{c.words(key+".statuses", m.Statuses, Statuses()), func(a *asked) string { return a.seen.callStatus }},
	} {
		if len(one.patterns) > 0 {
			r.when = append(r.when, onTexts(one.patterns, one.of))
		}
	}
}

// lower is a list in lower case.
func lower(list []string) (small []string) {
	for _, s := range list {
		small = append(small, strings.ToLower(s))
	}
	return small
}

// Statuses are the words that CallStatus may say, as rules name them:
// https://www.twilio.com/docs/voice/twiml#callstatus-values
func Statuses() []string {
	return []string{"queued", "initiated", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"}
}

// Directions are the words that Direction may say, likewise.
func Directions() []string { return []string{"inbound", "outbound-api", "outbound-dial"} }

// words is list, whose entries have to be words of Twilio's.
func (c *ruleChecker) words(key string, list, words []string) []string {
	for i, word := range list {
		if !slices.Contains(words, word) {
			c.mistake(fmt.Sprintf("%s[%d]", key, i), word, "is not what Twilio writes there", "write "+strings.Join(words[:len(words)-1], ", ")+" or "+words[len(words)-1])
		}
	}
	return list
}

func (c *ruleChecker) codes(key string, list []string) (ranges []fromTo) {
	for i, text := range list {
		one, ok := parseCodes(text)
		if !ok {
			c.mistake(fmt.Sprintf("%s[%d]", key, i), text, "is no error code", "write one, such as 11200, or from and to, such as 11200-11299")
			continue
		}
		ranges = append(ranges, one)
	}
	return ranges
}

// parseCodes reads "11200" or "11200-11299".
func parseCodes(text string) (r fromTo, ok bool) {
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	first, err1 := strconv.ParseUint(strings.TrimSpace(from), 10, 31)
	last, err2 := strconv.ParseUint(strings.TrimSpace(to), 10, 31)
	return fromTo{int(first), int(last)}, err1 == nil && err2 == nil && first <= last
}

func (c *ruleChecker) addresses(key string, list []string) (m matcher) {
	for i, written := range list {
		match := canonicalMatch(written)
		if flaw := flawOf(written, match); flaw.problem != "" {
			c.mistake(fmt.Sprintf("%s[%d]", key, i), written, flaw.problem, flaw.remedy)
			continue
		}
		m.add(match, 0)
	}
	return m
}
