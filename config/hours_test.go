package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/hours"
)

func TestHoursAndOnCallListsAreTaken(t *testing.T) {
	c := mustLoad(t, `
time_zone: America/New_York
hours:
  clinic: {zone: Europe/Berlin, open: ["mon,tue 08:00-18:00", "sat 09:00-12:00"], holidays: ["12-25", "2026-12-24 08:00-12:00"]}
  shop: {open: daily 10:00-20:00}
on_call:
  ops: {zone: Europe/Berlin, rotate: weekly, from: 2026-01-05, handover: "09:00", people: [{name: Anna, to: "+4930123456", hours: clinic}, {name: Ben, to: "sip:ben@example.com"}]}
  desk: {people: [{name: Cleo, to: client:cleo}]}
recovery:
  - {name: at night, match: {closed: clinic}, steps: [{ignore: true}]}
  - {name: by day, match: {open: clinic, channel: voice}, steps: [{message: apology}]}
`, nil)
	wantHours := map[string]hours.Options{
		"clinic": {Zone: "Europe/Berlin", Open: []string{"mon,tue 08:00-18:00", "sat 09:00-12:00"}, Holidays: []string{"12-25", "2026-12-24 08:00-12:00"}},
		"shop":   {Zone: "America/New_York", Open: []string{"daily 10:00-20:00"}},
	}
	wantOnCall := map[string]hours.RosterOptions{
		"ops": {
			Zone: "Europe/Berlin", Rotate: "weekly", From: "2026-01-05", Handover: "09:00",
			People: []hours.PersonOptions{{Name: "Anna", To: "+4930123456", Hours: "clinic"}, {Name: "Ben", To: "sip:ben@example.com"}},
		},
		"desk": {Zone: "America/New_York", People: []hours.PersonOptions{{Name: "Cleo", To: "client:cleo"}}},
	}
	if diff := cmp.Diff(wantHours, c.Recovery.Hours); diff != "" {
		t.Errorf("hours (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantOnCall, c.Recovery.OnCall); diff != "" {
		t.Errorf("on_call (-want +got):\n%s", diff)
	}
	got := []recovery.Match{c.Recovery.Rules[0].Match, c.Recovery.Rules[1].Match}
	if diff := cmp.Diff([]recovery.Match{{Closed: "clinic"}, {Open: "clinic", Channel: "voice"}}, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}

// What is wrong is complained of once, however many lean on it.
func TestOneMistakeInHoursIsOneComplaint(t *testing.T) {
	for name, yaml := range map[string]string{
		"the program's zone":            "time_zone: Berlin\nhours: {a: {open: daily 08:00-18:00}, b: {open: daily 08:00-18:00}}",
		"the machine's zone":            "time_zone: Local\nhours: {a: {open: daily 08:00-18:00}}\non_call: {o: {people: [{name: A, to: 'client:a'}]}}",
		"an entry that is no value":     "hours: {a: {open: [{b: c}]}}",
		"a zone that is no value":       "hours: {a: {zone: {b: c}, open: daily 08:00-18:00}}",
		"a name that is no value":       "on_call: {o: {people: [{name: {b: c}, to: 'client:a'}]}}",
		"somebody who is no mapping":    "on_call: {o: {people: [x]}}",
		"hours that are no mapping":     "hours: {a: daily 08:00-18:00}",
		"a list that is no mapping":     "on_call: {o: x}",
		"hours that a rule has":         "hours: {a: {open: x}}\nrecovery: [{match: {open: a}, steps: [{ignore: true}]}]",
		"hours that somebody has":       "hours: {a: {open: x}}\non_call: {o: {people: [{name: A, to: 'client:a', hours: a}]}}",
		"hours that a rule is alone in": "recovery: [{match: {open: a}, steps: [{ignore: true}]}, {steps: [{message: apology}]}]",
	} {
		t.Run(name, func(t *testing.T) {
			if got := mistakes(t, yaml, nil); len(got) != 1 {
				t.Errorf("got %d mistakes, want one:\n%s", len(got), strings.Join(got, "\n"))
			}
		})
	}
}
