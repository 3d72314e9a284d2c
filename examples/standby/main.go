// Command standby is a server that can stand in, as small as one can be: it has
// the menu of an imaginary clinic, and answers on 127.0.0.1:9102. A real one
// checks Twilio's signature, which Backstop makes anew for it.
package main

import (
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"
)

const listen = "127.0.0.1:9102"

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/voice", says(`<Gather numDigits="1" action="/voice/menu"><Say>Welcome. For opening hours press 1.</Say></Gather>`))
	mux.HandleFunc("/voice/menu", says(`<Say>We are open from nine to five. Goodbye.</Say>`))
	mux.HandleFunc("/messages", says(`<Message>Thank you, we have your message.</Message>`))
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	server := &http.Server{Addr: listen, Handler: mux, ReadHeaderTimeout: time.Second}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	log.Info("standby answers", "listen", listen)
	log.Error("standby ended", "err", server.ListenAndServe())
}

func says(verbs string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		_, _ = io.WriteString(w, "<Response>"+verbs+"</Response>")
	}
}
