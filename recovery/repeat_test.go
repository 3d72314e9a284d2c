package recovery_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
)

// text is a message that failed with that code, "" for none.
func text(code string) incident.Failure {
	return incident.NewFailure(noon(), "POST", []incident.Param{
		{Name: "MessageSid", Value: messageSID},
		{Name: "AccountSid", Value: account},
		{Name: "From", Value: "+4917100000"},
		{Name: "To", Value: "+4930123456"},
		{Name: "Body", Value: "STOP"},
		{Name: "ErrorUrl", Value: failedURL},
		{Name: "ErrorCode", Value: code},
	})
}

// booking is one that is to be replied to.
func booking(code string) incident.Failure {
	f := text(code)
	for i := range f.Params {
		if f.Params[i].Name == "Body" {
			f.Params[i].Value = "A table for two"
		}
	}
	return incident.NewFailure(f.ReceivedAt, f.Method, f.Params)
}

func TestAMessageThatMayHaveBeenHandledGoesOnlyToWhoTakesItTwice(t *testing.T) {
	t.Parallel()
	const why = "live: the primary may have handled the message already (11200): say repeat_ok if the standby can take it twice"
	live := newServer(t, serves("<Response><Message>Your table is booked</Message></Response>"))
	for name, c := range map[string]struct {
		failure  incident.Failure
		repeatOK bool
		saved    bool
	}{
		"no answer":                        {text("11200"), false, false},
		"no answer, and it takes it twice": {text("11200"), true, true},
		"refused":                          {text("11202"), false, true},
		"asked first":                      {text(""), false, true},
		"a drill, which shows what happens": {func() incident.Failure {
			f := text("11200")
			f.Drill = true
			return f
		}(), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rules(t, recovery.Options{
				Targets: map[string]standby.Options{"live": {URL: live.URL + "/voice", AllowPrivate: true, RepeatOK: c.repeatOK}},
				Rules:   []recovery.RuleOptions{{Steps: []recovery.StepOptions{{Failover: []string{"live"}}}}},
			})
			q := request(t, c.failure)
			document, a := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent(), Standbys: standby.NewClient(standby.ClientOptions{})}).
				Answer(t.Context(), q, recovery.Decide(q.Failure, r, recovery.State{}))
			// What to do about STOP is for the customer's own program.
			if saved := a.Outcome == incident.Saved && strings.Contains(string(document), "Your table is booked"); saved != c.saved {
				t.Errorf("got %+v", a)
			}
			if !c.saved && !strings.HasPrefix(a.Why, why) {
				t.Errorf("why: got %q, want %q", a.Why, why)
			}
			said := r.Explain(c.failure, nil, recovery.State{}, noon()).Steps
			if passed := slices.Contains(said, strings.Replace(why, "live: ", "live is passed over: ", 1)+"."); passed == c.saved {
				t.Errorf("it is explained as %q", said)
			}
		})
	}
}

func TestAfterAStandbyThatMayHaveHandledAMessageNobodyElseDoes(t *testing.T) {
	t.Parallel()
	const had = "may have handled the message already"
	live := newServer(t, serves("<Response><Message>Your table is booked</Message></Response>"))
	failing := newServer(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) })
	wrong := newServer(t, serves("<html>Log in</html>"))
	hung := newServer(t, hangs)
	for name, c := range map[string]struct {
		first string // its URL
		then  []recovery.StepOptions
		twice bool // the second can take it twice
		saved bool
		why   string
	}{
		"it fails":                                 {failing.URL, oneStep("first", "live"), false, false, "first: it answered 500; live: first " + had + ": say repeat_ok if this one can take it twice"},
		"it hangs":                                 {hung.URL, oneStep("first", "live"), false, false, "first: no answer in time (300ms at most); live: first " + had + ": say repeat_ok if this one can take it twice"},
		"it answers nonsense":                      {wrong.URL, oneStep("first", "live"), false, false, "live: first " + had},
		"it refuses connections":                   {refusingURL(t), oneStep("first", "live"), false, true, "first: it refuses connections"},
		"the next takes it twice":                  {failing.URL, oneStep("first", "live"), true, true, "first: it answered 500"},
		"the next is in the next step":             {failing.URL, twoSteps(recovery.StepOptions{Failover: []string{"live"}}), false, false, "live: first " + had},
		"the next step is the address that failed": {failing.URL, twoSteps(recovery.StepOptions{Retry: &recovery.RetryOptions{}}), false, false, "retry: first " + had},
		"the next step redirects":                  {failing.URL, twoSteps(recovery.StepOptions{Redirect: "live"}), false, false, "redirect live: first " + had},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rules(t, recovery.Options{
				Primaries:     []string{"https://www.example.com"},
				PrimaryProbes: map[string]standby.ProbeOptions{"https://www.example.com": {URL: "/healthz"}},
				Targets: map[string]standby.Options{
					"first": {URL: c.first + "/", AllowPrivate: true, RepeatOK: true, Timeout: 300 * time.Millisecond},
					"live":  {URL: live.URL + "/", AllowPrivate: true, RepeatOK: c.twice, Probe: "/healthz"},
				},
				Rules: []recovery.RuleOptions{{Steps: c.then}},
			})
			q := request(t, booking("11202"))
			up := knowing(map[string]standby.Verdict{"live": standby.Up, "https://www.example.com": standby.Up})
			_, a := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent(), Standbys: standby.NewClient(standby.ClientOptions{})}).
				Answer(t.Context(), q, recovery.Decide(q.Failure, r, up))
			if saved := a.Outcome == incident.Saved; saved != c.saved || !strings.Contains(a.Why, c.why) {
				t.Errorf("got %q, %v, %q, want %q", a.Step, a.Outcome, a.Why, c.why)
			}
		})
	}
}

// refusingURL is the address of a server that refuses connections.
func refusingURL(t *testing.T) string {
	t.Helper()
	gone := newServer(t, hangs)
	gone.Close()
	return gone.URL
}

// oneStep asks these standby servers.
func oneStep(targets ...string) []recovery.StepOptions {
	return []recovery.StepOptions{{Failover: targets}}
}

// twoSteps asks the first one, and goes on.
func twoSteps(next recovery.StepOptions) []recovery.StepOptions {
	return append(oneStep("first"), next)
}

func TestAMessageIsHandedToTwoAtOnceOnlyIfEachTakesItTwice(t *testing.T) {
	t.Parallel()
	const hedge = 50 * time.Millisecond
	for name, both := range map[string]bool{"each does": true, "one does not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hung := newServer(t, hangs)
			live := newServer(t, serves("<Response><Message>Your table is booked</Message></Response>"))
			r := rules(t, recovery.Options{
				Targets: map[string]standby.Options{
					"hung": {URL: hung.URL + "/", AllowPrivate: true, RepeatOK: true, Timeout: 500 * time.Millisecond},
					"live": {URL: live.URL + "/", AllowPrivate: true, RepeatOK: both},
				},
				Rules: []recovery.RuleOptions{{Steps: []recovery.StepOptions{{Failover: []string{"hung", "live"}, Hedge: hedge}}}},
			})
			q := request(t, booking("11202"))
			_, a := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent(), Standbys: standby.NewClient(standby.ClientOptions{})}).
				Answer(t.Context(), q, recovery.Decide(q.Failure, r, recovery.State{}))
			step, want := "failover live", "hung: it had not answered when live did"
			if !both {
				step, want = "message", "hung: no answer in time (500ms at most); live: hung may have handled the message already: say repeat_ok if this one can take it twice"
			}
			if a.Step != step || a.Why != want {
				t.Errorf("got %q, %q, want %q", a.Step, a.Why, want)
			}
			said := strings.Join(r.Explain(q.Failure, nil, recovery.State{}, noon()).Steps, " ")
			if strings.Contains(said, "Each is asked 50ms after") != both {
				t.Errorf("it is explained as %q", said)
			}
		})
	}
}
