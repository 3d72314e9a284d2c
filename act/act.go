// Package act seals what people may do about an incident from where they read
// of it, and opens it again: links of e-mails, buttons, keys of a call, and the
// six digits of a text. It does nothing by itself and knows neither incidents
// nor HTTP.
package act

import "strings"

// Action is what may be done about an incident.
type Action uint8

// The actions. The numbers are those on a telephone's keys, and stand in links
// that are out: never renumber.
const (
	Acknowledge Action = 1
	Mute        Action = 2
	Resolve     Action = 3
)

// All are the actions, in the order in which people are offered them.
func All() []Action { return []Action{Acknowledge, Mute, Resolve} }

// String is the word for programs and for replies by SMS.
func (a Action) String() string {
	switch a {
	case Acknowledge:
		return "acknowledge"
	case Mute:
		return "mute"
	case Resolve:
		return "resolve"
	}
	return "nothing"
}

// Label is what a button says.
func (a Action) Label() string {
	switch a {
	case Acknowledge:
		return "Acknowledge"
	case Mute:
		return "Mute for 1 h"
	case Resolve:
		return "Resolve"
	}
	return ""
}

// ByKey is the action of a key on a telephone; ok is false for every other key.
func ByKey(digits string) (a Action, ok bool) {
	for _, a := range All() {
		if digits == string('0'+rune(a)) {
			return a, true
		}
	}
	return 0, false
}

// Way is how a deed comes in. What is sealed for one opens for no other.
type Way uint8

// The ways. They stand in links that are out: never renumber.
const (
	ByMail  Way = 1
	BySlack Way = 2
	ByCall  Way = 3
	BySMS   Way = 4
)

// Ways are all of them.
func Ways() []Way { return []Way{ByMail, BySlack, ByCall, BySMS} }

// String is the word for it.
func (w Way) String() string {
	switch w {
	case ByMail:
		return "e-mail"
	case BySlack:
		return "Slack"
	case ByCall:
		return "call"
	case BySMS:
		return "SMS"
	}
	return "unknown"
}

// ReadReply reads what somebody answered to an alert by SMS: the six digits
// alone, which acknowledge, or with a word or a key's number behind or before
// them. ok is false for anything else, which is nothing that was asked for.
func ReadReply(body string) (code string, a Action, ok bool) {
	const longest = 64 // bytes; whoever writes more has something else to say
	if len(body) > longest {
		return "", 0, false
	}
	a = Acknowledge
	said := false
	for _, word := range strings.FieldsFunc(body, func(c rune) bool { return strings.ContainsRune(" \t\r\n.,;:!\"'", c) }) {
		if isCode(word) {
			if code != "" {
				return "", 0, false
			}
			code = word
			continue
		}
		meant, known := byWord(word)
		if !known || said {
			return "", 0, false
		}
		a, said = meant, true
	}
	return code, a, code != ""
}

func byWord(word string) (Action, bool) {
	switch strings.ToLower(word) {
	case "1", "ack", "acknowledge", "acknowledged", "ok":
		return Acknowledge, true
	case "2", "mute":
		return Mute, true
	case "3", "resolve", "resolved":
		return Resolve, true
	}
	return 0, false
}

func isCode(word string) bool {
	return len(word) == codeLength && strings.Trim(word, "0123456789") == ""
}
