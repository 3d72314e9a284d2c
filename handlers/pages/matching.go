package pages

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// choice is a value that a form offers, with the words for it.
type choice[T any] struct {
	Word  string // in a URL, as the configuration writes it
	Label string
	is    T
}

func channelChoices() []choice[incident.Channel] {
	return []choice[incident.Channel]{{"voice", "calls", incident.Voice}, {"messaging", "messages", incident.Messaging}, {"unknown", "other requests", incident.Unknown}}
}

func causeChoices() []choice[incident.CauseKind] {
	return []choice[incident.CauseKind]{
		{"fetch", "a server that cannot be reached", incident.FetchLevel},
		{"document", "an answer that cannot be used", incident.DocumentLevel},
		{"asked_first", "asked without an error code", incident.AskedFirst},
		{"itself", "Backstop itself", incident.Itself},
		{"account", "many servers of an account", incident.AccountWide},
		{"twilio", "many servers of several accounts", incident.TwilioWide},
	}
}

func urgencyChoices() []choice[incident.Urgency] {
	return []choice[incident.Urgency]{{"page", "pages", incident.Page}, {"notice", "notices", incident.Notice}}
}

func labelOf[T comparable](choices []choice[T], is T) string {
	i := slices.IndexFunc(choices, func(c choice[T]) bool { return c.is == is })
	if i < 0 {
		return ""
	}
	return choices[i].Label
}

// matchWords says what m matches, one thing each; nothing where that is everything.
func matchWords(m incident.Match, at time.Time) (words []string) {
	add := func(what string, all []string) {
		if len(all) > 0 {
			words = append(words, what+" "+strings.Join(visibleAll(all), " or "))
		}
	}
	add("line", m.Lines)
	add("tag", m.Tags)
	add("account", m.Accounts)
	add("host", m.Hosts)
	add("code", mapped(m.Codes, codeWords))
	add("only", mapped(m.Channels, func(c incident.Channel) string { return labelOf(channelChoices(), c) }))
	add("about", mapped(m.Causes, func(k incident.CauseKind) string { return labelOf(causeChoices(), k) }))
	add("only", mapped(m.Urgency, func(u incident.Urgency) string { return labelOf(urgencyChoices(), u) }))
	if m.Hours != nil {
		now := "not now"
		if m.Hours(at) {
			now = "as now"
		}
		words = append(words, history.Visible(m.HoursAre)+" ("+now+")")
	}
	return words
}

func mapped[T any](all []T, word func(T) string) []string {
	words := make([]string, len(all))
	for i, one := range all {
		words[i] = word(one)
	}
	return words
}

func codeWords(r incident.CodeRange) string {
	if r.First == r.Last {
		return strconv.Itoa(r.First)
	}
	return strconv.Itoa(r.First) + "–" + strconv.Itoa(r.Last)
}

// sentenceOf is what m matches in one line.
func sentenceOf(m incident.Match, at time.Time) string {
	if words := matchWords(m, at); len(words) > 0 {
		return strings.Join(words, "; ")
	}
	return "everything"
}

// typedList takes apart what people wrote with commas, semicolons or line breaks
// between.
func typedList(typed string) (all []string) {
	for one := range strings.FieldsFuncSeq(typed, func(r rune) bool { return strings.ContainsRune(",;\r\n", r) }) {
		if one = strings.TrimSpace(one); one != "" && !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// typedCodes are codes and ranges of them; wrong is the first that is neither, ""
// for none.
func typedCodes(typed string) (all []incident.CodeRange, wrong string) {
	for _, one := range typedList(typed) {
		first, last, isRange := strings.Cut(strings.NewReplacer("–", "-", "..", "-").Replace(one), "-")
		if !isRange {
			last = first
		}
		from, err := strconv.Atoi(strings.TrimSpace(first))
		to, err2 := strconv.Atoi(strings.TrimSpace(last))
		if err != nil || err2 != nil || from <= 0 || to < from {
			return nil, one
		}
		all = append(all, incident.CodeRange{First: from, Last: to})
	}
	return all, ""
}

// typedLine is a line as alerts are asked about it: a number without the signs
// between its digits, a pattern without its spaces, and anything else as it is.
func typedLine(typed string) string {
	if number, _, ok := history.ReadNumber(typed); ok {
		return number
	}
	if strings.ContainsAny(typed, "*?") {
		return strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", "/", "").Replace(typed)
	}
	return typed
}

// typedHost is a host, also out of an address that somebody pasted.
func typedHost(typed string) string {
	if strings.Contains(typed, "://") {
		if host := incident.Host(typed); host != "" {
			return host
		}
	}
	return strings.ToLower(typed)
}
