package handlers

import (
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// answerWithin is how long an answer to Twilio may take to be read: it is
// short, and Twilio waits for it.
const answerWithin = 5 * time.Second

// watching tells the cap how far each request is.
func (l *ConnectionCap) watching(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(connKey{}).(net.Conn)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		e := &exchange{ResponseWriter: w, body: r.Body, limit: l, conn: c, twilio: strings.HasPrefix(r.URL.Path, twilioPath)}
		if r.ContentLength == 0 {
			l.move(c, &l.busy)
		} else {
			r.Body = (*watchedBody)(e)
		}
		next.ServeHTTP(e, r)
		e.begin() // the server itself writes what no handler did
	})
}

// exchange is one request and its answer. Once the body has been read to the
// end the connection is not dropped at the cap, until its answer begins and
// nobody reads it.
type exchange struct {
	http.ResponseWriter
	body   io.ReadCloser
	limit  *ConnectionCap
	conn   net.Conn
	twilio bool
	began  bool
}

func (e *exchange) WriteHeader(status int) {
	e.begin()
	e.ResponseWriter.WriteHeader(status)
}

func (e *exchange) Write(b []byte) (int, error) {
	e.begin()
	return e.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (e *exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }

func (e *exchange) begin() {
	if e.began {
		return
	}
	e.began = true
	if last := e.limit.answers(e.conn); last {
		e.Header().Set("Connection", "close")
	}
	if e.twilio {
		// A connection without deadlines keeps the server's own, which are longer.
		_ = http.NewResponseController(e.ResponseWriter).SetWriteDeadline(time.Now().Add(answerWithin))
	}
}

// watchedBody is an exchange's body.
type watchedBody exchange

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if err == io.EOF && !b.began {
		b.limit.move(b.conn, &b.limit.busy)
	}
	return n, err
}

func (b *watchedBody) Close() error { return b.body.Close() }
