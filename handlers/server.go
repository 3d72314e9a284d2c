package handlers

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// NewServer is an http.Server with every timeout set, that keeps at most
// connections open: at the cap one that waits goes, as ConnectionCap says, and
// the new one only where all others are being answered. Twilio gives up after
// 15 s, so nothing may take longer.
func NewServer(h http.Handler, connections int, log *slog.Logger) (*http.Server, *ConnectionCap) {
	limit := &ConnectionCap{most: connections, where: map[net.Conn]*slot{}}
	return &http.Server{
		Handler:           limit.watching(h),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    128 << 10, // a GET carries 64 KiB of parameters in its first line
		ConnState:         limit.track,
		ConnContext:       func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}, limit
}

type connKey struct{}
