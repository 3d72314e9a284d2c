package pages

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// silenceForm is the form of a silence, as it was typed.
type silenceForm struct {
	Lines, Tags, Accounts, Hosts, Codes string
	Channel, Cause, Severity            string
	Everything                          bool
	For, Until, Reason                  string
	Zone                                string
}

const (
	maxSilenceForm = 16 << 10
	maxReason      = 200 // characters
	maxListed      = 50  // things of a kind
	reasonField    = "reason"
	untilField     = "until"
)

func silenceFormOf(typed url.Values, zone *time.Location) silenceForm {
	f := silenceForm{
		Lines: typed.Get("lines"), Tags: typed.Get("tags"), Accounts: typed.Get("accounts"), Hosts: typed.Get("hosts"), Codes: typed.Get("codes"),
		Channel: typed.Get("channel"), Cause: typed.Get("cause"), Severity: typed.Get("severity"), Everything: typed.Get("everything") != "",
		For: typed.Get("for"), Until: typed.Get(untilField), Reason: typed.Get(reasonField), Zone: zone.String(),
	}
	if f.For == "" && f.Until == "" {
		f.For = "2h"
	}
	return f
}

// asks says whether the form says what to silence.
func (f silenceForm) asks() bool {
	return f.Everything || f.Lines+f.Tags+f.Accounts+f.Hosts+f.Codes+f.Channel+f.Cause+f.Severity != ""
}

// Rest says whether anything is filled in that stands folded up.
func (f silenceForm) Rest() bool {
	return f.Everything || f.Accounts+f.Channel+f.Cause+f.Severity != ""
}

// Channels, Causes, Severities and Spans are what can be chosen.
func (silenceForm) Channels() []choice[incident.Channel]   { return channelChoices() }
func (silenceForm) Causes() []choice[incident.CauseKind]   { return causeChoices() }
func (silenceForm) Severities() []choice[incident.Urgency] { return urgencyChoices() }
func (silenceForm) Spans() []choice[struct{}] {
	return []choice[struct{}]{
		{Word: "30m", Label: "30 minutes"},
		{Word: "1h", Label: "1 hour"},
		{Word: "2h", Label: "2 hours"},
		{Word: "4h", Label: "4 hours"},
		{Word: "8h", Label: "8 hours"},
		{Word: "24h", Label: "1 day"},
		{Word: "3d", Label: "3 days"},
		{Word: "7d", Label: "7 days"},
		{Word: "30d", Label: "30 days"},
	}
}

// readSilence is the silence that somebody wants, with all that is wrong with it.
func (p *Pages) readSilence(f silenceForm, by string) (s incident.Silence, problems []history.Problem) {
	complain := func(field, value, hint string) {
		problems = append(problems, history.Problem{Field: field, Value: value, Hint: hint})
	}
	list := func(field, typed string, as func(string) string) (all []string) {
		all = typedList(typed)
		if len(all) > maxListed {
			complain(field, typed, fmt.Sprintf("at most %d of a kind; what they have in common can be written with *", maxListed))
			return nil
		}
		for _, one := range all {
			if len(one) > 300 || !utf8.ValidString(one) || strings.ContainsFunc(one, unicode.IsControl) {
				complain(field, one, "this is no text that anything could match")
				return nil
			}
		}
		all = mapped(all, as)
		slices.Sort(all)
		return slices.Compact(all)
	}
	asTyped := func(s string) string { return s }
	m := incident.Match{
		Lines: list("lines", f.Lines, typedLine), Tags: list("tags", f.Tags, asTyped),
		Accounts: list("accounts", f.Accounts, asTyped), Hosts: list("hosts", f.Hosts, typedHost),
	}
	for _, one := range m.Accounts {
		if !twilio.IsAccountSID(one) {
			complain("accounts", one, "an Account SID is AC and 32 of 0-9 a-f")
		}
	}
	for _, one := range m.Hosts {
		if strings.ContainsAny(one, "/\\@ ") {
			complain("hosts", one, "a host is a name such as www.example.com or *.example.com, with a port where it is not the usual one")
		}
	}
	var wrong string
	if m.Codes, wrong = typedCodes(f.Codes); wrong != "" {
		complain("codes", wrong, "write error codes such as 12100, and ranges such as 11200-11299")
	}
	m.Channels = chosen(complain, "channel", f.Channel, channelChoices())
	m.Causes = chosen(complain, "cause", f.Cause, causeChoices())
	m.Urgency = chosen(complain, "severity", f.Severity, urgencyChoices())
	switch {
	case len(problems) > 0:
	case m.Everything() && !f.Everything:
		complain("what", "", "say what is to be silent: a host, a line, a code …; or tick “everything”")
	case !m.Everything() && f.Everything:
		complain("everything", "", "“everything” is ticked, and something is named all the same: do one of the two")
	}
	s = incident.Silence{Match: m, By: by, From: p.Now(), Reason: strings.Join(strings.Fields(f.Reason), " ")}
	until, more := p.readSilenceEnd(f)
	problems = append(problems, more...)
	s.Until = until
	switch {
	case s.Reason == "":
		complain(reasonField, "", "say why: whoever wonders why nobody was told will read it")
	case utf8.RuneCountInString(s.Reason) > maxReason, !utf8.ValidString(s.Reason):
		complain(reasonField, "", fmt.Sprintf("a reason is text of at most %d characters", maxReason))
	}
	return s, problems
}

// readSilenceEnd is when it ends: a time that is written goes before a span that
// is chosen.
func (p *Pages) readSilenceEnd(f silenceForm) (time.Time, []history.Problem) {
	now := p.Now()
	if f.Until != "" {
		return p.readEnd(url.Values{untilField: {f.Until}}, now)
	}
	d, ok := history.ParseSpan(f.For)
	if !ok || d > silenceAtMost {
		return time.Time{}, []history.Problem{{Field: untilField, Value: f.For, Hint: "say when it ends: within 30 days"}}
	}
	return now.Add(d), nil
}

// chosen is what was chosen of choices, none for no choice.
func chosen[T any](complain func(field, value, hint string), field, word string, choices []choice[T]) []T {
	if word == "" {
		return nil
	}
	var words []string
	for _, c := range choices {
		if c.Word == word {
			return []T{c.is}
		}
		words = append(words, c.Word)
	}
	complain(field, word, "it is one of "+strings.Join(words, ", "))
	return nil
}
