package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// shop is the customer's own server, which is back: it notes what it gets, and
// answers with TwiML, or not at all.
type shop struct {
	*httptest.Server
	mu    sync.Mutex
	got   []arrival
	hangs chan struct{} // until it is closed
}

// arrival is a request as npm's twilio judges it: see twilio/testdata/oracle.
type arrival struct {
	Op        string      `json:"op"`
	Token     string      `json:"token"`
	URL       string      `json:"url"`
	Params    [][2]string `json:"params"`
	Signature string      `json:"signature"`
	idem      string
	form      url.Values
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		one := arrival{Op: "validate", Token: authToken, URL: s.URL + r.RequestURI, Signature: r.Header.Get("X-Twilio-Signature"), idem: r.Header.Get("I-Twilio-Idempotency-Token"), form: form}
		for name, values := range form {
			for _, value := range values {
				one.Params = append(one.Params, [2]string{name, value})
			}
		}
		s.mu.Lock()
		s.got = append(s.got, one)
		hangs := s.hangs
		s.mu.Unlock()
		if hangs != nil {
			<-hangs
		}
		_, _ = io.WriteString(w, "<Response><Message>Thank you</Message></Response>")
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shop) arrivals() []arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// judge has npm's twilio, which the customer's server may use, check them all.
func judge(t *testing.T, all []arrival) {
	t.Helper()
	input, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Abs("../../testtools/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "node", filepath.Join("..", "..", "twilio", "testdata", "oracle", "oracle.cjs"))
	command.Env = append(command.Environ(), "NODE_PATH="+modules)
	command.Stdin = bytes.NewReader(input)
	output, err := command.Output()
	if err != nil {
		t.Fatalf("node: %v: run `make test-tools`", err)
	}
	var accepted []bool
	if err := json.Unmarshal(output, &accepted); err != nil || len(accepted) != len(all) || slices.Contains(accepted, false) {
		t.Errorf("npm's twilio says %s (%v)", output, err)
	}
}

// withShop has messages sent to that server.
func withShop(t *testing.T, env settings, s *shop) settings {
	t.Helper()
	return env.withFile(t, "primaries: ["+s.URL+"]\nreplay: {per_second: 20, allow_private: true}\n")
}

// text has somebody write whose message that server did not get.
func (p *program) text(s *shop, m sim.Message) sim.Request {
	p.t.Helper()
	m.ErrorURL = s.URL + "/sms?shop=berlin"
	r, err := m.Request(customer(), publicURL+"/fallback/messaging")
	if err != nil {
		p.t.Fatal(err)
	}
	p.ask(r, twiml.Messaging)
	return r
}

func TestTheServerThatIsBackGetsEveryMessageOnceStopFirst(t *testing.T) {
	t.Parallel()
	server, mails := newShop(t), newMailServer(t)
	p := start(t, withShop(t, configured(t).with(mails.settings()), server))
	stop := p.text(server, sim.Message{Body: "Stop", From: "+15551230002"})
	hello := p.text(server, sim.Message{Body: "Grüße & more", From: "+15551230001"})
	mail := mails.await(t, soon, "2 affected") // the replies are on their way
	if !strings.Contains(mail.text, "1 message says STOP or the like, and your server has not seen it") || strings.Contains(mail.text, "15551230002") {
		t.Errorf("the mail does not name the STOP, or its number:\n%s", mail.text)
	}
	who := p.person()
	who.await(soon, "/incidents/1", "2 messages your server has not seen", "1 of them says STOP", "My server is back: send all of them", "reaches nobody")
	who.post("/incidents/1/send", nil) // of an incident that is open only somebody who says so
	who.post("/incidents/1/send", url.Values{"back": {"yes"}})
	who.await(2*soon, "/incidents/1", "Your server has had every message", "2 taken by your server", "the messages that your server has not had are to be sent to it by admin")
	who.post("/incidents/1/send", url.Values{"back": {"yes"}})
	got := server.arrivals()
	if len(got) != 2 {
		t.Fatalf("%d arrived, want 2", len(got))
	}
	judge(t, got)
	for i, sent := range []sim.Request{stop, hello} {
		if one := got[i]; one.form.Get("MessageSid") != sent.Params.Value("MessageSid") || one.form.Get("Body") != sent.Params.Value("Body") ||
			one.idem != sent.Token() || one.form.Has("ErrorCode") || one.form.Has("ErrorUrl") || len(one.Params) != len(sent.Params)-2 {
			t.Errorf("message %d arrived as %+v", i, one)
		}
	}
	list := who.get("/history?sid=" + hello.Params.Value("MessageSid"))
	page := who.get(list.link("/history/0"))
	page.shows("Your server took it", "It answered 200", "<Response><Message>Thank you</Message></Response>")
	for _, line := range []string{"backstop_replays_sent_total 2", "backstop_replays_refused_total 0", "backstop_replays_waiting 0", "backstop_replays_unknown 0"} {
		p.awaitMetric(line)
	}
}

// A server that was stopped before a restart stays so, and metrics say it.
func TestMetricsNameTheServerThatMessagesWaitForInVain(t *testing.T) {
	t.Parallel()
	server := newShop(t)
	env := withShop(t, configured(t), server)
	p := start(t, env)
	hello := p.text(server, sim.Message{})
	who := p.person()
	who.await(soon, "/incidents/1", "1 message your server has not seen")
	path := who.get("/history?sid=" + hello.Params.Value("MessageSid")).link("/history/0")
	p.end()
	stopReplays(t, p.path(ledgerFile), strings.TrimPrefix(path, "/history/"), server.URL)

	p = start(t, env)
	p.awaitMetric("backstop_replays_waiting 1")
	p.awaitMetric(`backstop_replays_stopped{server="` + server.URL + `"} 1`)
	if got := server.arrivals(); len(got) != 0 {
		t.Fatalf("%d arrived at a server that is stopped", len(got))
	}
	who = p.person()
	who.await(soon, path, "it failed 3 times in a row")
	who.post("/incidents/1/send-on", url.Values{"server": {server.URL}})
	p.awaitMetric("backstop_replays_sent_total 1")
	p.awaitMetric("backstop_replays_waiting 0")
	if said := p.metrics(); strings.Contains(said, "backstop_replays_stopped") {
		t.Errorf("it is still named:\n%s", said)
	}
}

// stopReplays has a message wait for a server that failed too often.
func stopReplays(t *testing.T, path, failure, server string) {
	t.Helper()
	l, err := store.OpenLedger(t.Context(), path, store.LedgerOptions{Policy: incident.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	id, err := uuid.Parse(failure)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.AskReplay(t.Context(), history.ReplayWish{Failure: id, Server: server, By: "anna", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	try, _, err := l.MarkReplay(t.Context(), id, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	stopped := history.ReplayResult{State: history.ReplayWaiting, Error: "it refuses connections", Stop: "it failed 3 times in a row"}
	if err := l.SettleReplay(t.Context(), id, try, stopped); err != nil {
		t.Fatal(err)
	}
}

// The program dies while the server thinks: whether the message arrived, only a
// person can find out.
func TestAMessageThatWasBeingSentInACrashIsLeftToAPerson(t *testing.T) {
	t.Parallel()
	server := newShop(t)
	server.hangs = make(chan struct{})
	env := withShop(t, configured(t), server)
	p := spawn(t, env)
	hello := p.text(server, sim.Message{})
	who := p.person()
	who.await(soon, "/incidents/1", "1 message your server has not seen")
	path := who.get("/history?sid=" + hello.Params.Value("MessageSid")).link("/history/0")
	who.post(path+"/send", url.Values{"after": {"0"}}).shows("as admin asked")
	eventually(t, soon, "it is being sent", func() bool { return len(server.arrivals()) == 1 })
	p.awaitMetric("backstop_replays_waiting 1")
	p.kill()
	close(server.hangs)

	again := spawn(t, env)
	who = again.person()
	who.await(soon, path, "Nobody knows whether it arrived", "Backstop ended while it was being sent", "Send it again all the same")
	who.post("/incidents/1/send", url.Values{"back": {"yes"}}) // means those that nobody has asked for
	who.await(soon, "/incidents/1", "1 of which nobody knows whether they arrived")
	again.awaitMetric("backstop_replays_unknown 1")
	if got := server.arrivals(); len(got) != 1 {
		t.Fatalf("%d arrived", len(got))
	}
	who.post(path+"/send", url.Values{"after": {"5"}})
	who.await(soon, path, "Your server took it")
	if got := server.arrivals(); len(got) != 2 || got[0].idem != got[1].idem {
		t.Errorf("%d arrived, the second as another message", len(got))
	}
}
