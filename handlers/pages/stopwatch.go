package pages

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
)

// stopwatch is how long a page takes, for the browser's own tools to show. Strangers are
// not told: how long a login takes is nobody's business.
type stopwatch struct {
	began  time.Time
	ledger atomic.Int64 // nanoseconds that the history was waited for
}

type stopwatchKey struct{}

// startWatch has what comes behind it counted.
func startWatch(c *gin.Context, began time.Time) {
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), stopwatchKey{}, &stopwatch{began: began}))
}

// stopwatchOf is nil where nothing is counted.
func stopwatchOf(ctx context.Context) *stopwatch {
	t, _ := ctx.Value(stopwatchKey{}).(*stopwatch)
	return t
}

// waited counts what the history took since then.
func (t *stopwatch) waited(since time.Time) {
	if t != nil {
		t.ledger.Add(int64(time.Since(since)))
	}
}

// timedPage says with a page's first byte how long it took to make:
// https://www.w3.org/TR/server-timing/.
type timedPage struct {
	gin.ResponseWriter
	watch *stopwatch
}

// timed is where a page is written to.
func timed(c *gin.Context) io.Writer {
	if t := stopwatchOf(c.Request.Context()); t != nil {
		return timedPage{c.Writer, t}
	}
	return c.Writer
}

// Write is the response's.
func (w timedPage) Write(b []byte) (int, error) {
	if !w.Written() {
		w.Header().Set("Server-Timing", fmt.Sprintf("ledger;dur=%.2f, total;dur=%.2f", millis(time.Duration(w.watch.ledger.Load())), millis(time.Since(w.watch.began))))
	}
	return w.ResponseWriter.Write(b)
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
