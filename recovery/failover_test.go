package recovery_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// server answers with a document and counts.
type server struct {
	*httptest.Server
	asked atomic.Int64
}

func newServer(t *testing.T, h http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func serves(document string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, document) }
}

func hangs(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// standbys are rules that ask these servers, one after the other.
func standbys(tb testing.TB, timeout time.Duration, servers map[string]*server, names ...string) recovery.Rules {
	tb.Helper()
	o := recovery.Options{
		Primaries: []string{"https://www.example.com"}, Targets: map[string]standby.Options{},
		Lines: []recovery.Line{{Match: "*", Style: recovery.Style{Name: "Praxis"}}},
		Rules: []recovery.RuleOptions{{Name: "our server is down", Steps: []recovery.StepOptions{{Failover: names}, {Message: true}}}},
	}
	for name, s := range servers {
		o.Targets[name] = standby.Options{URL: s.URL + "{path}", AllowPrivate: true, Timeout: timeout}
	}
	return rules(tb, o)
}

func request(tb testing.TB, f incident.Failure) recovery.Request {
	tb.Helper()
	keys, err := twilio.NewKeys(twilio.KeyOptions{Accounts: []twilio.Account{{SID: account, Tokens: []string{"the-token"}}}})
	if err != nil {
		tb.Fatal(err)
	}
	return recovery.Request{Failure: f, Token: "once", Keys: keys, Match: twilio.Match{SID: account}}
}

const hello = `<Response><Gather action="next"><Say>Welcome</Say></Gather></Response>`

func TestAStandbyThatServesSavesTheCall(t *testing.T) {
	t.Parallel()
	var signature, path string
	live := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		signature, path = r.Header.Get("X-Twilio-Signature"), r.URL.Path
		_, _ = io.WriteString(w, hello)
	})
	r := standbys(t, 3*time.Second, map[string]*server{"standby": live}, "standby")
	q := request(t, failed(failedURL, "To", "+4930123456"))
	document, a := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent(), Standbys: standby.NewClient(standby.ClientOptions{})}).Answer(t.Context(), q, recovery.Decide(q.Failure, r, recovery.State{}))
	if !strings.Contains(string(document), `action="`+live.URL+`/voice/next"`) || string(a.Document) != string(document) {
		t.Errorf("got %s", document)
	}
	if a.Step != "failover standby" || a.Outcome != incident.Saved || a.Why != "" || a.Name != "Praxis" || a.Heard != "" {
		t.Errorf("got %+v", a)
	}
	if want, _ := q.Keys.Sign(q.Match, live.URL+"/voice/menu", withoutError(q.Params)); path != "/voice/menu" || signature != want {
		t.Errorf("asked for %s, signed %q, want %q", path, signature, want)
	}
}

func withoutError(params []incident.Param) (kept []incident.Param) {
	for _, p := range params {
		if !strings.HasPrefix(p.Name, "Error") {
			kept = append(kept, p)
		}
	}
	return kept
}

func TestWhereNoStandbyServesTheCallerHearsTheTextAndWhyIsSaid(t *testing.T) {
	t.Parallel()
	dead := newServer(t, serves(""))
	dead.Close()
	bad, live := newServer(t, serves("<html/>")), newServer(t, serves(hello))
	all := map[string]*server{"dead": dead, "bad": bad, "live": live}
	for name, c := range map[string]struct {
		names   []string
		failure incident.Failure
		step    string
		outcome incident.Outcome
		why     []string
	}{
		"the second serves":            {[]string{"dead", "live"}, failed(failedURL), "failover live", incident.Saved, []string{"dead: it refuses connections"}},
		"none serves":                  {[]string{"dead", "bad"}, failed(failedURL), "message", incident.Told, []string{"dead: it refuses connections; bad: its answer is no TwiML"}},
		"an address that is not ours":  {[]string{"live"}, failed("https://evil.example/x"), "message", incident.Told, []string{"live: takes the path of the ErrorUrl, which is on none of the primaries"}},
		"a call that had ended":        {[]string{"live"}, failed(failedURL, "CallStatus", "completed"), "failover live", incident.Saved, nil},
		"a call about to be connected": {[]string{"bad"}, failed(failedURL, "QueueSid", "QU1", "DequeingCallSid", callSID), "", incident.NotTold, []string{"bad: its answer is no TwiML", "nothing said"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := request(t, c.failure)
			document, a := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent(), Standbys: standby.NewClient(standby.ClientOptions{})}).
				Answer(t.Context(), q, recovery.Decide(q.Failure, standbys(t, 3*time.Second, all, c.names...), recovery.State{}))
			if a.Step != c.step || a.Outcome != c.outcome {
				t.Errorf("got %q, %v, want %q, %v", a.Step, a.Outcome, c.step, c.outcome)
			}
			for _, why := range c.why {
				if !strings.Contains(a.Why, why) {
					t.Errorf("why: got %q, want %q in it", a.Why, why)
				}
			}
			if err := twiml.Check(document, twiml.Voice).Err(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAllStandbysTogetherTakeNoLongerThanTheBudget(t *testing.T) {
	t.Parallel()
	hung := map[string]*server{"a": newServer(t, hangs), "b": newServer(t, hangs), "c": newServer(t, hangs)}
	q := request(t, failed(failedURL))
	began := time.Now()
	document, a := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent(), Standbys: standby.NewClient(standby.ClientOptions{})}).
		Answer(t.Context(), q, recovery.Decide(q.Failure, standbys(t, 3*time.Second, hung, "a", "b", "c"), recovery.State{}))
	if took := time.Since(began); took < recovery.Budget || took > 2*recovery.Budget {
		t.Errorf("it took %s, want %s", took, recovery.Budget)
	}
	if a.Step != "message" || len(document) == 0 || !strings.Contains(a.Why, "a: no answer in time (3s at most); b: no answer in time (3s at most); c: no time was left for it") {
		t.Errorf("got %+v", a)
	}
}

func TestAHedgedStepWaitsForNoTargetThatHangs(t *testing.T) {
	t.Parallel()
	all := map[string]*server{"hung": newServer(t, hangs), "live": newServer(t, serves(hello))}
	o := recovery.Options{
		Primaries: []string{"https://www.example.com"}, Targets: map[string]standby.Options{},
		Rules: []recovery.RuleOptions{{Steps: []recovery.StepOptions{{Failover: []string{"hung", "live"}, Hedge: 100 * time.Millisecond}}}},
	}
	for name, s := range all {
		o.Targets[name] = standby.Options{URL: s.URL + "{path}", AllowPrivate: true}
	}
	q := request(t, failed(failedURL))
	began := time.Now()
	_, a := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent(), Standbys: standby.NewClient(standby.ClientOptions{})}).Answer(t.Context(), q, recovery.Decide(q.Failure, rules(t, o), recovery.State{}))
	if took := time.Since(began); a.Step != "failover live" || a.Why != "hung: it had not answered when live did" || took > 2*time.Second {
		t.Errorf("got %q, %q after %s", a.Step, a.Why, took)
	}
}

func TestATargetThatFailsIsNotAskedForEveryCaller(t *testing.T) {
	t.Parallel()
	bad := newServer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	answers := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent(), Standbys: standby.NewClient(standby.ClientOptions{})})
	r := standbys(t, 3*time.Second, map[string]*server{"bad": bad}, "bad")
	var last incident.Answer
	for range 10 {
		q := request(t, failed(failedURL))
		_, last = answers.Answer(t.Context(), q, recovery.Decide(q.Failure, r, recovery.State{}))
	}
	if n := bad.asked.Load(); n != 3 || !strings.Contains(last.Why, "failed 3 times in a row") || !strings.Contains(last.Why, "answered 502") {
		t.Errorf("asked %d times, and says %q", n, last.Why)
	}
}

func TestWhoHangsUpSaysNothingAboutTheStandby(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{}, 5)
	slow := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		reached <- struct{}{}
		hangs(w, r)
	})
	answers := recovery.New(recovery.Parts{Texts: words(t), Recent: recovery.NewRecent(), Standbys: standby.NewClient(standby.ClientOptions{})})
	r := standbys(t, 3*time.Second, map[string]*server{"slow": slow}, "slow")
	for range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-reached; cancel() }()
		q := request(t, failed(failedURL))
		_, _ = answers.Answer(ctx, q, recovery.Decide(q.Failure, r, recovery.State{}))
	}
	if n := slow.asked.Load(); n != 5 {
		t.Errorf("asked %d times, want each time", n)
	}
}
