package recovery

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/backstop-project/backstop/recovery/hours"
	"github.com/backstop-project/backstop/twilio"
)

// openings checks business hours. Those with mistakes are there, too, so that
// whoever names them is not blamed.
func (c *checker) openings(o map[string]hours.Options) map[string]*hours.Schedule {
	schedules := make(map[string]*hours.Schedule, len(o))
	for _, name := range slices.Sorted(maps.Keys(o)) {
		schedule, mistakes := hours.New(o[name])
		c.found("hours."+name, mistakes)
		schedules[name] = schedule
	}
	return schedules
}

// onCall checks the lists of people.
func (c *checker) onCall(o map[string]hours.RosterOptions, schedules map[string]*hours.Schedule) map[string]*hours.Roster {
	rosters := make(map[string]*hours.Roster, len(o))
	for _, name := range slices.Sorted(maps.Keys(o)) {
		roster, mistakes := hours.NewRoster(o[name], schedules)
		c.found("on_call."+name, mistakes)
		for i, person := range o[name].People {
			if problem, remedy := c.personFlaw(person.To); problem != "" {
				c.mistake(fmt.Sprintf("on_call.%s.people[%d].to", name, i), person.To, problem, remedy)
			}
		}
		rosters[name] = roster
	}
	return rosters
}

// found notes what package hours found below key.
func (c *checker) found(key string, mistakes []hours.Mistake) {
	for _, m := range mistakes {
		c.mistake(key+"."+m.Key, m.Value, m.Problem, m.Remedy)
	}
}

// personFlaw says why nobody can be called at an address, and what to write
// instead; "" where somebody can be.
func (c *checker) personFlaw(address string) (problem, remedy string) {
	const write = "write a number such as +4930123456, or an address such as sip:anna@example.com or client:anna"
	scheme, rest, _ := strings.Cut(address, ":")
	switch kind := twilio.ParseAddress(address).Kind; {
	case address == "":
		return "is missing", write
	case c.numbers[address]:
		return "is one of lines, so that calls would go round in circles", "name the telephone at which that person is reached"
	case kind == twilio.AddressPhone:
		return "", ""
	case strings.ContainsFunc(rest, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }):
		return "has a space in it", write
	case kind == twilio.AddressClient && scheme == "client" && rest != "":
		return "", ""
	case kind == twilio.AddressSIP && scheme == "sip":
		if user, domain, _ := strings.Cut(rest, "@"); user != "" && domain != "" {
			return "", ""
		}
		return "is the address of nobody at that domain", "write the name before it, such as sip:anna@example.com"
	case scheme == "sips":
		return "is no address that Twilio calls", "write sip:anna@example.com;transport=tls"
	case canonicalMatch(address) != address && twilio.IsE164(canonicalMatch(address)):
		return "is not written as Twilio takes it", "write " + canonicalMatch(address)
	}
	return "is no address that Twilio calls", write
}

// hours reads the conditions that ask for the time.
func (c *ruleChecker) hours(key string, m Match, r *rule) {
	if m.Open != "" && m.Open == m.Closed {
		c.mistake(key+".closed", m.Closed, "never holds, for open names the same hours", "leave one of the two out")
	}
	for _, one := range []struct {
		key, name string
		open      bool
	}{{"open", m.Open, true}, {"closed", m.Closed, false}} {
		if one.name == "" {
			continue
		}
		schedule, known := c.schedules[one.name]
		if !known {
			c.mistake(key+"."+one.key, one.name, "is no name of hours", "add it under hours"+among(slices.Sorted(maps.Keys(c.schedules))))
		}
		r.when = append(r.when, func(a *asked) bool { return known && schedule.Open(a.ReceivedAt) == one.open })
	}
}

// asksHours is what a match says about the time, each in a few words.
func (m *Match) asksHours() (asks []string) {
	if m.Open != "" {
		asks = append(asks, "while "+m.Open+" is open")
	}
	if m.Closed != "" {
		asks = append(asks, "while "+m.Closed+" is closed")
	}
	return asks
}
