package recovery

import (
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// Uncovered are those of the lines that get nothing better than the apology
// when the first primary refuses connections, with the channels that do: "+4930*
// (calls, messages)". Of a line that is many numbers one is tried.
func (r *Rules) Uncovered(account string) []string {
	var all []string
	for i := range r.lines {
		var bare []string
		for _, channel := range []incident.Channel{incident.Voice, incident.Messaging} {
			if !r.covered(r.lines[i].Match, account, channel) {
				bare = append(bare, map[incident.Channel]string{incident.Voice: "calls", incident.Messaging: "messages"}[channel])
			}
		}
		if len(bare) > 0 {
			all = append(all, r.lines[i].Match+" ("+strings.Join(bare, ", ")+")")
		}
	}
	return all
}

// covered says whether a rule has anything for a line but words.
func (r *Rules) covered(match, account string, channel incident.Channel) bool {
	params := []incident.Param{
		{Name: "AccountSid", Value: account},
		{Name: "ErrorCode", Value: "11202"},
		{Name: "ErrorUrl", Value: r.primaries.First() + "/"},
		{Name: "From", Value: "+15005550006"}, // a number that Twilio keeps for tests
		{Name: "Direction", Value: "inbound"},
		{Name: "CallStatus", Value: "ringing"},
	}
	sid := incident.Param{Name: "CallSid", Value: "CA" + strings.Repeat("0", 32)}
	if channel == incident.Messaging {
		sid = incident.Param{Name: "MessageSid", Value: "SM" + strings.Repeat("0", 32)}
	}
	params = append(params, sid)
	params = append(params, exampleOf(match)...)
	plan := Decide(incident.NewFailure(time.Unix(0, 0), "POST", params), *r, State{})
	for _, step := range plan.Steps {
		if step.Kind != Message && step.Kind != LastGood { // which may have nothing
			return true
		}
	}
	return false
}

// exampleOf are the parameters of something that a line's match is about.
func exampleOf(match string) []incident.Param {
	match = canonicalMatch(match)
	if kind, ok := twilio.KindOf(match); ok && kind == twilio.SIDMessagingService {
		return []incident.Param{{Name: "MessagingServiceSid", Value: match}}
	} else if ok {
		return []incident.Param{{Name: "ApplicationSid", Value: match}}
	}
	prefix, isPrefix := strings.CutSuffix(match, "*")
	if number, ok := strings.CutPrefix(prefix, "+"); isPrefix && (ok || prefix == "") {
		prefix = "+" + number + strings.Repeat("0", max(0, 11-len(number)))
	}
	if !strings.ContainsAny(prefix, ":+") && strings.Contains(prefix, ".") {
		return []incident.Param{{Name: "SipDomain", Value: prefix}, {Name: "To", Value: "sip:1@" + prefix}}
	}
	return []incident.Param{{Name: "To", Value: prefix}}
}
