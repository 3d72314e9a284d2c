package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/twilio/sim"
)

func TestCheckLooksAtThePrimaries(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	env := configured(t).withFile(t, `primaries: [{url: "`+server.URL+`", health_url: /ready, allow_private: true}]`)
	code, printed, complained := command(t, env, nil, "check", "--primaries")
	if code != 0 || !strings.Contains(printed, "Primary "+server.URL+": answers 200 in ") || strings.Contains(printed, "without a health_url") {
		t.Errorf("ended with %d: %s%s", code, printed, complained)
	}
	env = configured(t).withFile(t, `
primaries:
  - {url: "`+strings.Replace(server.URL, "127.0.0.1", "localhost", 1)+`", allow_private: true}
  - {url: "`+server.URL+`", health_url: /healthz, allow_private: true}
  - {url: "`+gone.URL+`", allow_private: true}
`)
	code, printed, complained = command(t, env, nil, "check", "--primaries")
	for _, want := range []string{"ms (without a health_url that says only that it can be reached)\n", "NOT GOOD: TCP ok, answers 503\n", "NOT GOOD: connection refused\n"} {
		if !strings.Contains(printed, want) {
			t.Errorf("got %s, want %q in it", printed, want)
		}
	}
	if code != exitFailed || !strings.Contains(complained, "does not work: 2 of 3 primaries") {
		t.Errorf("ended with %d: %s", code, complained)
	}
	if code, _, complained := command(t, configured(t), nil, "check", "--primaries"); code != exitFailed || !strings.Contains(complained, "no primary is configured: ") {
		t.Errorf("with nothing to look at it ended with %d: %s", code, complained)
	}
}

func TestThePrimaryOfAnIncidentIsLookedAtAndNobodyElse(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 100)
	serving := func() *httptest.Server {
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.Method + " " + r.Host + r.RequestURI }))
		t.Cleanup(server.Close)
		return server
	}
	live, stranger, gone := serving(), serving(), httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	mails := newMailServer(t)
	p := start(t, configured(t).with(mails.settings()).withFile(t, `
primaries: [{url: "`+live.URL+`", health_url: "/healthz?deep=1", allow_private: true}, {url: "`+gone.URL+`", allow_private: true}]
`))
	for server, says := range map[string]string{gone.URL: "  Connection refused, at ", live.URL: "  Answers 200 in ", stranger.URL: ""} {
		p.call(sim.Call{ErrorCode: "11205", ErrorURL: server + "/voice?CallSid=CA1"})
		mail := mails.await(t, soon, strings.TrimPrefix(server, "http://"))
		if text := mail.text; !strings.Contains(text, says) || says == "" && strings.Contains(text, "Backstop asked") {
			t.Errorf("the first alert does not say %q:\n%s", says, text)
		}
	}
	p.settle()
	p.end()
	l, err := store.OpenLedger(t.Context(), p.path(ledgerFile), store.LedgerOptions{Policy: incident.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	page, err := l.Incidents(t.Context(), history.IncidentQuery{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, in := range page.Incidents {
		found["http://"+in.Cause.Host], _, _ = strings.Cut(in.Watch.Probe.Said, " in ")
	}
	if found[gone.URL] != "connection refused" || found[live.URL] != "answers 200" || found[stranger.URL] != "" {
		t.Errorf("found %q", found)
	}
	for n := len(asked); n > 0; n-- {
		if got, want := <-asked, "GET "+strings.TrimPrefix(live.URL, "http://")+"/healthz?deep=1"; got != want {
			t.Errorf("asked %s, want nothing but %s", got, want)
		}
	}
}
