package hook_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/backstop-project/backstop/handlers/hook"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// dialRules ring two people, and then try whatever else keeps a caller on the line.
func dialRules(tb testing.TB, name string) recovery.Rules {
	tb.Helper()
	answers, err := templates.NewAnswers(templates.AnswerOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	r, err := recovery.NewRules(recovery.Options{
		Rules: []recovery.RuleOptions{{Name: name, Steps: []recovery.StepOptions{
			{Dial: &recovery.DialOptions{To: []string{"+15551230001", "+15551230002"}}}, {Enqueue: &recovery.EnqueueOptions{Queue: "q"}}, {Voicemail: &recovery.VoicemailOptions{Transcribe: true}}, {Callback: true},
		}}},
		Limits: recovery.LimitOptions{DialsPerHour: 1_000_000, CallsPerCaller: 1_000_000},
	}, answers.Knows)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// Under the race detector, and with whatever order of requests comes of it.
func TestFollowUpsReloadsAndFailuresAtOnce(t *testing.T) {
	r := newRig(t, func(s *hook.Settings) { s.Rules = dialRules(t, "a") })
	first := r.ask(r.call("/fallback/voice", sim.Call{}))
	action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(string(first.Body))[1]
	screen := regexp.MustCompile(`<Number url="([^"]+)"`).FindStringSubmatch(string(first.Body))[1]
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 150 {
				path := []string{action, screen, strings.Replace(action, "dialled", "wait", 1), "/fallback/voice", "/fallback/voice/status"}[(g+i)%5]
				q, err := sim.Call{AskedFirst: i%2 == 0, Situation: sim.Situation(i % 6), Changes: sim.Changes{Set: sim.Params{{Name: "DialCallStatus", Value: []string{"no-answer", "completed", "busy", ""}[i%4]}, {Name: "X", Value: fmt.Sprint(g, i/4)}}}}.Request(r.client.Account, r.server.URL+path)
				if err != nil {
					t.Error(err)
				}
				e := r.client.Do(t.Context(), q)
				if e.Err != nil || e.Status == 200 && twiml.Check(e.Body, twiml.Voice).Err() != nil {
					t.Errorf("%s: %v %s", path, e.Err, e.Body)
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 30 {
			s := r.settings(token)
			s.Rules = dialRules(t, strconv.Itoa(i%2))
			r.hook.Replace(s)
		}
	})
	wg.Wait()
}

// Twilio has the address in another way of writing: signed so, and its follow-ups fail there.
func TestAFollowUpThatFailsIsKnownAsOursHoweverItsAddressIsWritten(t *testing.T) {
	for _, base := range []string{"https://fallback.example.com", "https://fallback.example.com:443"} {
		r := newRig(t, func(s *hook.Settings) {
			s.Public = public(t, "https://fallback.example.com")
			s.Rules = dialRules(t, "a")
		})
		ask := func(c sim.Call) sim.Exchange {
			q, err := c.Request(r.client.Account, base+"/fallback/voice")
			if err != nil {
				t.Fatal(err)
			}
			q.URL = r.server.URL + "/fallback/voice"
			return r.ask(q)
		}
		sid := sim.NewSID("CA")
		first := ask(sim.Call{SID: sid})
		action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(string(first.Body))
		if action == nil {
			t.Errorf("%s: not verified or not dialled: %s", base, first.Body)
			continue
		}
		second := ask(sim.Call{SID: sid, Situation: sim.MidCall, ErrorURL: base + action[1]})
		if !strings.Contains(string(second.Body), "<Enqueue") || !r.recorder.all()[1].Failure.Itself {
			t.Errorf("%s: want the next step, got %s", base, second.Body)
		}
	}
}

// Whoever is dialled must not be connected, and whoever waits not be kept, by an
// apology, even where nothing else can be said.
func TestAnApologyIsNoneWhereItWouldDoHarm(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(s *hook.Settings) { s.Rules = dialRules(t, "a") })
	for path, want := range map[string]string{
		"/fallback/voice/screen/x":  "<Hangup/>",
		"/fallback/voice/accept/x":  "<Hangup/>",
		"/fallback/voice/wait/x":    "<Leave/>",
		"/fallback/voice/dialled/x": "technical problem",
		"/fallback/voice/next/x":    "technical problem",
	} {
		signed := r.call(path, sim.Call{Situation: sim.MidCall, AskedFirst: true})
		forged := signed
		forged.Header = signed.Header.Clone()
		forged.Header.Set("X-Twilio-Signature", "AAAA")
		for name, request := range map[string]sim.Request{"signed, with a token of nobody's": signed, "not signed": forged} {
			if answer := r.ask(request); !strings.Contains(string(answer.Body), want) {
				t.Errorf("%s, %s: got %d %s, want %s", path, name, answer.Status, answer.Body, want)
			}
		}
	}
}
