package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

func TestTheHeartbeatGoesOutOnlyBehindACheckThatWentWell(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	var h health
	for i, step := range []struct {
		ok   bool
		ping bool
		told string
	}{
		{true, true, ""},
		{false, false, ""}, // one alone may be a storm's
		{true, true, ""},
		{false, false, ""},
		{false, false, "Backstop's check of itself fails: failures do not reach the history"},
		{false, false, ""}, // once until it is over
		{true, true, "Backstop's check of itself goes well again"},
		{true, true, ""},
	} {
		f := flaw{}
		if !step.ok {
			f = flaw{stageLedger, "the disk is full"}
		}
		next, alerts, ping := h.checked(f, step.ok, now)
		told := ""
		if len(alerts) > 0 {
			told = alerts[0].Title
		}
		if ping != step.ping || told != step.told {
			t.Errorf("step %d: pinged %t, told %q, want %t, %q", i, ping, told, step.ping, step.told)
		}
		h = next
	}
}

func TestAHeartbeatThatDoesNotArriveIsToldOnce(t *testing.T) {
	t.Parallel()
	var h health
	var told []string
	for i := range 12 {
		var err error
		if i < 10 {
			err = errors.New("it answers 404 Not Found")
		}
		next, alerts := h.beaten(err, time.Now())
		for _, a := range alerts {
			told = append(told, a.Title)
		}
		h = next
	}
	if want := []string{"The heartbeat does not arrive", "The heartbeat arrives again"}; !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
}

// running is a Backstop inside this process whose parts can be asked.
func running(t *testing.T, env settings) *app {
	t.Helper()
	c, err := config.Load(func(name string) string { return env[name] }, env["BACKSTOP_CONFIG"])
	if err != nil {
		t.Fatal(err)
	}
	a, err := newApp(c, &world{getenv: func(name string) string { return env[name] }, stdout: &output{}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- a.run(ctx, nil) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	eventually(t, soon, "it runs", func() bool {
		_, err := a.slot.ledger()
		return err == nil && a.heart.here.Load() != nil
	})
	return a
}

func TestEachStageThatIsBrokenStopsTheHeartbeat(t *testing.T) {
	t.Parallel()
	a := running(t, configured(t))
	good := selfCheck{
		base: *a.heart.here.Load(), key: a.secrets.drillKey, pulse: a.slot.Pulse, queues: a.queuesNow, now: time.Now, fed: checkFed,
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	empty := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(empty.Close)
	unwritten := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Backstop-Failure", "00000000-0000-7000-8000-000000000000; written=no")
		_, _ = w.Write([]byte("<Response/>"))
	}))
	t.Cleanup(unwritten.Close)
	queues := func(list ...incident.Queue) func(*selfCheck) {
		return func(c *selfCheck) {
			c.queues = func(context.Context) ([]incident.Queue, error) { return list, nil }
		}
	}
	late := time.Now().Add(-time.Hour)
	for claim, test := range map[string]struct {
		breaks func(*selfCheck)
		stage  string
		why    string
	}{
		"nothing is broken":         {func(*selfCheck) {}, "", ""},
		"nobody listens":            {func(c *selfCheck) { c.base = gone.URL }, stageAnswer, "comes to nothing"},
		"what answers is no TwiML":  {func(c *selfCheck) { c.base = empty.URL }, stageAnswer, "is no TwiML"},
		"another key":               {func(c *selfCheck) { c.key = "another" }, stageAnswer, "drill key"},
		"the journal takes nothing": {func(c *selfCheck) { c.base, c.fed = unwritten.URL, time.Second }, stageJournal, "without being written"},
		"the ledger is behind": {func(c *selfCheck) {
			c.pulse, c.fed = func(context.Context) (string, error) { return "an older one", nil }, time.Second
		}, stageLedger, "is not in the ledger after 1s"},
		"the ledger is away": {func(c *selfCheck) {
			c.pulse, c.fed = func(context.Context) (string, error) { return "", errors.New("disk full") }, time.Second
		}, stageLedger, "disk full"},
		"an attempt hangs":           {queues(incident.Queue{Notifier: "mail", Since: late}, incident.Queue{Notifier: "chat"}), stageOutbox, "what waits for mail is not being sent"},
		"no notifier works":          {queues(incident.Queue{Notifier: "mail", Since: late, Failing: true, LastError: "refused"}), stageOutbox, "no notifier works: mail says: refused"},
		"one of two notifiers works": {queues(incident.Queue{Notifier: "mail", Since: late, Failing: true}, incident.Queue{Notifier: "chat"}), "", ""},
		"nobody looks into the outbox": {func(c *selfCheck) {
			c.queues = func(context.Context) ([]incident.Queue, error) { return nil, errors.New("away") }
		}, stageOutbox, "away"},
	} {
		c := good
		test.breaks(&c)
		f, ok := c.run(t.Context())
		if ok != (test.stage == "") || f.stage != test.stage || !strings.Contains(f.why, test.why) {
			t.Errorf("%s: got %+v, %t", claim, f, ok)
		}
	}
}

func TestTheHeartbeatIsSeenByItsServiceAndByNobodyElse(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var answer atomic.Int64
	answer.Store(http.StatusOK)
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another host is asked") }))
	t.Cleanup(stranger.Close)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/secret-path" {
			t.Errorf("got %s %s", r.Method, r.URL)
		}
		asked.Add(1)
		w.Header().Set("Location", stranger.URL)
		w.WriteHeader(int(answer.Load()))
	}))
	t.Cleanup(service.Close)
	a := running(t, configured(t))
	address := service.URL + "/secret-path"
	for range 3 {
		a.beatOnce(t.Context(), address)
	}
	if asked.Load() != 3 || a.heart.ill() || len(a.heart.notices()) != 0 {
		t.Fatalf("the service was asked %d times; %+v", asked.Load(), a.heart.notices())
	}
	page, err := a.slot.Failures(t.Context(), history.Query{Drills: true})
	if err != nil || len(page.Rows) != 0 {
		t.Errorf("the history has %d rows of it, %v", len(page.Rows), err)
	}
	answer.Store(http.StatusFound)
	a.beatOnce(t.Context(), address)
	if n := a.heart.notices(); len(n) != 1 || !strings.Contains(n[0].Detail, "it answers 302 Found") {
		t.Errorf("got %+v", n)
	}
	service.Close()
	a.beatOnce(t.Context(), address)
	if n := a.heart.notices(); len(n) != 1 || !strings.Contains(n[0].Detail, "connection refused") || strings.Contains(n[0].Detail, "secret-path") {
		t.Errorf("got %+v", n)
	}
	a.heart.here.Store(new(stranger.URL + "0")) // nobody listens
	before := asked.Load()
	a.beatOnce(t.Context(), address)
	if !a.heart.ill() || asked.Load() != before || !slices.Contains(a.degraded(), "check of itself") {
		t.Errorf("it beats though it does not answer: %v", a.degraded())
	}
}
