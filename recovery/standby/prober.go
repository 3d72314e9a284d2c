package standby

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Prober asks servers again and again whether they work, those that callers are
// about to need before anybody calls. What it knows is there without waiting.
type Prober struct {
	client  *Client
	healths atomic.Pointer[Healths]

	mu       sync.Mutex
	probes   []Probe
	replaced chan struct{} // closed when probes are others
}

// NewProber makes a Prober that probes nobody yet. It asks by client, whose
// breakers it tells.
func NewProber(client *Client) *Prober {
	p := &Prober{client: client, replaced: make(chan struct{})}
	p.healths.Store(&Healths{})
	return p
}

// Healths is what is known now.
func (p *Prober) Healths() Healths { return *p.healths.Load() }

// Replace has these servers probed instead of those before. What is known of one
// that is still asked the same stays known.
func (p *Prober) Replace(probes []Probe) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, now := p.Healths(), Healths{}
	for _, one := range probes {
		h := before[one.Name]
		if h.asked != one.key() {
			h = Health{asked: one.key()}
		}
		now[one.Name] = h
	}
	p.probes = slices.Clone(probes)
	p.healths.Store(&now)
	close(p.replaced)
	p.replaced = make(chan struct{})
}

// key is what a probe asks: a name alone may mean another server after a reload.
func (p Probe) key() string {
	if p.AllowPrivate {
		return "private " + p.URL
	}
	return p.URL
}

// Run probes until ctx ends.
func (p *Prober) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		p.untilReplaced(ctx)
	}
	return nil
}

// untilReplaced probes each server by itself, one probe after the other: who
// hangs delays nobody else, and none is asked twice at once.
func (p *Prober) untilReplaced(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	p.mu.Lock()
	probes, replaced := p.probes, p.replaced
	p.mu.Unlock()
	servers := map[string][]Probe{}
	for _, one := range probes {
		servers[one.server] = append(servers[one.server], one)
	}
	var all sync.WaitGroup
	for _, of := range servers {
		all.Go(func() { p.look(ctx, of) })
	}
	select {
	case <-replaced:
	case <-ctx.Done():
	}
	stop()
	all.Wait()
}

// firstWithin is how soon a server is probed of which nothing is known.
const firstWithin = time.Second

// look makes the probes of one server, each when it is due.
func (p *Prober) look(ctx context.Context, probes []Probe) {
	due := make([]time.Time, len(probes))
	for i, one := range probes {
		first := one.Every
		if p.Healths()[one.Name].Verdict == Unknown {
			first = firstWithin
		}
		due[i] = time.Now().Add(rand.N(first)) //nolint:gosec // no secret
	}
	for {
		i := earliest(due)
		timer := time.NewTimer(time.Until(due[i]))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		p.once(ctx, probes[i])
		due[i] = time.Now().Add(jittered(probes[i].Every))
	}
}

func earliest(due []time.Time) int {
	return slices.Index(due, slices.MinFunc(due, time.Time.Compare))
}

// jittered is about d, so that many who started together do not ask together
// for ever.
func jittered(d time.Duration) time.Duration {
	return d*9/10 + rand.N(d/5) //nolint:gosec // no secret
}

// once probes and notes what came of it, unless nobody wants to know any more.
func (p *Prober) once(ctx context.Context, probe Probe) {
	found, err := p.client.probe(ctx, probe)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		p.client.keep(probe, found)
	}
	if err == nil && probe.target != nil {
		p.client.breakers.of(probe.target).EndRest()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := maps.Clone(p.Healths())
	if h, wanted := now[probe.Name]; wanted && h.asked == probe.key() {
		now[probe.Name] = h.after(err, time.Now())
		p.healths.Store(&now)
	}
}
