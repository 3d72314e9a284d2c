package recovery_test

import (
	"strings"
	"testing"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio"
)

func TestConditionsThatNeverHoldAreFound(t *testing.T) {
	t.Parallel()
	type m = recovery.Match
	list := func(texts ...string) []string { return texts }
	other := "AC" + strings.Repeat("f", 32)
	const (
		disjoint = "lines[0]: can be no line with one of the tags that the rule asks for, too"
		to       = "to[0]: is none of the lines that the rule asks for, too"
		often    = "visits: is more often than rules are asked"
		port     = "hosts[0]: has a port that goes without saying, and hosts are compared without it"
		more     = "hosts[0]: has more in it than a host"
		query    = "paths[0]: has a query in it, and paths are compared without"
	)
	for name, test := range map[string]struct {
		match m
		want  string
	}{
		"more often than a rule is asked":       {m{Visits: "9-"}, often},
		"that often, and no more":               {m{Visits: "9"}, often},
		"as often as a rule is asked":           {m{Visits: "8-"}, ""},
		"up to more often":                      {m{Visits: "2-20"}, ""},
		"a host that is an address":             {m{Hosts: list("https://www.example.com")}, "hosts[0]: is an address and no host"},
		"the second host":                       {m{Hosts: list("*", "HTTP://x")}, "hosts[1]: is an address and no host"},
		"a host with a path":                    {m{Hosts: list("www.example.com/voice")}, more},
		"a host with a query":                   {m{Hosts: list("www.example.com?x")}, more},
		"a host with the port of https":         {m{Hosts: list("www.example.com:443")}, port},
		"a host with the port of http":          {m{Hosts: list("www.example.com:80")}, port},
		"a host with another port":              {m{Hosts: list("www.example.com:8443")}, ""},
		"a pattern that may end so":             {m{Hosts: list("*:443", "*80")}, ""},
		"no host, for addresses that are none":  {m{Hosts: list("")}, ""},
		"a path without a slash":                {m{Paths: list("voice/*")}, "paths[0]: does not begin with a slash, as paths do"},
		"a path with a query":                   {m{Paths: list("/voice?x=1")}, query},
		"a path with a fragment":                {m{Paths: list("/voice#x")}, query},
		"a path that is an address":             {m{Paths: list("https://www.example.com/voice")}, "paths[0]: is an address and no path"},
		"a path with an address in it":          {m{Paths: list("/proxy/https://www.example.com")}, ""},
		"a path that ends so":                   {m{Paths: list("*/voice", "*voice", "*")}, ""},
		"no path":                               {m{Paths: list("")}, ""},
		"an account that is not there":          {m{Accounts: list(account, other)}, "accounts[1]: is none of accounts, so that its requests are not verified and no rule is asked"},
		"the account":                           {m{Accounts: list(account)}, ""},
		"drills":                                {m{Accounts: list(twilio.DrillAccountSID)}, ""},
		"calls to a messaging service":          {m{Channel: "voice", Lines: list(serviceSID)}, "lines[0]: is a messaging service, and this rule is for calls"},
		"messages to it":                        {m{Channel: "messaging", Lines: list(serviceSID)}, ""},
		"calls to it or to a number":            {m{Channel: "voice", Lines: list(serviceSID, "+4930123456")}, ""},
		"lines without the tag":                 {m{Lines: list("+4940*"), Tags: list("clinic")}, disjoint},
		"lines of which one may have it":        {m{Lines: list("+4940*", "+49 30 1*"), Tags: list("clinic")}, ""},
		"lines of which all have it":            {m{Lines: list("+49*"), Tags: list("clinic")}, ""},
		"lines by WhatsApp, which may have it":  {m{Lines: list("whatsapp:+4930*"), Tags: list("clinic")}, ""},
		"a service that may stand before it":    {m{Lines: list(serviceSID), Tags: list("clinic")}, ""},
		"a tag that any line may have":          {m{Lines: list("+1555*"), Tags: list("all")}, ""},
		"whom they call is no line":             {m{Lines: list("+4930*"), To: list("+4940123456"), Directions: list("inbound")}, to},
		"whom they write to is no line":         {m{Lines: list("+4930*"), To: list("+4940*"), Channel: "messaging"}, to},
		"whom they call is a line":              {m{Lines: list("+4930*"), To: list("+4930123456"), Directions: list("inbound")}, ""},
		"whom the line calls":                   {m{Lines: list("+4930*"), To: list("+4940123456")}, ""},
		"whom the line calls, or who calls it":  {m{Lines: list("+4930*"), To: list("+4940*"), Directions: list("inbound", "outbound-api")}, ""},
		"a service, and the number in it":       {m{Lines: list(serviceSID), To: list("+4940123456"), Channel: "messaging"}, ""},
		"an address that is compared otherwise": {m{Lines: list("+4930*"), To: list("sip:a@example.com"), Directions: list("inbound")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(optionErrors(t, recovery.Options{
				OnlyAccounts: []string{account}, Lines: append(manyLines(), recovery.Line{Match: "whatsapp:*", Tags: []string{"all"}}),
				Rules: []recovery.RuleOptions{ruleFor("", test.match)},
			}), "\n")
			want := ""
			if test.want != "" {
				want = "recovery[0].match." + test.want
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// What is written in the place of a mistake is what was meant.
func TestWhatNeverHoldsHasARemedyThatDoes(t *testing.T) {
	t.Parallel()
	type m = recovery.Match
	for remedy, match := range map[string]m{
		`write www.example.com`:                              {Hosts: []string{"https://www.example.com:443/voice?x=1"}},
		`write *.example.com`:                                {Hosts: []string{"http://*.example.com"}},
		`write www.example.com, and the path under paths`:    {Hosts: []string{"www.example.com/voice"}},
		`write api.example.com`:                              {Hosts: []string{"api.example.com:443"}},
		`write /voice/*`:                                     {Paths: []string{"voice/*"}},
		`write /voice`:                                       {Paths: []string{"/voice?x=1"}},
		`write /voice/*, and the host under hosts`:           {Paths: []string{"https://www.example.com/voice/*?x"}},
		`begin with 8 at most: what fails more often within`: {Visits: "9-"},
	} {
		_, err := recovery.NewRules(recovery.Options{Rules: []recovery.RuleOptions{ruleFor("", match)}}, words(t).Knows)
		if err == nil || !strings.Contains(err.Error(), ": "+remedy) {
			t.Errorf("got %v, want the remedy %q", err, remedy)
		}
	}
}

// Nothing that a rule may say and that holds is refused.
func TestWhatHoldsOnlyRarelyIsNoMistake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		match   recovery.Match
		failure incident.Failure
	}{
		"no host": {recovery.Match{Hosts: []string{""}}, call("ErrorUrl", "")},
		"no path": {recovery.Match{Paths: []string{""}}, call("ErrorUrl", "https://www.example.com")},
		"a line that calls a number of another": {
			recovery.Match{Lines: []string{"+4930*"}, To: []string{"+4940*"}},
			call("Direction", "outbound-api", "From", "+4930123456", "To", "+4940123456"),
		},
		"a number whose messages come by a service": {
			recovery.Match{Lines: []string{serviceSID}, Tags: []string{"clinic"}},
			failure(noon(), "MessageSid", messageSID, "To", "+4930123456", "MessagingServiceSid", serviceSID),
		},
	} {
		r := rules(t, recovery.Options{Lines: manyLines(), Rules: []recovery.RuleOptions{ruleFor(name, c.match)}})
		if plan := recovery.Decide(c.failure, r, recovery.State{}); plan.Rule() != name {
			t.Errorf("%s: got rule %q", name, plan.Rule())
		}
	}
}
