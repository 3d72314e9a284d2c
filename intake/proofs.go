package intake

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// Proofs finds out whether what failed works again: it has the primaries looked
// at that incidents are about, for as long as these are not resolved, and tells
// the ledger what came of it. It knows nothing that it does not learn anew after
// a restart.
type Proofs struct {
	o     ProofOptions
	woken chan struct{}

	mu      sync.Mutex
	watches map[string]*watch // by server
	asked   bool              // the ledger has said once what is not resolved
}

// ProofOptions are what Proofs needs. Their functions serve any number of
// goroutines.
type ProofOptions struct {
	Ledger    func() (ProofLedger, error) // or why there is none
	Primaries Primaries
	Alerts    func() // called when alerts were put into the outbox, or may go out of it
	Log       *slog.Logger
}

// ProofLedger knows the incidents.
type ProofLedger interface {
	// Unresolved are all incidents that are open or quiet.
	Unresolved(ctx context.Context) ([]incident.Incident, error)
	// Probed notes a finding about the server of an incident; alerts is how many
	// that made, or let go. That the incident is resolved is no error.
	Probed(ctx context.Context, id int64, f incident.Finding) (alerts int, err error)
}

// Primaries are the customer's own servers, as they are configured at present.
type Primaries interface {
	// About is the name of the one that an incident is about; "" for none.
	About(in incident.Incident) (server string)
	// Examine looks at one of them, for no longer than ctx has; ok is false where
	// there is none of that name any more.
	Examine(ctx context.Context, server string) (f incident.Finding, ok bool)
}

// How often and how long a server is looked at.
const (
	lookOpen  = 30 * time.Second // while an incident about it is open
	lookQuiet = 2 * time.Minute  // while all of them are quiet
	// lookFirst bounds the first look for an incident: its first alert waits for
	// 2 s, and what was found is written before. A look that it cuts short proves
	// nothing, and is taken anew at once.
	lookFirst  = 1500 * time.Millisecond
	lookUsual  = 3 * time.Second
	looksMost  = 8 // servers at once
	askEvery   = 10 * time.Second
	askAtLeast = 100 * time.Millisecond // apart, also in a storm,
	askShare   = 10                     // and where thousands are open so many times as long as asking takes
)

// NewProofs makes a Proofs; Run does its work.
func NewProofs(o ProofOptions) *Proofs {
	return &Proofs{o: o, woken: make(chan struct{}, 1), watches: map[string]*watch{}}
}

// Wake has it ask at once which incidents are not resolved. It never blocks.
func (p *Proofs) Wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// Run looks until ctx ends.
func (p *Proofs) Run(ctx context.Context) error {
	var looks sync.WaitGroup
	defer looks.Wait()
	for ctx.Err() == nil {
		wait, began := time.Second, time.Now()
		if p.ask(ctx) {
			wait = p.start(ctx, &looks)
		}
		idle := max(askAtLeast, askShare*time.Since(began))
		pause(ctx, idle)
		timer := time.NewTimer(wait - idle)
		select {
		case <-ctx.Done():
		case <-p.woken:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// ask brings up to date whom to look at, and says whether that is known. While
// the ledger is away nobody is: what is found could not be told.
func (p *Proofs) ask(ctx context.Context) bool {
	ledger, err := p.o.Ledger()
	if err != nil {
		return false
	}
	incidents, err := ledger.Unresolved(ctx)
	if err != nil {
		if ctx.Err() == nil {
			p.o.Log.Warn("incidents that are not resolved could not be asked for", "err", err)
		}
		return false
	}
	of := map[string][]incident.Incident{}
	for _, in := range incidents {
		if server := p.o.Primaries.About(in); server != "" {
			of[server] = append(of[server], in)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for server := range of {
		if p.watches[server] == nil {
			p.watches[server] = &watch{}
		}
	}
	for server, w := range p.watches {
		w.about(of[server], !p.asked)
		if len(w.incidents) == 0 && !w.looking {
			delete(p.watches, server)
		}
	}
	p.asked = true
	return true
}

// start looks at the servers whose turn it is, as many as may be at once, and
// says how long nobody else's is.
func (p *Proofs) start(ctx context.Context, looks *sync.WaitGroup) (wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for p.looking() < looksMost {
		server, w := p.next()
		if w == nil || w.due().After(now) {
			break
		}
		within := lookUsual
		if w.fresh() {
			within = lookFirst
		}
		w.looking = true
		looks.Go(func() { p.look(ctx, server, within) })
	}
	if _, w := p.next(); w != nil && p.looking() < looksMost {
		return min(askEvery, max(askAtLeast, w.due().Sub(now)))
	}
	return askEvery
}

// look has a server looked at, and tells what came of it for all incidents that
// are about it by then.
func (p *Proofs) look(ctx context.Context, server string, within time.Duration) {
	defer p.Wake()
	defer p.ended(server)
	f, ok, cut := p.examine(ctx, server, within)
	if cut && within < lookUsual {
		f.Moot = true
		p.found(ctx, server, f, ok)
		f, ok, _ = p.examine(ctx, server, lookUsual)
	}
	p.found(ctx, server, f, ok)
}

// found tells what a look came to, for all incidents that wait for it.
func (p *Proofs) found(ctx context.Context, server string, f incident.Finding, ok bool) {
	for _, id := range p.waiting(server) {
		if ok && ctx.Err() == nil { // else it may have ended because of that
			p.tell(ctx, id, f)
		}
	}
}

// examine looks once; cut says that the time was over before it was known.
func (p *Proofs) examine(ctx context.Context, server string, within time.Duration) (f incident.Finding, ok, cut bool) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	defer Survive(p.o.Log, "looking at "+server, nil)
	f, ok = p.o.Primaries.Examine(ctx, server)
	return f, ok, !f.OK && ctx.Err() != nil
}

func (p *Proofs) tell(ctx context.Context, id int64, f incident.Finding) {
	defer Survive(p.o.Log, "noting what a look at a primary found", nil)
	ledger, err := p.o.Ledger()
	if err != nil {
		return
	}
	alerts, err := ledger.Probed(ctx, id, f)
	if err != nil && ctx.Err() == nil {
		p.o.Log.Warn("what a look at a primary found was not noted", "incident", id, "err", err)
	}
	if alerts > 0 {
		p.o.Alerts()
	}
}
