package handlers

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
)

// barrier is the outermost handler: whatever panics inside, Twilio gets 200
// with TwiML that was prepared at start, and people a plain sentence. It
// depends on nothing.
func barrier(next http.Handler, o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		written := &noticing{ResponseWriter: w}
		defer func() {
			reason := recover()
			if reason == nil {
				return
			}
			if reason == http.ErrAbortHandler { //nolint:errorlint,err113 // the value net/http documents
				panic(reason)
			}
			o.Log.Error("panic while answering", slog.String("path", r.URL.Path),
				slog.Any("panic", reason), slog.String("stack", string(debug.Stack())))
			if written.began {
				panic(http.ErrAbortHandler) // half an answer must not pass for a whole one
			}
			lastResort(w, r, o)
		}()
		next.ServeHTTP(written, r)
	})
}

func lastResort(w http.ResponseWriter, r *http.Request, o Options) {
	if !strings.HasPrefix(r.URL.Path, twilioPath) {
		http.Error(w, "Something went wrong here. The log says what; calls and messages are answered all the same.",
			http.StatusInternalServerError)
		return
	}
	document := o.Apology(r.URL.Path)
	h := w.Header()
	h.Set("Content-Type", "text/xml; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(document)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(document) // nobody is left to tell
}

// noticing knows whether an answer has begun.
type noticing struct {
	http.ResponseWriter
	began bool
}

func (n *noticing) WriteHeader(status int) {
	n.began = true
	n.ResponseWriter.WriteHeader(status)
}

func (n *noticing) Write(b []byte) (int, error) {
	n.began = true
	return n.ResponseWriter.Write(b)
}

// Flush sends what was written, where the connection can.
func (n *noticing) Flush() {
	n.began = true
	_ = http.NewResponseController(n.ResponseWriter).Flush() // what cannot goes out when the handler has returned
}

// Unwrap lets http.ResponseController reach the connection.
func (n *noticing) Unwrap() http.ResponseWriter { return n.ResponseWriter }
