package pages

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// read asks the history, and no longer than readFor, even where what it asks
// does not heed its context. The answer then comes too late for anybody, and
// the goroutine ends with it.
func read[T any](ctx context.Context, p *Pages, ask func(context.Context) (T, error)) (T, error) {
	var none T
	select {
	case p.reading <- struct{}{}:
	default:
		return none, errReading
	}
	// The goroutine must not cancel: its answer and the end of ctx would be
	// ready at the same time, and either could be taken.
	ctx, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	type answer struct {
		value T
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		defer func() { <-p.reading }()
		defer func() {
			if cause := recover(); cause != nil {
				answered <- answer{err: fmt.Errorf("panic: %v", cause)}
			}
		}()
		value, err := ask(ctx)
		answered <- answer{value, err}
	}()
	defer stopwatchOf(ctx).waited(time.Now())
	select {
	case a := <-answered:
		return a.value, a.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

var errReading = errors.New("too many reads of the history are under way")
