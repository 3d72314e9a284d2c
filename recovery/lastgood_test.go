package recovery_test

import (
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio"
)

// remembering is a client that keeps what was good.
func remembering(t *testing.T) (*standby.Client, *standby.LastGood) {
	t.Helper()
	l := standby.NewLastGood(standby.LastGoodOptions{Path: filepath.Join(t.TempDir(), "lastgood.json"), Log: slog.New(slog.DiscardHandler)})
	return standby.NewClient(standby.ClientOptions{LastGood: l}), l
}

// lastGoodRules ask that server, and then for what was good.
func lastGoodRules(t *testing.T, url string) recovery.Rules {
	t.Helper()
	return rules(t, recovery.Options{
		Primaries: []string{"https://www.example.com"},
		Targets:   map[string]standby.Options{"standby": {URL: url + "{path}", AllowPrivate: true, RepeatOK: true}},
		Rules:     []recovery.RuleOptions{{Steps: []recovery.StepOptions{{Failover: []string{"standby"}}, {LastGood: true}, {Message: true}}}},
	})
}

// now is a failure that came in just now, for what is kept carries the real time.
func now(f incident.Failure) incident.Failure {
	f.ReceivedAt = time.Now()
	return f
}

func TestWhatWasGoodIsServedWhenNobodyElseIs(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, strings.Replace(hello, "Welcome", "Welcome at "+r.URL.Path, 1))
	})
	client, _ := remembering(t)
	answers, r := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent(), Standbys: client}), lastGoodRules(t, server.URL)
	answer := func(f incident.Failure) incident.Answer {
		q := request(t, now(f))
		_, a := answers.Answer(t.Context(), q, recovery.Decide(q.Failure, r, recovery.State{}))
		return a
	}
	_ = answer(failed(failedURL))
	_ = answer(failed("https://www.example.com/digits", "Digits", "1", "CallStatus", "in-progress"))
	_ = answer(failed("https://www.example.com/spoken", "SpeechResult", "hello"))
	_ = answer(failed("https://www.example.com/recorded", "RecordingUrl", "https://x"))
	_ = answer(failed("https://www.example.com/dialled", "DialCallStatus", "no-answer"))
	_ = answer(failed("https://www.example.com/queued", "QueueResult", "leave"))
	_ = answer(failed("https://www.example.com/going", "CallStatus", "in-progress"))
	_ = answer(call("ErrorUrl", "https://www.example.com/ours", "Direction", "outbound-api"))
	drill := failed("https://www.example.com/drill")
	drill.Drill = true
	_ = answer(drill)
	down.Store(true)
	a := answer(failed(failedURL))
	if a.Step != "last good" || a.Outcome != incident.Saved || !strings.Contains(string(a.Document), "Welcome at /voice/menu") || !strings.Contains(string(a.Document), server.URL+"/voice/next") {
		t.Errorf("got %+v, %s", a, a.Document)
	}
	if !strings.HasPrefix(a.Why, "standby: it answered 502; kept ") || !strings.HasSuffix(a.Why, " s before") {
		t.Errorf("why: %q", a.Why)
	}
	for name, c := range map[string]struct {
		failure incident.Failure
		why     string // "" where it is served
	}{
		"the same path with another query": {failed("https://www.example.com/voice/menu?other=1"), ""},
		"in the middle of a call":          {failed(failedURL, "CallStatus", "in-progress", "Digits", "1"), ""},
		"another path":                     {failed("https://www.example.com/voice"), "last good: nothing kept for this path"},
		"a message":                        {text("11200"), "last good: nothing is to be said"},
		"what followed on keys":            {failed("https://www.example.com/digits"), "last good: nothing kept for this path"},
		"what followed on words":           {failed("https://www.example.com/spoken"), "last good: nothing kept for this path"},
		"what followed on a recording":     {failed("https://www.example.com/recorded"), "last good: nothing kept for this path"},
		"what followed on a dial":          {failed("https://www.example.com/dialled"), "last good: nothing kept for this path"},
		"what followed on a queue":         {failed("https://www.example.com/queued"), "last good: nothing kept for this path"},
		"what was said later in a call":    {failed("https://www.example.com/going"), "last good: nothing kept for this path"},
		"what was said to whom we called":  {failed("https://www.example.com/ours"), "last good: nothing kept for this path"},
		"what a drill was told":            {failed("https://www.example.com/drill"), "last good: nothing kept for this path"},
		"an address that is not ours":      {failed("https://evil.example/voice/menu"), "last good: the ErrorUrl is on none of the primaries"},
		"who waits in a queue":             {failed(failedURL, "QueuePosition", "2", "CurrentQueueSize", "3"), "last good: it is for people who call or write to be served"},
		"who has been served":              {failed(failedURL, "DialCallStatus", "completed"), "last good: it is for people who call or write to be served"},
	} {
		a := answer(c.failure)
		if served := a.Step == "last good"; served != (c.why == "") || !strings.Contains(a.Why, c.why) {
			t.Errorf("%s: got %q, %q; want %q", name, a.Step, a.Why, c.why)
		}
		c.failure.ReceivedAt = time.Now().AddDate(0, 0, 30) // another hour is asked about, and what is kept is looked at now
		said := strings.Join(r.Explain(c.failure, client, recovery.State{}, time.Now()).Steps, "\n")
		want := "Serves the last good answer for this path, kept "
		if c.why != "" {
			want = "Serves no " + strings.Replace(c.why, ":", " answer:", 1) + "."
		}
		if !strings.Contains(said, want) {
			t.Errorf("%s: it is explained as %q, want %q", name, said, want)
		}
	}
}

func TestAMessageIsAnsweredAsTheLastOneToo(t *testing.T) {
	t.Parallel()
	client, l := remembering(t)
	l.Keep(false, failedURL, []byte("<Response><Message>We are on our way</Message></Response>"))
	q := request(t, now(message(noon(), "+4917100000", "Hello", "ErrorUrl", failedURL)))
	dead := newServer(t, serves(""))
	dead.Close()
	_, a := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent(), Standbys: client}).Answer(t.Context(), q, recovery.Decide(q.Failure, lastGoodRules(t, dead.URL), recovery.State{}))
	if a.Step != "last good" || !strings.Contains(string(a.Document), "on our way") {
		t.Errorf("got %+v", a)
	}
}

func TestWhatIsTooOldIsNotServed(t *testing.T) {
	t.Parallel()
	client, l := remembering(t)
	l.Keep(true, failedURL, []byte(hello))
	for days, want := range map[time.Duration]string{6: "last good", 8: "message"} {
		f := failed(failedURL)
		f.ReceivedAt = time.Now().Add(days * 24 * time.Hour)
		r := rules(t, recovery.Options{Primaries: []string{"https://www.example.com"}, Rules: []recovery.RuleOptions{{Steps: []recovery.StepOptions{{LastGood: true}}}}})
		_, a := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent(), Standbys: client}).Answer(t.Context(), request(t, f), recovery.Decide(f, r, recovery.State{}))
		if a.Step != want || want == "message" && !strings.Contains(a.Why, "last good: what is kept for this path is older than 7 days") {
			t.Errorf("after %d days: got %q, %q", days, a.Step, a.Why)
		}
	}
}

func TestNothingIsKeptUnlessARuleServesIt(t *testing.T) {
	t.Parallel()
	live := newServer(t, serves(hello))
	client, l := remembering(t)
	q := request(t, failed(failedURL))
	r := standbys(t, 3*time.Second, map[string]*server{"standby": live}, "standby")
	_, a := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent(), Standbys: client}).Answer(t.Context(), q, recovery.Decide(q.Failure, r, recovery.State{}))
	if _, _, kept := l.Find(true, failedURL); a.Outcome != incident.Saved || kept {
		t.Errorf("got %+v; kept: %v", a, kept)
	}
}

func TestWhatWasGoodAloneCoversNoLine(t *testing.T) {
	t.Parallel()
	r := rules(t, recovery.Options{
		Lines: []recovery.Line{{Match: "+4930123456"}},
		Rules: []recovery.RuleOptions{{Steps: []recovery.StepOptions{{LastGood: true}}}},
	})
	if got := r.Uncovered(twilio.Account{SID: account}); len(got) != 1 {
		t.Errorf("got %q: there may be nothing that was good", got)
	}
	if got := r.Summaries(); len(got) != 1 || !strings.Contains(got[0], "serves the last good answer for that path, then says the apology") {
		t.Errorf("got %q", got)
	}
}
