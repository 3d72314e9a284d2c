package main

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// TestAFaultAtEveryStepLosesNothing has the n-th step fail of whatever the program
// does with others, once and for a while, for every n there is: what SQLite does
// with the files of journal and ledger, what mail server, Slack and standby server
// are asked and answer, and looks at the clock.
func TestAFaultAtEveryStepLosesNothing(t *testing.T) {
	t.Parallel()
	env, lived := simulatedSettings(t), ramDisk(t)
	bubble(t, "the night before", func(t *testing.T, outside time.Time) {
		t.Helper()
		simulate(t, env, lived, 0, outside).goThrough(servers{"one.example.com", "two.example.com"}, "", ordeal{}, true)
	})
	for _, n := range []plot{
		{claim: "its first night", quiet: true},
		{claim: "the night after another one", lived: lived, later: 20 * time.Hour},
		{claim: "the night in which what is old is removed", lived: lived, later: 5 * 24 * time.Hour},
	} {
		t.Run(n.claim, func(t *testing.T) {
			t.Parallel()
			l := &faultLoop{t: t, env: env, plot: n, began: resident(t), sparse: 9}
			if torture() {
				l.sparse, l.whole = 0.002, true
			}
			l.run("", ordeal{})
			for _, name := range []string{journalFile, ledgerFile, "mail", "slack", "standby", "clock"} {
				l.through(name, l.taken[name])
			}
		})
	}
}

// plot is what a simulated program goes through.
type plot struct {
	claim string
	lived string        // a folder with the history of an earlier one; "" for none
	later time.Duration // than that began
	quiet bool          // it ends when everybody knows that it is quiet, else sooner
}

// ordeal is a mishap, and how it ends.
type ordeal struct {
	mishap
	restart bool // in the midst of it the program is ended, and started when it is over
}

// faultLoop goes through a night again and again, with a fault at another step each
// time.
type faultLoop struct {
	t     *testing.T
	env   settings
	plot  plot
	began int64 // bytes of memory

	sparse float64 // how many steps are passed over, of those that there were before
	whole  bool    // either way to go on is taken at each step, not one in turn

	runs  int
	taken map[string]int // steps of the last run
	met   bool           // the last run met its trouble
}

// through has the steps of one kind fail until a run has no such step any more.
// The further on in the night, the more of them are alike and are passed over.
func (l *faultLoop) through(name string, about int) {
	l.t.Helper()
	before := l.runs
	l.met = true
	for n, i := 1, 0; l.met && !l.t.Failed(); n, i = n+1+int(l.sparse*float64(n)), i+1 {
		odd := i%2 == 1
		if odd || l.whole {
			l.run(name, ordeal{mishap: mishap{step: n, other: i%4 < 2}})
		}
		if !odd || l.whole {
			l.run(name, ordeal{mishap: mishap{step: n, other: i%8 < 4, forever: true}, restart: i%4 < 2})
		}
	}
	count(l.t, "%s: %d runs, of about %d steps", name, l.runs-before, about)
}

// run goes through the night once.
func (l *faultLoop) run(name string, x ordeal) {
	l.t.Helper()
	l.runs++
	folder := ramDisk(l.t)
	if l.plot.lived != "" {
		if err := os.CopyFS(folder, os.DirFS(l.plot.lived)); err != nil {
			l.t.Fatal(err)
		}
	}
	bubble(l.t, fmt.Sprintf("%s, %s: %+v", l.plot.claim, name, x), func(t *testing.T, outside time.Time) {
		t.Helper()
		s := simulate(t, l.env, folder, l.plot.later, outside)
		s.goThrough(servers{"three.example.com", "four.example.com"}, name, x, l.plot.quiet)
		l.taken = map[string]int{}
		for name, c := range s.faults {
			l.taken[name] = c.taken()
		}
		l.met = name != "" && s.faults[name].failures() > 0
		s.judge(folder)
	})
	if err := os.RemoveAll(folder); err != nil {
		l.t.Error(err)
	}
	if grown := resident(l.t) - l.began; grown > mostGrowth {
		l.t.Fatalf("after %d runs there are %d MiB more in memory", l.runs, grown>>20)
	}
}

// Times of a night.
const (
	secondCall   = 20 * time.Second
	troubleFor   = 30 * time.Second
	settledAfter = 70 * time.Second // the first look at what is old is over by then
	toldAtMost   = 5 * time.Minute
	quietAtMost  = 15 * time.Minute // from the last failure on until everybody knows that it is quiet
)

// servers are those that fail, the second one after the ordeal.
type servers struct{ first, later string }

// goThrough has a call and a message fail, and later another call, lets an ordeal
// come and go, after which another server fails, and waits until everybody knows
// that both are quiet.
func (s *simulated) goThrough(failing servers, name string, x ordeal, quiet bool) {
	s.t.Helper()
	if name != "" {
		s.faults[name].fail(x.mishap)
	}
	s.start()
	s.call(failing.first)
	s.message(failing.first)
	time.Sleep(secondCall)
	s.call(failing.first)
	s.suffer(name, quiet)
	if x.restart {
		s.end()
	}
	s.heal()
	if x.restart {
		s.start()
	}
	s.await(time.Minute, "an answer says written=yes", func() bool { return s.call(failing.later) })
	s.await(toldAtMost, "people are told", func() bool { return s.told(failing.first) && s.told(failing.later) })
	if quiet {
		within := quietAtMost
		if name == "clock" { // a failure at a wrong time is hours away from the next one, as if that were usual
			within += incident.DefaultPolicy().QuietAtMost
		}
		s.await(within, "people are told that it is quiet", func() bool {
			return s.told("No failure since", failing.later) && (x.restart || s.told("No failure since", failing.first)) // what was in memory only ended with it
		})
	}
	time.Sleep(settledAfter)
	if code := s.end(); code != 0 {
		s.t.Errorf("it ends with %d", code)
	}
}

// suffer waits until the trouble has come and lasted, or for a whole night where it
// does not come.
func (s *simulated) suffer(name string, quiet bool) {
	if name == "" {
		return
	}
	within := troubleFor
	if quiet {
		within = quietAtMost
	}
	for began := time.Now(); s.faults[name].failures() == 0 && time.Since(began) < within; {
		time.Sleep(time.Second)
	}
	if s.faults[name].failures() > 0 {
		time.Sleep(troubleFor)
	}
}

// judge says whether all is in the history that has to be, once, and nothing waits
// or was given up.
func (s *simulated) judge(folder string) {
	s.t.Helper()
	judgeStored(s.t, folder, s.answered)
	judgeIntact(s.t, folder+"/"+journalFile, folder+"/"+ledgerFile)
	if n := found(s.t, folder+"/"+ledgerFile, "SELECT COUNT(*) FROM deliveries WHERE state NOT IN (3, 4)"); n > 0 {
		s.t.Errorf("%d deliveries have not gone out", n)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		s.t.Fatal(err)
	}
	if i := slices.IndexFunc(entries, isAside); i >= 0 {
		s.t.Errorf("there is %s, though nothing was damaged", entries[i].Name())
	}
}
