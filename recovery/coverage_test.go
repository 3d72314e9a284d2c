package recovery_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
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
	if diff := cmp.Diff(want, r.Uncovered(account)); diff != "" {
		t.Error(diff)
	}
	bare := rules(t, recovery.Options{Lines: o.Lines[:1]})
	if diff := cmp.Diff([]string{"+4930123456 (calls, messages)"}, bare.Uncovered(account)); diff != "" {
		t.Error(diff)
	}
}
