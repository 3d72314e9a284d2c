package standby

import (
	"context"
	"errors"
	"sync"
	"time"
)

// breakers has one for each server, by what is asked of it: a reload that leaves
// a target as it is leaves its breaker, too.
type breakers struct {
	now func() time.Time

	mu     sync.Mutex
	byName map[string]*Breaker
}

// mostBreakers bounds what reloads leave behind.
const mostBreakers = 1000

func (b *breakers) of(t *Target) *Breaker {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := t.Name + " " + t.URL
	one := b.byName[key]
	if one == nil {
		if b.byName == nil || len(b.byName) >= mostBreakers {
			b.byName = map[string]*Breaker{}
		}
		one = NewBreaker(b.now)
		b.byName[key] = one
	}
	return one
}

// Broken says whether t is left alone at present, because it failed too many
// callers, and why the last one.
func (c *Client) Broken(t *Target) (why string, broken bool) {
	if c == nil {
		return "", false
	}
	return c.breakers.of(t).Broken()
}

// serve is the TwiML that t has for q, or in one line for people why there is
// none. Where t cannot be asked, or has failed too many lately, it says so at
// once; else it takes no longer than t.Timeout.
func (c *Client) serve(ctx context.Context, t *Target, q *Question, primaries Primaries) ([]byte, error) {
	address, why := t.Address(q.Failed, primaries)
	if why != "" {
		return nil, errors.New(why)
	}
	breaker := c.breakers.of(t)
	if ok, why := breaker.Allow(); !ok {
		return nil, errors.New(why)
	}
	began := c.breakers.now()
	doc, err := c.Ask(ctx, t, address, q)
	switch {
	case err == nil || ctx.Err() == nil:
		breaker.Settle(err)
	case errors.Is(context.Cause(ctx), errOvertaken), c.breakers.now().Sub(began) < t.Timeout*3/4:
		breaker.Forget() // whoever waits has an answer, or had no time for it: that says nothing about t
	default:
		breaker.Settle(err)
	}
	return doc, err
}
