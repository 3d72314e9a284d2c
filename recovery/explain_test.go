package recovery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/hours"
)

func TestACallAtAnotherHourIsExplained(t *testing.T) {
	t.Parallel()
	dial := func(o recovery.DialOptions) []recovery.StepOptions { return []recovery.StepOptions{{Dial: &o}} }
	r := rules(t, recovery.Options{
		Hours: clinic(),
		OnCall: map[string]hours.RosterOptions{
			"ops":  {Zone: "Europe/Berlin", Rotate: "weekly", From: "2026-11-23", People: []hours.PersonOptions{{Name: "Anna", To: "+4930123456"}, {Name: "Ben", To: "client:ben"}}},
			"desk": {People: []hours.PersonOptions{{Name: "Cleo", To: "client:cleo", Hours: "lunch"}, {Name: "Dora", To: "client:dora", Hours: "lunch"}}},
		},
		Rules: []recovery.RuleOptions{
			{Name: "ahead", Match: recovery.Match{To: []string{"+4930111*"}}, Steps: dial(recovery.DialOptions{To: []string{"+4930123456"}})},
			{Name: "ahead, on call", Match: recovery.Match{To: []string{"+4930222*"}}, Steps: dial(recovery.DialOptions{OnCall: "desk", AtOnce: true, Moot: true})},
			{Name: "by day", Match: recovery.Match{Channel: "voice", Open: "clinic"}, Steps: dial(recovery.DialOptions{OnCall: "desk"})},
			{Name: "at night", Steps: dial(recovery.DialOptions{OnCall: "ops"})},
		},
	})
	to := func(at time.Time, number string) incident.Failure {
		return failure(at, "CallSid", callSID, "From", "+4917100000", "To", number, "CallStatus", "ringing", "Direction", "inbound")
	}
	const line = "+4930901820"
	sunday := time.Date(2026, 11, 29, 2, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		failure incident.Failure
		rule    string
		timed   bool
		want    string
	}{
		"by day":                                {to(noon(), line), "Rule 3, by day", true, "dial is passed over: nobody is on call (desk) at that hour."},
		"at lunch":                              {to(noon().Add(-time.Hour), line), "Rule 3, by day", true, "Dials whoever is on call (desk), who accept by key: Cleo, then Dora."},
		"at night":                              {to(sunday, line), "Rule 4, at night", true, "Dials whoever is on call (ops), who accept by key: Anna, then Ben."},
		"a week later":                          {to(sunday.AddDate(0, 0, 7), line), "Rule 4, at night", true, "Dials whoever is on call (ops), who accept by key: Ben, then Anna."},
		"no rule before it asks for the hour":   {to(sunday, "+49301110"), "Rule 1, ahead", false, "Dials …56, who accept by key."},
		"its list depends on the hour":          {to(noon().Add(-time.Hour), "+49302220"), "Rule 2, ahead, on call", true, "Dials whoever is on call (desk) all at once: Cleo, Dora."},
		"rules for calls do not count for text": {failure(sunday, "MessageSid", messageSID, "From", "+4917100000", "To", line, "Body", "Hello"), "Rule 4, at night", false, "Writes the apology"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := r.Explain(test.failure, nil, recovery.State{}, noon())
			if e.Rule != test.rule || e.Timed != test.timed || !strings.HasPrefix(strings.Join(e.Steps, " "), test.want) {
				t.Errorf("got  %+v\nwant %s, timed %t: %s", e, test.rule, test.timed, test.want)
			}
		})
	}
}
