package pages_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestATestIsSentThroughOneNotifierAndItsEndShown(t *testing.T) {
	t.Parallel()
	h := alerting()
	var sent atomic.Int64
	fail := errors.New(`535 5.7.8 <b>no</b>`)
	h.test = func(_ context.Context, notifier string) error {
		sent.Add(1)
		switch notifier {
		case "pager":
			return fail
		case "ops-slack":
			panic("a bug")
		}
		return nil
	}
	v := h.enter(t)
	if got := v.post("/notifiers/ops-mail/test", nil); got.status != http.StatusSeeOther || got.location() != "/notifiers#n-ops-mail" {
		t.Errorf("test: %d to %q", got.status, got.location())
	}
	page := says(v.get("/notifiers"))
	if !strings.Contains(page, "test taken</span>") || !strings.Contains(page, "by <bdi>admin</bdi>") || !strings.Contains(page, "again in 30 s") {
		t.Errorf("the page does not say how it went:\n%s", page)
	}
	v.post("/notifiers/ops-mail/test", nil)
	if got := sent.Load(); got != 1 {
		t.Errorf("%d tests were sent within a moment, want 1", got)
	}
	v.post("/notifiers/pager/test", nil)
	if page := v.get("/notifiers").body; !strings.Contains(page, "test failed</span>") || !strings.Contains(page, "535 5.7.8 &lt;b&gt;no&lt;/b&gt;") {
		t.Error("the page does not say why it failed")
	}
	v.post("/notifiers/ops-slack/test", nil)
	if page := v.get("/notifiers").body; !strings.Contains(page, "a bug in Backstop") || strings.Contains(page, "under way") {
		t.Error("a panic leaves the test under way")
	}
	h.now = night.Add(time.Minute)
	v.post("/notifiers/ops-mail/test", nil)
	if got := sent.Load(); got != 4 {
		t.Errorf("%d tests in all, want another one after a minute", got)
	}
	if got := v.get("/notifiers/ops-mail/test"); got.status != http.StatusSeeOther || got.location() != "/notifiers" {
		t.Errorf("GET: %d to %q, want the page", got.status, got.location())
	}
}

func TestThePageSaysWhoWouldBeToldOfWhat(t *testing.T) {
	t.Parallel()
	h := alerting()
	v := h.enter(t)
	for name, c := range map[string]struct {
		query  url.Values
		status int
		want   []string
	}{
		"a line, with the tags it has": {url.Values{"line": {"+49 30 901820"}, "code": {"11200"}}, 200, []string{"ops-slack, pager</bdi></strong> <span class=\"dim\">(by routes 1 and 2)", "after 5 minutes without an acknowledgement"}},
		"a tag that is typed in":       {url.Values{"line": {"+15550100"}, "tags": {"clinic"}, "code": {"12100"}}, 200, []string{"pager</bdi></strong> <span class=\"dim\">(by route 1)", "(no route matches: everybody)"}},
		"a notice waits":               {url.Values{"line": {"+15550100"}, "code": {"12100"}}, 200, []string{"at <time datetime=\"2026-11-23T07:00:00.000+01:00\"", "when quiet hours are over"}},
		"not at another hour":          {url.Values{"line": {"+15550100"}, "code": {"12100"}, "at": {"2026-11-23 12:00"}}, 200, []string{"ops-mail, ops-slack</bdi></strong> <span class=\"dim\">(no route matches: everybody); <bdi>pager</bdi> only if it is a page</span></dd>"}},
		"what is silenced":             {url.Values{"host": {"shop.example.org"}, "code": {"12100"}}, 200, []string{"<strong>nobody</strong>: silenced by kim (moving house)"}},
		"a window that is open":        {url.Values{"host": {"https://staging.example.com/x"}, "code": {"12100"}}, 200, []string{"<strong>nobody</strong>: maintenance (new database)"}},
		"an incident":                  {url.Values{"incident": {"#14"}}, 200, []string{`Of incident <a href="/incidents/14">#14</a>`, "It is a page", "As a notice"}},
		"one that is muted":            {url.Values{"incident": {"40"}}, 200, []string{"Nobody is told of it at present: muted by kim"}},
		"one that another explains":    {url.Values{"incident": {"31"}}, 200, []string{"Nobody is told of it at present: explained by incident 30"}},
		"none of that number":          {url.Values{"incident": {"4711"}}, 400, []string{"there is none with this number"}},
		"no number":                    {url.Values{"incident": {"<script>"}}, 400, []string{"named by its number", `value="<script>"`}},
		"no code":                      {url.Values{"line": {"x"}, "code": {"many"}}, 400, []string{"an error code is a number"}},
		"no account":                   {url.Values{"account": {"AC1"}}, 400, []string{"an Account SID is AC"}},
		"no time":                      {url.Values{"line": {"x"}, "at": {"noonish"}}, 400, []string{"a time is written as"}},
	} {
		got := v.get("/notifiers?" + c.query.Encode())
		for _, want := range c.want {
			if page := says(got); got.status != c.status || !strings.Contains(page, want) {
				t.Errorf("%s: status %d, want %d and %q:\n%s", name, got.status, c.status, want, page)
			}
		}
		if strings.Contains(got.body, "<script>") {
			t.Errorf("%s: markup is not escaped", name)
		}
	}
}

func TestTheBacktestIsShownWhereThereIsOne(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]bool{"": false, "3 alerts instead of 214.": true} {
		h := alerting()
		h.backtest = said
		if page := h.enter(t).get("/notifiers").body; strings.Contains(page, "instead of 214") != want {
			t.Errorf("%q is shown: %v, want %v", said, !want, want)
		}
	}
}

func TestThePolicyIsShownWithoutAHistory(t *testing.T) {
	t.Parallel()
	h := alerting()
	v := h.enter(t)
	h.ledger.err = errAway
	page := v.get("/notifiers?incident=14")
	for _, want := range []string{"not known while the history is unavailable", "tag clinic", "does not answer at the moment"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("status %d, does not say %q", page.status, want)
		}
	}
	if got := v.post("/notifiers/ops-mail/test", nil); got.status != http.StatusSeeOther {
		t.Errorf("test: %d", got.status)
	}
	for _, path := range []string{"/silences", "/incidents/14"} {
		if got := v.get(path); got.status != http.StatusServiceUnavailable {
			t.Errorf("%s: %d, want 503", path, got.status)
		}
	}
	if got := v.post("/silences", url.Values{"hosts": {"a"}, "for": {"1h"}, "reason": {"x"}}); got.status != http.StatusServiceUnavailable {
		t.Errorf("silence: %d, want 503", got.status)
	}
}
