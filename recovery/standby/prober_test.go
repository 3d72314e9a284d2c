package standby_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/recovery/standby"
)

// probing runs a Prober of c over these probes until the test ends.
func probing(t *testing.T, c *standby.Client, probes ...standby.Probe) *standby.Prober {
	t.Helper()
	p := standby.NewProber(c)
	p.Replace(probes)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return p
}

// probed is the target of that name with a probe, and the probe.
func probed(tb testing.TB, name string, every time.Duration) (*standby.Target, standby.Probe) {
	tb.Helper()
	one, err := standby.NewTarget(name, standby.Options{URL: "http://" + name + "/voice", Probe: "/healthz", ProbeEvery: every})
	if err != nil {
		tb.Fatal(err)
	}
	p, ok, err := one.NewProbe()
	if !ok || err != nil {
		tb.Fatal(ok, err)
	}
	return &one, p
}

func TestAServerIsUpOrDownAsItsLastProbeEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &fake{after: 10 * time.Millisecond}
		_, probe := probed(t, "standby", 15*time.Second)
		p := probing(t, standby.NewClient(standby.ClientOptions{Transport: network{"standby": server}}), probe)
		if h := p.Healths().Of("standby"); h.Verdict != standby.Unknown {
			t.Errorf("before the first probe: %+v", h)
		}
		began := time.Now()
		time.Sleep(2 * time.Second)
		up := p.Healths().Of("standby")
		if up.Verdict != standby.Up || up.Good != up.Probed || up.Since != up.Probed || up.Why != "" || up.Probed.Before(began) {
			t.Errorf("after the first: %+v", up)
		}
		server.become(0, syscall.ECONNREFUSED)
		time.Sleep(17 * time.Second)
		down := p.Healths().Of("standby")
		if down.Verdict != standby.Down || down.Good != up.Good || down.Since != down.Probed || down.Why != "it refuses connections" {
			t.Errorf("after one that was refused: %+v", down)
		}
		time.Sleep(17 * time.Second)
		if still := p.Healths().Of("standby"); still.Verdict != standby.Down || still.Since != down.Since || !still.Probed.After(down.Probed) {
			t.Errorf("after another: %+v", still)
		}
		if up.Verdict != standby.Up {
			t.Error("what was read has changed")
		}
		if h := p.Healths().Of("another"); h.Verdict != standby.Unknown {
			t.Errorf("of a server that nobody probes: %+v", h)
		}
	})
}

func TestAServerIsProbedAboutAsOftenAsConfiguredAndOnceAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now, most, asked atomic.Int64
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			asked.Add(1)
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			select {
			case <-time.After(time.Second):
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
			return nil, errors.New("strange")
		})
		_, first := probed(t, "standby", 5*time.Second)
		second := first
		second.Name = "the same server by another name"
		probing(t, standby.NewClient(standby.ClientOptions{Transport: transport}), first, second)
		time.Sleep(10 * time.Minute)
		if n := asked.Load(); n < 180 || n > 220 { // every 5 s and the second that it takes, twice
			t.Errorf("asked %d times in 10 minutes, want about 200", n)
		}
		if most.Load() != 1 {
			t.Errorf("%d probes at once", most.Load())
		}
	})
}

// roundTrip stands in for the network.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip asks the function.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAServerThatHangsDelaysNoOthersProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, hung := probed(t, "hung", 5*time.Second)
		_, live := probed(t, "live", 5*time.Second)
		p := probing(t, standby.NewClient(standby.ClientOptions{Transport: network{"hung": {after: never}, "live": {}}}), hung, live)
		time.Sleep(1100 * time.Millisecond)
		if h := p.Healths().Of("live"); h.Verdict != standby.Up {
			t.Errorf("the live one: %+v", h)
		}
		time.Sleep(3 * time.Second)
		if h := p.Healths().Of("hung"); h.Verdict != standby.Down || h.Why != "no answer in time (3s at most)" {
			t.Errorf("the one that hangs: %+v", h)
		}
	})
}

func TestAGoodProbeEndsTheRestOfABreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &fake{err: syscall.ECONNREFUSED}
		to, probe := probed(t, "standby", 5*time.Second)
		c := standby.NewClient(standby.ClientOptions{Transport: network{"standby": server}})
		p := probing(t, c, probe)
		for range 8 { // until it rests for a minute
			_, _, _ = served(t, c, 0, []*standby.Target{to})
			time.Sleep(time.Minute)
		}
		_, _, _ = served(t, c, 0, []*standby.Target{to})
		server.become(0, nil)
		time.Sleep(6 * time.Second)
		if h := p.Healths().Of("standby"); h.Verdict != standby.Up {
			t.Fatalf("it is %+v", h)
		}
		if from, _, tried := served(t, c, 0, []*standby.Target{to}); from != "standby" {
			t.Errorf("it is left alone 6 s after it works again: %q", tried)
		}
	})
}

func TestWhatIsKnownOutlivesAReloadThatLeavesAServerAsItIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, same := probed(t, "same", 10*time.Minute)
		_, other := probed(t, "other", 10*time.Minute)
		p := probing(t, standby.NewClient(standby.ClientOptions{Transport: network{"same": {}, "other": {}}}), same, other)
		time.Sleep(2 * time.Second)
		before := p.Healths()
		if before.Of("same").Verdict != standby.Up || before.Of("other").Verdict != standby.Up {
			t.Fatalf("got %+v", before)
		}
		_, again := probed(t, "same", time.Minute)
		other.URL = "http://other/another-path"
		p.Replace([]standby.Probe{again, other})
		if got := p.Healths().Of("same"); got != before.Of("same") {
			t.Errorf("got %+v, want %+v", got, before.Of("same"))
		}
		if got := p.Healths().Of("other"); got.Verdict != standby.Unknown {
			t.Errorf("one that is asked elsewhere is still %s", got.Verdict)
		}
		p.Replace(nil)
		if got := p.Healths().Of("same"); got.Verdict != standby.Unknown {
			t.Errorf("one that is probed no more is still %s", got.Verdict)
		}
	})
}

func TestWhatAServerAnswersIsGoodOrNot(t *testing.T) {
	t.Parallel()
	to := func(location string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/healthz" {
				w.Header().Set("Location", location)
				w.WriteHeader(http.StatusFound)
			}
		}
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		why    string // "" for a good one
	}{
		"nothing but 200":   {func(http.ResponseWriter, *http.Request) {}, ""},
		"204":               {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, ""},
		"more than is read": {flood, ""},
		"503":               {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "it answered 503"},
		"404":               {http.NotFound, "it answered 404"},
		"a way to itself":   {to("/other"), ""},
		"a way in circles":  {to("/healthz"), "it redirected more than once"},
		"a way elsewhere":   {to("https://login.example.com/"), "it redirected to another server"},
		"half of what it promised": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			_, _ = io.WriteString(w, "x")
		}, "it broke the connection off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			agents := make(chan string, 8)
			server := serving(t, func(w http.ResponseWriter, r *http.Request) {
				agents <- r.Method + " " + r.Header.Get("User-Agent")
				c.answer(w, r)
			})
			one := target(t, standby.Options{URL: server.URL, AllowPrivate: true, Probe: "/healthz"})
			probe, _, err := one.NewProbe()
			if err != nil {
				t.Fatal(err)
			}
			p := probing(t, standby.NewClient(standby.ClientOptions{}), probe)
			h := awaitProbe(t, p, "standby")
			if (h.Verdict == standby.Up) != (c.why == "") || h.Why != c.why {
				t.Errorf("got %s, %q, want %q", h.Verdict, h.Why, c.why)
			}
			if got := <-agents; got != "GET Backstop" {
				t.Errorf("asked by %s", got)
			}
		})
	}
}

// awaitProbe waits for the first probe of a server.
func awaitProbe(t *testing.T, p *standby.Prober, name string) standby.Health {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if h := p.Healths().Of(name); h.Verdict != standby.Unknown {
			return h
		}
	}
	t.Fatal("it is not probed")
	return standby.Health{}
}

func TestAProbeIsNotLedIntoTheHouse(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := serving(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	inside, ok, err := standby.PrimaryProbe(server.URL, standby.ProbeOptions{URL: "/healthz"})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	p := probing(t, standby.NewClient(standby.ClientOptions{}), inside)
	if h := awaitProbe(t, p, server.URL); h.Verdict != standby.Down || !strings.Contains(h.Why, "private address") || asked.Load() > 0 {
		t.Errorf("got %+v, asked %d times", h, asked.Load())
	}
	meant, _, _ := standby.PrimaryProbe(server.URL, standby.ProbeOptions{URL: "/healthz", AllowPrivate: true})
	p.Replace([]standby.Probe{meant})
	if h := awaitProbe(t, p, server.URL); h.Verdict != standby.Up {
		t.Errorf("where that is meant: %+v", h)
	}
}

func TestAProbeIsOnItsServer(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{ // what is asked, or why it is refused
		"/healthz":                           "https://standby.example.com/healthz",
		"/healthz?deep=1":                    "https://standby.example.com/healthz?deep=1",
		"https://standby.example.com/x":      "https://standby.example.com/x",
		"https://Standby.example.com:443/x":  "https://Standby.example.com:443/x",
		"http://standby.example.com/x":       "is on another server",
		"https://standby.example.com:8443/x": "is on another server",
		"https://evil.example/x":             "is on another server",
		"https://u@standby.example.com/x":    "is on another server",
		"//evil.example/x":                   "is no plain path",
		"/../x":                              "is no plain path",
		"/x#y":                               "is no plain path",
		"healthz":                            "is neither a path nor a URL",
		"/a b":                               "is neither a path nor a URL",
		"":                                   "",
	} {
		one := target(t, standby.Options{URL: "https://standby.example.com{path}", Probe: written})
		p, ok, err := one.NewProbe()
		switch {
		case err != nil && !strings.Contains(err.Error(), want), err == nil && p.URL != want, ok != strings.HasPrefix(want, "http"):
			t.Errorf("%q: got %q, %v, %v; want %q", written, p.URL, ok, err, want)
		case ok && (p.Every != 15*time.Second || p.Name != "standby"):
			t.Errorf("%q: %s every %s", written, p.Name, p.Every)
		}
	}
}
