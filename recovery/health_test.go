package recovery_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
)

// knowing is what is known of servers, each for a minute, and probed 12 s ago.
func knowing(verdicts map[string]standby.Verdict) recovery.State {
	all := standby.Healths{}
	for name, verdict := range verdicts {
		h := standby.Health{Verdict: verdict, Since: noon().Add(-time.Minute), Probed: noon().Add(-12 * time.Second)}
		switch verdict {
		case standby.Down:
			h.Why, h.Good = "it answered 500", noon().Add(-3*time.Hour)
		case standby.Up:
			h.Good = h.Probed
		case standby.Unknown:
		}
		all[name] = h
	}
	return recovery.State{Health: all.Of}
}

// probedServers are a target and a primary with probes, and steps that ask the
// target.
func probedServers(match recovery.Match) recovery.Options {
	const primary = "https://www.example.com"
	return recovery.Options{
		Primaries:     []string{primary, "https://other.example.com"},
		PrimaryProbes: map[string]standby.ProbeOptions{primary: {URL: "/healthz"}},
		Targets: map[string]standby.Options{
			"standby": {URL: "https://standby.example.com{path}", Probe: "/healthz"}, "bare": {URL: "https://bare.example.com{path}"},
		},
		Rules: []recovery.RuleOptions{{Name: "it", Match: match, Steps: []recovery.StepOptions{{Failover: []string{"standby"}}, {Message: true}}}},
	}
}

func TestARuleMayAskHowAServerIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		health []string
		state  recovery.State
		want   bool
	}{
		"it is down":                      {[]string{"standby down"}, knowing(map[string]standby.Verdict{"standby": standby.Down}), true},
		"it is up":                        {[]string{"standby up"}, knowing(map[string]standby.Verdict{"standby": standby.Up}), true},
		"it is not down":                  {[]string{"standby down"}, knowing(map[string]standby.Verdict{"standby": standby.Up}), false},
		"it was not probed yet, for down": {[]string{"standby down"}, knowing(nil), false},
		"it was not probed yet, for up":   {[]string{"standby up"}, knowing(nil), false},
		"nothing is known":                {[]string{"standby up", "standby down"}, recovery.State{}, false},
		"one of two":                      {[]string{"standby up", "https://www.example.com down"}, knowing(map[string]standby.Verdict{"standby": standby.Down, "https://www.example.com": standby.Down}), true},
		"a primary, however it is written": {
			[]string{"HTTPS://WWW.example.com:443/  up"},
			knowing(map[string]standby.Verdict{"https://www.example.com": standby.Up}),
			true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := recovery.Decide(failed(failedURL), rules(t, probedServers(recovery.Match{Health: c.health})), c.state)
			if got := plan.Rule() == "it"; got != c.want {
				t.Errorf("matched: %v, want %v", got, c.want)
			}
		})
	}
}

func TestAHealthThatNobodyCanKnowIsRefused(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]string{
		"bare down":                      "names no server that is probed: give a target or one of primaries a probe, such as probe: /healthz, or use one that is there (https://www.example.com, standby)",
		"https://other.example.com down": "names no server that is probed",
		"https://third.example.com down": "names no server that is probed",
		"elsewhere up":                   "names no server that is probed",
		"standby":                        "says neither up nor down of a server: write its name and one of these words, such as \"standby down\"",
		"standby unknown":                "says neither up nor down",
		"down":                           "says neither up nor down",
		"":                               "says neither up nor down",
	} {
		_, err := recovery.NewRules(probedServers(recovery.Match{Health: []string{entry}}), words(t).Knows)
		var m *recovery.OptionError
		if !errors.As(err, &m) || m.Key != "recovery[0].match.health[0]" || m.Value != entry || !strings.Contains(m.Problem+": "+m.Remedy, want) {
			t.Errorf("%q: got %v, want %q", entry, err, want)
		}
	}
}

func TestTwoProbesOfOneServerAreRefused(t *testing.T) {
	t.Parallel()
	o := probedServers(recovery.Match{})
	o.Primaries = append(o.Primaries, "https://www.example.com/")
	o.PrimaryProbes["https://www.example.com/"] = standby.ProbeOptions{URL: "/other"}
	_, err := recovery.NewRules(o, words(t).Knows)
	if err == nil || !strings.Contains(err.Error(), `primaries[2].probe: "/other" is the second probe of https://www.example.com`) {
		t.Errorf("got %v", err)
	}
}

func TestHowServersAreIsSaidToPeople(t *testing.T) {
	t.Parallel()
	r := rules(t, probedServers(recovery.Match{}))
	if n := len(r.Probes()); n != 2 {
		t.Fatalf("%d are probed, want 2", n)
	}
	want := []string{
		"https://www.example.com has been down for 1 min. Its last probe, 12 s ago, was not good: it answered 500. One 3 h ago was.",
		"standby was not probed yet.",
	}
	state := knowing(map[string]standby.Verdict{"https://www.example.com": standby.Down})
	if diff := cmp.Diff(want, r.Probed(state, noon())); diff != "" {
		t.Error(diff)
	}
	up := knowing(map[string]standby.Verdict{"standby": standby.Up})
	said := r.Explain(failed(failedURL), nil, up, noon()).Steps
	if !slices.Contains(said, "Asks standby at https://standby.example.com/voice/menu. Its last probe, 12 s ago, was good.") {
		t.Errorf("got %q", said)
	}
}
