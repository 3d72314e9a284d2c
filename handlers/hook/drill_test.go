package hook_test

import (
	"strings"
	"testing"

	"github.com/backstop-project/backstop/handlers/hook"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/sim"
)

func TestADrillIsKnownByItsKeyAndNothingElse(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(s *hook.Settings) { s.Public = public(t, "https://fallback.example.com") })
	r.client.Account = sim.Account{SID: twilio.DrillAccountSID, AuthToken: drillKey}
	r.ask(r.call("/fallback/voice", sim.Call{}))
	r.client.Account.AuthToken = token // a customer's token signs no drill
	r.ask(r.call("/fallback/voice", sim.Call{}))
	entries := r.recorder.all()
	if len(entries) != 1 || !entries[0].Failure.Drill {
		t.Fatalf("recorded %d, want one drill", len(entries))
	}
	if list := r.hook.Unverified(10); len(list) != 0 {
		t.Error("a forged drill is kept as if it were a caller")
	}
}

// What a drill says of itself counts behind its key alone.
func TestWhyADrillIsPlayedIsItsOwnWord(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		says    string
		account sim.Account
		want    incident.DrillKind
	}{
		{"", drills(), incident.Asked},
		{"anything", drills(), incident.Asked},
		{"planned", drills(), incident.Planned},
		{"pulse", drills(), incident.Pulse},
		{"pulse", sim.Account{SID: accountSID, AuthToken: token}, incident.Asked},
	} {
		r := newRig(t, nil)
		r.client.Account = test.account
		e := r.ask(r.call("/fallback/voice", sim.Call{Changes: sim.Changes{Add: sim.Params{{Name: incident.DrillParam, Value: test.says}}}}))
		entries := r.recorder.all()
		if len(entries) != 1 || entries[0].Failure.DrillKind != test.want || entries[0].Failure.Drill != (test.account == drills()) {
			t.Errorf("%q: got %+v", test.says, entries)
		}
		if logged := strings.Contains(r.log(), "failure answered"); logged != (test.want != incident.Pulse) {
			t.Errorf("%q: it is logged: %t", test.says, logged)
		}
		if counted := r.hook.Stats.Drills.Load() == 1; counted != (test.account == drills() && test.want != incident.Pulse) {
			t.Errorf("%q: it counts as a drill: %t", test.says, counted)
		}
		if !strings.Contains(string(e.Body), "<Say") || e.Failure() == "" {
			t.Errorf("%q: got %s", test.says, e.Body)
		}
	}
}

func drills() sim.Account { return sim.Account{SID: twilio.DrillAccountSID, AuthToken: drillKey} }
