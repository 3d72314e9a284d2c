package recovery_test

import (
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
			q := request(t, text("11202"))
			_, a := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent(), Standbys: standby.NewClient(standby.ClientOptions{})}).
				Answer(t.Context(), q, recovery.Decide(q.Failure, r, recovery.State{}))
			want := map[bool]string{true: "hung: it had not answered when live did", false: "hung: no answer in time (500ms at most)"}[both]
			if a.Step != "failover live" || a.Why != want {
				t.Errorf("got %q, %q, want %q", a.Step, a.Why, want)
			}
			said := strings.Join(r.Explain(q.Failure, nil, recovery.State{}, noon()).Steps, " ")
			if strings.Contains(said, "Each is asked 50ms after") != both {
				t.Errorf("it is explained as %q", said)
			}
		})
	}
}
