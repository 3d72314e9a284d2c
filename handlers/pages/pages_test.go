package pages_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
)

func TestPagesLookAsTheyDid(t *testing.T) {
	t.Parallel()
	full := newHouse(oneNight(4))
	full.unverified, full.notices = someUnverified(), someNotices()
	away := newHouse(oneNight(1))
	away.ledger.err = errAway
	opening := newHouse(oneNight(1))
	opening.ledger.err = fmt.Errorf("away: %w", history.ErrOpening)
	silent := newHouse(oneNight(1))
	silent.setup.Failing = silent.setup.Notifiers
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
		"incident-messages":     {newHouse(missed()), "/incidents/12", http.StatusOK},
		"history":               {full, "/history", http.StatusOK},
		"history-filtered":      {full, "/history?channel=voice&code=11202&since=2026-11-23T03:00", http.StatusOK},
		"history-no-match":      {full, "/history?number=%2B4930000000&since=24h", http.StatusOK},
		"history-not-read":      {full, "/history?code=abc&host=www.example.com", http.StatusBadRequest},
		"history-search-failed": {full, "/history?q=what+is+this", http.StatusBadRequest},
		"history-first-start":   {emptyHouse(), "/history", http.StatusOK},
		"history-none":          {newHouse(&ledger{now: full.ledger.now}), "/history", http.StatusOK},
		"history-away":          {away, "/history", http.StatusServiceUnavailable},
		"overview-opening":      {opening, "/", http.StatusServiceUnavailable},
		"history-opening":       {opening, "/history", http.StatusServiceUnavailable},
		"callers":               {newHouse(morningAfter()), "/callers?incident=14", http.StatusOK},
		"callers-none":          {emptyHouse(), "/callers", http.StatusOK},
		"callers-not-read":      {full, "/callers?state=asleep", http.StatusBadRequest},
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
	for _, path := range []string{"/nothing", "/callers/", "/history/", "/history/00000000-0000-7000-8000-000000000000", "/incidents/99", "/incidents/x", "/incidents/-1", "/assets/backstop.css", "/assets/backstop.000000000000.css"} {
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
	for _, path := range []string{"/", "/incidents", "/incidents/14", "/history", "/history/" + f.ID.String(), "/callers"} {
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
	failing.setup.Failing = failing.setup.Notifiers
	away.setup.Failing, away.ledger.err = away.setup.Notifiers, errAway
	for name, h := range map[string]*house{"none is configured": none, "all of them fail": failing, "the history is away, too": away} {
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

func TestHowLongAPageTookIsToldToThoseWhoAreLoggedIn(t *testing.T) {
	t.Parallel()
	v := newHouse(oneNight(3)).enter(t)
	for _, path := range []string{"/", "/history", "/incidents", "/nothing-here/at-all", "/history/nothing"} {
		var ledger, total float64
		got := v.get(path).header.Get("Server-Timing")
		known := path != "/nothing-here/at-all"
		if n, _ := fmt.Sscanf(got, "ledger;dur=%f, total;dur=%f", &ledger, &total); known != (n == 2) || ledger > total {
			t.Errorf("%s: Server-Timing is %q", path, got)
		}
		if strings.HasPrefix(path, "/history") && path != "/history/nothing" && ledger == 0 {
			t.Errorf("%s: reading the history took no time: %q", path, got)
		}
		if got := newVisitor(t, v.base).get(path).header.Get("Server-Timing"); got != "" {
			t.Errorf("%s: a stranger is told %q", path, got)
		}
	}
}
