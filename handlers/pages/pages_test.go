package pages_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

func TestPagesLookAsTheyDid(t *testing.T) {
	t.Parallel()
	full := newHouse(oneNight(4))
	full.unverified, full.notices = someUnverified(), someNotices()
	away := newHouse(oneNight(1))
	away.ledger.err = errAway
	silent := newHouse(oneNight(1))
	for i := range silent.ledger.notifiers {
		silent.ledger.notifiers[i].LastFailure, silent.ledger.notifiers[i].LastError = night, "535 5.7.8 authentication failed"
	}
	attacked := newHouse(oneNight(1))
	hostile := attacked.ledger.hostile()
	aged := newHouse(oneNight(1))
	erased := &aged.ledger.failures[0]
	erased.Erased, erased.Params, erased.From, erased.To = true, nil, "", ""
	erased.Answer.Heard, erased.Answer.Document = "", nil
	cases := map[string]struct {
		house  *house
		path   string
		status int
	}{
		"overview":              {full, "/", http.StatusOK},
		"overview-first-start":  {emptyHouse(), "/", http.StatusOK},
		"overview-nobody-told":  {silent, "/", http.StatusOK},
		"overview-away":         {away, "/", http.StatusServiceUnavailable},
		"incidents":             {full, "/incidents", http.StatusOK},
		"incidents-none":        {emptyHouse(), "/incidents", http.StatusOK},
		"incident-open":         {full, "/incidents/14", http.StatusOK},
		"incident-resolved":     {full, "/incidents/11", http.StatusOK},
		"history":               {full, "/history", http.StatusOK},
		"history-filtered":      {full, "/history?channel=voice&code=11202&since=2026-11-23T03:00", http.StatusOK},
		"history-no-match":      {full, "/history?number=%2B4930000000&since=24h", http.StatusOK},
		"history-not-read":      {full, "/history?code=abc&host=www.example.com", http.StatusBadRequest},
		"history-search-failed": {full, "/history?q=what+is+this", http.StatusBadRequest},
		"history-first-start":   {emptyHouse(), "/history", http.StatusOK},
		"history-none":          {newHouse(&ledger{now: full.ledger.now}), "/history", http.StatusOK},
		"history-away":          {away, "/history", http.StatusServiceUnavailable},
		"failure-call":          {full, "/history/" + full.ledger.failures[10].ID.String(), http.StatusOK},
		"failure-message":       {full, "/history/" + full.ledger.failures[4].ID.String(), http.StatusOK},
		"failure-hostile":       {attacked, "/history/" + hostile.ID.String(), http.StatusOK},
		"failure-erased":        {aged, "/history/" + erased.ID.String(), http.StatusOK},
		"not-found":             {full, "/history/nothing", http.StatusNotFound},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := c.house.enter(t).get(c.path)
			if got.status != c.status {
				t.Errorf("status: got %d, want %d", got.status, c.status)
			}
			golden(t, name, got.body)
		})
	}
	t.Run("login", func(t *testing.T) {
		t.Parallel()
		golden(t, "login", full.visit(t).get("/login?next=/history").body)
	})
	t.Run("login-plain-http", func(t *testing.T) {
		t.Parallel()
		v := full.visit(t)
		golden(t, "login-plain-http", v.do(http.MethodGet, "/login", nil, http.Header{"Host": {"192.0.2.7:8080"}}).body)
	})
}

func TestUnknownAddressesAreNotFound(t *testing.T) {
	t.Parallel()
	v := newHouse(oneNight(1)).enter(t)
	for _, path := range []string{"/nothing", "/callers", "/history/", "/history/00000000-0000-7000-8000-000000000000", "/incidents/99", "/incidents/x", "/incidents/-1", "/assets/backstop.css", "/assets/backstop.000000000000.css"} {
		if got := v.get(path); got.status != http.StatusNotFound || !strings.Contains(got.body, "Not found") {
			t.Errorf("%s: status %d, want a page that says 404", path, got.status)
		}
	}
}

func TestPagesAreKeptFromCachesFramesAndSniffing(t *testing.T) {
	t.Parallel()
	v := newHouse(oneNight(1)).enter(t)
	for _, path := range []string{"/", "/login", "/history", "/incidents/14", "/nothing"} {
		h := v.get(path).header
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}

func TestNothingIsInline(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	h.unverified, h.notices = someUnverified(), someNotices()
	f := h.ledger.hostile()
	v := h.enter(t)
	for _, path := range []string{"/", "/incidents", "/incidents/14", "/history", "/history/" + f.ID.String()} {
		page := v.get(path).body
		for _, inline := range []string{" style=\"", "<style", " onclick=\"", " onerror=\"", "javascript:alert(1)\""} {
			if strings.Contains(page, inline) {
				t.Errorf("%s holds %q", path, inline)
			}
		}
	}
}

func TestAssetsAreCachedForEver(t *testing.T) {
	t.Parallel()
	v := newHouse(oneNight(1)).visit(t)
	page := v.get("/login").body
	for _, kind := range []struct{ before, end, want string }{{`href="/assets/`, `.css"`, "text/css"}, {`src="/assets/`, `.js"`, "text/javascript"}, {`href="/assets/`, `.svg"`, "image/svg"}} {
		_, rest, _ := strings.Cut(page[:strings.Index(page, kind.end)+len(kind.end)-1], kind.before)
		name := rest[strings.LastIndex(rest, "/")+1:]
		got := v.get("/assets/" + name)
		if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), kind.want) || !strings.Contains(got.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, headers %v", name, got.status, got.header)
		}
	}
}

func TestSearchLeadsToItsFilters(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	id := h.ledger.failures[0].ID.String()
	v := h.enter(t)
	for text, want := range map[string]string{
		"+49 (0)171 1234567":        "/history?number=%2B491711234567&q=",
		"11202":                     "/history?code=11202&q=",
		id:                          "/history/" + id,
		"#14":                       "/history?incident=14&q=",
		"2026-11-22":                "/history?q=2026-11-22&since=2026-11-21T23%3A00%3A00Z&until=2026-11-22T23%3A00%3A00Z",
		"https://www.example.com/x": "/history?host=www.example.com&q=",
	} {
		got := v.get("/history?q=" + url.QueryEscape(text))
		if got.status != http.StatusSeeOther || !strings.HasPrefix(got.location(), want) {
			t.Errorf("%s: %d to %q, want 303 to %s", text, got.status, got.location(), want)
			continue
		}
		if there := v.get(got.location()); there.status != http.StatusOK {
			t.Errorf("%s: its address answers %d", text, there.status)
		}
	}
}

func TestEmptyFieldsOfTheFilterLeaveTheAddress(t *testing.T) {
	t.Parallel()
	v := newHouse(oneNight(3)).enter(t)
	got := v.get("/history?since=&until=&channel=voice&code=&number=&sid=&host=&incident=")
	if got.status != http.StatusSeeOther || got.location() != "/history?channel=voice" {
		t.Errorf("got %d to %q, want 303 to /history?channel=voice", got.status, got.location())
	}
}

func TestHistoryIsReadPageByPage(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(120))
	v := h.enter(t)
	path, seen := "/history?code=11202&limit=50", 0
	for path != "" {
		page := v.get(path).body
		rows := strings.Count(page, `<td class="when">`)
		if rows == 0 || rows > 50 {
			t.Fatalf("%s has %d rows", path, rows)
		}
		seen += rows
		path = linkOf(page, "Older")
		if path != "" {
			back := v.get(path).body
			if newer := linkOf(back, "Newer"); strings.Count(v.get(newer).body, `<td class="when">`) != 50 {
				t.Errorf("newer of %s: %q does not lead back to 50 rows", path, newer)
			}
		}
	}
	if seen != 120 {
		t.Errorf("seen %d rows, want 120", seen)
	}
}

// linkOf is where a link with these words leads, "" where there is none.
func linkOf(page, words string) string {
	before, _, ok := strings.Cut(page, ">"+words+"</a>")
	if !ok {
		return ""
	}
	_, link, _ := strings.Cut(before[strings.LastIndex(before, "<a "):], `href="`)
	link, _, _ = strings.Cut(link, `"`)
	return strings.NewReplacer("&amp;", "&", "&#43;", "+").Replace(link)
}

func TestNumbersAndSecretsAreHiddenUntilRevealed(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	f := h.ledger.failures[3]
	v := h.enter(t)
	secrets := []string{"+447700900000", "Is my appointment still on?", "s3cret-token", "+491711234567", "eyJzZWNyZXQi"}
	for _, path := range []string{"/", "/incidents", "/incidents/12", "/incidents/14", "/history", "/history/" + f.ID.String(), "/history/" + h.ledger.failures[10].ID.String()} {
		page := v.get(path).body
		for _, secret := range secrets {
			if strings.Contains(strings.ReplaceAll(page, "&#43;", "+"), secret) {
				t.Errorf("%s shows %s", path, secret)
			}
		}
		// The customer's own line is named once on the page of an incident.
		shown := strings.Count(strings.ReplaceAll(page, "&#43;", "+"), line)
		if ofIncident := strings.HasPrefix(path, "/incidents/"); shown > 1 || ofIncident != (shown == 1) {
			t.Errorf("%s names the line %d times", path, shown)
		}
	}

	got := v.post("/history/"+f.ID.String()+"/reveal", url.Values{"what": {"4"}})
	if got.status != http.StatusOK || !strings.Contains(got.body, "Is my appointment still on?") {
		t.Errorf("reveal the body: status %d, and it is not there", got.status)
	}
	if strings.Contains(got.body, "447700900000") {
		t.Error("revealing the body showed the number too")
	}
	got = v.post("/history/"+f.ID.String()+"/reveal", url.Values{"what": {"all"}})
	if !strings.Contains(got.body, "447700900000") {
		t.Error("revealing everything did not show the number")
	}
	reveals := h.ledger.failures[3].Reveals
	if len(reveals) != 2 || reveals[0].What != "Body" || reveals[1].What != "everything" || reveals[0].By != "admin" || !reveals[0].At.Equal(night) {
		t.Errorf("recorded: %+v, want Body and everything by admin", reveals)
	}
	if page := v.get("/history/" + f.ID.String()).body; strings.Contains(page, "Is my appointment") || !strings.Contains(page, "Who looked") {
		t.Error("the page after it shows the body, or not who looked")
	}
}

func TestADeliverySaysOnceWhatItTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		delivery history.Delivery
		want     string
	}{
		"a drill":          {history.Delivery{Kind: incident.DrillAlert, Reason: "a drill"}, "<td><strong>drill: nothing is broken</strong></td>"},
		"an incident":      {history.Delivery{Kind: incident.Opened, Reason: "first failure with this cause"}, `<strong>opened</strong> <span class="dim">first failure with this cause</span>`},
		"about Backstop":   {history.Delivery{Kind: incident.Meta, Title: "The journal was damaged", Reason: "at most once in 15 minutes"}, `<strong>Backstop itself</strong> <span class="dim">The journal was damaged</span>`},
		"without a reason": {history.Delivery{Kind: incident.Opened}, "<td><strong>opened</strong></td>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(3))
			c.delivery.Notifier, c.delivery.State = "ops-mail", history.Sent
			h.ledger.failures[10].Deliveries = []history.Delivery{c.delivery}
			if page := h.enter(t).get("/history/" + h.ledger.failures[10].ID.String()).body; !strings.Contains(page, c.want) {
				t.Errorf("the page does not say %s", c.want)
			}
		})
	}
}

func TestTheLineThatAskedUsFirstCanBeRead(t *testing.T) {
	t.Parallel()
	askedFirst := func(change func(*incident.Incident)) *house {
		l := &ledger{now: func() time.Time { return night }}
		l.addIncident(incident.Incident{ID: 21, State: incident.Open, Cause: cause(incident.AskedFirst, 0, "", "")}, 2, 5*time.Minute, func(i int) []incident.Param {
			return []incident.Param{{Name: "AccountSid", Value: account}, {Name: "CallSid", Value: sid("CA", i)}, {Name: "From", Value: "+491711234567"}, {Name: "To", Value: line}}
		})
		change(&l.incidents[0].Incident)
		return newHouse(l)
	}
	for name, c := range map[string]struct {
		change func(*incident.Incident)
		want   string
	}{
		"one line is named":             {func(*incident.Incident) {}, "primary URL of " + line + "<"},
		"several lines are spoken of":   {func(in *incident.Incident) { in.MoreLines = true }, "primary URL of " + line + " and of others"},
		"an erased one is spoken of":    {func(in *incident.Incident) { in.First.To, in.Last.To = "", "" }, "primary URL of one of your lines"},
		"invisible text is written out": {func(in *incident.Incident) { in.First.To = "\u202e" }, "primary URL of " + history.Visible("\u202e")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := askedFirst(c.change).enter(t)
			for _, path := range []string{"/", "/incidents", "/incidents/21"} {
				page := strings.ReplaceAll(v.get(path).body, "&#43;", "+")
				if !strings.Contains(page, c.want) {
					t.Errorf("%s does not say %q", path, c.want)
				}
				if strings.Contains(page, "+491711234567") {
					t.Errorf("%s shows a caller's number", path)
				}
			}
		})
	}
}

func TestSilenceOnPurposeIsToldFromErasedWords(t *testing.T) {
	t.Parallel()
	const erased, silent = "were erased because of their age", "No words: no reply, already answered"
	for name, c := range map[string]struct {
		answer    incident.Answer
		want, not string
	}{
		"words that were said":        {incident.Answer{Step: "message", Outcome: incident.Told}, "What was said, and the TwiML, " + erased, "No words"},
		"words that did not arrive":   {incident.Answer{Step: "message", Outcome: incident.NotTold}, "What was said, and the TwiML, " + erased, "No words"},
		"silence stays what it was":   {incident.Answer{Outcome: incident.NotTold, Why: "no reply, already answered"}, silent, "What was said"},
		"words from before that rule": {incident.Answer{Heard: "Please call later.", Outcome: incident.Told}, "Please call later.", "What was said"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(1))
			d := &h.ledger.failures[0]
			d.Erased, d.Params, d.Answer = true, nil, c.answer
			page := h.enter(t).get("/history/" + d.ID.String()).body
			if !strings.Contains(page, c.want) || strings.Contains(page, c.not) {
				t.Errorf("want %q and not %q in %s", c.want, c.not, page)
			}
		})
	}
}

func TestWhatCallersHeardNamesNoCallerUntilRevealed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ from, heard, secret string }{
		"a number without its plus": {"+15551234567", "You called from 15551234567.", "15551234567"},
		"a client":                  {"client:alice.smith", "Hello client:alice.smith.", "alice.smith"},
		"a client's bare name":      {"client:alice.smith", "Hello alice.smith.", "alice.smith"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(1))
			d, in := &h.ledger.failures[0], &h.ledger.incidents[0]
			d.From, d.Params = c.from, nil
			d.Answer.Heard, d.Answer.Document = c.heard, []byte("<Response><Say>"+c.heard+"</Say></Response>")
			in.Last.From, in.Last.Heard = c.from, c.heard
			v := h.enter(t)
			for _, path := range []string{"/history/" + d.ID.String(), "/incidents/" + number(in.ID)} {
				if page := v.get(path).body; strings.Contains(page, c.secret) || !strings.Contains(page, "•••") {
					t.Errorf("%s shows %q", path, c.secret)
				}
			}
			if got := v.post("/history/"+d.ID.String()+"/reveal", url.Values{"what": {"all"}}); !strings.Contains(got.body, c.heard) {
				t.Errorf("revealed, it does not say %q: status %d", c.heard, got.status)
			}
		})
	}
}

func TestAnIncidentTellsSilenceFromErasedWords(t *testing.T) {
	t.Parallel()
	const silent, erased = "Nothing, on purpose: who had a reply within the hour", "It was erased because of its age"
	for name, c := range map[string]struct {
		erased    bool
		want, not string
	}{
		"nothing was sent":     {false, silent, erased},
		"the words are erased": {true, erased, silent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(1))
			in := &h.ledger.incidents[0]
			in.Erased, in.Last.Heard = c.erased, ""
			page := h.enter(t).get("/incidents/" + number(in.ID)).body
			if !strings.Contains(page, c.want) || strings.Contains(page, c.not) {
				t.Errorf("want %q and not %q in %s", c.want, c.not, page)
			}
		})
	}
}

func TestNothingIsRevealedThatIsNotRecorded(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	id := h.ledger.failures[3].ID.String()
	v := h.enter(t)
	for _, what := range []string{"", "99", "-1", "Body", "x"} {
		if got := v.post("/history/"+id+"/reveal", url.Values{"what": {what}}); got.status != http.StatusBadRequest {
			t.Errorf("reveal %q: status %d, want 400", what, got.status)
		}
	}
	if got := v.get("/history/" + id + "/reveal"); got.status != http.StatusSeeOther || got.location() != "/history/"+id {
		t.Errorf("GET: %d to %q, want the failure", got.status, got.location())
	}
	h.ledger.err = errAway
	if got := v.post("/history/"+id+"/reveal", url.Values{"what": {"all"}}); got.status != http.StatusServiceUnavailable || strings.Contains(got.body, "appointment") {
		t.Errorf("with the ledger away: status %d", got.status)
	}
}

func TestMaskingCanBeSwitchedOffButNotTheHiding(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	h.settings.Mask = history.Mask{}
	page := strings.ReplaceAll(h.enter(t).get("/history/"+h.ledger.failures[3].ID.String()).body, "&#43;", "+")
	if !strings.Contains(page, "+447700900000") || strings.Contains(page, "appointment") {
		t.Error("want the number, and not the body")
	}
}

func TestIncidentsAreAcknowledgedAndResolvedInSomebodysName(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	v := h.enter(t)
	for _, action := range []string{"acknowledge", "resolve"} {
		if got := v.post("/incidents/14/"+action, nil); got.status != http.StatusSeeOther || got.location() != "/incidents/14" {
			t.Errorf("%s: %d to %q", action, got.status, got.location())
		}
		if got := v.get("/incidents/14/" + action); got.status != http.StatusNotFound {
			t.Errorf("GET %s: %d, want 404", action, got.status)
		}
		if got := v.post("/incidents/99/"+action, nil); got.status != http.StatusNotFound {
			t.Errorf("%s what is not there: %d, want 404", action, got.status)
		}
	}
	in := h.ledger.incidents[2].Incident
	if in.AcknowledgedBy != "admin" || in.ResolvedBy != "admin" || in.State != incident.Resolved || !in.ResolvedAt.Equal(night) {
		t.Errorf("got %+v, want both by admin", in)
	}
}

func TestHangingLedgerCostsTwoSecondsAndNoMore(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	v := h.enter(t)
	h.ledger.hang = make(chan struct{})
	defer close(h.ledger.hang)
	for _, path := range []string{"/", "/history", "/incidents"} {
		began := time.Now()
		got := v.get(path)
		if took := time.Since(began); got.status != http.StatusServiceUnavailable || took > 4*time.Second {
			t.Errorf("%s: status %d after %s, want 503 after 2 s", path, got.status, took)
		}
		if !strings.Contains(got.body, "answered as always") {
			t.Errorf("%s does not say what still works", path)
		}
	}
}

func TestReadsOfAWorkingLedgerDoNotFail(t *testing.T) {
	t.Parallel()
	v := newHouse(oneNight(1)).enter(t)
	for range 300 {
		if got := v.get("/incidents"); got.status != http.StatusOK {
			t.Fatalf("status %d", got.status)
		}
	}
}

func BenchmarkHistoryOfFiftyRows(b *testing.B) {
	v := newHouse(oneNight(120)).enter(b)
	b.ReportAllocs()
	for b.Loop() {
		if got := v.get("/history"); got.status != http.StatusOK {
			b.Fatal(got.status)
		}
	}
}

func TestAFailureSaysWhatIsSpecialAboutIt(t *testing.T) {
	t.Parallel()
	const own, slim = "one of Backstop’s own", "memory was nearly full"
	for name, c := range map[string]struct {
		change     func(*history.Detail)
		want, lack []string
	}{
		"an ordinary one":     {func(*history.Detail) {}, nil, []string{own, slim}},
		"Backstop's own":      {func(d *history.Detail) { d.Itself = true }, []string{own}, []string{slim}},
		"kept under overload": {func(d *history.Detail) { d.Slim, d.Params = true, d.Params[:4] }, []string{slim, "4, as Twilio sent them; the others were not kept"}, []string{own}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(3))
			c.change(&h.ledger.failures[10])
			page := h.enter(t).get("/history/" + h.ledger.failures[10].ID.String()).body
			for _, s := range c.want {
				if !strings.Contains(page, s) {
					t.Errorf("the page does not say %q", s)
				}
			}
			for _, s := range c.lack {
				if strings.Contains(page, s) {
					t.Errorf("the page says %q", s)
				}
			}
		})
	}
}

// TestPagesSayWhatAReloadReads holds that nobody is sent to change a variable
// of a running process.
func TestPagesSayWhatAReloadReads(t *testing.T) {
	t.Parallel()
	failed := newHouse(oneNight(3))
	failed.unverified = someUnverified()
	unset := emptyHouse()
	for name, c := range map[string]struct {
		house *house
		path  string
		want  []string
	}{
		"a request that failed the check": {failed, "/", []string{"TWILIO_AUTH_TOKEN_FILE", "SIGHUP", "restart"}},
		"the first start":                 {unset, "/", []string{"backstop.yaml", "SIGHUP", "restart"}},
		"the empty history":               {unset, "/history", []string{"backstop.yaml", "SIGHUP", "restart"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := c.house.enter(t).get(c.path).body
			for _, want := range c.want {
				if !strings.Contains(page, want) {
					t.Errorf("%s does not say %s", c.path, want)
				}
			}
		})
	}
}

func TestAnEmptyHistoryLeadsToItsDrills(t *testing.T) {
	t.Parallel()
	const try, show = "Play a failure through the whole house", `<a href="/history?drills=1">show them</a>`
	for name, h := range map[string]*house{
		"before it is set up": emptyHouse(),
		"set up":              newHouse(&ledger{now: func() time.Time { return night }}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := h.enter(t)
			if page := v.get("/history").body; !strings.Contains(page, try) || strings.Contains(page, show) {
				t.Error("without a drill the page does not say how to make one, or leads to one")
			}
			h.ledger.add(night.Add(-time.Minute), call(1, "+15005550006", "+15005550001", 11200, "https://drill.invalid/voice")...).Drill = true
			page := v.get("/history").body
			if !strings.Contains(page, show) || !strings.Contains(page, "<h2>No failure yet</h2>") || strings.Contains(page, try) || strings.Contains(page, "Nothing is recorded") {
				t.Errorf("with a drill the page does not lead to it, or speaks as if there were none:\n%s", page)
			}
		})
	}
}

func TestTheOverviewHidesNoBigIncidentBehindNewOnes(t *testing.T) {
	t.Parallel()
	l := &ledger{now: func() time.Time { return night }}
	open := func(id int64, callers int, takenBy string) {
		in := incident.Incident{ID: id, State: incident.Open, Cause: cause(incident.DocumentLevel, 12100, "www.example.com", "/"+number(id))}
		if takenBy != "" {
			in = in.Acknowledge(takenBy, night)
		}
		l.addIncident(in, callers, time.Hour-time.Duration(id)*time.Second, func(i int) []param {
			return call(int(id)*1000+i, "+4917112345"+number(id), line, 12100, "https://www.example.com/"+number(id))
		})
	}
	open(1, 30, "")
	open(2, 60, "anna")
	for id := range int64(12) {
		open(10+id, 2, "")
	}
	page := newHouse(l).enter(t).get("/").body
	var got []string
	for _, m := range regexp.MustCompile(`<td class="when"><a href="/incidents/(\d+)">`).FindAllStringSubmatch(page, -1) {
		got = append(got, m[1])
	}
	if want := "1 21 20 19 18 17 16 15 14 13"; strings.Join(got, " ") != want {
		t.Errorf("incidents: got %s, want %s", strings.Join(got, " "), want)
	}
	for _, want := range []string{"14 incidents are open: 107 callers, counted for each incident", `<a href="/incidents?state=open">All open incidents</a>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestAnIncidentSaysWhatTheLastOneGotAndWhichLineItWas(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*incident.Sample)
		want   []string
	}{
		"a call":              {func(*incident.Sample) {}, []string{"<h2 id=\"hear\">The last caller heard</h2>", "<bdi>+4930901820 (Praxis Berlin)</bdi>"}},
		"a message":           {func(s *incident.Sample) { s.Channel, s.To = incident.Messaging, "whatsapp:"+line }, []string{">The last sender read<", "<bdi>whatsapp:+4930901820 (Praxis Berlin)</bdi>"}},
		"nobody knows what":   {func(s *incident.Sample) { s.Channel, s.Name = incident.Unknown, "" }, []string{">The last one got<", "<bdi>+4930901820</bdi>"}},
		"an erased line":      {func(s *incident.Sample) { s.To = "" }, []string{"<bdi>–</bdi>"}},
		"a line from outside": {func(s *incident.Sample) { s.To, s.Name = "\u202e<b>", "\x00" }, []string{"<bdi>⟨U+202E⟩&lt;b&gt; (⟨U+0000⟩)</bdi>"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(1))
			c.change(&h.ledger.incidents[2].Last)
			page := strings.ReplaceAll(h.enter(t).get("/incidents/14").body, "&#43;", "+")
			for _, want := range c.want {
				if !strings.Contains(page, want) {
					t.Errorf("the page does not say %q", want)
				}
			}
		})
	}
}

func TestWhatACapHoldsDoesNotLookStuck(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	held := history.Delivery{Notifier: "ops-mail", Kind: incident.Growing, Reason: "100 callers", State: history.Waiting, CreatedAt: night, HeldUntil: night.Add(30 * time.Minute), HeldBy: "at most one about growth in 30 min"}
	failed := held
	failed.LastError, failed.DueAt, failed.HeldBy = "no such host", night.Add(time.Minute), ""
	h.ledger.incidents[2].Deliveries = []history.Delivery{held, failed}
	h.ledger.notifiers[0].Waiting, h.ledger.notifiers[0].NextAt = 1, night.Add(30*time.Minute)
	v := h.enter(t)
	for path, wants := range map[string][]string{
		"/incidents/14": {"until <time datetime=\"2026-11-23T04:42:45.000+01:00\">2026-11-23 04:42:45 +01:00</time>: at most one about growth in 30 min<", "again <time datetime=\"2026-11-23T04:13:45.000+01:00\">"},
		"/":             {"next message <time datetime=\"2026-11-23T04:42:45.000+01:00\">"},
	} {
		page := strings.ReplaceAll(v.get(path).body, "&#43;", "+")
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
	}
}

func TestTheTimelineContradictsNobody(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		took, journal, ledger time.Duration
		want                  string
	}{
		"as it mostly is":              {4200 * time.Microsecond, 6 * ms, 140 * ms, "answer ready +4.2 ms, to the journal +6 ms, in the ledger +140 ms"},
		"the journal's time is cut":    {350 * time.Microsecond, 0, 12 * ms, "answer ready +0.3 ms, to the journal +1 ms, in the ledger +12 ms"},
		"its cut is within the answer": {6800 * time.Microsecond, 6 * ms, 6 * ms, "answer ready +6.8 ms, to the journal +7 ms, in the ledger +7 ms"},
		"the answer took a while":      {1400 * ms, 1450 * ms, 3 * time.Second, "answer ready +1.4 s, to the journal +1.4 s, in the ledger +3.0 s"},
		"it was verified late":         {0, 2 * time.Hour, 2 * time.Hour, "to the journal +2 h, in the ledger +2 h"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(1))
			d := &h.ledger.failures[10]
			d.Deliveries = nil
			d.Answer.Took, d.JournalAt, d.LedgerAt = c.took, d.ReceivedAt.Add(c.journal), d.ReceivedAt.Add(c.ledger)
			page := strings.ReplaceAll(h.enter(t).get("/history/"+d.ID.String()).body, "&#43;", "+")
			var got []string
			for _, m := range regexp.MustCompile(`<span class="after">(\+[^<]*)</span><span class="point">([^<]*)<`).FindAllStringSubmatch(page, -1) {
				got = append(got, m[2]+" "+m[1])
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %s, want %s", strings.Join(got, ", "), c.want)
			}
		})
	}
}

func TestTheNumbersOfAPageAreRevealedAtOnceAndNotedWithEach(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	h.ledger.failures[3].ErrorURL = "https://www.example.com/+4930777777?caller=%2B4930888888"
	v := h.enter(t)
	form := `<form class="reveal" method="post" action="/history/reveal?incident=12&amp;limit=5">`
	if page := v.get("/history?incident=12&limit=5").body; !strings.Contains(page, form) || strings.Contains(page, "447700900000") {
		t.Errorf("the list has no form %s, or shows numbers", form)
	}

	got := v.post("/history/reveal?incident=12&limit=5", nil)
	page := strings.ReplaceAll(got.body, "&#43;", "+")
	if got.status != http.StatusOK || got.header.Get("Cache-Control") != "no-store" || strings.Contains(page, "<body data-refresh>") {
		t.Errorf("status %d, headers %v: want 200, not to be kept or refreshed", got.status, got.header)
	}
	for _, want := range []string{"whatsapp:+447700900006", "whatsapp:+447700900002", line, "the numbers of this page, 5 failures", `<a href="/history?incident=12&amp;limit=5">Hide again</a>`} {
		if !strings.Contains(page, want) {
			t.Errorf("revealed, the list does not show %q", want)
		}
	}
	for _, hidden := range []string{"Is my appointment", "30777777", "30888888", "447700900001", `class="reveal"`} {
		if strings.Contains(page, hidden) {
			t.Errorf("revealed, the list shows %q, which nobody asked for", hidden)
		}
	}
	want := history.Reveal{At: night, By: "admin", What: "numbers, in a list"}
	for _, d := range h.ledger.failures {
		if noted, asked := slices.Contains(d.Reveals, want), d.Incident == 12 && d.Serial > 5; noted != asked || len(d.Reveals) > 1 {
			t.Errorf("failure %d of incident %d: noted %+v", d.Serial, d.Incident, d.Reveals)
		}
	}
	if page := v.get("/history/" + h.ledger.failures[9].ID.String()).body; !strings.Contains(page, "<bdi>numbers, in a list</bdi>") {
		t.Error("the page of a failure does not say who looked at its numbers")
	}
	if page := v.get("/history?incident=12&limit=5").body; strings.Contains(page, "447700900006") {
		t.Error("the list shows them again without being asked")
	}
}

func TestNoNumbersAreRevealedThatAreNotNoted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path    string
		prepare func(*house)
		header  http.Header
		status  int
	}{
		"a filter that is not understood": {"/history/reveal?incidnet=12", func(*house) {}, nil, http.StatusBadRequest},
		"an address that is broken":       {"/history/reveal?%zz", func(*house) {}, nil, http.StatusBadRequest},
		"another site":                    {"/history/reveal", func(*house) {}, http.Header{"Sec-Fetch-Site": {"cross-site"}}, http.StatusForbidden},
		"it cannot be noted":              {"/history/reveal", func(h *house) { h.ledger.unwritable = errAway }, nil, http.StatusServiceUnavailable},
		"the history is away":             {"/history/reveal", func(h *house) { h.ledger.err = errAway }, nil, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(3))
			c.prepare(h)
			got := h.enter(t).do(http.MethodPost, c.path, nil, c.header)
			if got.status != c.status || strings.Contains(got.body, "447700900000") || strings.Contains(got.body, "491711234567") {
				t.Errorf("got %d, want %d and no number:\n%s", got.status, c.status, got.body)
			}
		})
	}
}

func TestTheAddressOfRevealedNumbersLeadsToTheList(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	v := h.enter(t)
	if got := v.get("/history/reveal?incident=12"); got.status != http.StatusSeeOther || got.location() != "/history?incident=12" {
		t.Errorf("GET: %d to %q, want the list", got.status, got.location())
	}
	h.settings.Mask = history.Mask{}
	if page := v.get("/history?incident=12").body; strings.Contains(page, `class="reveal"`) {
		t.Error("numbers that are not masked are offered to be revealed")
	}
}

func TestAPageSaysWhatUnverifiedRequestsGetNow(t *testing.T) {
	t.Parallel()
	const apology, refused = "get the plain apology", "are refused with 403, as <code>UNVERIFIED=reject</code> says, and are kept"
	for name, c := range map[string]struct {
		reject    bool
		want, not string
	}{
		"they are answered": {false, apology, "403"},
		"they are refused":  {true, refused, apology},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(1))
			h.unverified, h.settings.Reject = someUnverified(), c.reject
			if page := h.enter(t).get("/").body; !strings.Contains(page, c.want) || strings.Contains(page, c.not) {
				t.Errorf("want %q and not %q", c.want, c.not)
			}
		})
	}
}

func TestThatNobodyWillBeToldIsSaidAboveEveryPage(t *testing.T) {
	t.Parallel()
	none, failing, away := newHouse(oneNight(1)), newHouse(oneNight(1)), newHouse(oneNight(1))
	none.setup.Notifiers = nil
	for i := range failing.ledger.notifiers {
		failing.ledger.notifiers[i].LastFailure = night
	}
	away.setup.Notifiers, away.ledger.err = nil, errAway
	for name, h := range map[string]*house{"none is configured": none, "all of them fail": failing, "the history is away": away} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := h.enter(t)
			for _, path := range []string{"/", "/history", "/incidents", "/nothing-here", "/history/nothing", "/history?%zz"} {
				if page := v.get(path).body; strings.Count(page, "Nobody will be told") != 1 {
					t.Errorf("%s does not say that nobody will be told", path)
				}
			}
			if page := newVisitor(t, v.base).get("/nothing-here").body; strings.Contains(page, "Nobody will be told") {
				t.Error("a stranger is told, too")
			}
		})
	}
}

func TestAResolvedIncidentLeadsToTheOneThatGoesOn(t *testing.T) {
	t.Parallel()
	v := newHouse(oneNight(1)).enter(t)
	for path, goesOn := range map[string]bool{"/incidents/11": true, "/incidents/14": false} {
		if page := v.get(path).body; strings.Contains(page, `its cause came back: it goes on in <a href="/incidents/14">#14</a>`) != goesOn {
			t.Errorf("%s leads to the next one: %v, want %v", path, !goesOn, goesOn)
		}
	}
}

func TestAUsualGapBelowASecondIsLeftOut(t *testing.T) {
	t.Parallel()
	for gap, want := range map[time.Duration]bool{2400 * time.Microsecond: false, time.Second: true, time.Minute: true} {
		h := newHouse(oneNight(1))
		h.ledger.incidents[2].UsualGap = gap
		if page := h.enter(t).get("/incidents/14").body; strings.Contains(page, "Usual gap") != want {
			t.Errorf("a gap of %s is shown: %v, want %v", gap, !want, want)
		}
	}
}

func TestAShortTimeIsShownWithTheTimeAroundIt(t *testing.T) {
	t.Parallel()
	v := newHouse(oneNight(30)).enter(t)
	const all = `<a href="/history?since=2026-11-23T02%3A45%3A00Z&amp;until=2026-11-23T03%3A10%3A00Z">show all of it</a>`
	pale := regexp.MustCompile(`<path class="beside" d="([^"]*)"/>`)
	for name, c := range map[string]struct{ query, bars, all string }{
		"one bar":         {"since=2026-11-23T02:57:00Z&until=2026-11-23T02:58:00Z", "0-11 13-24", all},
		"a part of a bar": {"since=2026-11-23T02:57:20Z&until=2026-11-23T02:57:40Z", "0-11 13-24", all},
		"two bars":        {"since=2026-11-23T02:57:00Z&until=2026-11-23T02:59:00Z", "0-11 14-25", `until=2026-11-23T03%3A11%3A00Z">show all of it</a>`},
		"the last minute": {"since=2026-11-23T03:12:00Z", "0-11", `until=2026-11-23T03%3A12%3A45Z">show all of it</a>`},
		"half an hour":    {"since=2026-11-23T02:45:00Z&until=2026-11-23T03:15:00Z", "", ""},
	} {
		page := v.get("/history?" + c.query).body
		got := ""
		if found := pale.FindStringSubmatch(page); found != nil {
			got = barsOf(found[1])
		}
		if got != c.bars || !strings.Contains(page, c.all) || !strings.Contains(page, `<svg class="bars"`) || strings.Contains(page, "show all of it") != (c.all != "") {
			t.Errorf("%s: bars %q are pale, want %q and a link %q", name, got, c.bars, c.all)
		}
	}
}

// barsOf names the bars that a shape covers: "0-11 13-24".
func barsOf(shape string) string {
	var runs []string
	begun, last := 0, -2
	for _, m := range regexp.MustCompile(`M(\d+) 0h`).FindAllStringSubmatch(shape, -1) {
		x, _ := strconv.Atoi(m[1])
		bar := x / 10
		if bar == last+1 {
			runs[len(runs)-1] = fmt.Sprintf("%d-%d", begun, bar)
		} else {
			runs, begun = append(runs, strconv.Itoa(bar)), bar
		}
		last = bar
	}
	return strings.Join(runs, " ")
}
