package recovery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/hours"
	"github.com/backstop-project/backstop/recovery/standby"
)

// A call goes on at another server only where that is known to be up.
func TestACallIsSentOnOnlyToAServerThatIsUp(t *testing.T) {
	t.Parallel()
	up := knowing(map[string]standby.Verdict{"standby": standby.Up, "https://www.example.com": standby.Up})
	down := knowing(map[string]standby.Verdict{"standby": standby.Down, "https://www.example.com": standby.Down})
	redirect := recovery.StepOptions{Redirect: "standby"}
	retry := recovery.StepOptions{Retry: &recovery.RetryOptions{}}
	again := up
	again.Retries = 1
	waiting := recovery.StepOptions{Retry: &recovery.RetryOptions{Wait: 5 * time.Second}}
	good := func(at time.Time) recovery.State {
		return recovery.State{Health: func(string) standby.Health { return standby.Health{Verdict: standby.Up, Probed: at, Good: at} }}
	}
	stale, since := good(noon().Add(-9*time.Minute)), good(noon().Add(time.Millisecond))
	for name, c := range map[string]struct {
		step    recovery.StepOptions
		failure incident.Failure
		state   recovery.State
		want    string // in the document; "" for the apology
		outcome incident.Outcome
		why     string
	}{
		"the standby is up":                    {redirect, failed(failedURL), up, "<Redirect>https://standby.example.com/voice/menu?a=1</Redirect>", incident.Saved, ""},
		"the standby is down":                  {redirect, failed(failedURL), down, "", incident.Told, "redirect standby: no probe says that it is up"},
		"nothing is known of it":               {redirect, failed(failedURL), recovery.State{}, "", incident.Told, "redirect standby: no probe says that it is up"},
		"a stranger's address":                 {redirect, failed("https://evil.example/x"), up, "", incident.Told, "redirect standby: it takes the path of the ErrorUrl, which is on none of the primaries"},
		"a message that may have been handled": {redirect, message(noon(), "+15550100", "hello", "ErrorUrl", failedURL, "ErrorCode", "11200"), up, "", incident.OutcomeUnknown, "redirect standby: the primary may have handled the message already (11200)"},
		"the same, for the primary":            {retry, message(noon(), "+15550100", "hello", "ErrorUrl", failedURL, "ErrorCode", "11200"), up, "", incident.OutcomeUnknown, "retry: it may have handled the message already (11200)"},
		"a message":                            {redirect, message(noon(), "+15550100", "hello", "ErrorUrl", failedURL, "ErrorCode", "11202"), up, "<Redirect>https://standby.example.com/voice/menu?a=1</Redirect>", incident.Saved, ""},
		"the primary is back":                  {retry, failed(failedURL), up, "<Redirect>" + failedURL + "</Redirect>", incident.Saved, ""},
		"the primary is not":                   {retry, failed(failedURL), down, "", incident.Told, "retry: no probe says that the server is back"},
		"it was tried again already":           {retry, failed(failedURL), again, "", incident.Told, "retry: it was tried again already"},
		"back to a stranger":                   {retry, failed("https://evil.example/x"), up, "", incident.Told, "retry: the address that failed is on none of the primaries"},
		"a message for the primary":            {retry, message(noon(), "+15550100", "hello", "ErrorUrl", failedURL, "ErrorCode", "11202"), up, "<Redirect>" + failedURL + "</Redirect>", incident.Saved, ""},
		"a probe from before the crash":        {retry, failed(failedURL), stale, "", incident.Told, "retry: no probe says that the server is back"},
		"which is no reason not to wait":       {waiting, failed(failedURL), up, `<Pause length="5"/><Redirect>` + failedURL, incident.OutcomeUnknown, ""},
		"a probe since the failure":            {waiting, failed(failedURL), since, "<Response><Redirect>" + failedURL, incident.Saved, ""},
		"a call that has ended":                {retry, failed(failedURL, "CallStatus", "completed"), up, "", incident.NotTold, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := probedServers(recovery.Match{})
			o.Targets["standby"] = standby.Options{URL: "https://standby.example.com{path}?{query}", Probe: "/healthz"}
			o.Rules[0].Steps = []recovery.StepOptions{c.step, {Message: true}}
			document, a := recovery.New(recovery.Parts{Texts: words(t)}).Answer(t.Context(), recovery.Request{Failure: c.failure}, recovery.Decide(c.failure, rules(t, o), c.state))
			if c.want != "" && !strings.Contains(string(document), c.want) || c.want == "" && strings.Contains(string(document), "<Redirect") {
				t.Errorf("got %s, want %q", document, c.want)
			}
			if a.Outcome != c.outcome || !strings.HasPrefix(a.Why, c.why) {
				t.Errorf("got %v, %q, want %v, %q", a.Outcome, a.Why, c.outcome, c.why)
			}
			if strings.Contains(string(a.Document), "a=1") {
				t.Errorf("what is kept holds the caller's query: %s", a.Document)
			}
		})
	}
}

func TestSendingBackNeedsAProbe(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]recovery.StepOptions{
		"is not probed":      {Redirect: "bare"},
		"never has a reason": {Retry: &recovery.RetryOptions{}},
	} {
		o := probedServers(recovery.Match{})
		o.PrimaryProbes = nil
		o.Rules[0].Steps = []recovery.StepOptions{step, {Message: true}}
		if mistakes := optionErrors(t, o); len(mistakes) != 1 || !strings.Contains(mistakes[0], name) {
			t.Errorf("%s: %q", name, mistakes)
		}
	}
}

// A line that is called by us leads to its server, which is down, and from there
// to us.
func TestNobodyIsDialledOnALine(t *testing.T) {
	t.Parallel()
	const circle = "is one of lines, so that calls would go round in circles"
	for name, c := range map[string]struct {
		line, to, want string
	}{
		"a line":                          {"+49 30 123456", "+4930123456", circle},
		"another number":                  {"+4930123456", "+4930123457", ""},
		"a number that begins as a line":  {"+4930*", "+4930123456", ""}, // of a block some may be telephones
		"a line by another channel":       {"whatsapp:+4930123456", "+4930123456", ""},
		"a client whose calls are a line": {"client:anna", "client:anna", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := []recovery.Line{{Match: c.line}}
			dial := []recovery.StepOptions{{Dial: &recovery.DialOptions{To: []string{"+15551230001", c.to}}}}
			list := map[string]hours.RosterOptions{"ops": {People: []hours.PersonOptions{{Name: "Anna", To: c.to}}}}
			for key, o := range map[string]recovery.Options{
				"recovery[0].steps[0].dial.to[1]": {Lines: lines, Rules: []recovery.RuleOptions{{Steps: dial}}},
				"on_call.ops.people[0].to":        {Lines: lines, OnCall: list},
			} {
				want := ""
				if c.want != "" {
					want = key + ": " + c.want
				}
				if got := strings.Join(optionErrors(t, o), "\n"); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
}

func TestNobodyIsSentRoundInCircles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		own, base, target, primary string
		want                       []string
	}{
		"another server":            {"https://fallback.example.com", "", "https://standby.example.com{path}", "https://www.example.com", nil},
		"ourselves as a target":     {"https://fallback.example.com", "", "https://fallback.example.com:443/fallback/voice", "https://www.example.com", []string{"targets.a.url: is Backstop itself"}},
		"ourselves as a primary":    {"https://www.example.com", "", "https://standby.example.com", "https://WWW.example.com", []string{"primaries[0]: is Backstop itself"}},
		"beside others on a host":   {"https://www.example.com/backstop", "/backstop", "https://www.example.com/standby{path}", "https://www.example.com", nil},
		"below our path on a host":  {"https://www.example.com/backstop", "/backstop", "https://www.example.com/backstop/fallback", "https://www.example.com", []string{"targets.a.url: is Backstop itself"}},
		"ourselves, by http":        {"https://fallback.example.com", "", "http://fallback.example.com/x", "https://www.example.com", []string{"targets.a.url: is Backstop itself"}},
		"another port of our host":  {"https://fallback.example.com", "", "http://fallback.example.com:8080/x", "https://www.example.com", nil},
		"below our path, by http":   {"https://www.example.com/backstop", "/backstop", "http://WWW.example.com/backstop{path}", "https://www.example.com", []string{"targets.a.url: is Backstop itself"}},
		"beside our path, by http":  {"https://www.example.com/backstop", "/backstop", "http://www.example.com/backstop-old{path}", "https://www.example.com", nil},
		"a primary, by http":        {"https://www.example.com", "", "https://standby.example.com", "http://www.example.com", []string{"primaries[0]: is Backstop itself"}},
		"an address nobody told us": {"", "", "https://fallback.example.com/fallback/voice", "https://www.example.com", nil},
	} {
		got := optionErrors(t, recovery.Options{
			Own: c.own, BasePath: c.base, Primaries: []string{c.primary}, Targets: map[string]standby.Options{"a": {URL: c.target}},
		})
		if len(got) != len(c.want) || len(got) > 0 && !strings.HasPrefix(got[0], c.want[0]) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
