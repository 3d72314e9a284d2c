package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// inTime is how long an answer may take, whatever is broken.
const inTime = 500 * time.Millisecond

// twilio plays the customer's Twilio to p.
func (p *program) twilio() sim.Client { return sim.Client{Account: customer(), Via: p.base} }

// call has somebody call whose call fails, and walks the answer as the call
// would go on.
func (p *program) call(c sim.Call) sim.Result {
	p.t.Helper()
	var result sim.Result
	stalled := stall(func() {
		var err error
		if result, err = p.twilio().Place(p.t.Context(), publicURL+"/fallback/voice", c); err != nil {
			p.t.Fatal(err)
		}
	})
	if err := result.Err(); err != nil {
		p.t.Errorf("the call went wrong: %v\n%s", err, result)
	}
	p.judge(result.First(), twiml.Voice, stalled)
	return result
}

// message has somebody write whose message fails.
func (p *program) message(m sim.Message) sim.Result {
	p.t.Helper()
	var result sim.Result
	stalled := stall(func() {
		var err error
		if result, err = p.twilio().Send(p.t.Context(), publicURL+"/fallback/messaging", m); err != nil {
			p.t.Fatal(err)
		}
	})
	if err := result.Err(); err != nil {
		p.t.Errorf("the message went wrong: %v\n%s", err, result)
	}
	p.judge(result.First(), twiml.Messaging, stalled)
	return result
}

// ask sends a request once.
func (p *program) ask(r sim.Request, kind twiml.Kind) sim.Exchange {
	p.t.Helper()
	var e sim.Exchange
	stalled := stall(func() { e = p.twilio().Do(p.t.Context(), r) })
	p.judge(e, kind, stalled)
	return e
}

// request is what Twilio sends about a call.
func (p *program) request(path string, c sim.Call) sim.Request {
	p.t.Helper()
	r, err := c.Request(customer(), publicURL+path)
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

// judge says whether somebody on the line was served: valid TwiML, in time.
func (p *program) judge(e sim.Exchange, kind twiml.Kind, stalled time.Duration) {
	p.t.Helper()
	if err := fault(e, kind); err != nil {
		p.t.Error(err)
	}
	if limit := inTime + hops*stalled; e.Timing.Total > limit {
		p.t.Errorf("answered after %s, want %s at most (the machine stalled for %s)", e.Timing.Total, limit, stalled)
	}
}

// hops is how often an answer waits for a processor on its way: both ends of
// the connection, the handler, the writer, the disk, the timer.
const hops = 10

func fault(e sim.Exchange, kind twiml.Kind) error {
	switch {
	case e.Err != nil:
		return fmt.Errorf("no answer: %w", e.Err)
	case e.Status != http.StatusOK || e.Header.Get("Content-Type") != twiml.ContentType:
		return fmt.Errorf("answered %d, %s", e.Status, e.Header.Get("Content-Type"))
	}
	if report := twiml.Check(e.Body, kind); len(report.Problems) > 0 {
		return fmt.Errorf("answered with %v in %s", report.Problems, e.Body)
	}
	return nil
}

// written says whether the answer promises that the failure is on the disk.
func written(e sim.Exchange) bool { return strings.HasSuffix(e.Failure(), "; written=yes") }

// awaitWritten has people call until one of the answers says written=yes: on a
// busy disk that may take some.
func (p *program) awaitWritten() sim.Result {
	p.t.Helper()
	var result sim.Result
	eventually(p.t, 15*time.Second, "an answer says written=yes", func() bool {
		result = p.call(sim.Call{})
		return written(result.First())
	})
	return result
}

// failureID is the id in an answer.
func failureID(e sim.Exchange) string {
	id, _, _ := strings.Cut(e.Failure(), ";")
	return id
}

// stall is how long goroutines had to wait for a processor while do ran: what
// a busy machine does to everybody is not held against Backstop.
func stall(do func()) time.Duration {
	const tick = 5 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	var worst time.Duration
	var watching sync.WaitGroup
	watching.Go(func() {
		for last := time.Now(); ctx.Err() == nil; last = time.Now() {
			time.Sleep(tick)
			worst = max(worst, time.Since(last)-tick)
		}
	})
	do()
	cancel()
	watching.Wait()
	return worst
}

// load is many callers at once.
type load struct {
	p       *program
	cancel  context.CancelFunc
	pause   time.Duration
	callers sync.WaitGroup
	stalled chan time.Duration
	placed  atomic.Int64

	mu      sync.Mutex
	written []string      // SIDs of calls whose answer said written=yes
	asked   []sim.Request // every request, for those that got no answer
	silent  []sim.Request // those that got none
	faults  []error
	took    []time.Duration
}

// callers has several people call again and again until stop.
func (p *program) callers(several int) *load { return p.callersEvery(time.Nanosecond, several) }

// callersEvery is callers with a pause before each call: who is answered at once
// would fill any memory else.
func (p *program) callersEvery(pause time.Duration, several int) *load {
	ctx, cancel := context.WithCancel(p.t.Context())
	l := &load{p: p, cancel: cancel, pause: pause, stalled: make(chan time.Duration, 1)}
	for n := range several {
		l.callers.Go(func() { l.keepCalling(ctx, n) })
	}
	go func() { l.stalled <- stall(l.callers.Wait) }()
	return l
}

func (l *load) keepCalling(ctx context.Context, n int) {
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := l.p.twilio()
	client.HTTP, client.KeepAlive = &http.Client{Transport: transport}, true
	next := time.NewTicker(l.pause)
	defer next.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		<-next.C
		r, err := sim.Call{From: fmt.Sprintf("+1415%03d%04d", n, i%10_000)}.Request(customer(), publicURL+"/fallback/voice")
		if err != nil {
			l.note(func() { l.faults = append(l.faults, err) })
			return
		}
		e := client.Do(context.WithoutCancel(ctx), r)
		l.placed.Add(1)
		l.note(func() { l.judge(r, e) })
		if e.Err != nil {
			return // the program is gone
		}
	}
}

func (l *load) note(what func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	what()
}

func (l *load) judge(r sim.Request, e sim.Exchange) {
	l.asked = append(l.asked, r)
	if e.Err != nil {
		l.silent = append(l.silent, r)
		return
	}
	if err := fault(e, twiml.Voice); err != nil {
		l.faults = append(l.faults, err)
	}
	if written(e) {
		l.written = append(l.written, r.Params.Value("CallSid"))
	}
	l.took = append(l.took, e.Timing.Total)
}

// reached waits until so many calls were answered.
func (l *load) reached(t *testing.T, calls int64) {
	t.Helper()
	eventually(t, 30*time.Second, fmt.Sprintf("%d calls are answered", calls), func() bool { return l.placed.Load() >= calls })
}

// stop ends the calls and judges the answers.
func (l *load) stop(t *testing.T) {
	t.Helper()
	l.cancel()
	stalled := <-l.stalled
	for i, err := range l.faults {
		if i == 5 {
			t.Errorf("and %d more", len(l.faults)-i)
			break
		}
		t.Error(err)
	}
	slices.Sort(l.took)
	limit := inTime + hops*stalled
	if first, _ := slices.BinarySearch(l.took, limit+1); first < len(l.took) {
		t.Errorf("%d of %d answers took longer than %s, the slowest %s (the machine stalled for %s)", len(l.took)-first, len(l.took), limit, l.took[len(l.took)-1], stalled)
	}
}
