// Package api is what programs ask: health, metrics, and what became of a
// drill. It knows neither store nor pages: what it shows, it is given.
package api

import (
	"context"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
)

// Options are the room's parts.
type Options struct {
	// Degraded names the parts that do not work; callers are answered all
	// the same.
	Degraded func() []string
	// Drill reads what the ledger knows of a drill's SID.
	Drill func(ctx context.Context, sid string) (history.DrillReport, error)
	// Notifiers names the notifiers that alerts go to.
	Notifiers func() []string
	// Metrics serves Prometheus.
	Metrics http.Handler
	// DrillToken and Token are the bearer tokens for drills, and for
	// everything here that wants one.
	DrillToken, Token string
}

// Room answers programs.
type Room struct{ o Options }

// New makes the room.
func New(o Options) *Room { return &Room{o: o} }

// Register adds the routes.
func (a *Room) Register(r gin.IRouter) {
	a.Health().Register(r)
	r.GET("/metrics", bearer(a.o.Token), gin.WrapH(a.o.Metrics))
	r.GET("/api/v1/drills/:sid", bearer(a.o.DrillToken, a.o.Token), a.drill)
}

// Health is the part that a public listener serves too: load balancers ask
// where callers are answered.
func (a *Room) Health() HealthRoom { return HealthRoom{degraded: a.o.Degraded} }

// HealthRoom answers whether callers can be answered.
type HealthRoom struct{ degraded func() []string }

// Register adds /healthz, /health and /readyz.
func (h HealthRoom) Register(r gin.IRouter) {
	for _, path := range []string{"/healthz", "/health", "/readyz"} {
		r.GET(path, h.serve)
		r.HEAD(path, h.serve)
	}
}

// health is the body of /healthz. Its status is "ok" as long as callers are
// answered: a full disk must not make a load balancer remove the last node.
type health struct {
	Status   string   `json:"status"`
	Degraded []string `json:"degraded"`
}

func (h HealthRoom) serve(c *gin.Context) {
	body := health{Status: "ok", Degraded: h.named()}
	if body.Degraded == nil {
		body.Degraded = []string{}
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, body)
}

// named are the parts that do not work. That nobody can say which is one more:
// callers are answered all the same.
func (h HealthRoom) named() (parts []string) {
	defer func() {
		if recover() != nil {
			parts = []string{"health"}
		}
	}()
	return h.degraded()
}

// bearer lets pass who shows one of the tokens.
func bearer(tokens ...string) gin.HandlerFunc {
	return func(c *gin.Context) {
		scheme, shown, ok := strings.Cut(c.GetHeader("Authorization"), " ")
		ok = ok && strings.EqualFold(scheme, "Bearer") // RFC 9110, 11.1: its case says nothing
		for _, token := range tokens {
			if ok && token != "" && subtle.ConstantTimeCompare([]byte(shown), []byte(token)) == 1 {
				return
			}
		}
		c.Header("WWW-Authenticate", `Bearer realm="backstop"`)
		c.AbortWithStatusJSON(http.StatusUnauthorized, gin.H{
			"error": "this address wants the header Authorization: Bearer <token>; the token is in api.token in DATA_DIR",
		})
	}
}

// Drill is what /api/v1/drills/{SID} returns.
type Drill struct {
	SID        string     `json:"sid"`
	Recorded   bool       `json:"recorded"`
	FailureID  string     `json:"failure_id,omitempty"`
	ReceivedAt *time.Time `json:"received_at,omitempty"`
	Outcome    string     `json:"outcome,omitempty"` // as far as it is known: "saved", "voicemail"
	Notifiers  []string   `json:"notifiers"`
	Deliveries []Delivery `json:"deliveries"`
}

// Delivery is one alert of a drill on its way.
type Delivery struct {
	Notifier  string     `json:"notifier"`
	State     string     `json:"state"`
	Attempts  int        `json:"attempts"`
	SentAt    *time.Time `json:"sent_at,omitempty"`
	Detail    string     `json:"detail,omitempty"`
	LastError string     `json:"last_error,omitempty"`
}

func (a *Room) drill(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), 2*time.Second)
	defer cancel()
	report, err := a.o.Drill(ctx, c.Param("sid"))
	if err != nil {
		c.JSON(http.StatusServiceUnavailable, gin.H{"error": "the history is unavailable at the moment: see /healthz"})
		return
	}
	body := Drill{SID: c.Param("sid"), Recorded: report.Found, Notifiers: a.o.Notifiers(), Deliveries: []Delivery{}}
	if body.Notifiers == nil {
		body.Notifiers = []string{}
	}
	if report.Found {
		body.FailureID = report.FailureID.String()
		body.ReceivedAt = &report.ReceivedAt
		body.Outcome = report.Outcome.String()
	}
	for _, d := range report.Deliveries {
		one := Delivery{Notifier: d.Notifier, State: d.State.String(), Attempts: d.Attempts, Detail: d.Detail, LastError: d.LastError}
		if !d.SentAt.IsZero() {
			one.SentAt = &d.SentAt
		}
		body.Deliveries = append(body.Deliveries, one)
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, body)
}
