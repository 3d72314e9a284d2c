package recovery

import (
	"crypto/sha256"
	"encoding/json"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/hours"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio"
)

// Style is how somebody wants to be spoken for: a line, an account, or the
// whole house. What is empty is left to the next, less specific one.
type Style struct {
	Name      string   // what callers know it as: "Praxis Berlin"
	Languages []string // "de", "pt-BR"; several are said one after the other, three at most
	Voice     string   // Twilio's name of a voice; needs its one language beside it
	Say       string   // own words instead of the apology for calls that are not served
	Play      string   // a recording instead: a file of the media folder, or an absolute URL
	Hold      string   // music for those who wait in a queue, likewise
}

// Line is what the configuration says about a number.
type Line struct {
	// Match is an address as Twilio writes it, or what it begins with and
	// "*": "+4930123456", "+4930*", "whatsapp:+4930*", "MG…", "AP…",
	// "example.sip.twilio.com". The most specific line wins; what has no
	// "whatsapp:" matches the number behind it too.
	Match    string
	Tags     []string // what rules may ask for
	Critical bool     // one caller is enough to wake somebody
	Style
}

// Options are all that the configuration says about answers.
type Options struct {
	House    Style            // for every account and line
	Accounts map[string]Style // by AccountSid
	Lines    []Line
	// OnlyAccounts are the AccountSids that requests may come from; empty: any.
	OnlyAccounts []string

	// Countries has the languages of a country where they should be others
	// than the usual ones: CH: [de].
	Countries map[string][]string

	Targets   map[string]standby.Options // by name: servers that can stand in
	Primaries []string                   // the customer's own servers: https://www.example.com
	// PrimaryProbes says how those of Primaries are probed of which anything is said.
	PrimaryProbes map[string]standby.ProbeOptions
	Rules         []RuleOptions // what callers get, the first that matches
	Limits        LimitOptions

	Hours  map[string]hours.Options       // by name: when places are open
	OnCall map[string]hours.RosterOptions // by name: who can be called

	// ByCaller speaks to people in the language of their own country where
	// neither line nor account names one. A phone's country says little
	// about its owner, so it is off unless somebody wants it.
	ByCaller bool

	Media *Media // where Play and Hold name files of; nil for none
	// BasePath is the path of PUBLIC_URL, "/backstop", where a proxy has
	// one that it strips: Twilio has to ask for recordings below it.
	BasePath string
	// Own is PUBLIC_URL, "" where it is not known: nobody is to be sent round in
	// circles by way of it.
	Own string
}

// Rules is what Decide goes by: checked options, never changed. The zero value
// knows no line and speaks English.
type Rules struct {
	house     Style
	accounts  map[string]*Style
	lines     []Line
	matcher   matcher
	countries map[string][]string // tags, at most two
	byCaller  bool
	primaries standby.Primaries
	probes    []standby.Probe
	exams     standby.Exams
	rules     []rule
	limits    LimitOptions
	schedules map[string]*hours.Schedule // by name, as the next
	rosters   map[string]*hours.Roster
	keeps     bool // one of them serves what was good before
}

// NewRules checks o. The error joins every *OptionError. knows says which languages
// there are words in.
func NewRules(o Options, knows func(language string) bool) (Rules, error) {
	c := checker{knows: knows, media: o.Media, basePath: strings.TrimRight(o.BasePath, "/"), own: o.Own, numbers: map[string]bool{}}
	r := Rules{
		house:     c.style("house", o.House),
		accounts:  make(map[string]*Style, len(o.Accounts)),
		countries: c.countries(o.Countries),
		byCaller:  o.ByCaller,
	}
	for _, sid := range slices.Sorted(maps.Keys(o.Accounts)) {
		style := c.style("accounts."+sid, o.Accounts[sid])
		r.accounts[sid] = &style
	}
	for i, line := range o.Lines {
		r.lines = append(r.lines, c.line(i, line, &r.matcher))
	}
	r.primaries = c.primaries(o.Primaries)
	c.primariesThere = r.primaries
	r.schedules = c.openings(o.Hours)
	r.rosters = c.onCall(o.OnCall, r.schedules)
	c.schedules, c.rosters = r.schedules, r.rosters
	r.keeps = keepsLastGood(o.Rules)
	targets := c.targets(o)
	r.probes = c.probes(o, r.primaries, targets)
	r.exams = c.exams(o, r.primaries)
	r.rules = c.rules(o, targets, r.probes)
	r.limits = o.Limits.withDefaults()
	for i := range r.rules {
		r.rules[i].digest = digestOf(o, o.Rules[i])
	}
	return r, c.err()
}

// digestOf is another one where a rule says something else, or the on-call lists
// that it names do: then a step's number in the address of a follow-up, or a
// person's, means something else. Other rules may change as they like.
func digestOf(o Options, rule RuleOptions) (digest [6]byte) {
	lists := map[string]hours.RosterOptions{}
	for _, step := range rule.Steps {
		if step.Dial != nil && step.Dial.OnCall != "" {
			lists[step.Dial.OnCall] = o.OnCall[step.Dial.OnCall]
		}
	}
	said := struct {
		Steps []StepOptions
		Lists map[string]hours.RosterOptions
		Hours map[string]hours.Options
	}{rule.Steps, lists, nil}
	if len(lists) > 0 {
		said.Hours = o.Hours
	}
	text, _ := json.Marshal(said) //nolint:errchkjson // plain values
	sum := sha256.Sum256(text)
	copy(digest[:], sum[:])
	return digest
}

// at is the rule that a place is in; nil where it is in none of these. Of two
// with the same steps either will do.
func (r *Rules) at(p Place) *rule {
	for i := range r.rules {
		if one := &r.rules[i]; one.digest == p.Rule && p.Step < len(one.steps) {
			return one
		}
	}
	return nil
}

// wordsOnly are the rules as they are where nothing is tried.
func (r *Rules) wordsOnly() Rules {
	words := *r
	words.rules = nil
	return words
}

// lineMark stands for a line's match in a token: never 0.
func lineMark(match string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(match))
	return max(1, h.Sum32())
}

// wordingAt is how the line of a place is spoken for.
func (r *Rules) wordingAt(p Place, account string) incident.Wording {
	w := incident.Wording{}
	if p.Line != 0 {
		for i := range r.lines {
			if lineMark(r.lines[i].Match) == p.Line {
				fill(&w, &r.lines[i].Style)
				break
			}
		}
	}
	if style := r.accounts[account]; style != nil {
		fill(&w, style)
	}
	fill(&w, &r.house)
	if p.Language != "" && w.Voice == "" {
		w.Languages = []string{p.Language}
	}
	if len(w.Languages) == 0 {
		w.Languages = english
	}
	return w
}

// found is the line that a failure is about: what is said about it, nil where
// nothing is, and its number with the country that it is in.
type found struct {
	*Line
	ours, country   string
	theirs, callers string // likewise of whoever is on the other side
}

// lineOf finds the line that f is about.
func (r *Rules) lineOf(f incident.Failure, seen *facts) found {
	at := found{ours: f.Line(), theirs: f.Person(), country: seen.toCountry, callers: seen.fromCountry}
	if f.Outbound {
		at.country, at.callers = at.callers, at.country
	}
	at.Line = r.line(at.ours, seen)
	if seen.direction == "outbound-dial" && (at.Line == nil || at.Line == r.everybodys()) {
		// Dial shows whom it calls the number of whoever called us, unless
		// it is told otherwise: that is nobody's line.
		at.ours, at.country = at.theirs, at.callers
		at.Line = r.line(at.ours, seen)
	}
	return at
}

// wording puts together how f's line is spoken for.
func (r *Rules) wording(f incident.Failure, line found) incident.Wording {
	ours, country, theirs, callers := line.ours, line.country, line.theirs, line.callers
	w := incident.Wording{}
	for _, style := range [...]*Style{line.style(), r.accounts[f.AccountSID], &r.house} {
		if style != nil {
			fill(&w, style)
		}
	}
	if len(w.Languages) == 0 && r.byCaller {
		w.Languages = r.languagesOf(theirs, callers)
	}
	if len(w.Languages) == 0 && (f.Outbound || !isClient(f.From)) {
		w.Languages = r.languagesOf(ours, country)
	}
	if len(w.Languages) == 0 {
		w.Languages = english
	}
	return w
}

// isClient says whether somebody calls by the Voice SDK: To is then whatever
// the app made of it, often whom it is to call.
func isClient(from string) bool { return twilio.ParseAddress(from).Kind == twilio.AddressClient }

// english is what is spoken where nothing better is known. It is never changed.
var english = []string{"en"}

// fill takes from style what nobody more specific has said. A voice goes with
// the languages beside it, and words with a recording.
func fill(w *incident.Wording, style *Style) {
	keepFirst(&w.Name, style.Name)
	keepFirst(&w.Hold, style.Hold)
	if len(w.Languages) == 0 {
		w.Languages, w.Voice = style.Languages, style.Voice
	}
	if w.Say == "" && w.Play == "" {
		w.Say, w.Play = style.Say, style.Play
	}
}

// line finds what is said about our number, or about the messaging service,
// SIP domain or TwiML app that it stands behind; nil where nothing is.
func (r *Rules) line(ours string, seen *facts) *Line {
	var backing [8]string
	if at := r.matcher.find(seen.appendLine(backing[:0], ours)); at != noLine {
		return &r.lines[at]
	}
	return nil
}

// Traits are what alerts go by of the line with that address, a number, a
// service or a SIP domain: nothing where nobody said anything.
func (r *Rules) Traits(address string) incident.Traits {
	var backing [8]string
	at := r.matcher.find(appendAddresses(backing[:0], address))
	if at == noLine {
		return incident.Traits{}
	}
	return incident.Traits{Tags: r.lines[at].Tags, Critical: r.lines[at].Critical}
}

// appendLine adds all that a line with the number ours can be listed as.
func (seen *facts) appendLine(to []string, ours string) []string {
	to = appendAddresses(to, ours)
	to = appendAddresses(to, seen.service)
	to = appendAddresses(to, seen.sipDomain)
	return appendAddresses(to, seen.application)
}

// everybodys is the line that matches everything; nil where there is none.
func (r *Rules) everybodys() *Line {
	if at := r.matcher.everything(); at != noLine {
		return &r.lines[at]
	}
	return nil
}

func (l found) style() *Style {
	if l.Line == nil {
		return nil
	}
	return &l.Style
}

// languagesOf is what is spoken where a number is. Twilio's own word for the
// country serves where the number has none: a toll-free one, a client.
func (r *Rules) languagesOf(address, country string) []string {
	if number := twilio.ParseAddress(address).Number; number != "" {
		if found := twilio.CountryOf(number); found != "" {
			country = found
		}
	}
	return r.countries[country]
}

// main are the first two languages that there are words in, for the country's
// own voice: "de-CH", "fr-CH".
func (c *checker) main(languages []string, country string) []string {
	var tags []string
	for _, language := range languages {
		if c.knows(language) && len(tags) < 2 {
			tags = append(tags, language+"-"+country)
		}
	}
	return slices.Clip(tags)
}
