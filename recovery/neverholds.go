package recovery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// contradictions lists what cannot hold within one rule.
func (c *ruleChecker) contradictions(key string, m Match) {
	switch m.Channel {
	case incident.Messaging.String():
		c.ofCalls(key, m)
	case incident.Voice.String():
		if len(m.Lines) > 0 && !slices.ContainsFunc(m.Lines, func(match string) bool { return !IsService(match) }) {
			c.mistake(key+".lines[0]", m.Lines[0], "is a messaging service, and this rule is for calls", "leave channel out, or name the numbers that are called")
		}
	}
	if tagged := c.tagged(m.Tags); len(tagged) > 0 && !mayMeet(m.Lines, tagged) {
		c.mistake(key+".lines[0]", m.Lines[0], "can be no line with one of the tags that the rule asks for, too", "leave lines or tags out: of both all has to hold")
	}
	calledIsLine := m.Channel == incident.Messaging.String() || slices.Equal(slices.Compact(slices.Clone(m.Directions)), []string{"inbound"})
	if calledIsLine && !mayMeet(m.Lines, m.To) {
		c.mistake(key+".to[0]", m.To[0], "is none of the lines that the rule asks for, too", "leave lines or to out: here the line is whom somebody calls or writes to")
	}
}

// ofCalls lists what a rule for messages asks of calls.
func (c *ruleChecker) ofCalls(key string, m Match) {
	for _, one := range []struct {
		name  string
		words []string
	}{{"directions", m.Directions}, {"statuses", m.Statuses}} {
		if len(one.words) > 0 {
			c.mistake(key+"."+one.name+"[0]", one.words[0], "is asked of calls, and this rule is for messages", "leave "+one.name+" out")
		}
	}
}

// tagged are the matches of the lines that have one of the tags.
func (c *ruleChecker) tagged(tags []string) (matches []string) {
	for _, line := range c.lines {
		if slices.ContainsFunc(line.Tags, func(tag string) bool { return slices.Contains(tags, tag) }) {
			matches = append(matches, line.Match)
		}
	}
	return matches
}

// mayMeet says whether a call or message may have an address that is among both
// lists; an empty one is all addresses. Only of numbers is it proven that it may
// not: there is one on each side, but it may come by a service or a channel.
func mayMeet(some, others []string) bool {
	if len(some) == 0 || len(others) == 0 {
		return true
	}
	return slices.ContainsFunc(some, func(one string) bool {
		one = canonicalMatch(one)
		return slices.ContainsFunc(others, func(other string) bool {
			other = canonicalMatch(other)
			if one == "" || other == "" || one[0] != '+' || other[0] != '+' {
				return true
			}
			return addressesWithin([]string{one}, []string{other}) || addressesWithin([]string{other}, []string{one})
		})
	})
}

// accounts lists those whose requests are never verified, so that no rule is asked.
func (c *ruleChecker) accounts(key string, sids []string) {
	for i, sid := range sids {
		at := fmt.Sprintf("%s[%d]", key, i)
		switch {
		case !twilio.IsAccountSID(sid):
			c.mistake(at, sid, "is no Account SID", "write AC and 32 of 0-9 a-f, or the name of one of accounts")
		case len(c.only) > 0 && sid != twilio.DrillAccountSID && !slices.Contains(c.only, sid):
			c.mistake(at, sid, "is none of accounts, so that its requests are not verified and no rule is asked", "add it to accounts with its Auth Token, or remove it here")
		}
	}
}

// hosts lists those that no ErrorUrl has.
func (c *ruleChecker) hosts(key string, hosts []string) {
	const ends = "/?#"
	for i, host := range hosts {
		problem, bare := HostFlaw(host, ends)
		switch {
		case problem == "":
			continue
		case !strings.Contains(host, "://") && strings.ContainsAny(host, ends):
			bare += ", and the path under paths"
		}
		c.mistake(fmt.Sprintf("%s[%d]", key, i), host, problem, "write "+bare)
	}
}

// HostFlaw is why a host, or a pattern of hosts, is that of no ErrorUrl, "" where it
// may be one, and what to write instead: they are compared without a scheme, a path
// and a port that is usual. ends are the letters before which a host ends.
func HostFlaw(host, ends string) (problem, instead string) {
	switch {
	case strings.Contains(host, "://"):
		problem = "is an address and no host"
	case strings.ContainsAny(host, ends):
		problem = "has more in it than a host"
	case usualPort(host) != "":
		problem = "has a port that goes without saying, and hosts are compared without it"
	default:
		return "", ""
	}
	return problem, cmp.Or(hostIn(host, ends), "www.example.com")
}

// hostIn is the host that somebody meant who wrote more.
func hostIn(text, ends string) string {
	if _, behind, found := strings.Cut(text, "://"); found {
		text = behind
	}
	if end := strings.IndexAny(text, ends); end >= 0 {
		text = text[:end]
	}
	text = text[strings.LastIndexByte(text, '@')+1:]
	return strings.TrimSuffix(text, usualPort(text))
}

// usualPort is the port of a scheme's own with which a host ends; "" for none, and
// for a pattern that may stand for other addresses, too.
func usualPort(host string) string {
	for _, port := range []string{":443", ":80"} {
		if strings.HasSuffix(host, port) && !strings.Contains(host, "*") && !strings.HasSuffix(host, ":"+port) {
			return port
		}
	}
	return ""
}

// paths lists those that no ErrorUrl has: they begin with a slash, and end before
// the query.
func (c *ruleChecker) paths(key string, paths []string) {
	for i, path := range paths {
		at := fmt.Sprintf("%s[%d]", key, i)
		address := twilio.ParseErrorURL(path)
		switch end := strings.IndexAny(path, "?#"); {
		case address.Scheme != "":
			c.mistake(at, path, "is an address and no path", "write "+cmp.Or(address.Path, "/")+", and the host under hosts")
		case end >= 0:
			c.mistake(at, path, "has a query in it, and paths are compared without", "write "+cmp.Or(path[:end], "/"))
		case path != "" && path[0] != '/' && path[0] != '*':
			c.mistake(at, path, "does not begin with a slash, as paths do", "write /"+path)
		}
	}
}
