package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

func TestProbesAreSeenByRulesPagesAndMetrics(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case broken.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, "<Response><Say>Welcome at the standby</Say></Response>")
		}
	}))
	t.Cleanup(server.Close)
	env := configured(t).withFile(t, `
primaries: [{url: "`+server.URL+`", probe: /healthz, probe_every: 5s, allow_private: true}]
targets: {standby: {url: "`+server.URL+`/voice", probe: /healthz, probe_every: 5s, allow_private: true}}
recovery:
  - {name: all is lost, match: {health: [standby down]}, steps: [{reject: busy}]}
  - {name: the standby works, match: {health: [standby up]}, steps: [{failover: standby}]}
`)
	p := spawn(t, env)
	p.awaitMetric(`backstop_server_up{server="standby"} 1`)
	p.awaitMetric(`backstop_server_up{server="` + server.URL + `"} 1`)
	ask := func() string {
		return string(p.ask(p.request("/fallback/voice", sim.Call{ErrorURL: "https://www.example.com/voice"}), twiml.Voice).Body)
	}
	if got := ask(); !strings.Contains(got, "Welcome at the standby") {
		t.Errorf("got %s", got)
	}
	p.reload()
	if got := ask(); !strings.Contains(got, "Welcome at the standby") {
		t.Errorf("after a reload it is not known any more that the standby works: %s", got)
	}
	who := p.person()
	who.await(soon, "/rules?channel=voice", "standby has been up for ", "Asks standby at "+server.URL+"/voice. Its last probe, ")
	broken.Store(true)
	p.awaitMetric(`backstop_server_up{server="standby"} 0`)
	if got := ask(); !strings.Contains(got, `<Reject reason="busy"`) {
		t.Errorf("got %s", got)
	}
	who.await(soon, "/rules", "standby has been down for ", "it answered 503")
}
