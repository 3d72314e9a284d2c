package pages_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

func TestAnIncidentIsMutedAndUnmutedInSomebodysName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		form  url.Values
		until time.Time
		upTo  int64
	}{
		"for an hour":                {url.Values{"for": {"1h"}}, night.Add(time.Hour), 0},
		"until a time on the clock":  {url.Values{"until": {"2026-11-23 05:30"}}, time.Date(2026, 11, 23, 4, 30, 0, 0, time.UTC), 0},
		"until a time as fields say": {url.Values{"until": {"2026-11-23T05:30"}}, time.Date(2026, 11, 23, 4, 30, 0, 0, time.UTC), 0},
		"for a span that is typed":   {url.Values{"until": {"4h"}}, night.Add(4 * time.Hour), 0},
		"until so many callers":      {url.Values{"callers": {" 250 "}}, night.Add(incident.MutedMost), 250},
		"either of the two":          {url.Values{"until": {"2d"}, "callers": {"250"}}, night.Add(48 * time.Hour), 250},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := alerting()
			v := h.enter(t)
			if got := v.post("/incidents/14/mute", c.form); got.status != http.StatusSeeOther || got.location() != "/incidents/14" {
				t.Fatalf("mute: %d to %q: %s", got.status, got.location(), got.body)
			}
			w := h.ledger.incidents[2].Watch
			if w.MutedBy != "admin" || !w.MutedUntil.Equal(c.until) || w.MutedUpTo != c.upTo {
				t.Errorf("muted by %q until %v up to %d, want admin until %v up to %d", w.MutedBy, w.MutedUntil, w.MutedUpTo, c.until, c.upTo)
			}
			if page := says(v.get("/incidents/14")); !strings.Contains(page, "muted by admin") || !strings.Contains(page, ">Unmute</button>") {
				t.Error("the page does not say who muted it, or offers no end of it")
			}
			if got := v.post("/incidents/14/unmute", nil); got.status != http.StatusSeeOther {
				t.Errorf("unmute: %d", got.status)
			}
			if page := says(v.get("/incidents/14")); strings.Contains(page, "muted by admin") || h.ledger.incidents[2].Watch.MutedBy != "" {
				t.Error("it is muted all the same")
			}
		})
	}
}

func TestAMuteThatIsNotUnderstoodChangesNothingAndLosesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		form url.Values
		want string
	}{
		"nothing":              {url.Values{}, "say until when, or until how many callers"},
		"no time":              {url.Values{"until": {`<b>soon"`}}, "write a time such as"},
		"a time gone by":       {url.Values{"until": {"2026-11-23 03:00"}}, "this is over already"},
		"too far away":         {url.Values{"until": {"2027-11-23"}}, "30 days at most"},
		"too long a span":      {url.Values{"for": {"31d"}}, "30 days at most"},
		"a span of nonsense":   {url.Values{"for": {"-1h"}}, "such as 1h"},
		"no number of callers": {url.Values{"callers": {"many"}, "until": {"3h"}}, "write how many callers"},
		"less than one":        {url.Values{"callers": {"0"}}, "write how many callers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := alerting()
			got := h.enter(t).post("/incidents/14/mute", c.form)
			page := says(got)
			if got.status != http.StatusBadRequest || !strings.Contains(page, c.want) || h.ledger.incidents[2].Watch.MutedBy != "" {
				t.Errorf("status %d, want 400, nothing muted and %q", got.status, c.want)
			}
			for _, field := range []string{"until", "callers"} {
				if typed := c.form.Get(field); typed != "" && !strings.Contains(got.body, `name="`+field+`" value="`+html.EscapeString(typed)+`"`) {
					t.Errorf("%q is lost", typed)
				}
			}
			if strings.Contains(got.body, " data-refresh") {
				t.Error("the page would fetch itself, which its address does not allow")
			}
		})
	}
}

func TestNobodyMutesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	v := alerting().enter(t)
	for _, path := range []string{"/incidents/99/mute", "/incidents/x/mute", "/incidents/99/unmute", "/silences/99/end", "/silences/x/end", "/notifiers/nobody/test"} {
		if got := v.post(path, url.Values{"for": {"1h"}}); got.status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, got.status)
		}
	}
}

func TestAProbeSaysWhatItProves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*incident.Incident)
		want   string
	}{
		"a failed one":                 {func(*incident.Incident) {}, "it is down, seen from here as well as from Twilio"},
		"none":                         {func(in *incident.Incident) { in.Watch.Probe = incident.Finding{} }, "Backstop has not looked at the server"},
		"a good one after failed ones": {func(in *incident.Incident) { in.Watch.Probe.OK, in.Watch.Good = true, 1 }, "1 good probe in a row; 3 prove it over"},
		"a good one that says nothing": {func(in *incident.Incident) { in.Watch.Probe.OK, in.Watch.SeenDown = true, false }, "This proves nothing over"},
		"no name":                      {func(in *incident.Incident) { in.Watch.Probe.Said = incident.NameNotFound }, "Ask a public name server"},
		"a critical line": {func(in *incident.Incident) {
			in.Watch.Urgent, in.Watch.CriticalLine = "a critical line is hit", "+15551230001"
		}, "A critical line is hit: +15551230001"},
		"a health_url":                   {func(in *incident.Incident) { in.Watch.Probe.OK, in.Watch.Probe.Health = true, true }, "says at its health_url that it works"},
		"reachable, with a bad document": {func(in *incident.Incident) { in.Watch.Probe.OK, in.Cause.Kind = true, incident.DocumentLevel }, "proves nothing about what it answers"},
		"health_url, with a bad document": {func(in *incident.Incident) {
			in.Watch.Probe.OK, in.Watch.Probe.Health, in.Cause.Kind = true, true, incident.DocumentLevel
		}, "says at its health_url that it works"},
	} {
		h := alerting()
		c.change(&h.ledger.incidents[2].Incident)
		if page := says(h.enter(t).get("/incidents/14")); !strings.Contains(page, c.want) {
			t.Errorf("%s: the page does not say %q", name, c.want)
		}
	}
}
