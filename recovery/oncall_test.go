package recovery_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/hours"
	"github.com/backstop-project/backstop/twilio"
)

// clinic is open on working days, in Berlin.
func clinic() map[string]hours.Options {
	return map[string]hours.Options{
		"clinic": {Zone: "Europe/Berlin", Open: []string{"mon-fri 08:00-18:00"}, Holidays: []string{"12-25"}},
		"lunch":  {Zone: "Europe/Berlin", Open: []string{"daily 12:00-13:00"}},
	}
}

// optionErrors are the mistakes in o, one line each: "key: problem".
func optionErrors(tb testing.TB, o recovery.Options) (all []string) {
	tb.Helper()
	_, err := recovery.NewRules(o, words(tb).Knows)
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return nil
	}
	for _, one := range joined.Unwrap() {
		var m *recovery.OptionError
		if !errors.As(one, &m) || m.Remedy == "" {
			tb.Fatalf("got %v, want an OptionError with a remedy", one)
		}
		all = append(all, m.Key+": "+m.Problem)
	}
	return all
}

func ruleFor(name string, match recovery.Match) recovery.RuleOptions {
	return recovery.RuleOptions{Name: name, Match: match, Steps: []recovery.StepOptions{{Message: true}}}
}

func TestARuleAsksWhetherAPlaceIsOpen(t *testing.T) {
	t.Parallel()
	r := rules(t, recovery.Options{Hours: clinic(), Rules: []recovery.RuleOptions{
		ruleFor("at lunch", recovery.Match{Open: "lunch", Closed: "clinic"}),
		ruleFor("by day", recovery.Match{Open: "clinic"}),
		ruleFor("at night", recovery.Match{Closed: "clinic"}),
	}})
	for at, want := range map[string]string{ // 2026-11-23 is a Monday
		"2026-11-23T07:00:00Z": "by day",
		"2026-11-23T06:59:59Z": "at night",
		"2026-11-23T17:00:00Z": "at night",
		"2026-07-20T06:00:00Z": "by day", // in summer
		"2026-11-22T11:30:00Z": "at lunch",
		"2026-11-22T10:30:00Z": "at night",
		"2026-12-25T10:30:00Z": "at night",
		"2026-11-23T11:30:00Z": "by day",
	} {
		received, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		plan := recovery.Decide(failure(received, "CallSid", callSID), r, recovery.State{})
		if got := plan.Rule(); got != want {
			t.Errorf("%s: got %q, want %q", at, got, want)
		}
	}
}

func TestWhatRulesAskOfTheTimeIsTold(t *testing.T) {
	t.Parallel()
	r := rules(t, recovery.Options{Hours: clinic(), Rules: []recovery.RuleOptions{ruleFor("", recovery.Match{Channel: "voice", Open: "lunch", Closed: "clinic"})}})
	if diff := cmp.Diff([]string{"channel voice", "while lunch is open", "while clinic is closed"}, r.Outlines()[0].Asks); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestHowHoursAndListsStandIsTold(t *testing.T) {
	t.Parallel()
	r := rules(t, recovery.Options{Hours: clinic(), OnCall: map[string]hours.RosterOptions{
		"ops":  {Rotate: "weekly", From: "2026-11-16", People: []hours.PersonOptions{{Name: "Anna", To: "+4930123456"}, {Name: "Ben", To: "sip:ben@example.com"}}},
		"desk": {People: []hours.PersonOptions{{Name: "Cleo", To: "client:cleo", Hours: "lunch"}}},
	}})
	want := []string{
		"clinic is open until Mon 2026-11-23 18:00 (mon-fri 08:00-18:00; 1 holiday; Europe/Berlin).",
		"lunch is closed until Tue 2026-11-24 12:00 (daily 12:00-13:00; Europe/Berlin).",
		"on call for desk: nobody, until Tue 2026-11-24 11:00 (UTC); from then on Cleo.",
		"on call for ops: Ben, then Anna, until Mon 2026-11-30 00:00 (UTC); from then on Anna, then Ben.",
	}
	if diff := cmp.Diff(want, r.HoursAt(noon())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestMistakesInHoursAndOnCallListsAreFound(t *testing.T) {
	t.Parallel()
	person := func(to string) recovery.Options {
		return recovery.Options{OnCall: map[string]hours.RosterOptions{"ops": {People: []hours.PersonOptions{{Name: "Anna", To: to}}}}}
	}
	asking := func(m recovery.Match) recovery.Options {
		return recovery.Options{Hours: clinic(), Rules: []recovery.RuleOptions{ruleFor("", m), ruleFor("", recovery.Match{})}}
	}
	for name, test := range map[string]struct {
		options recovery.Options
		want    string // "" for none
	}{
		"a number":                       {person("+4930123456"), ""},
		"a SIP address":                  {person("sip:anna@example.com:5061;transport=tls"), ""},
		"an app's user":                  {person("client:anna"), ""},
		"nobody":                         {person(""), "on_call.ops.people[0].to: is missing"},
		"a number in groups":             {person("+49 (30) 123456"), "on_call.ops.people[0].to: is not written as Twilio takes it"},
		"a number without its country":   {person("030123456"), "on_call.ops.people[0].to: is no address that Twilio calls"},
		"a short code":                   {person("12345"), "on_call.ops.people[0].to: is no address that Twilio calls"},
		"a number that hides one":        {person("+266696687"), "on_call.ops.people[0].to: is no address that Twilio calls"},
		"a chat":                         {person("whatsapp:+4930123456"), "on_call.ops.people[0].to: is no address that Twilio calls"},
		"a mail address":                 {person("anna@example.com"), "on_call.ops.people[0].to: is no address that Twilio calls"},
		"a SIP domain":                   {person("sip:example.com"), "on_call.ops.people[0].to: is the address of nobody at that domain"},
		"SIP over TLS by its old name":   {person("sips:anna@example.com"), "on_call.ops.people[0].to: is no address that Twilio calls"},
		"a SIP address with a space":     {person("sip:anna b@example.com"), "on_call.ops.people[0].to: has a space in it"},
		"an app's nobody":                {person("client:"), "on_call.ops.people[0].to: is no address that Twilio calls"},
		"hours":                          {asking(recovery.Match{Open: "clinic", Closed: "lunch"}), ""},
		"hours that there are not":       {asking(recovery.Match{Open: "praxis"}), "recovery[0].match.open: is no name of hours"},
		"closed ones that there are not": {asking(recovery.Match{Closed: "praxis"}), "recovery[0].match.closed: is no name of hours"},
		"open and closed":                {asking(recovery.Match{Open: "clinic", Closed: "clinic"}), "recovery[0].match.closed: never holds, for open names the same hours"},
		"hours with a mistake":           {recovery.Options{Hours: map[string]hours.Options{"x": {Open: []string{"daily"}}}, Rules: []recovery.RuleOptions{ruleFor("", recovery.Match{Open: "x"})}}, "hours.x.open[0]: says no time"},
		"a list with a mistake": {
			recovery.Options{OnCall: map[string]hours.RosterOptions{"ops": {People: []hours.PersonOptions{{Name: "Anna", To: "client:anna", Hours: "x"}}}}},
			"on_call.ops.people[0].hours: is no name of hours",
		},
		"hours with a mistake that people have": {
			recovery.Options{Hours: map[string]hours.Options{"x": {}}, OnCall: map[string]hours.RosterOptions{"ops": {People: []hours.PersonOptions{{Name: "Anna", To: "client:anna", Hours: "x"}}}}},
			"hours.x.open: is missing",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(optionErrors(t, test.options), "\n"); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// A line that is covered by day only is listed.
func TestCoverageLooksAtAllHours(t *testing.T) {
	t.Parallel()
	something := func(m recovery.Match) recovery.RuleOptions {
		return recovery.RuleOptions{Match: m, Steps: []recovery.StepOptions{{Ignore: true}}}
	}
	lines := []recovery.Line{{Match: "+4930123456"}}
	for name, test := range map[string]struct {
		rules []recovery.RuleOptions
		want  []string
	}{
		"by day":                  {[]recovery.RuleOptions{something(recovery.Match{Open: "clinic"})}, []string{"+4930123456 (calls at some hours, messages at some hours)"}},
		"by day and by night":     {[]recovery.RuleOptions{something(recovery.Match{Open: "clinic"}), something(recovery.Match{Closed: "clinic"})}, nil},
		"but at lunch on Sundays": {[]recovery.RuleOptions{ruleFor("", recovery.Match{Open: "lunch", Closed: "clinic", Channel: "voice"}), something(recovery.Match{Codes: []string{"11200-11299"}})}, []string{"+4930123456 (calls at some hours)"}},
		"at no hour":              {[]recovery.RuleOptions{something(recovery.Match{Open: "clinic", Codes: []string{"12100"}})}, []string{"+4930123456 (calls, messages)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rules(t, recovery.Options{Primaries: []string{"https://www.example.com"}, Hours: clinic(), Lines: lines, Rules: test.rules})
			if diff := cmp.Diff(test.want, r.Uncovered(twilio.Account{SID: account})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
