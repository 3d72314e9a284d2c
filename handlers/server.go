package handlers

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/backstop-project/backstop/handlers/lane"
)

// Server answers what comes on listeners, with every timeout set, and keeps no
// more connections open than it may.
type Server struct {
	// HTTP is the server behind the lane, for whoever wants to hear of connections: its
	// hooks are set before Serve. It is neither started nor ended by itself.
	HTTP  *http.Server
	lane  *lane.Lane
	limit *ConnectionCap
}

// NewServer makes a server that keeps at most connections open: at the cap one
// that waits goes, as ConnectionCap says, and the new one only where all others
// are being answered. Twilio gives up after 15 s, so nothing may take longer.
func NewServer(h http.Handler, connections int, log *slog.Logger) (*Server, *ConnectionCap) {
	limit := &ConnectionCap{most: connections, where: map[net.Conn]*slot{}}
	server := &http.Server{
		Handler:           limit.watching(h),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    128 << 10, // a GET carries 64 KiB of parameters in its first line
		ConnState:         limit.track,
		ConnContext:       func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return &Server{HTTP: server, lane: lane.New(server, twilioPath), limit: limit}, limit
}

// Serve answers what comes on l until l fails, or Shutdown or Close is called;
// it returns what http.Server.Serve does.
func (s *Server) Serve(l net.Listener) error { return s.lane.Serve(&listener{l, s.limit}) }

// Shutdown is http.Server.Shutdown: call ConnectionCap.Leave before.
func (s *Server) Shutdown(ctx context.Context) error { return s.lane.Shutdown(ctx) }

// Close closes all connections at once.
func (s *Server) Close() error { return s.lane.Close() }

// twilioPath is what every address begins with that Twilio asks.
const twilioPath = "/fallback"

type connKey struct{}
