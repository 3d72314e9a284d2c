package pages_test

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
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

// says is a page's text without its escapes.
func says(r reply) string { return html.UnescapeString(r.body) }

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
		"until so many callers":      {url.Values{"callers": {" 250 "}}, time.Time{}, 250},
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

func TestASilenceHushesOverTheRealLedgerUntilSomebodyEndsIt(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	v, ledger := realHouse(t)
	open, err := ledger.Incidents(ctx, history.IncidentQuery{State: incident.Open, Urgent: true})
	if err != nil || len(open.Incidents) == 0 {
		t.Fatalf("incidents: %+v, %v", open, err)
	}
	about := "/incidents/" + number(open.Incidents[0].ID)
	page := says(v.get(about))
	if !strings.Contains(page, `href="/silences?for=2h&hosts=www.example.com#new"`) || !strings.Contains(page, "<strong>page</strong>: 2 callers within 10 minutes") {
		t.Fatalf("the incident does not lead to a silence, or not say why it is a page:\n%s", page)
	}
	form := v.get("/silences?for=2h&hosts=www.example.com")
	if !strings.Contains(says(form), `It would hush <a href="`+about+`">`) || !strings.Contains(form.body, `name="hosts" value="www.example.com"`) {
		t.Errorf("the form is not filled in, or does not say what it would hush: %s", form.body)
	}
	made := v.post("/silences", url.Values{"hosts": {"www.example.com"}, "for": {"2h"}, "reason": {"  moving\n house "}})
	if made.status != http.StatusSeeOther || made.location() != "/silences#s-1" {
		t.Fatalf("silence: %d to %q: %s", made.status, made.location(), made.body)
	}
	for path, want := range map[string]string{
		"/silences":      `<strong><bdi>host www.example.com</bdi></strong><div class="sub"><bdi>moving house</bdi>`,
		about:            "silenced by admin (moving house)",
		"/":              "Nobody is told of 1 open incident: 1 silenced or in maintenance",
		"/notifiers?x=y": ">Silences</a>",
		"/notifiers?incident=" + number(open.Incidents[0].ID): "silenced by admin (moving house)",
	} {
		if page := says(v.get(path)); !strings.Contains(page, want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
	if got := v.post("/silences/1/end", nil); got.status != http.StatusSeeOther {
		t.Errorf("end: %d", got.status)
	}
	page = says(v.get("/silences"))
	if !strings.Contains(page, "Nothing is silenced") || !strings.Contains(page, "by <bdi>admin</bdi>") {
		t.Error("it is not over, or nobody knows who ended it")
	}
	if page := says(v.get(about)); strings.Contains(page, "silenced by admin") {
		t.Error("the incident is hushed all the same")
	}
	if all, err := ledger.Silences(ctx, night); err != nil || len(all) != 1 || all[0].By != "admin" || all[0].EndedBy != "admin" || all[0].Reason != "moving house" || !all[0].Until.Equal(night.Add(2*time.Hour)) {
		t.Errorf("recorded: %+v, %v", all, err)
	}
}

func TestASilenceMatchesWhatTheFormSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		form  url.Values
		match string
	}{
		"lists, by commas and lines":    {url.Values{"hosts": {"WWW.Example.com, *.example.org;\r\nwww.example.com"}}, "host *.example.org or www.example.com"},
		"an address that was pasted":    {url.Values{"hosts": {"https://www.example.com:443/voice?x=1"}}, "host www.example.com"},
		"numbers as people write them":  {url.Values{"lines": {"+49 (0)30 / 123456, +49 89 *"}}, "line +4930123456 or +4989*"},
		"codes and ranges":              {url.Values{"codes": {"12100, 11200 - 11299, 13000–13999"}}, "code 12100 or 11200–11299 or 13000–13999"},
		"all that can be chosen":        {url.Values{"channel": {"messaging"}, "cause": {"document"}, "severity": {"notice"}, "tags": {"clinic"}}, "tag clinic; only messages; about an answer that cannot be used; only notices"},
		"an account":                    {url.Values{"accounts": {account}}, "account " + account},
		"everything, where one says so": {url.Values{"everything": {"1"}}, "everything"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(2))
			v := h.enter(t)
			c.form.Set("reason", "because")
			c.form.Set("until", "2026-11-23 14:00")
			if got := v.post("/silences", c.form); got.status != http.StatusSeeOther {
				t.Fatalf("status %d: %s", got.status, says(got))
			}
			if page := says(v.get("/silences")); !strings.Contains(page, "<strong><bdi>"+c.match+"</bdi></strong>") {
				t.Errorf("got %+v, want %q", h.ledger.silences, c.match)
			}
			if got := h.ledger.silences[0].Until; !got.Equal(time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC)) {
				t.Errorf("until %v, want the time that was typed", got)
			}
		})
	}
}

func TestASilenceThatIsNotUnderstoodIsNotMadeAndLosesNothing(t *testing.T) {
	t.Parallel()
	ok := url.Values{"hosts": {"www.example.com"}, "for": {"2h"}, "reason": {"moving house"}}
	const hostile = `"><script>alert(1)</script>`
	for name, c := range map[string]struct {
		field, value, want string
	}{
		"nothing to match":         {"hosts", "", "say what is to be silent"},
		"everything and something": {"everything", "1", "do one of the two"},
		"no reason":                {"reason", " ", "say why"},
		"a reason too long":        {"reason", strings.Repeat("ä", 201), "at most 200 characters"},
		"no end":                   {"for", "x", "say when it ends"},
		"an end too far away":      {"for", "31d", "within 30 days"},
		"a time gone by":           {"until", "2026-11-22 14:00", "this is over already"},
		"no time":                  {"until", hostile, "write a time such as"},
		"no account":               {"accounts", hostile, "an Account SID is AC"},
		"more than a host":         {"hosts", "www.example.com/voice", "a host is a name such as"},
		"no code":                  {"codes", hostile, "write error codes such as"},
		"a range upside down":      {"codes", "11299-11200", "write error codes such as"},
		"no such channel":          {"channel", hostile, "it is one of voice, messaging"},
		"no such cause":            {"cause", "rain", "it is one of fetch"},
		"no such severity":         {"severity", "panic", "it is one of page"},
		"bytes that are no text":   {"tags", "\xff", "no text that anything could match"},
		"too many":                 {"lines", strings.Join(manyNumbers(51), ","), "at most 50 of a kind"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(2))
			form := url.Values{c.field: {c.value}}
			for field, value := range ok {
				if field != c.field {
					form[field] = value
				}
			}
			got := h.enter(t).post("/silences", form)
			page := says(got)
			if got.status != http.StatusBadRequest || !strings.Contains(page, c.want) || len(h.ledger.silences) != 0 {
				t.Errorf("status %d, want 400, no silence and %q:\n%s", got.status, c.want, page)
			}
			for field := range ok {
				if field != "for" && !strings.Contains(page, `name="`+field+`" value="`+form.Get(field)+`"`) {
					t.Errorf("what was typed into %s is lost", field)
				}
			}
			if strings.Contains(got.body, "<script>alert") {
				t.Error("markup is not escaped")
			}
		})
	}
}

func manyNumbers(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("+493012345%04d", i))
	}
	return all
}

func TestAFormThatIsOnlyFilledInDoesNotComplainOfWhatIsMissing(t *testing.T) {
	t.Parallel()
	v := alerting().enter(t)
	page := v.get("/silences?hosts=www.example.com&for=2h")
	if page.status != http.StatusOK || strings.Contains(page.body, "say why") || !strings.Contains(says(page), `It would hush <a href="/incidents/14">`) {
		t.Errorf("status %d: %s", page.status, page.body)
	}
	if page := v.get("/silences?hosts=nowhere.example"); !strings.Contains(page.body, "No incident that is open now would be hushed") {
		t.Error("it does not say that nothing would be hushed")
	}
}

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

func TestAProbeSaysWhatItProves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*incident.Incident)
		want   string
	}{
		"a failed one":                   {func(*incident.Incident) {}, "it is down, seen from here as well as from Twilio"},
		"none":                           {func(in *incident.Incident) { in.Watch.Probe = incident.Finding{} }, "Backstop has not looked at the server"},
		"a good one after failed ones":   {func(in *incident.Incident) { in.Watch.Probe.OK, in.Watch.Good = true, 1 }, "1 good probe in a row; 3 prove it over"},
		"a good one that says nothing":   {func(in *incident.Incident) { in.Watch.Probe.OK, in.Watch.SeenDown = true, false }, "This proves nothing over"},
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
