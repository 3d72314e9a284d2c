package recovery

import (
	"github.com/backstop-project/backstop/twilio"
)

// Addresses are those that a list is about, each entry written as Line.Match is.
// The zero value holds none. Once all are added any number of goroutines may use
// it.
type Addresses struct{ matcher matcher }

// Add adds what somebody wrote and returns it in the form that is compared. The
// error is an *OptionError without a key: what was written can match nothing.
func (a *Addresses) Add(written string) (match string, err error) {
	match = canonicalMatch(written)
	if flaw := flawOf(written, match); flaw.problem != "" {
		return "", &OptionError{Value: written, Problem: flaw.problem, Remedy: flaw.remedy}
	}
	a.matcher.add(match, 0)
	return match, nil
}

// Hold says whether an address is one of them: as itself, as the number in it, or
// by its SIP domain. "" is one of everything only.
func (a *Addresses) Hold(address string) bool {
	var backing [8]string
	return a.matcher.everything() != noLine || a.matcher.find(appendAddresses(backing[:0], address)) != noLine
}

// IsService says whether a match is a messaging service: no address of a message
// shows it.
func IsService(match string) bool {
	kind, ok := twilio.KindOf(canonicalMatch(match))
	return ok && kind == twilio.SIDMessagingService
}
