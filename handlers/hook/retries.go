package hook

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// answered is what a request got, so that a retry gets the same bytes. It changes
// under the lock of retries. There are many in a storm, and each garbage collection
// looks at what they point to.
type answered struct {
	at       time.Time
	ready    chan struct{} // closed with complete; nil while no retry waits for it
	id       incident.ID
	document []byte
	done     <-chan struct{} // closed when it is written down; nil where that is known, or it never is
	complete bool            // id, document and done are set
	written  bool            // it is known to be
}

// retries remembers what was answered lately. It is bounded: two generations,
// the older one forgotten when the newer is full or old. It saves work; that a
// retry is stored once is the ledger's promise.
type retries struct {
	mu        sync.Mutex
	young     generation
	old       generation
	started   time.Time
	documents int // bytes of those answered since started
	repeats   repeats
	places    []answered // for the next ones: see placesAtOnce
}

type generation struct {
	answers map[requestKey]*answered
	tokens  map[requestKey]int // by signature: how many requests had it, ever since it was remembered
}

type requestKey [16]byte

const (
	generationFor  = 5 * time.Minute // Twilio gives up after 15 s and few retries
	placesAtOnce   = 64              // one piece of memory for so many answers
	generationMost = 13_000          // at 800 requests a second still more than those 15 s; Go doubles a map soon beyond that
	documentsMost  = 16 << 20        // bytes: own templates may make a document of 64 kB for each caller
	replayAfter    = 20              // requests with one signature and ever new tokens
	repeatsFor     = 24 * time.Hour
	repeatsMost    = 10_000
)

// repeats counts the signatures that came more than once, with another token
// each time, for a day at least: few calls fail twice in the same words, and
// whoever replays a captured request has time. It is bounded like generations.
type repeats struct {
	young, old map[requestKey]int
	started    time.Time
}

func (r *repeats) of(signature requestKey) int { return max(r.young[signature], r.old[signature]) }

func (r *repeats) set(signature requestKey, n int, now time.Time) {
	if r.young == nil || len(r.young) >= repeatsMost || now.Sub(r.started) >= repeatsFor {
		r.old, r.young, r.started = r.young, map[requestKey]int{}, now
	}
	r.young[signature] = n
}

func newGeneration() generation {
	return generation{answers: map[requestKey]*answered{}, tokens: map[requestKey]int{}}
}

// emptied is g with nothing in it. In a storm its room is kept: to grow again
// would cost as much as all that is remembered.
func (g generation) emptied() generation {
	if len(g.answers) < generationMost/2 {
		return newGeneration()
	}
	clear(g.answers)
	clear(g.tokens)
	return g
}

func newRetries() *retries { return &retries{young: newGeneration(), old: newGeneration()} }

// keyOf is the same for retries of one request: Twilio repeats signature and
// idempotency token. https://www.twilio.com/docs/usage/webhooks
func keyOf(signature, token string) requestKey {
	var room [128]byte // for what Twilio sends
	both := append(append(append(room[:0], signature...), 0), token...)
	sum := sha256.Sum256(both)
	return requestKey(sum[:16])
}

// claim returns the answer of the request that this one repeats, or a new one
// that the caller must complete. replay is true where one signature
// comes under ever new tokens: then neither is there.
func (r *retries) claim(signature, token string, now time.Time) (a *answered, key requestKey, retry, replay bool) {
	key = keyOf(signature, token)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(now)
	if a := r.find(key); a != nil && (token != "" || now.Sub(a.at) < incident.RetryWindow) {
		return a, key, true, false
	}
	var bySignature requestKey // it was verified, so that nobody chose it, and its beginning tells it from others
	copy(bySignature[:], signature)
	n := max(r.young.tokens[bySignature], r.old.tokens[bySignature], r.repeats.of(bySignature)) + 1
	r.young.tokens[bySignature] = n
	if n > 1 {
		r.repeats.set(bySignature, n, now)
	}
	if n > replayAfter {
		return nil, key, false, true
	}
	a = r.place()
	a.at = now
	r.young.answers[key] = a
	return a, key, false, false
}

// place is room for an answer, which it has for itself.
func (r *retries) place() (a *answered) {
	if len(r.places) == 0 {
		r.places = make([]answered, placesAtOnce)
	}
	a, r.places = &r.places[0], r.places[1:]
	return a
}

// complete tells the retries of a, those that wait and those to come, what it
// got.
func (r *retries) complete(a *answered, id incident.ID, document []byte, done <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a.complete, a.id, a.document, a.done = true, id, document, done
	r.documents += len(document)
	if a.ready != nil {
		close(a.ready)
	}
}

// written notes that a, which is complete, is written down.
func (r *retries) written(a *answered) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a.done, a.written = nil, true
}

// of is what a, which is complete, came to.
func (r *retries) of(a *answered) (id incident.ID, document []byte, written bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return a.id, a.document, a.written || a.done != nil && isClosed(a.done)
}

// completed is closed when a is complete.
func (r *retries) completed(a *answered) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.ready == nil {
		a.ready = make(chan struct{})
		if a.complete {
			close(a.ready)
		}
	}
	return a.ready
}

func (r *retries) find(key requestKey) *answered {
	if a := r.young.answers[key]; a != nil {
		return a
	}
	return r.old.answers[key]
}

// turn forgets the older generation when the younger is full or old.
func (r *retries) turn(now time.Time) {
	full := len(r.young.answers) >= generationMost || len(r.young.tokens) >= generationMost || r.documents >= documentsMost
	if !full && now.Sub(r.started) < generationFor {
		return
	}
	r.old, r.young, r.started, r.documents = r.young, r.old.emptied(), now, 0
	r.places = nil // a piece of memory lives as long as any answer in it
}
