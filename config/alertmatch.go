package config

import (
	"errors"
	"strconv"
	"strings"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio"
)

// about reads what an alert is about.
func (a *alerting) about(written about) incident.Match {
	m := incident.Match{
		Tags: a.tagged(written.Tags), Hosts: a.hosts(written.Hosts),
		Accounts: a.accountSIDs(written.Accounts),
		Codes:    a.codes(written.Codes),
		Channels: eachOf(a, written.Channels, channelWords),
		Causes:   eachOf(a, written.Causes, causeWords),
		Urgency:  eachOf(a, written.Severity, urgencyWords),
	}
	m.Lines, m.OnLine = a.lines(written.Lines)
	if !written.Open.absent() && !written.Closed.absent() {
		a.mistake(written.Closed, "stands beside open", "write either open or closed")
	}
	m.Hours, m.HoursAre = a.when(written.Open, true)
	if m.Hours == nil {
		m.Hours, m.HoursAre = a.when(written.Closed, false)
	}
	return m
}

// word is what the configuration calls a value.
type word[T any] struct {
	text string
	is   T
}

var (
	channelWords = []word[incident.Channel]{{"voice", incident.Voice}, {"messaging", incident.Messaging}, {"unknown", incident.Unknown}}
	urgencyWords = []word[incident.Urgency]{{"page", incident.Page}, {"notice", incident.Notice}}
	causeWords   = []word[incident.CauseKind]{
		{"fetch", incident.FetchLevel},
		{"document", incident.DocumentLevel},
		{"asked_first", incident.AskedFirst},
		{"itself", incident.Itself},
		{"account", incident.AccountWide},
		{"twilio", incident.TwilioWide},
	}
)

func eachOf[T any](a *alerting, written []value, words []word[T]) []T {
	var all []T
	for _, v := range commaSplit(written) {
		if one, ok := wordOf(a, v, words); ok {
			all = append(all, one)
		}
	}
	return all
}

func wordOf[T any](a *alerting, v value, words []word[T]) (is T, ok bool) {
	texts := make([]string, len(words))
	for i, w := range words {
		if w.text == v.text {
			return w.is, true
		}
		texts[i] = w.text
	}
	if v.set() {
		a.mistake(v, "is no word for this", "write "+strings.Join(texts, " or "))
	}
	return is, false
}

// some are texts, each with something in it.
func (a *alerting) some(written []value) []string {
	var all []string
	for _, v := range commaSplit(written) {
		if v.set() {
			all = append(all, v.text)
		}
	}
	return all
}

// lines are addresses, and what says whether a line is among them: the same text
// means the same lines as where lines are configured.
func (a *alerting) lines(written []value) (all []string, on func(string) bool) {
	var addresses recovery.Addresses
	for _, v := range commaSplit(written) {
		match, err := addresses.Add(v.text)
		if flaw, ok := errors.AsType[*recovery.OptionError](err); ok {
			a.mistake(v, flaw.Problem, flaw.Remedy)
			continue
		}
		if recovery.IsService(match) {
			a.mistake(v, "is a messaging service, which no alert shows", "name its numbers, or give these lines a tag and ask for that")
		}
		all = append(all, match)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, addresses.Hold
}

// tagged are tags, of which some line should have each.
func (a *alerting) tagged(written []value) []string {
	for _, v := range commaSplit(written) {
		switch shown, known := a.tags[v.text]; {
		case !known:
			a.warn(v, "is a tag that no line has: add it to the tags of a line")
		case !shown:
			a.warn(v, "is a tag of messaging services only, which no alert shows: give it to the lines of their numbers, too")
		}
	}
	return a.some(written)
}

// hosts are hosts, or patterns of them, in lower case.
func (a *alerting) hosts(written []value) (all []string) {
	for _, v := range commaSplit(written) {
		if problem, instead := recovery.HostFlaw(v.text, "/#"); problem != "" { // "?" is a letter
			a.mistake(v, problem, "write "+instead)
		}
		all = append(all, strings.ToLower(v.text))
	}
	return all
}

// accountSIDs are SIDs, or names of accounts that are configured.
func (a *alerting) accountSIDs(written []value) []string {
	all := a.some(written)
	for i, one := range all {
		sid, known := a.sids[one]
		switch {
		case known && sid != "":
			all[i] = sid
		case !twilio.IsAccountSID(one):
			a.mistake(written[min(i, len(written)-1)], "is no account", "write the name of one of accounts, or an Account SID")
		}
	}
	return all
}

func (a *alerting) codes(written []value) []incident.CodeRange {
	var all []incident.CodeRange
	for _, v := range commaSplit(written) {
		if !v.set() {
			continue
		}
		first, last, isRange := strings.Cut(v.text, "-")
		if !isRange {
			last = first
		}
		from, err := strconv.Atoi(strings.TrimSpace(first))
		to, err2 := strconv.Atoi(strings.TrimSpace(last))
		if err != nil || err2 != nil || from <= 0 || to < from {
			a.mistake(v, "is no error code of Twilio's and no range of them", "write one such as 11200, or a range such as 11200-11299")
			continue
		}
		all = append(all, incident.CodeRange{First: from, Last: to})
	}
	return all
}
