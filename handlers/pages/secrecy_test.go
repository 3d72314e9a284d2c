package pages_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/history"
)

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
