package twilio

import (
	"slices"
	"strings"
)

// cutAnew finds a signed form that was cut at other places than Twilio cut it:
// names and values are signed without anything between them, so that under one
// captured signature "From=+1" passes as "Fro=m+1", too. It names the parameter
// that gives it away. Whatever Twilio or a customer's app might really send
// passes, whichever names it has: a parameter counts as cut only where it holds
// another one that a request cannot be without, or that is missing.
//
// An ordinary request costs one look at each name; only one that lacks
// something is searched.
func cutAnew(params []Param) (name string, cut bool) {
	var seen presence
	for i := range params {
		is, closed := look(params[i].Name)
		if closed && swallows(params[i].Value, params) {
			return params[i].Name, true
		}
		seen |= is
	}
	for _, missing := range seen.missing() {
		for i := range params {
			if missing.hiddenIn(&params[i]) {
				return params[i].Name, true
			}
		}
	}
	return "", false
}

// malformedSID names a parameter that should hold the SID of a call or message
// and does not: the journal and the ledger rely on them.
func malformedSID(params []Param) (name string, found bool) {
	for i := range params {
		var want SIDKind
		switch params[i].Name {
		case "CallSid":
			want = SIDCall
		case "MessageSid", "SmsSid", "SmsMessageSid":
			want = SIDMessage
		default:
			continue
		}
		if kind, ok := KindOf(params[i].Value); params[i].Value != "" && (!ok || kind != want) {
			return params[i].Name, true
		}
	}
	return "", false
}

// presence is which parameters a request has, of those that matter.
type presence uint16

const (
	hasFrom presence = 1 << iota
	hasTo
	hasDirection
	hasCallStatus
	hasErrorCode
	hasErrorURL
	hasCall
	hasMessage
	hasBody
)

// look says which parameter name is, of those that matter. closed means that
// its value is a number, an address, a place or a word of Twilio's, and so
// never holds the name of another.
func look(name string) (is presence, closed bool) {
	switch name {
	case "From":
		return hasFrom, true
	case "To":
		return hasTo, true
	case "Direction":
		return hasDirection, true
	case "CallStatus":
		return hasCallStatus, true
	case "ErrorCode":
		return hasErrorCode, true
	case "CallSid":
		return hasCall, true
	case "MessageSid", "SmsSid":
		return hasMessage, true
	case "ErrorUrl":
		return hasErrorURL, false
	case "Body":
		return hasBody, false
	case "AccountSid", "ApiVersion", "Called", "CalledCity", "CalledCountry", "CalledState", "CalledZip",
		"Caller", "CallerCity", "CallerCountry", "CallerState", "CallerZip",
		"FromCity", "FromCountry", "FromState", "FromZip", "ToCity", "ToCountry", "ToState", "ToZip",
		"MessageStatus", "MessagingServiceSid", "NumMedia", "NumSegments", "ParentCallSid", "SmsMessageSid", "SmsStatus":
	default:
		return 0, false
	}
	return 0, true
}

// swallowed are the names that no value but a text holds. The short ones are
// not among them: To, From, Body, Called and Caller begin words and places.
var swallowed = [...]string{ //nolint:gochecknoglobals // a constant table
	"ApiVersion", "CallSid", "CallStatus", "CallToken", "CalledCity", "CalledCountry", "CalledState", "CalledZip",
	"CallerCity", "CallerCountry", "CallerName", "CallerState", "CallerZip", "Direction", "ErrorCode", "ErrorUrl",
	"ForwardedFrom", "FromCity", "FromCountry", "FromState", "FromZip", "MessageSid", "MessagingServiceSid", "NumMedia",
	"NumSegments", "OptOutType", "ParentCallSid", "SmsMessageSid", "SmsSid", "SmsStatus", "StirVerstat",
	"ToCity", "ToCountry", "ToState", "ToZip",
}

// swallows says whether value holds a missing name: "inboundErrorCode11200".
func swallows(value string, params []Param) bool {
	return hasCamel(value) && slices.ContainsFunc(swallowed[:], func(name string) bool {
		if !strings.Contains(value, name) {
			return false
		}
		_, there := Find(params, name)
		return !there
	})
}

// hasCamel says whether a small letter follows a capital: every name of
// Twilio's has that, and few values do.
func hasCamel(s string) bool {
	for i := 1; i < len(s); i++ {
		if 'a' <= s[i] && s[i] <= 'z' && 'A' <= s[i-1] && s[i-1] <= 'Z' {
			return true
		}
	}
	return false
}

// absent is a parameter that a request of its kind always has, and this has not.
type absent struct {
	name string
	// begins says whether rest begins as its value does; inside, whether that
	// stands within the value of another one.
	begins func(rest string, inside bool) bool
}

// missing lists what every call or message has, and every fallback request. A
// request of neither kind may be a call whose SID was cut.
func (s presence) missing() (all []absent) {
	const call, message = hasFrom | hasTo | hasCall | hasDirection | hasCallStatus, hasFrom | hasTo | hasMessage | hasBody
	const failed = hasErrorCode | hasErrorURL
	if s&failed == failed && (s&call == call || s&message == message) {
		return nil
	}
	add := func(unless presence, name string, begins func(string, bool) bool) {
		if s&unless == 0 {
			all = append(all, absent{name: name, begins: begins})
		}
	}
	add(hasFrom, "From", beginsAddress)
	add(hasTo, "To", beginsAddress)
	add(hasErrorCode, "ErrorCode", s.beginsCode)
	add(hasErrorURL, "ErrorUrl", s.beginsURL)
	add(hasCall|hasMessage, "CallSid", beginsSID)
	add(hasCall|hasMessage, "MessageSid", beginsSID)
	add(hasMessage|hasDirection, "Direction", beginsDirection)
	add(hasMessage|hasCallStatus, "CallStatus", beginsStatus)
	if s&hasMessage != 0 { // an app's own parameters come with calls only
		add(hasBody, "Body", func(_ string, inside bool) bool { return !inside })
	}
	return all
}

// hiddenIn says whether p holds the missing parameter: as its own beginning,
// cut elsewhere ("Fro=m+1", "From+1=5017"), or within its value.
func (a absent) hiddenIn(p *Param) bool {
	if p.Name != "" && p.Name[0] == a.name[0] {
		if rest, ok := strings.CutPrefix(p.Name+p.Value, a.name); ok && a.begins(rest, false) {
			return true
		}
	}
	for value := p.Value; ; {
		_, rest, ok := strings.Cut(value, a.name)
		if !ok || a.begins(rest, true) {
			return ok
		}
		value = rest
	}
}

func beginsWithOneOf(s string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(s, word) })
}

func beginsAddress(s string, _ bool) bool {
	return s != "" && (s[0] == '+' || '0' <= s[0] && s[0] <= '9') ||
		beginsWithOneOf(s, "client:", "sip:", "sips:", "sim:", "whatsapp:", "rcs:", "messenger:", "anonymous", "unknown", "restricted", "unavailable")
}

// beginsCode takes a code within a text only where there is an ErrorUrl, too:
// a message may well be about an ErrorCode.
func (s presence) beginsCode(rest string, inside bool) bool {
	behind := strings.TrimLeft(rest, "0123456789")
	switch {
	case len(behind) == len(rest):
		return false
	case behind == "":
		return !inside || s&hasErrorURL != 0
	}
	return strings.HasPrefix(behind, "ErrorUrl")
}

// beginsURL asks for an ErrorCode likewise.
func (s presence) beginsURL(rest string, inside bool) bool {
	return (!inside || s&hasErrorCode != 0) && beginsWithOneOf(rest, "http://", "https://")
}

func beginsSID(s string, _ bool) bool {
	if len(s) < sidLength {
		return false
	}
	kind, _ := KindOf(s[:sidLength])
	return kind == SIDCall || kind == SIDMessage
}

func beginsDirection(s string, _ bool) bool {
	return beginsWithOneOf(s, "inbound", "outbound-api", "outbound-dial")
}

func beginsStatus(s string, _ bool) bool {
	return beginsWithOneOf(s, "queued", "initiated", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled")
}
