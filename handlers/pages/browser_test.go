package pages_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

var (
	shots   = flag.String("shots", "", "a folder for screenshots of every page")
	picture = flag.String("picture", "", "a file for the picture of the history")
)

// browse drives Chromium through a scenario of testdata/browser/browser.mjs.
// These tests run one after the other: two browsers on two cores are slower
// than one.
func browse(t *testing.T, scenario string, config map[string]any) {
	t.Helper()
	testtools, err := filepath.Abs("../../testtools")
	if err != nil {
		t.Fatal(err)
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: the tests of the pages need Chromium and node: make test-tools installs them", err)
	}
	if _, err := os.Stat(filepath.Join(testtools, "node_modules", "playwright-core")); err != nil {
		t.Fatalf("%v: make test-tools installs it", err)
	}
	config["testtools"], config["chromium"], config["password"] = testtools, chromium, password
	config["shots"] = *shots
	if config["hosts"] == nil {
		config["hosts"] = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
	}
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "node", filepath.Join("testdata", "browser", "browser.mjs"), scenario, string(encoded))
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", scenario, err, out)
	}
}

// serve listens on an address of the loopback.
func serve(t *testing.T, address string, h http.Handler) *url.URL {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}}
	server.Start()
	t.Cleanup(server.Close)
	at, _ := url.Parse(server.URL)
	return at
}

func TestChromiumDoesEverythingOverLoopback(t *testing.T) {
	at := serve(t, "127.0.0.1:0", newHouse(oneNight(30)).handler(t))
	browse(t, "loopback", map[string]any{"base": at.String()})
}

func TestChromiumDoesEverythingWithoutScript(t *testing.T) {
	at := serve(t, "127.0.0.1:0", newHouse(oneNight(30)).handler(t))
	browse(t, "noscript", map[string]any{"base": at.String()})
}

func TestChromiumKeepsPeopleFromBeingTold(t *testing.T) {
	h := alerting()
	pages := h.handler(t)
	at := serve(t, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" && r.Method == http.MethodPost { // another visit, a minute after the test before
			h.ledger.mu.Lock()
			h.now = h.now.Add(time.Minute)
			h.ledger.silences = h.ledger.silences[len(h.ledger.silences)-3:]
			h.ledger.mu.Unlock()
		}
		pages.ServeHTTP(w, r)
	}))
	browse(t, "hush", map[string]any{"base": at.String()})
}

func TestChromiumDoesEverythingOverHTTPSByAReverseProxy(t *testing.T) {
	h := newHouse(oneNight(30))
	proxy := httptest.NewUnstartedServer(nil)
	_, port, err := net.SplitHostPort(proxy.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	h.settings.PublicURL = "https://fallback.example.com:" + port
	back := serve(t, "127.0.0.1:0", h.handler(t))
	proxy.Config.Handler = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(back)
		r.Out.Host = r.In.Host
	}}
	// Chromium hangs up once on a certificate that nobody has signed.
	proxy.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	proxy.StartTLS()
	t.Cleanup(proxy.Close)
	browse(t, "https", map[string]any{"base": h.settings.PublicURL, "hosts": "MAP fallback.example.com 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"})
}

func TestChromiumFindsNoFormOverPlainHTTP(t *testing.T) {
	at := serve(t, "127.0.0.2:0", newHouse(oneNight(3)).handler(t))
	browse(t, "lan", map[string]any{"base": "http://backstop.lan:" + at.Port(), "hosts": "MAP backstop.lan 127.0.0.2, MAP * ~NOTFOUND, EXCLUDE 127.0.0.2"})
}

func TestChromiumKeepsTheListFresh(t *testing.T) {
	h := newHouse(oneNight(5))
	pages := h.handler(t)
	at := serve(t, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/add" {
			h.ledger.mu.Lock()
			defer h.ledger.mu.Unlock()
			h.ledger.add(night, call(9999, "+4917199999", line, 11202, voiceURL)...)
			return
		}
		pages.ServeHTTP(w, r)
	}))
	browse(t, "refresh", map[string]any{"base": at.String(), "add": "/add"})
}

func TestChromiumRunsNothingThatStrangersSent(t *testing.T) {
	h := newHouse(oneNight(3))
	f := h.ledger.hostile()
	at := serve(t, "127.0.0.1:0", h.handler(t))
	browse(t, "hostile", map[string]any{"base": at.String(), "paths": []string{
		"/", "/history?q=" + url.QueryEscape(`"><script>alert(1)</script>`), "/history?code=" + url.QueryEscape(`"><script>alert(1)</script>`),
		"/history", "/history/" + f.ID.String(), "/silences?hosts=" + url.QueryEscape(`"><script>alert(1)</script>`), "/notifiers?incident=" + url.QueryEscape(`"><script>alert(1)</script>`),
		"/history/" + f.ID.String(),
	}})
}

func TestPagesCanBeReadInEveryLight(t *testing.T) {
	full := newHouse(oneNight(120))
	full.unverified = someUnverified()
	full.notices = someNotices()
	one := newHouse(&ledger{now: full.ledger.now})
	one.ledger.addIncident(oneIncident(), 1, time.Minute, func(i int) []param { return call(i, "+491711234567", line, 11200, voiceURL) })
	saved := newHouse(&ledger{now: full.ledger.now})
	saved.ledger.addIncident(oneIncident(), 2, time.Minute, func(i int) []param { return call(i, "+491711234567", line, 11200, voiceURL) })
	for i := range saved.ledger.failures {
		f := &saved.ledger.failures[i]
		f.Outcome, f.Step, f.Answer.Outcome, f.Answer.Step, f.Answer.Heard = incident.Saved, "failover standby", incident.Saved, "failover standby", ""
	}
	last := &saved.ledger.incidents[0]
	last.Ended, last.Last.Outcome, last.Last.Step, last.Last.Heard = incident.Ended{incident.Saved: 2, incident.Told: 1}, incident.Saved, "failover standby", ""
	steps := newHouse(&ledger{now: full.ledger.now})
	steps.ledger.addIncident(oneIncident(), 3, time.Minute, func(i int) []param { return call(i, "+491711234567", line, 11200, voiceURL) })
	whatCameBack(&steps.ledger.failures[2])
	steps.ledger.incidents[0].Ended = incident.Ended{incident.Saved: 1, incident.Voicemail: 1, incident.Told: 1}
	odd := newHouse(&ledger{now: full.ledger.now})
	odd.notices = []pages.Notice{{Title: "The history is full", Detail: "Failures are kept for 31 days instead of 400: max_size is reached; raise retention.max_size."}}
	odd.ledger.addIncident(incident.Incident{ID: 21, State: incident.Open, Cause: cause(incident.AskedFirst, 0, "", "")}, 2, time.Minute, func(i int) []param {
		return []param{{Name: "AccountSid", Value: account}, {Name: "CallSid", Value: sid("CA", i)}, {Name: "From", Value: "+491711234567"}, {Name: "To", Value: "sip:reception-of-the-whole-house@praxis-berlin.sip.example.com"}}
	})
	odd.ledger.failures[1].Slim, odd.ledger.failures[1].Itself = true, true
	odd.ledger.failures[1].Deliveries[0].Kind = incident.DrillAlert
	odd.ledger.incidents[0].Deliveries = append(odd.ledger.incidents[0].Deliveries, history.Delivery{
		Notifier: "ops-mail", Kind: incident.Growing, Reason: "100 callers", State: history.Waiting, CreatedAt: night,
		HeldUntil: night.Add(30 * time.Minute), HeldBy: "at most one about growth in 30 min",
	})
	odd.ledger.notifiers = []history.NotifierStatus{{Name: "ops-mail", LastSuccess: night.Add(-time.Hour), Waiting: 1, NextAt: night.Add(30 * time.Minute)}}
	full.rules = someRules(t)
	texts := newHouse(missed())
	texts.ledger.notes = []string{"Its idempotency token was not kept: it gets one that is made from the failure's id."}
	none := emptyHouse()
	callers, revealed := newHouse(morningAfter()), newHouse(morningAfter())
	alerts, bare := alerting(), newHouse(oneNight(2))
	bare.policy.Notifiers = nil
	tested := alerting()
	tested.test = func(context.Context, string) error {
		return errors.New("535 5.7.8 authentication failed: " + strings.Repeat("a-very-long-word-", 6))
	}
	away := newHouse(oneNight(2))
	away.ledger.err = errAway
	opening := newHouse(oneNight(2))
	opening.ledger.err = history.ErrOpening
	weeks := alerting()
	for i := range weeks.ledger.incidents {
		if d := &weeks.ledger.incidents[i]; d.ID == 30 {
			d.EventsLeft, d.ExplainsAll = 1234, 1200
		}
	}
	further := newHouse(oneNight(120))
	further.ledger.looked = 100
	hrefs := func(h *house) []string {
		in, f := h.ledger.incidents[len(h.ledger.incidents)-1], h.ledger.failures[min(len(h.ledger.failures)-1, 9)]
		return []string{"/", "/history", "/incidents/" + number(in.ID), "/history/" + f.ID.String()}
	}
	for name, c := range map[string]struct {
		house *house
		paths []string
		press string // a button that shows what is to be looked at, "" for none
	}{
		"many":     {full, append(hrefs(full), "/incidents", "/rules?channel=voice&code=11202&url=https://www.example.com/voice", "/rules?channel=voice&code=12100&from=%2B15550100&at=2026-11-29T03:00", "/rules?channel=messaging&at=tonight&status=completed&visit=2", "/rules?failure="+full.ledger.failures[9].ID.String(), "/history?host=www.example.com&code=11202&since=24h", "/history?since=2026-11-23T02:57:00Z&until=2026-11-23T02:58:00Z"), ""},
		"one":      {one, hrefs(one), ""},
		"saved":    {saved, hrefs(saved), ""},
		"steps":    {steps, hrefs(steps), ""},
		"heard":    {steps, hrefs(steps)[3:], "Reveal all"},
		"texts":    {texts, layoutsOfMissed(texts.ledger), ""},
		"odd":      {odd, append(hrefs(odd), "/incidents"), ""},
		"none":     {none, []string{"/", "/history", "/incidents", "/history?q=hello+world", "/nothing-here", "/rules", "/callers"}, ""},
		"further":  {further, []string{"/history?code=11205&number=" + url.QueryEscape(line)}, ""},
		"away":     {away, []string{"/", "/history"}, ""},
		"opening":  {opening, []string{"/", "/history"}, ""},
		"weeks":    {weeks, []string{"/incidents/30"}, ""},
		"callers":  {callers, []string{"/callers?incident=14"}, ""},
		"alerts":   {alerts, append([]string{"/", "/incidents", "/incidents/14", "/notifiers", "/silences"}, layoutsOfAlerts()...), ""},
		"bare":     {bare, []string{"/notifiers"}, ""},
		"wide":     {alerts, []string{"/incidents/30"}, ""},
		"child":    {alerts, []string{"/incidents/31"}, ""},
		"muted":    {alerts, []string{"/incidents/40"}, ""},
		"tested":   {tested, []string{"/notifiers"}, "Send a test through pager"},
		"revealed": {revealed, []string{"/callers"}, "Reveal this list"},
	} {
		t.Run(name, func(t *testing.T) {
			at := serve(t, "127.0.0.1:0", c.house.handler(t))
			browse(t, "layouts", map[string]any{"base": at.String(), "name": name, "paths": c.paths, "press": c.press, "now": night})
		})
	}
}

func layoutsOfAlerts() []string {
	return []string{
		"/notifiers?incident=14&x", "/notifiers?line=%2B49+30+901820&code=11202&verdict", "/notifiers?incident=none&code=no&mistake",
		"/silences?hosts=*.example.com&for=2h&prefilled", "/silences?everything=1&hosts=a&for=2h&codes=x&severity=page&preview=1&mistaken",
	}
}

// whatCameBack has a call ring two people, and end with a voicemail.
func whatCameBack(d *history.Detail) {
	d.Step, d.Outcome, d.Answer.Step, d.Answer.Outcome = "dial Anna", incident.Voicemail, "dial Anna", incident.Voicemail
	d.Answer.Heard, d.Answer.Why = "You have reached Praxis Berlin. One moment, please. We are trying to reach somebody for you.", "standby: it refuses connections"
	for i, u := range []history.FollowUp{
		{What: incident.PersonAsked, Step: "dial"},
		{What: incident.DialEnded, Why: "dial: Anna did not take the call", Heard: "We are still trying to reach somebody. Please stay on the line."},
		{What: incident.DialEnded, Why: "dial: Ben was busy; callback: the caller hides the number", Heard: "Please leave a message after the tone. It will be recorded. Press the hash key when you have finished."},
		{What: incident.MessageLeft, Outcome: incident.Voicemail, Heard: "Thank you. We have your message. Goodbye."},
		{What: incident.RecordingReady, Outcome: incident.Voicemail},
		{What: incident.FailedAgain, Why: "failed for another reason: " + strings.Repeat("a-very-long-word-", 12)},
	} {
		u.At, u.ID = d.ReceivedAt.Add(time.Duration(i*17+2)*time.Second), incident.NewID(d.ReceivedAt)
		d.FollowUps = append(d.FollowUps, u)
	}
	d.Recordings = []history.Recording{
		{SID: sid("RE", 1), AccountSID: account, At: d.ReceivedAt.Add(time.Minute), Seconds: 42, Transcript: "Hello, this is Frau Schmidt. I cannot come on Tuesday, please call me back."},
		{SID: sid("RE", 2), AccountSID: account, At: d.ReceivedAt.Add(2 * time.Minute)},
	}
}

func TestPictureOfTheHistory(t *testing.T) {
	if *picture == "" {
		return // only drawn when asked for: go test -run Picture -picture docs/history.png
	}
	file, err := filepath.Abs(*picture)
	if err != nil {
		t.Fatal(err)
	}
	at := serve(t, "127.0.0.1:0", newHouse(busyNight()).handler(t))
	browse(t, "picture", map[string]any{"base": at.String(), "picture": file, "now": night})
}
