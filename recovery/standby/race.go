package standby

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errOvertaken is why those are not waited for who were asked beside the winner.
var errOvertaken = errors.New("another server answered first")

// Found is what asking several targets came to.
type Found struct {
	Document []byte   // the TwiML of the first that had any
	By       *Target  // that one; nil where none serves
	Tried    []string // of those that did not serve why, in their order, in a line each
	// Acted is the name of one that had no answer and may have handled the
	// message nevertheless; "" where none may, and for calls.
	Acted string
}

// ServeFirst is the TwiML of the first of targets that has any for q. They are
// asked in their order: the next one when one fails, and where hedge is not 0
// also each time that hedge passes without an answer, beside those before it.
// The first valid document wins, and nobody waits for the others. Once one of
// them may have handled a message only those are asked that can take it twice.
func (c *Client) ServeFirst(ctx context.Context, targets []*Target, hedge time.Duration, q *Question, primaries Primaries) Found {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(errOvertaken)
	r := &race{
		client: c, targets: targets, hedge: hedge, question: q, primaries: primaries,
		why: make([]string, len(targets)), ended: make(chan ending, len(targets)), timer: time.NewTimer(hedge),
	}
	defer r.timer.Stop()
	won, doc := r.run(ctx)
	if won < 0 {
		return Found{Tried: r.tried(), Acted: r.acted}
	}
	r.overtake(won)
	return Found{Document: doc, By: targets[won], Tried: r.tried(), Acted: r.acted}
}

// race is what is known while several targets are asked.
type race struct {
	client    *Client
	targets   []*Target
	hedge     time.Duration
	question  *Question
	primaries Primaries

	next    int      // the first that was not asked
	running int      // that were asked and have not ended
	why     []string // by target: why it did not serve, "" where that is not known
	acted   string   // name of one that may have handled the message; "" for none
	ended   chan ending
	timer   *time.Timer // until the next is asked, too
	waited  int         // how many the timer ran out on: all before the one that it runs for
}

// ending is how asking a target ended.
type ending struct {
	at  int
	doc []byte
	err error
}

// run asks until one serves, and says which; -1 for none.
func (r *race) run(ctx context.Context) (won int, doc []byte) {
	r.ask(ctx)
	for r.running > 0 {
		select {
		case <-r.hedged():
			r.waited = r.next
			r.ask(ctx)
		case e := <-r.ended:
			r.running--
			if e.err == nil {
				return e.at, e.doc
			}
			r.failed(e)
			r.ask(ctx)
		}
	}
	return -1, nil
}

func (r *race) failed(e ending) {
	r.why[e.at] = e.err.Error()
	if _, acted := errors.AsType[actedError](e.err); acted && !r.question.Voice {
		r.acted = r.targets[e.at].Name
	}
}

// hedged tells when the next target is to be asked, too.
func (r *race) hedged() <-chan time.Time {
	if r.hedge <= 0 || r.next == len(r.targets) {
		return nil
	}
	return r.timer.C
}

// ask asks the next target. Where no time is left, none is.
func (r *race) ask(ctx context.Context) {
	if ctx.Err() != nil {
		for ; r.next < len(r.targets); r.next++ {
			r.why[r.next] = "no time was left for it"
		}
	}
	for ; r.next < len(r.targets); r.next++ {
		why := r.targets[r.next].After(r.acted)
		if why == "" {
			break
		}
		r.why[r.next] = why
	}
	if r.next == len(r.targets) {
		return
	}
	at := r.next
	r.next++
	r.running++
	wait := r.hedge
	if r.client.breakers.of(r.targets[at]).Doubtful() {
		wait = 0
	}
	r.timer.Reset(wait)
	go func() {
		doc, err := r.client.attempt(ctx, r.targets[at], r.question, r.primaries)
		r.ended <- ending{at, doc, err}
	}()
}

// attempt is serve for a goroutine of its own, where a panic would end all.
func (c *Client) attempt(ctx context.Context, t *Target, q *Question, primaries Primaries) (doc []byte, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			c.breakers.of(t).Forget()
			doc, err = nil, fmt.Errorf("asking it went wrong here: %v", cause)
		}
	}()
	return c.serve(ctx, t, q, primaries)
}

// overtake notes which of those before the winner have not answered, though
// they were given time for it.
func (r *race) overtake(won int) {
	for at, target := range r.targets[:won] {
		if r.why[at] != "" {
			continue
		}
		r.why[at] = "it had not answered when " + r.targets[won].Name + " did"
		if breaker := r.client.breakers.of(target); at < r.waited && !breaker.Doubtful() {
			breaker.Overtaken()
		}
	}
}

// tried is why the targets did not serve of which that is known.
func (r *race) tried() (tried []string) {
	for at, why := range r.why {
		if why != "" {
			tried = append(tried, r.targets[at].Name+": "+why)
		}
	}
	return tried
}
