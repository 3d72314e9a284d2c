package intake_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
)

// probed is a ledger that knows incidents by their number.
type probed struct {
	mu     sync.Mutex
	open   map[int64]incident.Incident
	away   error // Unresolved says
	refuse map[int64]error
	panics bool
	found  []finding
}

type finding struct {
	id   int64
	at   time.Time
	what incident.Finding
}

func (l *probed) Unresolved(context.Context) ([]incident.Incident, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Values(l.open)), l.away
}

func (l *probed) Probed(_ context.Context, id int64, f incident.Finding) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.panics {
		panic("a bug")
	}
	l.found = append(l.found, finding{id, time.Now(), f})
	return 1, l.refuse[id]
}

// opens has an incident begin about that host.
func (l *probed) opens(id int64, host string) { l.is(id, host, incident.Open) }

func (l *probed) is(id int64, host string, state incident.State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if state == incident.Resolved {
		delete(l.open, id)
		return
	}
	l.open[id] = incident.Incident{ID: id, State: state, Cause: incident.Cause{Kind: incident.FetchLevel, Host: host}}
}

func (l *probed) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// of are the times since began at which something was found about an incident.
func (l *probed) of(id int64, began time.Time) (times []time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.found {
		if f.id == id {
			times = append(times, f.at.Sub(began))
		}
	}
	return times
}

// servers are primaries by their host; each look takes a while.
type servers struct {
	takes time.Duration

	mu     sync.Mutex
	gone   map[string]bool
	looks  []lookAt
	at     map[string]int // at once
	most   int            // all together
	twice  bool           // one server by two at once
	panics bool
}

type lookAt struct {
	server string
	at     time.Time
	within time.Duration
}

func (s *servers) About(in incident.Incident) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.HasPrefix(in.Cause.Host, "primary") || s.gone[in.Cause.Host] {
		return ""
	}
	return in.Cause.Host
}

func (s *servers) Examine(ctx context.Context, server string) (incident.Finding, bool) {
	began := time.Now()
	until, _ := ctx.Deadline()
	s.mu.Lock()
	s.looks = append(s.looks, lookAt{server, began, time.Until(until)})
	s.at[server]++
	s.twice = s.twice || s.at[server] > 1
	now, fails := 0, s.panics
	for _, n := range s.at {
		now += n
	}
	s.most = max(s.most, now)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.at[server]--
	}()
	if fails {
		panic("a bug")
	}
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return incident.Finding{At: began, Said: "connection refused"}, !s.gone[server]
}

func (s *servers) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// proving is a Proofs that runs until the test ends.
type proving struct {
	*intake.Proofs

	ledger  *probed
	servers *servers
	woken   chan struct{} // an element for each call of Alerts
	stop    func()
}

func prove(t *testing.T, takes time.Duration, before ...int64) *proving {
	t.Helper()
	p := &proving{
		ledger: &probed{open: map[int64]incident.Incident{}}, servers: &servers{takes: takes, gone: map[string]bool{}, at: map[string]int{}},
		woken: make(chan struct{}, 10_000),
	}
	for _, id := range before {
		p.ledger.opens(id, fmt.Sprintf("primary%d", id))
	}
	p.Proofs = intake.NewProofs(intake.ProofOptions{
		Ledger: func() (intake.ProofLedger, error) { return p.ledger, nil }, Primaries: p.servers,
		Alerts: func() { p.woken <- struct{}{} }, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = p.Run(ctx) })
	p.stop = func() { cancel(); running.Wait() }
	t.Cleanup(p.stop)
	synctest.Wait()
	return p
}

func TestAPrimaryIsLookedAtUntilNothingIsWrongWithIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := prove(t, 100*time.Millisecond)
		pass(time.Minute)
		began := time.Now()
		p.ledger.opens(1, "primary")
		p.Wake()
		pass(10*time.Minute + time.Second)
		open := p.ledger.of(1, began)
		if len(open) < 19 || len(open) > 23 || open[0] > 300*time.Millisecond {
			t.Errorf("looked at %v within 10 minutes, want at once and then about every 30 s", open)
		}
		for i := range open[1:] {
			if gap := open[i+1] - open[i]; gap < 27*time.Second || gap > 34*time.Second {
				t.Errorf("%s between two looks while it is open", gap)
			}
		}
		if n := len(p.woken); n != len(open) {
			t.Errorf("alerts were woken %d times for %d findings that made one", n, len(open))
		}
		p.ledger.is(1, "primary", incident.Quiet)
		pass(20 * time.Minute)
		quiet := len(p.ledger.of(1, began)) - len(open)
		if quiet < 8 || quiet > 12 {
			t.Errorf("looked at %d times within 20 minutes of quiet, want about every 2 minutes", quiet)
		}
		p.ledger.is(1, "primary", incident.Open)
		pass(time.Minute)
		if again := len(p.ledger.of(1, began)) - len(open) - quiet; again < 1 || again > 3 {
			t.Errorf("looked at %d times within a minute of being open again", again)
		}
		p.ledger.is(1, "primary", incident.Resolved)
		pass(15 * time.Second)
		n := len(p.ledger.of(1, began))
		pass(time.Hour)
		if late := len(p.ledger.of(1, began)) - n; late > 0 || p.servers.twice {
			t.Errorf("looked at %d times once it was resolved, by two at once: %t", late, p.servers.twice)
		}
	})
}

func TestIncidentsOfOneServerShareALook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := prove(t, time.Second)
		began := time.Now()
		p.ledger.opens(1, "primary")
		p.ledger.opens(2, "primary")
		p.Wake()
		pass(500 * time.Millisecond)
		p.ledger.opens(3, "primary") // while it goes on
		p.Wake()
		pass(15 * time.Second)
		for id := range int64(3) {
			if got := p.ledger.of(id+1, began); len(got) != 1 || got[0] > 1500*time.Millisecond {
				t.Errorf("incident %d was told at %v, want what one look found", id+1, got)
			}
		}
		if n := len(p.servers.looks); n != 1 {
			t.Errorf("looked %d times", n)
		}
		p.ledger.opens(4, "primary")
		p.Wake()
		pass(5 * time.Second)
		if len(p.ledger.of(1, began)) != 2 || len(p.ledger.of(4, began)) != 1 || p.servers.twice {
			t.Errorf("a later one: told at %v and %v", p.ledger.of(1, began), p.ledger.of(4, began))
		}
	})
}

func TestTheFirstAlertCanHaveWhatWasFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := prove(t, time.Hour) // it hangs
		pass(time.Minute)
		began := time.Now()
		p.ledger.opens(1, "primary")
		p.Wake()
		pass(time.Minute)
		if got := p.ledger.of(1, began); len(got) < 2 || got[0] > 1800*time.Millisecond || got[1] > 5*time.Second {
			t.Errorf("told at %v, want within 2 s, and once more after a whole look", got)
		}
		if cut, whole := p.ledger.found[0].what, p.ledger.found[1].what; !cut.Moot || whole.Moot {
			t.Errorf("found %+v, then %+v: a look that had no time proves nothing", cut, whole)
		}
		if first, next := p.servers.looks[0].within, p.servers.looks[1].within; first != 1500*time.Millisecond || next != 3*time.Second {
			t.Errorf("the first look had %s, the next %s", first, next)
		}
	})
}

func TestAfterARestartWhatIsNotResolvedIsLookedAt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := prove(t, time.Second, 1, 2)
		pass(5 * time.Second)
		if len(p.servers.looks) != 2 || p.servers.looks[0].within != 3*time.Second {
			t.Errorf("looked at %v, want both, at leisure: no alert waits", p.servers.looks)
		}
	})
}

func TestNobodyButAPrimaryIsLookedAt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := prove(t, time.Second)
		p.ledger.opens(1, "evil.example")
		p.ledger.opens(2, "")
		p.ledger.opens(3, "primary")
		p.Wake()
		pass(time.Second)
		p.servers.set(func() { p.servers.gone["primary"] = true }) // by a reload, while it is looked at
		pass(time.Hour)
		if len(p.servers.looks) != 1 || len(p.ledger.found) != 0 {
			t.Errorf("looked at %v, told %v", p.servers.looks, p.ledger.found)
		}
	})
}

func TestFewServersAreLookedAtAtOnceAndNewTroubleFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var before []int64
		for id := range int64(20) {
			before = append(before, id+1)
		}
		p := prove(t, time.Second, before...)
		p.ledger.opens(99, "primary new")
		p.Wake()
		pass(5 * time.Second)
		if p.servers.most != 8 || len(p.servers.looks) != 21 {
			t.Errorf("%d at once, %d in all", p.servers.most, len(p.servers.looks))
		}
		if at := slices.IndexFunc(p.servers.looks, func(l lookAt) bool { return l.server == "primary new" }); at < 8 || at > 15 {
			t.Errorf("the new one was number %d, and is to be among those who come next", at)
		}
	})
}

func TestOneThatHangsDelaysNobodyElsesLook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := prove(t, time.Hour, 1)
		pass(500 * time.Millisecond)
		p.servers.set(func() { p.servers.takes = 10 * time.Millisecond })
		began := time.Now()
		p.ledger.opens(2, "primary2")
		p.Wake()
		pass(time.Second)
		if got := p.ledger.of(2, began); len(got) != 1 || len(p.ledger.of(1, began)) != 0 {
			t.Errorf("told at %v beside one that hangs", got)
		}
	})
}

func TestWhileTheLedgerIsAwayNobodyIsLookedAt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := prove(t, time.Second, 1)
		pass(5 * time.Second)
		p.ledger.set(func() { p.ledger.away = errors.New("disk full") })
		p.Wake()
		pass(time.Hour)
		if n := len(p.servers.looks); n != 1 {
			t.Errorf("looked %d times", n-1)
		}
		p.ledger.set(func() { p.ledger.away = nil })
		pass(5 * time.Second)
		if n := len(p.servers.looks); n != 2 {
			t.Errorf("looked %d times once it was back", n-1)
		}
	})
}

func TestAFindingThatIsNotTakenKeepsNobodyElseFromTheirs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := prove(t, time.Second)
		p.ledger.refuse = map[int64]error{1: errors.New("busy")}
		began := time.Now()
		p.ledger.opens(1, "primary")
		p.ledger.opens(2, "primary")
		p.Wake()
		pass(10 * time.Second)
		if one, two := len(p.ledger.of(1, began)), len(p.ledger.of(2, began)); one != 1 || two != 1 {
			t.Errorf("told %d and %d times, want once each until the next look", one, two)
		}
	})
}

func TestABugInALookEndsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := prove(t, time.Second)
		p.servers.panics = true
		p.ledger.opens(1, "primary")
		p.Wake()
		pass(20 * time.Second)
		if n := len(p.servers.looks); n != 1 {
			t.Errorf("one that panics is looked at %d times within 20 s", n)
		}
		p.servers.set(func() { p.servers.panics = false })
		p.ledger.set(func() { p.ledger.panics = true })
		pass(time.Minute)
		p.ledger.set(func() { p.ledger.panics = false })
		pass(time.Minute)
		if len(p.ledger.found) == 0 {
			t.Error("nothing is found any more")
		}
	})
}

func TestStoppingWaitsForNoServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := prove(t, time.Hour, 1, 2, 3)
		pass(time.Second)
		began := time.Now()
		p.stop()
		if took := time.Since(began); took > 0 || len(p.ledger.found) != 0 {
			t.Errorf("it took %s, and %v was told of looks that were broken off", took, p.ledger.found)
		}
	})
}
