package recovery_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio"
)

func TestLinesThatOnlyTheApologyServesAreListed(t *testing.T) {
	t.Parallel()
	o := recovery.Options{
		Primaries: []string{"https://www.example.com"},
		Targets:   map[string]standby.Options{"standby": {URL: "https://standby.example.com{path}"}},
	}
	for _, match := range []string{"+4930123456", "+4940*", "*", "12345", "MG0123456789abcdef0123456789abcdef", "example.sip.twilio.com", "whatsapp:+4430*"} {
		o.Lines = append(o.Lines, recovery.Line{Match: match})
	}
	o.Lines = append(o.Lines, recovery.Line{Match: "+1555*", Tags: []string{"clinic"}})
	ask := []recovery.StepOptions{{Failover: []string{"standby"}}, {Message: true}}
	o.Rules = []recovery.RuleOptions{
		{Match: recovery.Match{Lines: []string{"+49*"}, Channel: "voice"}, Steps: ask},
		{Match: recovery.Match{Tags: []string{"clinic"}, Hosts: []string{"www.example.com"}}, Steps: ask},
		{Match: recovery.Match{Lines: []string{"MG0123456789abcdef0123456789abcdef", "example.sip.twilio.com"}}, Steps: ask},
		{Match: recovery.Match{Lines: []string{"12345"}}, Steps: []recovery.StepOptions{{Ignore: true}}},
		{Match: recovery.Match{Codes: []string{"12100"}}, Steps: ask}, // not for a server that is down
		{Steps: []recovery.StepOptions{{Message: true}}},
	}
	r := rules(t, o)
	want := []string{"+4930123456 (messages)", "+4940* (messages)", "* (calls, messages)", "whatsapp:+4430* (calls, messages)"}
	if diff := cmp.Diff(want, r.Uncovered(twilio.Account{SID: account})); diff != "" {
		t.Error(diff)
	}
	bare := rules(t, recovery.Options{Lines: o.Lines[:1]})
	if diff := cmp.Diff([]string{"+4930123456 (calls, messages)"}, bare.Uncovered(twilio.Account{SID: account})); diff != "" {
		t.Error(diff)
	}
}

// What is tried may have nothing for anybody: then a line is listed.
func TestStepsThatHaveNothingCoverNoLine(t *testing.T) {
	t.Parallel()
	main, other := twilio.Account{Name: "main", SID: account}, twilio.Account{Name: "other", SID: "AC" + strings.Repeat("f", 32)}
	primaries := []string{"https://www.example.com"}
	targets := map[string]standby.Options{
		"standby": {URL: "https://standby.example.com{path}", Probe: "/healthz"},
		"fixed":   {URL: "https://fixed.example.com/voice"},
		"itself":  {URL: "https://www.example.com/voice"},
		"others":  {URL: "https://others.example.com{path}", Accounts: []string{other.SID}},
	}
	for name, c := range map[string]struct {
		primaries []string
		step      recovery.StepOptions
		accounts  []twilio.Account
		want      string
	}{
		"a voicemail":                     {primaries, recovery.StepOptions{Voicemail: &recovery.VoicemailOptions{}}, []twilio.Account{main}, "messages"},
		"a queue":                         {primaries, recovery.StepOptions{Enqueue: &recovery.EnqueueOptions{Queue: "support"}}, []twilio.Account{main}, "messages"},
		"people":                          {primaries, recovery.StepOptions{Dial: &recovery.DialOptions{To: []string{"client:anna"}}}, []twilio.Account{main}, "messages"},
		"a call back":                     {primaries, recovery.StepOptions{Callback: true}, []twilio.Account{main}, "messages"},
		"the engaged tone":                {primaries, recovery.StepOptions{Reject: "busy"}, []twilio.Account{main}, "messages"},
		"silence":                         {primaries, recovery.StepOptions{Ignore: true}, []twilio.Account{main}, ""},
		"a standby":                       {primaries, recovery.StepOptions{Failover: []string{"standby"}}, []twilio.Account{main}, ""},
		"a standby without a primary":     {nil, recovery.StepOptions{Failover: []string{"standby"}}, []twilio.Account{main}, "calls, messages"},
		"one that needs no primary":       {nil, recovery.StepOptions{Failover: []string{"fixed"}}, []twilio.Account{main}, ""},
		"the server that is down":         {primaries, recovery.StepOptions{Failover: []string{"itself"}}, []twilio.Account{main}, "calls, messages"},
		"sent on without a primary":       {nil, recovery.StepOptions{Redirect: "standby"}, []twilio.Account{main}, "calls, messages"},
		"a standby of others":             {primaries, recovery.StepOptions{Failover: []string{"others"}}, []twilio.Account{main}, "calls, messages"},
		"a standby of others, or of all":  {primaries, recovery.StepOptions{Failover: []string{"others", "standby"}}, []twilio.Account{main}, ""},
		"a standby of one account of two": {primaries, recovery.StepOptions{Failover: []string{"others"}}, []twilio.Account{other, main}, "calls of main, messages of main"},
		"a standby of one that is named":  {primaries, recovery.StepOptions{Failover: []string{"others"}}, []twilio.Account{{}, other}, "calls of any other account, messages of any other account"},
		"no account":                      {primaries, recovery.StepOptions{Failover: []string{"standby"}}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rules(t, recovery.Options{
				Lines: []recovery.Line{{Match: "+4930*"}}, Primaries: c.primaries, Targets: targets,
				Rules: []recovery.RuleOptions{{Steps: []recovery.StepOptions{c.step}}},
			})
			got := strings.TrimSuffix(strings.TrimPrefix(strings.Join(r.Uncovered(c.accounts...), "; "), "+4930* ("), ")")
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
