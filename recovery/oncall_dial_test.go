package recovery_test

import (
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/hours"
	"github.com/backstop-project/backstop/twilio/sim"
)

// Whoever is on duty is rung first, and the order stays for the call, whatever
// the hour by the time it is the next one's turn.
func TestWhoeverIsOnCallIsRungFirst(t *testing.T) {
	o := steps(dialling(recovery.DialOptions{OnCall: "ops"}), recovery.StepOptions{Message: true})
	o.OnCall = map[string]hours.RosterOptions{"ops": {
		Zone: "UTC", Rotate: "daily", From: "2026-11-23",
		People: []hours.PersonOptions{{Name: "Anna", To: anna}, {Name: "Ben", To: ben}},
	}}
	for day, want := range map[int][]string{23: {anna, ben}, 24: {ben, anna}} {
		s := newFallback(t, o, recovery.Parts{})
		at := time.Date(2026, 11, day, 23, 59, 50, 0, time.UTC)
		s.now = func() time.Time {
			at = at.Add(15 * time.Second) // the second one is rung on the next day
			return at.Add(-15 * time.Second)
		}
		result := s.place(t, sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.Busy(), sim.Busy()}}})
		var rung []string
		for _, e := range result.Events {
			if e.Kind == sim.Dialled {
				rung = append(rung, e.Text)
			}
		}
		if len(rung) != 2 || rung[0] != want[0]+": busy" || rung[1] != want[1]+": busy" {
			t.Errorf("on the %dth: rang %q, want %q\n%s", day, rung, want, result)
		}
		if s.outcome() != incident.Told {
			t.Errorf("ended %v", s.outcome())
		}
	}
}
