package recovery

import (
	"strings"

	"github.com/backstop-project/backstop/incident"
)

// Example is a line, and what a request to it carries.
type Example struct {
	Line     string // as it is configured
	Name     string // of the line; "" where it has none
	Params   []incident.Param
	Channels []incident.Channel
}

// Examples are all lines, of one that is many numbers one. Without lines it is one
// that none is about.
func (r *Rules) Examples() (all []Example) {
	both := []incident.Channel{incident.Voice, incident.Messaging}
	for i := range r.lines {
		match := r.lines[i].Match
		all = append(all, Example{Line: match, Name: r.lines[i].Name, Params: exampleOf(match), Channels: channelsOf(match)})
	}
	if len(all) == 0 {
		all = append(all, Example{Channels: both})
	}
	return all
}

// channelsOf are the ways by which something comes to what a line's match is about.
func channelsOf(match string) []incident.Channel {
	match = canonicalMatch(match)
	switch params := exampleOf(match); {
	case params[0].Name == "MessagingServiceSid", isMessaging(match):
		return []incident.Channel{incident.Messaging}
	case params[0].Name == "ApplicationSid", params[0].Name == "SipDomain", strings.HasPrefix(match, "sip:"), strings.HasPrefix(match, "client:"), strings.HasPrefix(match, "sim:"):
		return []incident.Channel{incident.Voice}
	}
	return []incident.Channel{incident.Voice, incident.Messaging}
}

// isMessaging says whether an address is one that is written to only: a short
// code, or that of a messenger.
func isMessaging(match string) bool {
	kind, _, named := strings.Cut(match, ":")
	short := match != "" && strings.Trim(match, "0123456789") == ""
	return short || named && kind != "sip" && kind != "client" && kind != "sim"
}
