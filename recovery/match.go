package recovery

import (
	"strings"
	"unicode"

	"github.com/backstop-project/backstop/twilio"
)

// canonicalMatch is a match in the form that addresses are compared in. People
// write numbers in groups.
func canonicalMatch(match string) string {
	prefix, isPrefix := strings.CutSuffix(strings.TrimSpace(match), "*")
	if strings.HasPrefix(prefix, "+") {
		prefix = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", "/", "", ".", "").Replace(prefix)
	}
	prefix = canonicalAddress(prefix)
	if isPrefix {
		return prefix + "*"
	}
	return prefix
}

// flaw is why a match can match nothing, and what to write instead.
type flaw struct{ problem, remedy string }

func noAddress() flaw {
	return flaw{"is no address", "write a number such as +4930123456, how it begins and * as in +4930*, a short code, a SIP domain, " +
		"an address with sip, client, whatsapp, rcs, messenger or sim and a colon before it, " +
		"or the SID of a messaging service (MG…) or TwiML app (AP…)"}
}

func noPlus() flaw {
	return flaw{"is no number in international form", "begin with + and the country code"}
}

// flawOf says what is wrong with a match, written as somebody wrote it and in
// canonical form; the zero value where nothing is.
func flawOf(written, match string) flaw {
	prefix, isPrefix := strings.CutSuffix(match, "*")
	_, _, hasScheme := strings.Cut(prefix, ":")
	switch {
	case match == "":
		return flaw{"is empty", "name a number, such as +4930123456 or +4930*"}
	case strings.Contains(prefix, "*"):
		return flaw{"has a * that is not at its end", "write +4930* for all that begin so"}
	case strings.IndexFunc(prefix, unicode.IsSpace) >= 0:
		return flaw{"has a space in it", "write the number as Twilio does, such as +4930123456"}
	case hasScheme:
		return flawOfScheme(prefix, isPrefix)
	case prefix == "", isDigits(strings.TrimPrefix(prefix, "+")), prefix == "+":
		return flawOfNumber(prefix, isPrefix)
	case isPrefix:
		if beginsSID(written) || !isHostname(prefix) {
			return noAddress()
		}
		return flaw{}
	}
	if kind, ok := twilio.KindOf(match); ok {
		return flawOfSID(kind)
	}
	if !isHostname(prefix) || !strings.Contains(prefix, ".") {
		return noAddress()
	}
	return flaw{}
}

// flawOfNumber judges digits with or without a + before them, or how they begin.
func flawOfNumber(number string, isPrefix bool) flaw {
	const longest, longestShortCode, shortestShortCode = 15, 8, 3
	digits, international := strings.CutPrefix(number, "+")
	switch {
	case !international && (len(digits) > longestShortCode || isPrefix && digits != ""):
		return noPlus() // who has short codes lists each
	case len(digits) > longest, international && strings.HasPrefix(digits, "0"):
		return noAddress()
	case isPrefix:
		return flaw{}
	case international && !twilio.IsE164(number):
		return flaw{"is no whole number", "write " + number + "* for all that begin so"}
	case !international && len(digits) < shortestShortCode:
		return noAddress()
	}
	return flaw{}
}

// flawOfScheme judges "whatsapp:+4930123456" and the like.
func flawOfScheme(address string, isPrefix bool) flaw {
	_, rest, _ := strings.Cut(address, ":")
	kind := twilio.ParseAddress(address).Kind
	switch {
	case kind == twilio.AddressOther, rest == "" && !isPrefix:
		return noAddress()
	case kind == twilio.AddressWhatsApp && rest != "":
		if !strings.HasPrefix(rest, "+") {
			return noPlus()
		}
		if !isDigits(rest[1:]) {
			return noAddress()
		}
		return flawOfNumber(rest, isPrefix)
	case kind == twilio.AddressSIP && !isPrefix && !strings.Contains(rest, "@"):
		return flaw{"is the address of nobody at that domain", "write " + rest + " for all of the domain"}
	}
	return flaw{}
}

// flawOfSID judges a whole SID: requests carry those of what they came through.
func flawOfSID(kind twilio.SIDKind) flaw {
	const carried = "which no request carries"
	switch kind {
	case twilio.SIDMessagingService, twilio.SIDApplication:
		return flaw{}
	case twilio.SIDPhoneNumber:
		return flaw{"is the SID of a phone number, " + carried, "write the number itself"}
	case twilio.SIDSIPDomain:
		return flaw{"is the SID of a SIP domain, " + carried, "write the domain"}
	case twilio.SIDAccount:
		return flaw{"is the SID of an account", "say it at accounts"}
	case twilio.SIDUnknown, twilio.SIDCall, twilio.SIDMessage, twilio.SIDTrunk, twilio.SIDRecording, twilio.SIDConference, twilio.SIDNotification:
	}
	return flaw{"is a SID that no line has", "write a number, a SIP domain, or the SID of a messaging service (MG…) or TwiML app (AP…)"}
}

// beginsSID says whether somebody wrote how a SID begins: SIDs are compared
// whole only, and no domain is written so.
func beginsSID(written string) bool {
	s := strings.TrimSuffix(strings.TrimSpace(written), "*")
	return len(s) >= 2 && strings.Trim(s[:2], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" && strings.Trim(s[2:], "0123456789abcdef") == ""
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func isHostname(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == ""
}
