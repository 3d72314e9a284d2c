package recovery_test

import (
	"strings"
	"testing"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
)

// failed is a call about an address that failed: with those parameters, and
// what is usual.
func failed(errorURL string, params ...string) incident.Failure {
	return call(append(params, "ErrorCode", "11200", "ErrorUrl", errorURL, "AccountSid", account, "Direction", "inbound", "CallStatus", "ringing")...)
}

const failedURL = "https://www.example.com/voice/menu?a=1"

func TestARuleMatchesWhereAllThatItAsksHolds(t *testing.T) {
	t.Parallel()
	text := failure(noon(), "MessageSid", "SM0123456789abcdef0123456789abcdef", "From", "+4917100000", "To", "+4930123456", "ErrorCode", "11200")
	for name, c := range map[string]struct {
		match   recovery.Match
		failure incident.Failure
		want    bool
	}{
		"nothing asked":                      {recovery.Match{}, failed(failedURL), true},
		"the channel":                        {recovery.Match{Channel: "voice"}, failed(failedURL), true},
		"another channel":                    {recovery.Match{Channel: "messaging"}, failed(failedURL), false},
		"the channel of a message":           {recovery.Match{Channel: "messaging"}, text, true},
		"a code":                             {recovery.Match{Codes: []string{"11205", "11200"}}, failed(failedURL), true},
		"another code":                       {recovery.Match{Codes: []string{"11205"}}, failed(failedURL), false},
		"the first of a range":               {recovery.Match{Codes: []string{"11200-11299"}}, failed(failedURL), true},
		"the last of a range":                {recovery.Match{Codes: []string{"11100 - 11200"}}, failed(failedURL), true},
		"behind a range":                     {recovery.Match{Codes: []string{"11100-11199"}}, failed(failedURL), false},
		"no code":                            {recovery.Match{Codes: []string{"0"}}, incident.NewFailure(noon(), "POST", []incident.Param{{Name: "CallSid", Value: callSID}}), true},
		"a line":                             {recovery.Match{Lines: []string{"+4930*"}}, failed(failedURL, "To", "+4930123456"), true},
		"a line, called by it":               {recovery.Match{Lines: []string{"+4930*"}}, call("Direction", "outbound-api", "From", "+4930123456", "To", "+15551230001"), true},
		"another line":                       {recovery.Match{Lines: []string{"+4940*"}}, failed(failedURL, "To", "+4930123456"), false},
		"a messaging service":                {recovery.Match{Lines: []string{"MG0123456789abcdef0123456789abcdef"}}, failure(noon(), "MessageSid", "SM1", "MessagingServiceSid", "MG0123456789abcdef0123456789abcdef"), true},
		"a tag of the line":                  {recovery.Match{Tags: []string{"shop", "clinic"}}, failed(failedURL, "To", "+4930123456"), true},
		"a tag of another line":              {recovery.Match{Tags: []string{"shop"}}, failed(failedURL, "To", "+4930123456"), false},
		"a tag without a line":               {recovery.Match{Tags: []string{"shop"}}, failed(failedURL, "To", "+15551230001"), false},
		"who calls":                          {recovery.Match{From: []string{"+49*"}}, failed(failedURL, "From", "+4917100000"), true},
		"somebody else":                      {recovery.Match{From: []string{"+49*"}}, failed(failedURL, "From", "+4417100000"), false},
		"who calls by WhatsApp":              {recovery.Match{From: []string{"+49*"}}, failed(failedURL, "From", "whatsapp:+4917100000"), true},
		"whom":                               {recovery.Match{To: []string{"+4930123456"}}, failed(failedURL, "To", "+4930123456"), true},
		"the account":                        {recovery.Match{Accounts: []string{account}}, failed(failedURL), true},
		"another account":                    {recovery.Match{Accounts: []string{"AC" + strings.Repeat("f", 32)}}, failed(failedURL), false},
		"the host":                           {recovery.Match{Hosts: []string{"WWW.example.com"}}, failed(failedURL), true},
		"any host of a domain":               {recovery.Match{Hosts: []string{"*.example.com"}}, failed(failedURL), true},
		"not a host that only ends so":       {recovery.Match{Hosts: []string{"*.example.com"}}, failed("https://example.com/"), false},
		"a host on a port":                   {recovery.Match{Hosts: []string{"www.example.com:8443"}}, failed("https://www.example.com:8443/"), true},
		"a host whatever its port":           {recovery.Match{Hosts: []string{"www.example.com"}}, failed("https://www.example.com:8443/"), false},
		"a path":                             {recovery.Match{Paths: []string{"/voice/*"}}, failed(failedURL), true},
		"a path in the middle":               {recovery.Match{Paths: []string{"*oi*e/m*u"}}, failed(failedURL), true},
		"another path":                       {recovery.Match{Paths: []string{"/voice"}}, failed(failedURL), false},
		"a direction":                        {recovery.Match{Directions: []string{"inbound"}}, failed(failedURL), true},
		"another direction":                  {recovery.Match{Directions: []string{"outbound-api", "outbound-dial"}}, failed(failedURL), false},
		"a status":                           {recovery.Match{Statuses: []string{"in-progress", "ringing"}}, failed(failedURL), true},
		"another status":                     {recovery.Match{Statuses: []string{"in-progress"}}, failed(failedURL), false},
		"two things, and both hold":          {recovery.Match{Channel: "voice", Hosts: []string{"www.example.com"}}, failed(failedURL), true},
		"two things, of which one holds":     {recovery.Match{Channel: "messaging", Hosts: []string{"www.example.com"}}, failed(failedURL), false},
		"two things, of which another holds": {recovery.Match{Channel: "voice", Hosts: []string{"api.example.com"}}, failed(failedURL), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rules(t, recovery.Options{
				Lines: []recovery.Line{{Match: "+4930*", Tags: []string{"clinic"}}, {Match: "+4940*", Tags: []string{"shop"}}},
				Rules: []recovery.RuleOptions{{Name: "it", Match: c.match, Steps: []recovery.StepOptions{{Message: true}}}},
			})
			plan := recovery.Decide(c.failure, r, recovery.State{})
			if got := plan.Rule() == "it" && len(plan.Steps) == 1; got != c.want {
				t.Errorf("matched: %v, want %v", got, c.want)
			}
		})
	}
}

func TestTheFirstRuleThatMatchesIsTaken(t *testing.T) {
	t.Parallel()
	target := func(name string) []recovery.StepOptions {
		return []recovery.StepOptions{{Failover: []string{name}}, {Message: true}}
	}
	r := rules(t, recovery.Options{
		Targets: map[string]standby.Options{"a": {URL: "https://a.example"}, "b": {URL: "https://b.example"}},
		Rules: []recovery.RuleOptions{
			{Name: "menus", Match: recovery.Match{Paths: []string{"/voice/menu*"}}, Steps: target("a")},
			{Name: "calls", Match: recovery.Match{Channel: "voice"}, Steps: target("b")},
			{Name: "the rest", Steps: []recovery.StepOptions{{Message: true}}},
		},
	})
	for errorURL, want := range map[string]string{failedURL: "menus a", "https://www.example.com/voice": "calls b"} {
		plan := recovery.Decide(failed(errorURL), r, recovery.State{})
		if got := plan.Rule() + " " + plan.Steps[0].Targets[0].Name; got != want {
			t.Errorf("%s: got %s, want %s", errorURL, got, want)
		}
	}
	if plan := recovery.Decide(failure(noon(), "MessageSid", "SM1"), r, recovery.State{}); plan.Rule() != "the rest" {
		t.Errorf("a message: got %q", plan.Rule())
	}
	if plan := recovery.Decide(failure(noon(), "From", "+1"), r, recovery.State{}); plan.Rule() != "" || !plan.Quiet {
		t.Errorf("neither call nor message: got %+v", plan)
	}
}
