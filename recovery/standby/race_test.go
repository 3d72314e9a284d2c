package standby_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/recovery/standby"
)

// network stands in for the network: what each server does, by its host.
type network map[string]*fake

// fake answers after a time, with good where it has nothing else to do.
type fake struct {
	mu    sync.Mutex
	after time.Duration
	err   error
	asked atomic.Int64
	left  atomic.Int64 // askers who stopped waiting
}

// become has the server do that from now on.
func (f *fake) become(after time.Duration, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.after, f.err = after, err
}

func (f *fake) does() (after time.Duration, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.after, f.err
}

// RoundTrip takes as long as the server of that name.
func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	f := n[r.URL.Host]
	f.asked.Add(1)
	after, err := f.does()
	select {
	case <-time.After(after):
	case <-r.Context().Done():
		f.left.Add(1)
		return nil, r.Context().Err()
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(good)), Request: r}, nil
}

// never is longer than anybody waits.
const never = time.Hour

// named are targets on servers of these names.
func named(tb testing.TB, names ...string) (targets []*standby.Target) {
	tb.Helper()
	for _, name := range names {
		one, err := standby.NewTarget(name, standby.Options{URL: "http://" + name + "/voice"})
		if err != nil {
			tb.Fatal(err)
		}
		targets = append(targets, &one)
	}
	return targets
}

// served asks those targets and says who served, after how long, and why not the
// others.
func served(t *testing.T, c *standby.Client, hedge time.Duration, targets []*standby.Target) (from string, took time.Duration, tried []string) {
	t.Helper()
	began := time.Now()
	found := c.ServeFirst(t.Context(), targets, hedge, question("POST"), nil)
	if found.By == nil {
		return "", time.Since(began), found.Tried
	}
	if !strings.Contains(string(found.Document), `action="http://`+found.By.Name+`/menu"`) {
		t.Errorf("%s serves %s", found.By.Name, found.Document)
	}
	return found.By.Name, time.Since(began), found.Tried
}

func TestTheFirstTargetThatAnswersServes(t *testing.T) {
	t.Parallel()
	const hedge = 300 * time.Millisecond
	refused := syscall.ECONNREFUSED
	for name, c := range map[string]struct {
		hedge   time.Duration
		servers []*fake // a, b, c
		from    string
		took    time.Duration
		tried   []string
		asked   []int64
	}{
		"the first, in time": {
			hedge, []*fake{{after: 200 * time.Millisecond}, {}}, "a", 200 * time.Millisecond, nil, []int64{1, 0},
		},
		"the first, though the second was asked, too": {
			hedge, []*fake{{after: 400 * time.Millisecond}, {after: 200 * time.Millisecond}}, "a", 400 * time.Millisecond, nil, []int64{1, 1},
		},
		"the second, while the first hangs": {
			hedge,
			[]*fake{{after: never}, {after: 100 * time.Millisecond}},
			"b", 400 * time.Millisecond,
			[]string{"a: it had not answered when b did"},
			[]int64{1, 1},
		},
		"the second at once, where the first refuses": {
			hedge, []*fake{{err: refused}, {after: 100 * time.Millisecond}}, "b", 100 * time.Millisecond, []string{"a: it refuses connections"}, []int64{1, 1},
		},
		"the third, while both others hang": {
			hedge,
			[]*fake{{after: never}, {after: never}, {after: 100 * time.Millisecond}},
			"c", 700 * time.Millisecond,
			[]string{"a: it had not answered when c did", "b: it had not answered when c did"},
			[]int64{1, 1, 1},
		},
		"the third at once, where the second fails while the first hangs": {
			hedge,
			[]*fake{{after: never}, {after: 50 * time.Millisecond, err: refused}, {after: 100 * time.Millisecond}},
			"c", 450 * time.Millisecond,
			[]string{"a: it had not answered when c did", "b: it refuses connections"},
			[]int64{1, 1, 1},
		},
		"the first, behind a second that failed": {
			hedge,
			[]*fake{{after: 500 * time.Millisecond}, {err: refused}, {after: never}},
			"a", 500 * time.Millisecond,
			[]string{"b: it refuses connections"},
			[]int64{1, 1, 1},
		},
		"none": {
			hedge,
			[]*fake{{after: never}, {err: refused}},
			"", 3 * time.Second,
			[]string{"a: no answer in time (3s at most)", "b: it refuses connections"},
			[]int64{1, 1},
		},
		"one after the other, where nobody hedges": {
			0,
			[]*fake{{after: never}, {after: 100 * time.Millisecond}},
			"b", 3100 * time.Millisecond,
			[]string{"a: no answer in time (3s at most)"},
			[]int64{1, 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				names := []string{"a", "b", "c"}[:len(c.servers)]
				n := network{}
				for i, server := range names {
					n[server] = c.servers[i]
				}
				from, took, tried := served(t, standby.NewClient(standby.ClientOptions{Transport: n}), c.hedge, named(t, names...))
				if from != c.from || took != c.took {
					t.Errorf("served by %q after %s, want %q after %s", from, took, c.from, c.took)
				}
				if diff := cmp.Diff(c.tried, tried); diff != "" {
					t.Errorf("tried: %s", diff)
				}
				synctest.Wait()
				for i, server := range names {
					if got := n[server].asked.Load(); got != c.asked[i] {
						t.Errorf("%s was asked %d times, want %d", server, got, c.asked[i])
					}
				}
			})
		})
	}
}

func TestWhoLosesIsCancelledAndLearnsNothingOfIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := &fake{after: 400 * time.Millisecond}
		c := standby.NewClient(standby.ClientOptions{Transport: network{"a": {after: 350 * time.Millisecond}, "b": slow}})
		targets := named(t, "a", "b")
		for range 10 {
			if from, _, _ := served(t, c, 300*time.Millisecond, targets); from != "a" {
				t.Fatalf("served by %q", from)
			}
		}
		synctest.Wait()
		if slow.left.Load() != 10 {
			t.Errorf("%d of 10 were cancelled", slow.left.Load())
		}
		if why, broken := c.Broken(targets[1]); broken {
			t.Errorf("the one that lost ten times is left alone: %s", why)
		}
	})
}

// Who hangs is cancelled before its time is up, so that it never fails. Callers
// must not wait for it each time all the same.
func TestATargetThatHangsCostsThreeCallersTheHedge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const hedge, quick = 300 * time.Millisecond, 20 * time.Millisecond
		hung := &fake{after: never}
		c := standby.NewClient(standby.ClientOptions{Transport: network{"a": hung, "b": {after: quick}}})
		targets := named(t, "a", "b")
		var took []time.Duration
		for range 6 {
			from, after, tried := served(t, c, hedge, targets)
			if from != "b" || len(tried) != 1 {
				t.Fatalf("served by %q, tried %q", from, tried)
			}
			took = append(took, after)
		}
		if want := []time.Duration{hedge + quick, hedge + quick, hedge + quick, quick, quick, quick}; !slices.Equal(took, want) {
			t.Errorf("callers waited %v, want %v", took, want)
		}
		time.Sleep(time.Minute)
		if _, after, _ := served(t, c, hedge, targets); after != hedge+quick {
			t.Errorf("a minute later somebody waited %s: it should have its chance", after)
		}
		if _, after, _ := served(t, c, hedge, targets); after != quick {
			t.Errorf("and the next one waited %s", after)
		}
		hung.become(quick/2, nil)
		if from, _, _ := served(t, c, hedge, targets); from != "a" {
			t.Errorf("served by %q when the first works again", from)
		}
		hung.become(quick+hedge/2, nil)
		if from, _, _ := served(t, c, hedge, targets); from != "a" {
			t.Errorf("served by %q: one that works again has its time again", from)
		}
	})
}

func TestOneThatIsOnlyTriedKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := standby.NewClient(standby.ClientOptions{Transport: network{"a": {after: never}, "b": {}}})
		targets := named(t, "a", "b")
		for range 3 {
			_, _, _ = served(t, c, 0, targets)
		}
		if _, broken := c.Broken(targets[0]); !broken {
			t.Fatal("it is not left alone")
		}
		time.Sleep(time.Minute)
		if from, took, _ := served(t, c, 300*time.Millisecond, targets); from != "b" || took != 0 {
			t.Errorf("served by %q after %s, want b at once", from, took)
		}
	})
}

func TestAllTogetherEndWithTheTimeThatThereIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := standby.NewClient(standby.ClientOptions{Transport: network{"a": {after: never}, "b": {after: never}, "c": {after: never}}})
		ctx, cancel := contextFor(t, 4*time.Second)
		defer cancel()
		found := c.ServeFirst(ctx, named(t, "a", "b", "c"), 0, question("POST"), nil)
		want := []string{"a: no answer in time (3s at most)", "b: no answer in time (3s at most)", "c: no time was left for it"}
		if found.By != nil || !slices.Equal(found.Tried, want) {
			t.Errorf("got %v, %q", found.By, found.Tried)
		}
	})
}

func TestABugInAskingIsNobodysEnd(t *testing.T) {
	t.Parallel()
	c := standby.NewClient(standby.ClientOptions{Transport: network{"b": {}}})
	q := question("POST")
	sign := q.Sign
	q.Sign = func(url string, form []standby.Param) (string, bool) {
		if strings.HasPrefix(url, "http://a/") {
			panic(errors.New("a bug"))
		}
		return sign(url, form)
	}
	found := c.ServeFirst(t.Context(), named(t, "a", "b"), 0, q, nil)
	if found.By == nil || found.By.Name != "b" || len(found.Tried) != 1 || !strings.Contains(found.Tried[0], "a bug") {
		t.Errorf("got %v, %q", found.By, found.Tried)
	}
}
