package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
)

// services takes whatever notifiers send by HTTP, each as its protocol says.
type services struct {
	*httptest.Server
	mu  sync.Mutex
	got map[string][]string // what was taken, by its path
	bad bool                // everything is refused
}

func newServices(t *testing.T) *services {
	t.Helper()
	s := &services{got: map[string][]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.bad {
			s.got["refused "+r.URL.Path] = append(s.got["refused "+r.URL.Path], string(body))
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		s.got[r.URL.Path] = append(s.got[r.URL.Path], string(body))
		switch {
		case strings.HasPrefix(r.URL.Path, "/2010-04-01/"):
			if user, password, _ := r.BasicAuth(); user != accountSID || password != authToken {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"sid":"SM0123456789abcdef0123456789abcdef"}`)
		case r.URL.Path == "/alerts":
			_, _ = io.WriteString(w, `{"id":"1"}`)
		case r.URL.Path == "/v2/enqueue":
			w.WriteHeader(http.StatusAccepted)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// refuse has everything fail, or nothing any more.
func (s *services) refuse(bad bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bad = bad
}

// at is what came to a path.
func (s *services) at(path string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got[path])
}

// everything is all that came, taken or refused, by its path.
func (s *services) everything() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]string{}
	for path, bodies := range s.got {
		all[path] = strings.Join(bodies, "\n")
	}
	return all
}

// everyNotifier is a configuration with one of each that speaks HTTP.
func everyNotifier(t *testing.T, s *services) settings {
	t.Helper()
	template := t.TempDir() + "/own.tmpl"
	write(t, template, `{"text": {{json .Line}}, "host": {{json .Incident.Cause.Host}}}`)
	return configured(t).withFile(t, fmt.Sprintf(`
twilio_api_url: %[1]s
on_call:
  ops: {people: [{name: Anna, to: "client:anna"}, {name: Ben, to: "+15550123"}, {name: Cleo, to: "+15550124"}]}
notifiers:
  - {name: hook, webhook: {url: "%[1]s/hook", secret: 0123456789abcdef}}
  - {name: own, template: %[2]s, webhook: {url: "%[1]s/own", secret: 0123456789abcdef}}
  - {name: duty, pagerduty: {routing_key: 0123456789abcdefghij0123456789ab, api_url: "%[1]s"}}
  - {name: chat, shoutrrr: {url: "ntfy://%[3]s/alerts?scheme=http"}}
  - {name: sms, twilio_sms: {from: "+15550100", on_call: ops}}
  - {name: call, twilio_call: {from: "+15550100", on_call: ops}}
`, s.URL, template, s.Listener.Addr()))
}

func TestCheckNotifyTriesNotifiersOfEveryKind(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	code, printed, complained := command(t, everyNotifier(t, s), nil, "check", "--notify")
	if code != 0 {
		t.Fatalf("check ended with %d: %s%s", code, printed, complained)
	}
	for _, name := range []string{"hook", "own", "duty", "chat", "sms", "call"} {
		if !strings.Contains(printed, "Notifier "+name+" took the test message") {
			t.Errorf("%s is not in %s", name, printed)
		}
	}
	if !strings.Contains(printed, "sends by an account that is being watched") || !strings.Contains(printed, "fails on some alerts, which then go out with the built-in text (digest, drill, meta, summary)") {
		t.Errorf("no warning in %s", printed)
	}
	twilio := "/2010-04-01/Accounts/" + accountSID
	for path, want := range map[string]string{
		"/alerts": "Nothing is wrong. This message was sent to try the notifier chat", "/hook": `"test":true`, "/own": "Your own template failed", "/v2/enqueue": `"severity":"info"`,
		twilio + "/Messages.json": "To=%2B15550123", twilio + "/Calls.json": "To=client%3Aanna",
	} {
		if got := s.at(path); len(got) == 0 || !strings.Contains(got[0], want) {
			t.Errorf("%s got %q, want %s in it", path, got, want)
		}
	}
}

func TestAFailureReachesNotifiersOfEveryKind(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	p := start(t, everyNotifier(t, s))
	p.call(sim.Call{From: "+14158675310"})
	p.call(sim.Call{From: "+14158675311"}) // the second makes a page of it
	eventually(t, soon, "everybody is told", func() bool {
		return len(s.at("/alerts")) > 0 && len(s.at("/hook")) > 0 && len(s.at("/own")) > 0 && len(s.at("/v2/enqueue")) > 0 &&
			len(s.at("/2010-04-01/Accounts/"+accountSID+"/Messages.json")) > 0 && len(s.at("/2010-04-01/Accounts/"+accountSID+"/Calls.json")) > 0
	})
	eventually(t, soon, "the own text is told", func() bool { // perhaps behind news of a ledger that opens slowly
		return slices.ContainsFunc(s.at("/own"), func(got string) bool {
			return strings.HasPrefix(got, `{"text": "`) && strings.Contains(got, ` not helped: primary.example.com `)
		})
	})
	for _, path := range []string{"/hook", "/own", "/v2/enqueue"} {
		if strings.Contains(strings.Join(s.at(path), ""), "4158675310") {
			t.Errorf("%s has the caller's number", path)
		}
	}
	who := p.person()
	who.post("/incidents/1/acknowledge", nil)
	who.post("/incidents/1/resolve", nil)
	eventually(t, soon, "PagerDuty and the webhook are told all", func() bool {
		pages, events := strings.Join(s.at("/v2/enqueue"), ""), strings.Join(s.at("/hook"), "")
		return strings.Contains(pages, `"event_action":"resolve"`) && strings.Contains(events, `"kind":"resolved"`)
	})
	if got := s.at("/v2/enqueue")[0]; !strings.Contains(got, `"event_action":"trigger"`) {
		t.Errorf("PagerDuty got %s", got)
	}
}

func TestNotifiersOfEveryKindDeliverWhenTheirServiceIsBack(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	s.refuse(true)
	p := start(t, everyNotifier(t, s))
	p.call(sim.Call{From: "+14158675310"})
	p.call(sim.Call{From: "+14158675311"}) // the second makes a page of it
	twilio := "/2010-04-01/Accounts/" + accountSID
	paths := []string{"/alerts", "/hook", "/own", "/v2/enqueue", twilio + "/Messages.json", twilio + "/Calls.json"}
	at := func(path string) []string {
		return slices.DeleteFunc(s.at(path), func(body string) bool { // news of a ledger that opens slowly
			return strings.Contains(body, "history") && strings.Contains(body, "available")
		})
	}
	all := func(prefix string) func() bool {
		return func() bool {
			return !slices.ContainsFunc(paths, func(path string) bool { return len(at(prefix+path)) == 0 })
		}
	}
	eventually(t, soon, "everybody is refused", all("refused "))
	s.refuse(false)
	eventually(t, time.Minute, "everybody is told", all(""))
	for _, path := range paths {
		if got := at(path); len(got) != 1 {
			t.Errorf("%s has %d messages: %q", path, len(got), got)
		}
	}
	if refused, taken := at("refused /hook")[0], at("/hook")[0]; id(t, refused) != id(t, taken) {
		t.Errorf("the event has another name: %s, then %s", refused, taken)
	}
}

// id is the name of an event.
func id(t *testing.T, event string) string {
	t.Helper()
	var said struct{ ID string }
	if err := json.Unmarshal([]byte(event), &said); err != nil || said.ID == "" {
		t.Errorf("%v: %s", err, event)
	}
	return said.ID
}
