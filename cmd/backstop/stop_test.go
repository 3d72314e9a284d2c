package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/backstop-project/backstop/handlers"
)

// slowToEnd is a listener whose Accept notices a little late that it was closed.
type slowToEnd struct{ net.Listener }

func (l slowToEnd) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		time.Sleep(50 * time.Millisecond)
	}
	return c, err
}

func TestAStopIsNoErrorWhoeverClosesTheListenerFirst(t *testing.T) {
	t.Parallel()
	socket, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, limit := handlers.NewServer(http.NotFoundHandler(), 10, slog.New(slog.DiscardHandler))
	l := listening{listener: slowToEnd{socket}, server: server, limit: limit}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l.listener) }()
	time.Sleep(50 * time.Millisecond) // it waits for connections
	if err := closeListeners(context.WithoutCancel(t.Context()), []listening{l}); err != nil {
		t.Errorf("an orderly stop is an error: %v", err)
	}
	<-served
}
