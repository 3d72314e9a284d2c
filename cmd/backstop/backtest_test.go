package main

import (
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// TestABacktestIsOfTheHistoryThatIsThere plays another policy against what has
// happened, beside the Backstop that runs and after it.
func TestABacktestIsOfTheHistoryThatIsThere(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	env := configured(t).with(mails.settings())
	if code, _, complained := command(t, env, nil, "check", "--backtest"); code == 0 || !strings.Contains(complained, "no such file") {
		t.Errorf("without a history it ended with %d: %s", code, complained)
	}
	p := start(t, env)
	for n := range 5 {
		p.ask(p.request("/fallback/voice", sim.Call{From: []string{"+15551230001", "+15551230002"}[n%2]}), twiml.Voice)
	}
	p.person().await(soon, "/incidents/1", "2 callers")
	p.person().await(soon, "/notifiers", "With this policy the last 30 days would have sent 1 alert instead of 5: email 1.")
	for _, test := range []struct{ policy, want string }{
		{"", "With this policy the last 30 days would have sent 1 alert instead of 5: email 1."},
		{"alerts: {maintenance: [{from: 2020-01-01 00:00, until: 2120-01-01 00:00}]}", "With this policy the last 30 days would have sent 0 alerts instead of 5."},
	} {
		other := env
		if test.policy != "" {
			other = env.withFile(t, test.policy)
		}
		if code, printed, complained := command(t, other, nil, "check", "--backtest"); code != 0 || !strings.Contains(printed, test.want) {
			t.Errorf("%q: ended with %d: %s%s, want %q", test.policy, code, printed, complained, test.want)
		}
	}
}
