package recovery

import (
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// Uncovered are those of the lines that get nothing better than the apology
// when the first primary refuses connections, with the channels that do: "+4930*
// (calls, messages at some hours)". Of a line that is many numbers one is tried.
func (r *Rules) Uncovered(account string) []string {
	var all []string
	moments := r.moments()
	for i := range r.lines {
		var bare []string
		for _, channel := range []incident.Channel{incident.Voice, incident.Messaging} {
			what := map[incident.Channel]string{incident.Voice: "calls", incident.Messaging: "messages"}[channel]
			switch r.coveredAt(moments, r.lines[i].Match, account, channel) {
			case len(moments):
			case 0:
				bare = append(bare, what)
			default:
				bare = append(bare, what+" at some hours")
			}
		}
		if len(bare) > 0 {
			all = append(all, r.lines[i].Match+" ("+strings.Join(bare, ", ")+")")
		}
	}
	return all
}

// moments stand for all that rules tell apart by the time.
func (r *Rules) moments() []time.Time {
	moments := []time.Time{time.Unix(0, 0)}
	for _, schedule := range r.schedules {
		moments = append(moments, schedule.Edges()...)
	}
	return moments
}

// coveredAt says at how many of the moments a line is covered.
func (r *Rules) coveredAt(moments []time.Time, match, account string, channel incident.Channel) (n int) {
	for _, at := range moments {
		if r.covered(match, account, channel, at) {
			n++
		}
	}
	return n
}

// covered says whether a rule has anything for a line at that moment but words.
func (r *Rules) covered(match, account string, channel incident.Channel, at time.Time) bool {
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
	plan := Decide(incident.NewFailure(at, "POST", params), *r, State{})
	for _, step := range plan.Steps {
		if step.covers(at) {
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

// covers says whether a step has something for a caller at that moment while
// everything else is down that a step may wait for.
func (s *Step) covers(at time.Time) bool {
	switch s.Kind {
	case Message, LastGood: // which may have nothing
		return false
	case Retry: // the server that is down
		return false
	case DialPeople:
		return len(s.Dial.peopleAt(at)) > 0
	case Failover, Redirect, Queue, Voicemail, Callback, Reject, Ignore:
	}
	return true
}
