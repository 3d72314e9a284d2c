// Package handlers is what comes in by HTTP: one engine over the three rooms
// hook (Twilio), pages (people) and api (programs), behind a barrier that
// answers Twilio whatever happens. It knows neither store nor notifiers.
package handlers

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"
)

// Room registers its routes on an engine.
type Room interface {
	Register(r gin.IRouter)
}

// Options are the parts of the two handlers.
type Options struct {
	Hook  Room            // Twilio's routes
	Rooms []Room          // everything else: pages, API, health, metrics
	NoWay gin.HandlerFunc // answers addresses that do not exist
	Log   *slog.Logger
	// Apology is what the barrier answers on Twilio's routes.
	Apology func(path string) []byte
}

// All serves every room: what `listen` does by default.
func All(o Options) http.Handler {
	return barrier(engine(append([]Room{o.Hook}, o.Rooms...), o.NoWay), o)
}

// Public serves Twilio's routes only, with extra rooms such as health: what
// `listen` does where `admin_listen` serves the rest.
func Public(o Options, extra ...Room) http.Handler {
	return barrier(engine(append([]Room{o.Hook}, extra...), nil), o)
}

// Admin serves everything but Twilio's routes.
func Admin(o Options) http.Handler {
	return barrier(engine(o.Rooms, o.NoWay), o)
}

// engine is gin without its helpfulness: no redirects, no proxies trusted, no
// recovery of its own.
func engine(rooms []Room, noWay gin.HandlerFunc) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	// SetTrustedProxies(nil) cannot fail: there is nothing to parse.
	_ = e.SetTrustedProxies(nil)
	e.RedirectTrailingSlash = false
	e.RedirectFixedPath = false
	e.HandleMethodNotAllowed = true
	e.NoMethod(func(c *gin.Context) {
		c.String(http.StatusMethodNotAllowed, "This address takes %s only.\n", c.Writer.Header().Get("Allow"))
	})
	if noWay != nil {
		e.NoRoute(noWay)
	}
	for _, room := range rooms {
		room.Register(e)
	}
	return e
}
