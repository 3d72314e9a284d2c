package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// A message that is sent back to its server by a step of ours, and fails again
// there, is one message still.
func TestAMessageThatFailedTwiceIsSentOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	broken, arrived := true, map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path == "/healthz" {
			return
		}
		if err := r.ParseForm(); err != nil || broken {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		arrived[r.PostForm.Get("MessageSid")]++
		_, _ = io.WriteString(w, "<Response/>")
	}))
	t.Cleanup(server.Close)
	p := start(t, configured(t).withFile(t, `
primaries: [{url: "`+server.URL+`", probe: /healthz, allow_private: true}]
replay: {per_second: 20, allow_private: true}
recovery: [{name: again, steps: [{retry: {}}, {message: apology}]}]
`))
	who := p.person()
	who.await(2*soon, "/rules", "was good")
	result, err := p.twilio().Send(t.Context(), publicURL+"/fallback/messaging", sim.Message{ErrorCode: "11202", ErrorURL: server.URL + "/sms"})
	if err != nil || len(result.Exchanges) < 3 {
		t.Fatalf("the message did not fail twice: %v\n%s", err, result)
	}
	who.await(soon, "/incidents", "127.0.0.1")
	mu.Lock()
	broken = false
	mu.Unlock()
	eventually(t, 2*soon, "it arrives", func() bool {
		for _, number := range []string{"1", "2"} {
			who.post("/incidents/"+number+"/send", url.Values{"back": {"yes"}})
		}
		mu.Lock()
		defer mu.Unlock()
		return len(arrived) > 0
	})
	p.settle()
	mu.Lock()
	defer mu.Unlock()
	if len(arrived) != 1 || arrived[result.SID] != 1 {
		t.Errorf("arrived %v, want %s once", arrived, result.SID)
	}
}

func TestAStandbyBehindADialIsReached(t *testing.T) {
	t.Parallel()
	standby := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", twiml.ContentType)
		_, _ = io.WriteString(w, "<Response><Say>Standby at "+r.URL.Path+"</Say></Response>")
	}))
	t.Cleanup(standby.Close)
	for name, step := range map[string]string{"redirect": "{redirect: standby}", "failover": "{failover: standby}"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, configured(t).withFile(t, `
primaries: [https://primary.example.com]
targets: {standby: {url: "`+standby.URL+`{path}", probe: /healthz, allow_private: true}}
recovery: [{name: all, match: {channel: voice}, steps: [{dial: {to: ["+15551230001"]}}, `+step+`]}]
`))
			p.person().await(2*soon, "/rules", "was good")
			result, err := p.twilio().Place(t.Context(), publicURL+"/fallback/voice", sim.Call{ErrorURL: "https://primary.example.com/voice/menu"})
			if err != nil || !strings.Contains(strings.Join(result.Heard(), " "), "Standby at /voice/menu") {
				t.Errorf("%v: heard %q\n%s", err, result.Heard(), result)
			}
		})
	}
}

// Standbys that lead back to us, in whatever way: the call ends, and is spoken to.
func TestAStandbyThatLeadsBackToUsEnds(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]string{
		"the fallback":         "<Redirect>" + publicURL + "/fallback/voice</Redirect>",
		"the same by GET":      "<Redirect method=\"GET\">" + publicURL + "/fallback/voice</Redirect>",
		"an invented address":  "<Redirect>" + publicURL + "/fallback/voice/next/" + strings.Repeat("A", 60) + "</Redirect>",
		"the status callback":  "<Redirect>" + publicURL + "/fallback/voice/status</Redirect>",
		"nearly the fallback":  "<Redirect>" + publicURL + "/fallback/voice/</Redirect>",
		"that for messages":    "<Redirect>" + publicURL + "/fallback/messaging</Redirect>",
		"the address for both": "<Redirect>" + publicURL + "/fallback</Redirect>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			standby := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", twiml.ContentType)
				_, _ = fmt.Fprintf(w, "<Response><Say>Hi</Say>%s</Response>", to)
			}))
			t.Cleanup(standby.Close)
			p := start(t, configured(t).withFile(t, `
targets: {standby: {url: "`+standby.URL+`/voice", allow_private: true}}
recovery: [{name: all, steps: [{failover: standby}]}]
`))
			result, err := p.twilio().Place(t.Context(), publicURL+"/fallback/voice", sim.Call{})
			if err != nil || result.Ending == sim.TooLong || len(result.Exchanges) > 20 {
				t.Errorf("%v, ended by %q after %d requests", err, result.Ending, len(result.Exchanges))
			}
		})
	}
}

// Twilio's API sends a recording more slowly than a page may take.
func TestAVoicemailThatComesSlowlyIsHeardToItsEnd(t *testing.T) {
	t.Parallel()
	const seconds = 17 // a page has 15
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "audio/mpeg")
		w.Header().Set("Content-Length", strconv.Itoa(seconds*100))
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for range seconds {
			_, _ = io.WriteString(w, strings.Repeat("x", 100))
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
			}
		}
	}))
	t.Cleanup(api.Close)
	p := start(t, withPeople(t, configured(t), api.URL))
	result := p.call(sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.Busy(), sim.NoAnswer()}, Records: []sim.Recording{{Length: 12 * time.Second, EndedBy: "#"}}}})
	who := p.person()
	who.http.Timeout = time.Minute
	who.await(soon, "/history", "left a voicemail")
	address := "/history/" + failureID(result.First())
	listen := regexp.MustCompile(`/recordings/RE[0-9a-f]{32}`).FindString(who.get(address).source)
	if played := who.post(address+listen, url.Values{}); strings.Count(played.source, "x") < seconds*100 {
		t.Errorf("cut off after %d of %d bytes", len(played.source), seconds*100)
	}
}

// Somebody changes the rules while a telephone rings: whoever picks up is still
// asked, and a mailbox not connected.
func TestWhoeverPicksUpIsAskedThroughAReload(t *testing.T) {
	t.Parallel()
	env := withPeople(t, configured(t), newTwilioAPI(t).URL)
	p := spawn(t, env)
	first := p.call(sim.Call{Script: sim.Script{HangUpAfter: time.Second, Dials: []sim.DialOutcome{sim.NoAnswer()}}})
	address := regexp.MustCompile(`<Number url="([^"]+)"`).FindStringSubmatch(string(first.First().Body))[1]
	write(t, env["BACKSTOP_CONFIG"], strings.ReplaceAll(read(t, env["BACKSTOP_CONFIG"]), "{voicemail: {}}", "{callback: true}"))
	p.reload()
	answer := p.ask(p.request(address, sim.Call{
		AskedFirst: true, Situation: sim.MidCall,
		Changes: sim.Changes{Set: sim.Params{{Name: "Direction", Value: "outbound-dial"}}, Drop: []string{"Digits", "FinishedOnKey", "msg"}},
	}), twiml.Voice)
	if !strings.Contains(string(answer.Body), "<Gather") || !strings.Contains(string(answer.Body), "<Hangup/>") {
		t.Errorf("got %s", answer.Body)
	}
}
