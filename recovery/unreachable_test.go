package recovery_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
)

// manyLines are what the matches of these tests name.
func manyLines() []recovery.Line {
	return []recovery.Line{{Match: "+4930*", Tags: []string{"clinic", "berlin"}}, {Match: "+4940*", Tags: []string{"shop"}}}
}

func TestRulesThatNothingReachesAreFound(t *testing.T) {
	t.Parallel()
	type m = recovery.Match
	list := func(texts ...string) []string { return texts }
	other := "AC" + strings.Repeat("f", 32)
	for name, test := range map[string]struct {
		first, second m
		reached       bool
	}{
		"the same":                             {m{Channel: "voice"}, m{Channel: "voice"}, false},
		"one that asks more":                   {m{Channel: "voice"}, m{Channel: "voice", Codes: list("11200")}, false},
		"one that asks less":                   {m{Channel: "voice", Codes: list("11200")}, m{Channel: "voice"}, true},
		"another channel":                      {m{Channel: "voice"}, m{Channel: "messaging"}, true},
		"a code within a range":                {m{Codes: list("11200-11299")}, m{Codes: list("11205")}, false},
		"a code outside":                       {m{Codes: list("11200-11299")}, m{Codes: list("11205", "11300")}, true},
		"a range within ranges that touch":     {m{Codes: list("11250 - 11299", "11200-11249")}, m{Codes: list("11240-11260")}, false},
		"a range over a gap":                   {m{Codes: list("11200-11249", "11251-11299")}, m{Codes: list("11240-11260")}, true},
		"a range within ranges that overlap":   {m{Codes: list("11200-11260", "11210-11220", "11250-11299")}, m{Codes: list("11200-11299")}, false},
		"any code":                             {m{Codes: list("0-99999")}, m{Channel: "voice"}, true},
		"codes of nothing":                     {m{Codes: list("11200")}, m{Codes: list("99999999")}, true},
		"a number within a beginning":          {m{From: list("+49*")}, m{From: list("+4930123456")}, false},
		"a beginning within a beginning":       {m{From: list("+49*")}, m{From: list("+49 30*")}, false},
		"a wider beginning":                    {m{From: list("+4930*")}, m{From: list("+49*")}, true},
		"another number, too":                  {m{From: list("+49*")}, m{From: list("+4930123456", "+4330123456")}, true},
		"whoever it is":                        {m{From: list("*")}, m{From: list("client:anna")}, false},
		"somebody or nobody":                   {m{From: list("*")}, m{Channel: "voice"}, true},
		"a number by WhatsApp":                 {m{From: list("+4930*")}, m{From: list("whatsapp:+4930*")}, true}, // it is, but that is not looked for
		"the line and not who is called":       {m{To: list("+4930*")}, m{Lines: list("+4930*")}, true},
		"the same domain in capitals":          {m{Lines: list("example.sip.twilio.com")}, m{Lines: list("Example.sip.twilio.com")}, false},
		"one tag of two":                       {m{Tags: list("clinic", "shop")}, m{Tags: list("shop")}, false},
		"a tag more":                           {m{Tags: list("clinic")}, m{Tags: list("clinic", "berlin")}, true},
		"a host within a pattern":              {m{Hosts: list("*.example.com")}, m{Hosts: list("WWW.example.com")}, false},
		"a pattern within a pattern":           {m{Hosts: list("*.example.com")}, m{Hosts: list("api.*.example.com")}, false},
		"a host that only ends so":             {m{Hosts: list("*.example.com")}, m{Hosts: list("example.com")}, true},
		"a pattern that is wider":              {m{Paths: list("/voice/*")}, m{Paths: list("/voice*")}, true},
		"a pattern that only looks narrower":   {m{Paths: list("/a*b")}, m{Paths: list("/a*")}, true},
		"two stars within one":                 {m{Paths: list("/a*b")}, m{Paths: list("/a*c*b")}, false},
		"any path":                             {m{Paths: list("*")}, m{Channel: "voice"}, false},
		"an account of two":                    {m{Accounts: list(account, other)}, m{Accounts: list(other)}, false},
		"another account":                      {m{Accounts: list(account)}, m{Accounts: list(other)}, true},
		"a direction of two":                   {m{Directions: list("inbound", "outbound-api")}, m{Directions: list("inbound")}, false},
		"a status more":                        {m{Statuses: list("ringing")}, m{Statuses: list("ringing", "in-progress")}, true},
		"the same hours":                       {m{Open: "clinic"}, m{Open: "clinic", Channel: "voice"}, false},
		"the other hours":                      {m{Open: "clinic"}, m{Closed: "clinic"}, true},
		"other hours":                          {m{Closed: "clinic"}, m{Closed: "lunch"}, true},
		"all narrower but one":                 {m{Channel: "voice", Codes: list("11200-11299"), Hosts: list("*.example.com")}, m{Channel: "voice", Codes: list("11205"), Hosts: list("example.net")}, true},
		"all narrower":                         {m{Channel: "voice", Codes: list("11200-11299"), Hosts: list("*.example.com")}, m{Channel: "voice", Codes: list("11205"), Hosts: list("a.example.com"), Paths: list("/x")}, false},
		"everything, behind something":         {m{Channel: "voice"}, m{}, true},
		"hours, behind a rule without any":     {m{Channel: "voice"}, m{Channel: "voice", Open: "clinic"}, false},
		"no hours, behind a rule that has one": {m{Channel: "voice", Open: "clinic"}, m{Channel: "voice"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(optionErrors(t, recovery.Options{
				Hours: clinic(), Lines: manyLines(), Rules: []recovery.RuleOptions{ruleFor("the first", test.first), ruleFor("the second", test.second)},
			}), "\n")
			want := ""
			if !test.reached {
				want = "recovery[1].match: is never reached: whatever it matches is taken by rule 1, the first"
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestRulesThatContradictThemselvesAreFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		match recovery.Match
		want  string
	}{
		"the direction of a message": {recovery.Match{Channel: "messaging", Directions: []string{"inbound"}}, "recovery[0].match.directions[0]: is asked of calls, and this rule is for messages"},
		"the status of a message":    {recovery.Match{Channel: "messaging", Statuses: []string{"ringing"}}, "recovery[0].match.statuses[0]: is asked of calls, and this rule is for messages"},
		"of a call":                  {recovery.Match{Channel: "voice", Directions: []string{"inbound"}, Statuses: []string{"ringing"}}, ""},
		"of either":                  {recovery.Match{Directions: []string{"inbound"}, Statuses: []string{"ringing"}}, ""},
	} {
		if got := strings.Join(optionErrors(t, recovery.Options{Rules: []recovery.RuleOptions{ruleFor("", test.match)}}), "\n"); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestRulesThatTakeEverythingTogetherAreFound(t *testing.T) {
	t.Parallel()
	type m = recovery.Match
	list := func(texts ...string) []string { return texts }
	const (
		first  = "rule 1, the first"
		both   = "rule 1, the first; or by rule 2, the second"
		nobody = ""
	)
	for name, test := range map[string]struct {
		first, second, third m
		by                   string
	}{
		"open and closed":                     {m{Open: "clinic"}, m{Closed: "clinic"}, m{Channel: "voice"}, both},
		"open here and closed there":          {m{Open: "clinic"}, m{Closed: "lunch"}, m{Channel: "voice"}, nobody},
		"open, and closed for calls only":     {m{Open: "clinic"}, m{Closed: "clinic", Channel: "voice"}, m{Codes: list("11200")}, nobody},
		"open and closed, for calls":          {m{Open: "clinic"}, m{Closed: "clinic", Channel: "voice"}, m{Channel: "voice", Codes: list("11200")}, both},
		"calls and messages":                  {m{Channel: "voice"}, m{Channel: "messaging"}, m{Codes: list("11200")}, nobody}, // what is neither
		"codes up to and from":                {m{Codes: list("11200-11249")}, m{Codes: list("11250-11299")}, m{Codes: list("11200-11299")}, both},
		"codes that overlap":                  {m{Codes: list("11200-11260")}, m{Codes: list("11240-11299")}, m{Codes: list("11230-11270")}, both},
		"codes with a gap":                    {m{Codes: list("11200-11249")}, m{Codes: list("11251-11299")}, m{Codes: list("11200-11299")}, nobody},
		"some of several codes":               {m{Codes: list("11200", "11205")}, m{Codes: list("11210")}, m{Codes: list("11210", "11205")}, both},
		"one number each":                     {m{To: list("+4930123456")}, m{To: list("+49302*")}, m{To: list("+4930123456", "+4930200000")}, both},
		"a number that none has":              {m{To: list("+4930123456")}, m{To: list("+49302*")}, m{To: list("+4930123456", "+4930100000")}, nobody},
		"one tag each":                        {m{Tags: list("clinic")}, m{Tags: list("shop")}, m{Tags: list("shop", "clinic")}, both},
		"one host each, and one path of both": {m{Hosts: list("a.example.com")}, m{Hosts: list("b.example.com"), Paths: list("/x*")}, m{Hosts: list("a.example.com", "b.example.com"), Paths: list("/xy", "/xz")}, both},
		"one host each, but other paths":      {m{Hosts: list("a.example.com")}, m{Hosts: list("b.example.com"), Paths: list("/x*")}, m{Hosts: list("a.example.com", "b.example.com"), Paths: list("/y")}, nobody},
		"the first time and every other":      {m{Visits: "1"}, m{Visits: "2-"}, m{Channel: "voice"}, both},
		"the first time and the third":        {m{Visits: "1"}, m{Visits: "3-"}, m{Channel: "voice"}, nobody},
		"within visits of both":               {m{Visits: "1-2"}, m{Visits: "3-5"}, m{Visits: "2-4"}, both},
		"within visits of one":                {m{Visits: "2-"}, m{Visits: "1", Channel: "voice"}, m{Visits: "3-4"}, first},
		"up and down, or not known":           {m{Health: list("standby up")}, m{Health: list("standby down")}, m{Channel: "voice"}, nobody},
		"up or down":                          {m{Health: list("standby up")}, m{Health: list("standby down")}, m{Health: list("standby down", "standby up")}, both},
		"hours, codes and numbers together": {
			m{Open: "clinic", Codes: list("11200-11249")}, m{Closed: "clinic", To: list("+49*")}, m{Codes: list("11201"), To: list("+4930*")}, both,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(optionErrors(t, recovery.Options{
				Hours: clinic(), Lines: manyLines(), Targets: probedServers(recovery.Match{}).Targets,
				Rules: []recovery.RuleOptions{ruleFor("the first", test.first), ruleFor("the second", test.second), ruleFor("the third", test.third)},
			}), "\n")
			want := ""
			if test.by != "" {
				want = "recovery[2].match: is never reached: whatever it matches is taken by " + test.by
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestAThousandRulesWithLongListsAreChecked(t *testing.T) {
	t.Parallel()
	var o recovery.Options
	var codes, hosts, paths, to []string
	for i := range 300 {
		codes, hosts = append(codes, strconv.Itoa(10000+2*i)), append(hosts, "h"+strconv.Itoa(i)+".example.com")
		paths, to = append(paths, "/p"+strconv.Itoa(i)), append(to, "+4930"+strconv.Itoa(100000+i))
	}
	for i := range 1000 {
		o.Rules = append(o.Rules, ruleFor(strconv.Itoa(i), recovery.Match{Codes: codes[i%200:], Hosts: hosts[i%100:], Paths: paths[i%300:], To: to}))
	}
	done := make(chan []string, 1)
	go func() { done <- optionErrors(t, o) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("1000 rules with long lists are still being checked after a minute")
	}
}

// dice makes rules and failures that often have to do with one another.
type dice struct{ *rand.Rand }

func (d dice) some(of ...string) []string {
	var list []string
	for range d.IntN(3) {
		list = append(list, of[d.IntN(len(of))])
	}
	return list
}

func (d dice) one(of ...string) string { return of[d.IntN(len(of))] }

// rarely is what of says in one case of four.
func (d dice) rarely(of func() []string) []string {
	if d.IntN(4) > 0 {
		return nil
	}
	return of()
}

func (d dice) match() recovery.Match {
	numbers := func() []string {
		return d.some("*", "+4930*", "+49*", "+4930123456", "+4940123456", "whatsapp:+4930*", "client:anna", "client:*", "MG0123456789abcdef0123456789abcdef", "example.sip.twilio.com")
	}
	return recovery.Match{
		Channel: d.one("", "", "voice", "messaging"),
		Codes: d.rarely(func() []string {
			return d.some("0", "11200", "11205", "11200-11249", "11250-11299", "11200-11299", "0-99999")
		}),
		Lines: d.rarely(numbers), From: d.rarely(numbers), To: d.rarely(numbers),
		Tags:     d.rarely(func() []string { return d.some("clinic", "berlin", "shop") }),
		Accounts: d.rarely(func() []string { return d.some(account, "AC"+strings.Repeat("f", 32)) }),
		Hosts: d.rarely(func() []string {
			return d.some("*", "*.example.com", "www.example.com", "WWW.*", "example.com", "*.*.com")
		}),
		Paths:      d.rarely(func() []string { return d.some("*", "", "/", "/a*", "/*b", "/a*b", "/ab", "**", "/a*a*b") }),
		Directions: d.rarely(func() []string { return d.some("inbound", "outbound-api") }),
		Statuses:   d.rarely(func() []string { return d.some("ringing", "in-progress") }),
		Open:       d.one("", "", "", "clinic", "lunch"), Closed: d.one("", "", "", "clinic", "lunch"),
		Visits: d.one("", "", "", "1", "2-", "2-3"),
		Health: d.rarely(func() []string { return d.some("standby up", "standby down") }),
	}
}

func (d dice) failure() incident.Failure {
	number := func() string {
		return d.one("", "+4930123456", "+4930999999", "+4940123456", "+15550100", "whatsapp:+4930123456", "client:anna", "sip:a@example.sip.twilio.com")
	}
	params := []incident.Param{
		{Name: "AccountSid", Value: d.one(account, "AC"+strings.Repeat("f", 32))},
		{Name: d.one("CallSid", "CallSid", "MessageSid", "X"), Value: callSID},
		{Name: "From", Value: number()},
		{Name: "To", Value: number()},
		{Name: "ErrorUrl", Value: d.one("", "https://www.example.com/a", "https://example.com/ab", "https://a.b.com/aXaXb", "https://www.example.com", "https://www.example.com/b")},
		{Name: "Direction", Value: d.one("", "inbound", "outbound-api")},
		{Name: "CallStatus", Value: d.one("", "ringing", "in-progress")},
	}
	if code := d.one("", "0", "11200", "11205", "11260", "12100", "99999999999"); code != "" {
		params = append(params, incident.Param{Name: "ErrorCode", Value: code})
	}
	if d.IntN(4) == 0 {
		params = append(params, incident.Param{Name: "MessagingServiceSid", Value: serviceSID})
	}
	return incident.NewFailure(noon().Add(time.Duration(d.IntN(14*24))*time.Hour), "POST", params)
}

// Whatever rules and failures there are: a rule that is said to be reached by
// nothing, or to ask for lines that it cannot have, is reached by none of them.
func TestNoFailureReachesARuleThatIsSaidToBeUnreachable(t *testing.T) {
	t.Parallel()
	d := dice{rand.New(rand.NewPCG(2026, 72))}
	knows, said, contradicted, reached := words(t).Knows, 0, 0, 0
	for range 1000 {
		o := recovery.Options{Hours: clinic(), Lines: manyLines(), Targets: probedServers(recovery.Match{}).Targets}
		for i := range 6 {
			o.Rules = append(o.Rules, ruleFor(strconv.Itoa(i), d.match()))
		}
		unreachable, apart := map[string]bool{}, map[string]bool{}
		for _, mistake := range optionErrors(t, o) {
			if before, _, found := strings.Cut(mistake, "].match: is never reached"); found {
				unreachable[strings.TrimPrefix(before, "recovery[")] = true
				said++
			}
			before, mistake, _ := strings.Cut(mistake, "].match.")
			if strings.Contains(mistake, "can be no line") || strings.Contains(mistake, "is none of the lines") {
				apart[strings.TrimPrefix(before, "recovery[")] = true
			}
		}
		r, _ := recovery.NewRules(o, knows) // some have other mistakes
		contradicted += len(apart)
		for range 100 {
			f := d.failure()
			state := recovery.State{Visit: d.IntN(5)}
			if d.IntN(2) == 0 {
				state.Health = knowing(map[string]standby.Verdict{"standby": standby.Up}).Health
			}
			plan := recovery.Decide(f, r, state)
			if plan.Rule() != "" {
				reached++
			}
			real := f.Channel == incident.Voice || f.Param("Direction") == "" // Twilio tells it of calls only
			if unreachable[plan.Rule()] || apart[plan.Rule()] && real {
				t.Fatalf("rule %s of %+v\nis reached by %+v", plan.Rule(), o.Rules, f)
			}
		}
	}
	if said < 100 || contradicted < 10 || reached < 30_000 {
		t.Errorf("only %d rules were said to be unreachable, %d to ask for lines that they cannot have, and %d failures came to a rule", said, contradicted, reached)
	}
}
