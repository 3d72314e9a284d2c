package recovery

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio"
)

// Uncovered are those of the lines that get nothing better than the apology
// when the first primary refuses connections, with the channels that do: "+4930*
// (calls, messages at some hours)". Of a line that is many numbers one is tried, for
// each of the accounts, since nobody says whose it is; where it is not the same for
// all, whose it would have to be is said, too.
func (r *Rules) Uncovered(accounts ...twilio.Account) []string {
	if len(accounts) == 0 {
		accounts = []twilio.Account{{}}
	}
	var all []string
	for i := range r.lines {
		var bare []string
		for _, channel := range []incident.Channel{incident.Voice, incident.Messaging} {
			bare = append(bare, r.bare(r.lines[i].Match, accounts, channel)...)
		}
		if len(bare) > 0 {
			all = append(all, r.lines[i].Match+" ("+strings.Join(bare, ", ")+")")
		}
	}
	return all
}

// bare says when a line gets the apology on a channel, and for which accounts;
// nothing where it always gets something better.
func (r *Rules) bare(match string, accounts []twilio.Account, channel incident.Channel) (said []string) {
	what := map[incident.Channel]string{incident.Voice: "calls", incident.Messaging: "messages"}[channel]
	moments := r.moments()
	for _, account := range accounts {
		one := what
		switch r.coveredAt(moments, match, account.SID, channel) {
		case len(moments):
			one = ""
		case 0:
		default:
			one += " at some hours"
		}
		said = append(said, one)
	}
	if len(slices.Compact(slices.Clone(said))) > 1 {
		for i, account := range accounts {
			if said[i] != "" {
				said[i] += " of " + cmp.Or(account.Name, account.SID, "any other account")
			}
		}
	}
	slices.Sort(said)
	return slices.DeleteFunc(slices.Compact(said), func(one string) bool { return one == "" })
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
	f := incident.NewFailure(at, "POST", params)
	plan := Decide(f, *r, State{})
	for _, step := range plan.Steps {
		if step.covers(f, &plan) {
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

// covers says whether a step has something for whoever f is about while everything
// else is down that a step may wait for.
func (s *Step) covers(f incident.Failure, p *Plan) bool {
	held, _ := p.holdable()
	switch s.Kind {
	case Message, LastGood: // which may have nothing
		return false
	case Retry: // the server that is down
		return false
	case Failover, Redirect:
		return slices.ContainsFunc(s.Targets, func(t *standby.Target) bool { return standsIn(t, f, p) })
	case DialPeople:
		return held && len(s.Dial.peopleAt(f.ReceivedAt)) > 0
	case Queue, Voicemail, Callback:
		return held
	case Reject:
		return p.Unanswered
	case Ignore:
	}
	return true
}

// standsIn says whether a target is asked about f at all.
func standsIn(t *standby.Target, f incident.Failure, p *Plan) bool {
	_, why := t.Address(f.ErrorURL, p.primaries)
	return why == "" && t.Serves(f.AccountSID) && repeated(f, t) == ""
}
