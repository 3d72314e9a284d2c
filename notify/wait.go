package notify

import (
	"context"
	"time"
)

// outlive is a context that ends that much later than ctx.
func outlive(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		sleep(longer, by)
		cancel()
	})
	return longer, func() { stop(); cancel() }
}

// sleep waits for d, or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) { sleepOr(ctx, d, nil, nil) }

// sleepOr is sleep that a word on one of two channels ends; nil is a channel
// on which nothing comes.
func sleepOr(ctx context.Context, d time.Duration, first, second <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-first:
	case <-second:
	case <-ctx.Done():
	}
}
