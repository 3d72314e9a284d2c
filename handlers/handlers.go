// Package handlers is what comes in by HTTP: one engine over the three rooms
// hook (Twilio), pages (people) and api (programs), behind a barrier that
// answers Twilio whatever happens. It knows neither store nor notifiers.
package handlers

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// Room registers its routes on an engine.
type Room interface {
	Register(r gin.IRouter)
}

// Options are the parts of the two handlers.
type Options struct {
	// Astray answers Twilio where the address set there is only nearly one of
	// the hook's: with a slash at its end, or in capitals.
	Astray gin.HandlerFunc
	Hook   Room            // Twilio's routes
	Rooms  []Room          // everything else: pages, API, health, metrics
	NoWay  gin.HandlerFunc // answers addresses that do not exist
	Log    *slog.Logger
	// Apology is what the barrier answers on Twilio's routes.
	Apology func(path string) []byte
}

// All serves every room: what `listen` does by default.
func All(o Options) http.Handler {
	return barrier(engine(append([]Room{o.Hook}, o.Rooms...), astray(o.Astray, o.NoWay)), o)
}

// Public serves Twilio's routes only, with extra rooms such as health: what
// `listen` does where `admin_listen` serves the rest.
func Public(o Options, extra ...Room) http.Handler {
	return barrier(engine(append([]Room{o.Hook}, extra...), astray(o.Astray, nothingHere)), o)
}

// Admin serves everything but Twilio's routes.
func Admin(o Options) http.Handler {
	return barrier(engine(o.Rooms, o.NoWay), o)
}

// astray tells Twilio's requests from those of people who mistyped a page.
func astray(hook, noWay gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		path := strings.ToLower(strings.TrimLeft(c.Request.URL.Path, "/"))
		if path == "fallback" || strings.HasPrefix(path, "fallback/") {
			hook(c)
			return
		}
		noWay(c)
	}
}

func nothingHere(c *gin.Context) { c.String(http.StatusNotFound, "There is nothing here.\n") }

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
	e.NoRoute(noWay)
	for _, room := range rooms {
		room.Register(e)
	}
	return e
}
