package pages_test

import (
	"context"
	"errors"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestThePagesOfAlertingLookAsTheyDid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path   string
		status int
	}{
		"overview-alerting":   {"/", http.StatusOK},
		"incident-page":       {"/incidents/14", http.StatusOK},
		"incident-wide":       {"/incidents/30", http.StatusOK},
		"incident-explained":  {"/incidents/31", http.StatusOK},
		"incident-muted":      {"/incidents/40", http.StatusOK},
		"notifiers":           {"/notifiers", http.StatusOK},
		"notifiers-asked":     {"/notifiers?line=%2B49+30+901820&code=11202", http.StatusOK},
		"notifiers-not-read":  {"/notifiers?line=x&code=hello&at=tomorrow", http.StatusBadRequest},
		"silences":            {"/silences", http.StatusOK},
		"silences-prefilled":  {"/silences?for=2h&hosts=www.example.com", http.StatusOK},
		"silences-wrong-code": {"/silences?codes=x&hosts=a&preview=1", http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := alerting().enter(t).get(c.path)
			if got.status != c.status {
				t.Errorf("status: got %d, want %d", got.status, c.status)
			}
			golden(t, name, got.body)
		})
	}
}

func TestIncidentsThatAreNotNamedAreCounted(t *testing.T) {
	t.Parallel()
	h := alerting()
	if got := says(h.enter(t).get("/incidents/30")); strings.Contains(got, "more, which are over") {
		t.Error("where all are named, more are said to be there")
	}
	for i := range h.ledger.incidents {
		if d := &h.ledger.incidents[i]; d.ID == 30 {
			d.ExplainsAll += 1200
		}
	}
	if got := says(h.enter(t).get("/incidents/30")); !strings.Contains(got, "It explains 1,200 more, which are over or have fewer callers") {
		t.Error("how many are not named is not said")
	}
}

func TestEventsThatAreNotNamedAreCounted(t *testing.T) {
	t.Parallel()
	h := alerting()
	for i := range h.ledger.incidents {
		if d := &h.ledger.incidents[i]; d.ID == 14 {
			d.EventsLeft = 1200
		}
	}
	got := says(h.enter(t).get("/incidents/14"))
	if before, _, found := strings.Cut(got, "1,200 more, then the newest:"); !found || strings.Count(before[strings.Index(before, `class="events"`):], "<li>") != 1 {
		t.Errorf("how many are left out is not said behind the first: %s", got)
	}
	if got := says(h.enter(t).get("/incidents/30")); strings.Contains(got, "then the newest") {
		t.Error("where all are named, some are said to be left out")
	}
}

// says is a page's text without its escapes.
func says(r reply) string { return html.UnescapeString(r.body) }

func TestAlertingIsForThoseWhoAreLoggedInAndAskHere(t *testing.T) {
	t.Parallel()
	h := alerting()
	h.test = func(context.Context, string) error { t.Error("a test was sent"); return nil }
	v := h.enter(t)
	stranger := newVisitor(t, v.base)
	for _, path := range []string{"/notifiers", "/silences"} {
		if got := stranger.get(path); got.status != http.StatusSeeOther || !strings.HasPrefix(got.location(), "/login") || strings.Contains(got.body, "ops-") {
			t.Errorf("%s to a stranger: %d to %q", path, got.status, got.location())
		}
	}
	before := len(h.ledger.silences)
	for _, path := range []string{"/silences", "/silences/3/end", "/incidents/14/mute", "/incidents/14/unmute", "/notifiers/ops-mail/test"} {
		form := url.Values{"for": {"1h"}, "hosts": {"a"}, "reason": {"x"}}
		if got := stranger.post(path, form); got.status != http.StatusSeeOther || !strings.HasPrefix(got.location(), "/login") {
			t.Errorf("%s of a stranger: %d to %q", path, got.status, got.location())
		}
		header := http.Header{"Sec-Fetch-Site": {"cross-site"}, "Content-Type": {"application/x-www-form-urlencoded"}}
		if got := v.do(http.MethodPost, path, form, header); got.status != http.StatusForbidden {
			t.Errorf("%s from another site: %d, want 403", path, got.status)
		}
	}
	if len(h.ledger.silences) != before || h.ledger.silences[0].EndedBy != "" || h.ledger.incidents[2].Watch.MutedBy != "" {
		t.Error("something was changed")
	}
}

func TestNoPageOfAlertingShowsACallersNumber(t *testing.T) {
	t.Parallel()
	h := alerting()
	v := h.enter(t)
	for _, path := range []string{"/", "/notifiers", "/notifiers?incident=14", "/notifiers?incident=30", "/silences", "/silences?everything=1&preview=1", "/incidents/14", "/incidents/30", "/incidents/31", "/incidents/40"} {
		page := strings.ReplaceAll(v.get(path).body, "&#43;", "+")
		for _, in := range h.ledger.incidents {
			for _, number := range []string{in.First.From, in.Last.From} {
				if number != "anonymous" && strings.Contains(page, number) {
					t.Errorf("%s shows %s", path, number)
				}
			}
		}
	}
}

func TestHostileTextInAlertingIsShownAsText(t *testing.T) {
	t.Parallel()
	const script = "<script>alert(1)</script>\u202e\x00"
	h := alerting()
	page := &h.ledger.incidents[2]
	page.Watch.Urgent, page.Watch.Probe.Said = script, script
	page.Watch.MutedBy, page.Watch.MutedUntil = script, night.Add(time.Hour)
	page.Deliveries[0].Reason = script
	h.ledger.silences[0].Reason, h.ledger.silences[0].By, h.ledger.silences[0].Match.Hosts = script, script, []string{script}
	h.ledger.silences[1].Match.Tags, h.ledger.silences[1].EndedBy = []string{script}, script
	h.policy.Routes[0].Match.Tags, h.policy.Windows[0].Reason = []string{script}, script
	h.places[0].Kind, h.backtest = script, script
	h.test = func(context.Context, string) error { return errors.New(script) }
	v := h.enter(t)
	v.post("/notifiers/ops-mail/test", nil)
	for _, path := range []string{"/", "/notifiers", "/notifiers?incident=14", "/silences", "/incidents/14", "/silences?hosts=" + url.QueryEscape(script) + "&reason=" + url.QueryEscape(script)} {
		got := v.get(path)
		typed := strings.ReplaceAll(got.body, html.EscapeString(script[:len(script)-1]), "") // what stands in a form is as it was typed
		if strings.Contains(got.body, "<script>alert") || strings.ContainsAny(typed, "\u202e\x00") {
			t.Errorf("%s shows markup, or what cannot be seen", path)
		}
	}
}
