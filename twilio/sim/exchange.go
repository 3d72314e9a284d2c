package sim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// MaxDocument is the largest answer that Twilio reads, in bytes.
const MaxDocument = 64 << 10

// Exchange is a request and what came of it.
type Exchange struct {
	Request  Request // the last one, if the server redirected
	Attempts int     // how often it was sent, retries and redirects included
	Status   int     // 0 if no answer came
	Header   http.Header
	Body     []byte // what Twilio reads of it: at most MaxDocument bytes and one
	Timing   Timing
	Err      *FetchError // why no answer came
}

// Timing says how long the parts of an exchange took, from its start and over all attempts.
type Timing struct {
	Connect   time.Duration // until a connection was ready; of the last attempt, from its own start
	FirstByte time.Duration // until the first byte of the answer came
	Total     time.Duration // until its last one
}

// Failure returns the header by which Backstop names the failure and says whether it is written down.
func (e Exchange) Failure() string {
	return e.Header.Get("X-Backstop-Failure")
}

// attempt sends the request once, and reads the answer as far as Twilio does.
func (s session) attempt(ctx context.Context, r Request, limits connection, authorize bool) Exchange {
	e := Exchange{Request: r, Attempts: 1}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := newStopwatch(cancel, limits)
	defer watch.stop()

	request, err := s.prepare(httptrace.WithClientTrace(ctx, watch.trace()), r, authorize)
	if err != nil {
		e.Err = &FetchError{Code: codeBadURL, Err: err}
		return e
	}
	response, err := s.http.Do(request)
	if err == nil {
		e.Status, e.Header = response.StatusCode, response.Header
		e.Body, err = io.ReadAll(io.LimitReader(response.Body, MaxDocument+1))
		_ = response.Body.Close() // it was read as far as it is wanted
	}
	e.Timing = watch.timing()
	if err != nil {
		e.Status, e.Err = 0, fetchError(err, context.Cause(ctx))
	}
	return e
}

// stopwatch ends a request that takes longer to connect or to answer than it may, and notes when what happened.
// The hooks of a trace run on goroutines of net/http.
type stopwatch struct {
	mu                 sync.Mutex
	started            time.Time
	connected, replied time.Duration
	cancel             context.CancelCauseFunc
	limits             connection
	connecting         *time.Timer
	reading            *time.Timer
}

func newStopwatch(cancel context.CancelCauseFunc, limits connection) *stopwatch {
	return &stopwatch{started: time.Now(), cancel: cancel, limits: limits}
}

func (w *stopwatch) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) {
			w.locked(func() {
				w.connecting = time.AfterFunc(w.limits.connect, func() { w.cancel(errConnectTimeout) })
			})
		},
		GotConn: func(httptrace.GotConnInfo) {
			w.locked(func() {
				w.connecting.Stop()
				w.connected = time.Since(w.started)
			})
		},
		WroteRequest: func(httptrace.WroteRequestInfo) {
			w.locked(func() {
				w.reading = time.AfterFunc(w.limits.read, func() { w.cancel(errReadTimeout) })
			})
		},
		GotFirstResponseByte: func() {
			w.locked(func() { w.replied = time.Since(w.started) })
		},
	}
}

func (w *stopwatch) locked(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	do()
}

func (w *stopwatch) stop() {
	w.locked(func() {
		for _, timer := range []*time.Timer{w.connecting, w.reading} {
			if timer != nil {
				timer.Stop()
			}
		}
	})
}

func (w *stopwatch) timing() Timing {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Timing{Connect: w.connected, FirstByte: w.replied, Total: time.Since(w.started)}
}

// prepare makes the request for net/http: where it really goes, and with the credentials if Twilio sends them.
func (s session) prepare(ctx context.Context, r Request, authorize bool) (*http.Request, error) {
	out, err := r.HTTP(ctx)
	if err != nil {
		return nil, err
	}
	asked, err := askedURL(r.URL)
	if err != nil {
		return nil, err
	}
	if password, ok := asked.User.Password(); authorize && asked.User != nil && (ok || asked.User.Username() != "") {
		out.SetBasicAuth(asked.User.Username(), password)
	}
	if s.via != nil && (s.public == "" || s.public == asked.Host) {
		out.URL.Scheme, out.URL.Host = s.via.Scheme, s.via.Host
		out.Host = asked.Host
	}
	out.Close = !s.KeepAlive
	return out, nil
}

// isBlank reports whether there is nothing in the answer.
func (e Exchange) isBlank() bool {
	return len(bytes.TrimSpace(e.Body)) == 0
}
