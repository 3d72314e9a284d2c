package recovery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
)

// What is explained is what happens: a step that has nothing says why not.
func TestWhatIsInTheWayOfAStepIsExplained(t *testing.T) {
	t.Parallel()
	o := probedServers(recovery.Match{})
	o.Targets["others"] = standby.Options{URL: "https://others.example.com{path}", Probe: "/healthz", Accounts: []string{"AC" + strings.Repeat("f", 32)}}
	o.Rules[0].Steps = []recovery.StepOptions{{Redirect: "others"}, {Redirect: "standby"}, {Retry: &recovery.RetryOptions{Wait: 5 * time.Second}}, {Retry: &recovery.RetryOptions{}}, {Callback: true}}
	r := rules(t, o)
	up := knowing(map[string]standby.Verdict{"standby": standby.Up, "others": standby.Up})
	const (
		foreign   = "https://else.example.com/x"
		notServed = "redirect others is passed over: it does not serve this account."
		unknown   = "retry is passed over: the address that failed is on none of the primaries."
		unprobed  = "retry is passed over: no probe says that the server is back."
		afterWait = "Tries the address that failed again after 5 s."
		offers    = "Offers to call back."
		apology   = "Says the apology (not yet served, in en)."
	)
	for name, c := range map[string]struct {
		failure incident.Failure
		state   recovery.State
		want    []string
	}{
		"a call, and a server that is up": {
			failed(failedURL, "From", "+4917100000"), up,
			[]string{notServed, "Sends the call on to standby, for a probe says that it is up.", afterWait, unprobed, offers, apology},
		},
		"nobody knows whether it is up": {
			failed(failedURL, "From", "+4917100000"),
			recovery.State{},
			[]string{notServed, "redirect standby is passed over: no probe says that it is up.", afterWait, unprobed, offers, apology},
		},
		"the address of somebody else": {
			failed(foreign, "From", "+4917100000"), up,
			[]string{notServed, "redirect standby is passed over: it takes the path of the ErrorUrl, which is on none of the primaries.", unknown, unknown, offers, apology},
		},
		"whoever calls hides the number": {
			failed(failedURL, "From", "anonymous"), up,
			[]string{notServed, "Sends the call on to standby, for a probe says that it is up.", afterWait, unprobed, "callback is passed over: the caller hides the number.", apology},
		},
		"the call has ended": {
			call("ErrorUrl", failedURL, "From", "+4917100000", "CallStatus", "completed"), up,
			[]string{
				"redirect others is passed over: the call had ended.", "redirect standby is passed over: the call had ended.",
				"retry is passed over: the call had ended.", "retry is passed over: the call had ended.", "callback is passed over: the call had ended.", apology,
			},
		},
		"a message": {
			message(noon(), "+4917100000", "Hello", "ErrorUrl", failedURL, "ErrorCode", "12100"), up,
			[]string{
				notServed, "redirect standby is passed over: the primary may have handled the message already (12100): say repeat_ok if the standby can take it twice.",
				"retry is passed over: it may have handled the message already (12100).", "retry is passed over: it may have handled the message already (12100).", "Writes the apology (message, in de-DE).",
			},
		},
		"a message that did not reach the server": {
			message(noon(), "+4917100000", "Hello", "ErrorUrl", failedURL, "ErrorCode", "11202"), up,
			[]string{notServed, "Sends the message on to standby, for a probe says that it is up.", "retry is passed over: a message cannot wait.", unprobed, "Writes the apology (message, in de-DE)."},
		},
		"a message that wants no more": {
			message(noon(), "+4917100000", "STOP", "ErrorUrl", failedURL, "ErrorCode", "11202"), up,
			[]string{
				"redirect others is passed over: nothing is to be said.", "redirect standby is passed over: nothing is to be said.",
				"retry is passed over: nothing is to be said.", "retry is passed over: nothing is to be said.",
				"Says nothing: no reply: the message is only an opt-out word.",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, r.Explain(c.failure, nil, c.state, noon()).Steps); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A failure of an address of ours goes on behind the step that it came from.
func TestAFailureOfOurOwnAddressIsExplainedFromThere(t *testing.T) {
	t.Parallel()
	seal := recovery.NewSeal("x")
	answers := recovery.New(recovery.Parts{Texts: words(t), Seal: seal})
	o := steps(dialling(recovery.DialOptions{To: []string{anna}}), recovery.StepOptions{Voicemail: &recovery.VoicemailOptions{}}, recovery.StepOptions{Retry: &recovery.RetryOptions{Wait: 5 * time.Second}})
	o.Primaries = []string{"https://www.example.com"}
	r := rules(t, o)
	place := placeIn(t, answers, seal, r)
	place.Visit = 3
	const ours = "https://fallback.example.com/fallback/voice/"
	own := ours + "dialled/" + seal.Token(recovery.ActionDialled, place, account)
	screen := failed(ours + "screen/" + seal.Token(recovery.ActionScreen, place, account))
	screen.Itself = true
	if got := r.Explain(screen, nil, answers.Imagined(screen, 1, nil), noon()).Steps; len(got) != 1 || !strings.HasPrefix(got[0], "Hangs up on whoever was dialled") {
		t.Errorf("whoever was dialled could not be asked: got %q", got)
	}
	for name, c := range map[string]struct {
		url    string
		itself bool
		first  string
		visit  int
	}{
		"an address of ours":              {own, true, "Records a voicemail.", 4},
		"one that we did not make":        {own + "x", true, "Dials ", 1},
		"one that looks like one of ours": {own, false, "Dials ", 1},
	} {
		f := failed(c.url, "From", "+4917100000")
		f.Itself = c.itself
		state := answers.Imagined(f, 1, nil)
		got := r.Explain(f, nil, state, noon())
		if again := strings.Contains(strings.Join(got.Steps, " "), "Tries the address that failed again"); again != (c.visit > 1) {
			t.Errorf("%s: got %q: what had failed before is on one of the primaries, and the rest is not", name, got.Steps)
		}
		if len(got.Steps) == 0 || !strings.HasPrefix(got.Steps[0], c.first) || state.Visit != c.visit {
			t.Errorf("%s: got %+v for visit %d, want %q first, and visit %d", name, got, state.Visit, c.first, c.visit)
		}
	}
}
