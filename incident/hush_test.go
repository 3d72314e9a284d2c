package incident_test

import (
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

func TestAMutedIncidentIsSilentUntilItsTimeOrItsVolume(t *testing.T) {
	t.Parallel()
	in := begin(t, from(noon, 1)).in
	for _, test := range []struct {
		claim   string
		until   time.Time
		upTo    int64
		callers int64
		at      time.Time
		hushed  bool
	}{
		{"before its time", noon.Add(time.Hour), 0, 50, noon.Add(59 * time.Minute), true},
		{"after its time", noon.Add(time.Hour), 0, 50, noon.Add(time.Hour), false},
		{"below its volume", time.Time{}, 100, 99, noon.Add(time.Hour), true},
		{"from its volume on", time.Time{}, 100, 100, noon.Add(time.Hour), false},
		{"whichever comes first", noon.Add(2 * time.Hour), 100, 100, noon.Add(time.Hour), false},
		{"for ever", time.Time{}, 0, 100_000, noon.Add(1000 * time.Hour), true},
	} {
		muted, alerts := in.Mute("kim", test.until, test.upTo, noon)
		muted.Callers = test.callers
		h, hushed := incident.DefaultPolicy().Hushed(muted, incident.Alert{Kind: incident.Growing, At: test.at}, nil, false)
		if hushed != test.hushed || hushed && h.Why != "muted by kim" || len(alerts) != 1 {
			t.Errorf("%s: hushed %v for %q", test.claim, hushed, h.Why)
		}
		if _, hushed := incident.DefaultPolicy().Hushed(muted, incident.Alert{Kind: incident.Over, At: test.at}, nil, false); hushed {
			t.Errorf("%s: nobody hears that it is over", test.claim)
		}
	}
}

func TestAMuteEndsWithItsVolume(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	s.in, _ = s.in.Mute("kim", time.Time{}, 5, noon)
	for n := 2; n <= 7; n++ {
		s.observe(from(noon.Add(time.Duration(n)*time.Minute), n))
	}
	s.want("opened(1) raised(2) resumed(5) ")
	if got, want := s.alerts[2].Reason, "5 callers reached, until which kim had muted it"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !s.in.Watch.MutedUntil.Equal(noon.Add(incident.MutedMost)) {
		t.Errorf("it ends at %s, whatever its volume", s.in.Watch.MutedUntil)
	}
}

func TestWhatComesBackIsToldToEverybodyAndTakenByNobody(t *testing.T) {
	t.Parallel()
	for claim, c := range map[string]struct {
		after    time.Duration // since it fell quiet
		taken    time.Duration // since noon; 0 for never
		want     string
		stillHas bool
	}{
		"after a short while":        {30 * time.Minute, 0, "opened(1) raised(2) quiet(2) resumed(2) ", false},
		"after hours":                {3 * time.Hour, 0, "opened(1) raised(2) quiet(2) resumed(2) ", false},
		"taken when it began":        {3 * time.Hour, time.Minute, "opened(1) raised(2) quiet(2) resumed(2) ", false},
		"taken since":                {3 * time.Hour, 2 * time.Hour, "opened(1) raised(2) quiet(2) resumed(2) ", true},
		"taken, after a short while": {30 * time.Minute, time.Minute, "opened(1) raised(2) quiet(2) resumed(2) ", true},
	} {
		s := begin(t, from(noon, 1))
		s.observe(from(noon.Add(time.Second), 2))
		s.pass(noon.Add(15 * time.Minute))
		if c.taken > 0 {
			s.in, _ = s.in.Acknowledge("ann", noon.Add(c.taken))
		}
		again := s.in.QuietAt.Add(c.after)
		s.observe(from(again, 1))
		s.observe(from(again.Add(time.Minute), 2))
		if s.kinds() != c.want || s.in.Acknowledged() != c.stillHas || s.in.Watch.Urgency != incident.Page {
			t.Errorf("%s: told %s, taken by %q", claim, s.kinds(), s.in.AcknowledgedBy)
		}
		last := s.alerts[len(s.alerts)-1]
		if last.Kind == incident.Resumed && last.Reason != "back after "+map[bool]string{true: "3 hours", false: "30 minutes"}[c.after > time.Hour]+" of quiet: 2 callers within 10 minutes" {
			t.Errorf("%s: got %q", claim, last.Reason)
		}
	}
}

func TestEscalationCountsFromWhenPeopleAreToldAgain(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	s.policy.Escalation = []incident.Level{{After: 10 * time.Minute, Notifiers: []string{"boss"}}, {After: 30 * time.Minute, Notifiers: []string{"ceo"}}}
	s.in, _ = s.in.Mute("kim", noon.Add(time.Hour), 0, noon)
	s.in = s.in.Withhold(incident.Hush{Why: "muted by kim", Until: noon.Add(time.Hour)})
	until := noon.Add(2 * time.Hour)
	var told []string
	for n := 0; noon.Add(time.Duration(n) * time.Minute).Before(until); n++ {
		at := noon.Add(time.Duration(n) * time.Minute)
		s.observe(from(at, n%2+1))
		var alerts []incident.Alert
		s.in, alerts = s.in.Tick(at, s.policy, func(in incident.Incident, a incident.Alert) (incident.Hush, bool) {
			return s.policy.Hushed(in, a, nil, false)
		})
		for _, a := range alerts {
			told = append(told, a.Kind.String()+at.Sub(noon).String())
		}
	}
	if got, want := strings.Join(told, " "), "resumed1h0m0s escalated1h10m0s escalated1h30m0s"; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
}

func TestWhatWasWithheldIsToldWhenItMayBe(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	silence := incident.Silence{From: noon.Add(-time.Hour), Until: noon.Add(time.Hour), By: "kim", Reason: "moving house"}
	hushed := func(in incident.Incident, a incident.Alert) (incident.Hush, bool) {
		return s.policy.Hushed(in, a, []incident.Silence{silence}, false)
	}
	h, ok := hushed(s.in, s.alerts[0])
	if !ok || h.Why != "silenced by kim (moving house)" || !h.Until.Equal(silence.Until) {
		t.Fatalf("got %+v, %v", h, ok)
	}
	s.in, s.alerts = s.in.Withhold(h), nil
	for at := noon; at.Before(noon.Add(2 * time.Hour)); at = at.Add(time.Minute) {
		var alerts []incident.Alert
		s.in, alerts = s.in.Tick(at, s.policy, hushed)
		s.alerts = append(s.alerts, alerts...)
		s.observe(from(at, 1))
	}
	s.want("resumed(1) ")
	a := s.alerts[0]
	if want := "open for 60 minutes; what was new was not told: silenced by kim (moving house)"; a.Reason != want || !a.At.Equal(silence.Until) {
		t.Errorf("got %q at %s, want %q", a.Reason, a.At, want)
	}
}

func TestMaintenanceAndQuietHours(t *testing.T) {
	t.Parallel()
	p := incident.DefaultPolicy()
	p.Windows = []incident.Window{
		{Match: incident.Match{Hosts: []string{"www.*"}}, From: noon, Until: noon.Add(time.Hour), Reason: "new machine"},
		{Match: incident.Match{Codes: []incident.CodeRange{{First: 12000, Last: 12999}}}, During: func(at time.Time) (time.Time, bool) { return at.Add(time.Minute), true }},
	}
	in := begin(t, from(noon, 1)).in
	for _, test := range []struct {
		at  time.Time
		why string
	}{{noon, "maintenance (new machine)"}, {noon.Add(59 * time.Minute), "maintenance (new machine)"}, {noon.Add(time.Hour), ""}} {
		if h, _ := p.Hushed(in, incident.Alert{Kind: incident.Opened, At: test.at}, nil, false); h.Why != test.why {
			t.Errorf("at %s: %q, want %q", test.at, h.Why, test.why)
		}
	}
	morning := noon.Add(18 * time.Hour)
	p.QuietHours = func(time.Time) (time.Time, bool) { return morning, true }
	for _, test := range []struct {
		a    incident.Alert
		want time.Time
	}{
		{incident.Alert{Kind: incident.Opened}, morning},
		{incident.Alert{Kind: incident.Opened, Urgency: incident.Page}, noon},
		{incident.Alert{Kind: incident.DrillAlert}, noon},
	} {
		if got := p.DueAt(test.a, noon); !got.Equal(test.want) {
			t.Errorf("%s, %s: due at %s, want %s", test.a.Kind, test.a.Urgency, got, test.want)
		}
	}
}
