package handlers

import (
	"context"
	"time"
)

// leaveWithin is how long a stop waits for connections on which nobody is being
// answered: who has connected to ask, or asks again and again, does so sooner.
const leaveWithin = 300 * time.Millisecond

// Leave makes every answer from now on the last one of its connection, and waits
// until all connections are gone: those on which nobody is being answered for 300
// ms at most, the others until ctx ends. Call it when no new ones are taken any
// more and before Server.Shutdown, which drops a request that comes on a
// connection that was there already.
func (l *ConnectionCap) Leave(ctx context.Context) {
	began := time.Now()
	look := time.NewTicker(leaveWithin / 60)
	defer look.Stop()
	for l.mayAsk(time.Since(began) < leaveWithin) {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// mayAsk says whether there are connections on which somebody is being answered,
// or may yet ask while that is waited for.
func (l *ConnectionCap) mayAsk(yet bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaving = true
	answered := l.busy.length + l.writing.length
	return answered > 0 || yet && l.idle.length+l.incomplete.length > 0
}
