// Package hook is what Twilio talks to: it reads a fallback request, checks
// its signature, decides what the caller gets, has the failure written down
// and answers, in time and always. It knows neither journal nor ledger: they
// are behind the Recorder.
package hook

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio"
)

// Recorder writes failures down.
type Recorder interface {
	// Record queues e and returns at once; done is closed when e is durable.
	// late means that nobody should wait for it now. The slice of e's parameters
	// is not kept: its room is used again.
	Record(e incident.Entry) (done <-chan struct{}, late bool)
	// Late notes that somebody waited in vain.
	Late()
}

// Settings are what a reload may change, as one value.
type Settings struct {
	Keys           *twilio.Keys
	Public         twilio.BaseURL  // zero: found out by the first signature that matches
	Accounts       map[string]bool // the configured AccountSids
	AnyAccount     bool            // a token without AccountSid: every account may be ours
	Reject         bool            // unverified requests get 403, not the apology
	TrustedProxies []netip.Prefix  // their X-Forwarded-* count while Public is zero
	Drop           map[string]bool // parameters that are dropped before the journal
	Rules          recovery.Rules
	Recovery       *recovery.Recovery
}

// noTokens says whether no customer's key is configured at all.
func (s *Settings) noTokens() bool { return len(s.Accounts) == 0 && !s.AnyAccount }

func (s *Settings) ours(account string) bool {
	return s.Accounts[account] || s.AnyAccount && account != "" && account != twilio.DrillAccountSID
}

// Options are a Hook's parts.
type Options struct {
	Settings Settings
	Recorder Recorder
	// Noted hears of every recorded entry, on the answer path: it must not block,
	// and keeps no parameters. It feeds what people are told while the ledger is away.
	Noted func(incident.Entry)
	// Tell queues a meta-alert; it does not block.
	Tell func(incident.Alert)
	// FoundPublic is called once, when a signature told what PUBLIC_URL is.
	FoundPublic func(twilio.BaseURL)
	// Healths is what probes say of servers now, on the answer path: it must
	// not block. nil where nobody probes.
	Healths   func() standby.Healths
	RecordFor time.Duration // how long an answer waits to be written down
	Now       func() time.Time
	// Log's handler keeps nothing of a line once it is handled: its room is used again.
	Log *slog.Logger
}

// Hook answers Twilio. It serves any number of requests at once.
type Hook struct {
	o          Options
	current    atomic.Pointer[checked]
	retries    *retries
	unverified unverified
	timers     sync.Pool // of answers that wait for the journal
	lines      sync.Pool // attributes of log lines

	Stats Stats
}

// Stats counts what came in. Read them at any time.
type Stats struct {
	Answered   [3]atomic.Int64 // new failures, by channel
	Drills     atomic.Int64    // which count among no failures
	FollowUps  atomic.Int64    // what came back about failures
	Retries    atomic.Int64
	Unverified atomic.Int64
	Replays    atomic.Int64
	Unwritten  atomic.Int64 // answered with written=no
	Seconds    Histogram    // from the whole request to the answer
}

func (s *Stats) answered(f incident.Failure) {
	switch {
	case f.DrillKind == incident.Pulse:
		return
	case f.Drill:
		s.Drills.Add(1)
		return
	}
	s.Answered[f.Channel].Add(1)
}

// checked are settings with the verifiers made from them.
type checked struct {
	Settings
	verifier *twilio.Verifier
	drills   *twilio.Verifier // any address will do for a drill: its key says enough
	found    atomic.Pointer[found]
}

// found is what the first signature that matched told PUBLIC_URL to be.
type found struct {
	base     twilio.BaseURL
	verifier *twilio.Verifier
}

// New makes a hook; Run does what is not for the answer path.
func New(o Options) *Hook {
	h := &Hook{o: o, retries: newRetries()}
	h.current.Store(newChecked(o.Settings))
	return h
}

func newChecked(s Settings) *checked {
	return &checked{
		Settings: s,
		verifier: twilio.NewVerifier(s.Keys, s.Public),
		drills:   twilio.NewVerifier(s.Keys, twilio.BaseURL{}),
	}
}

// Register adds Twilio's routes.
func (h *Hook) Register(r gin.IRouter) {
	for path, route := range map[string]route{
		"/fallback/voice":     {channel: incident.Voice},
		"/fallback/messaging": {channel: incident.Messaging},
		"/fallback":           {channel: incident.Unknown},
	} {
		r.GET(path, h.handle(route))
		r.POST(path, h.handle(route))
	}
	for path, channel := range map[string]incident.Channel{followUpPath: incident.Voice, replyPath: incident.Messaging} {
		follow := h.handle(route{channel: channel, follow: true})
		r.GET(path, follow)
		r.POST(path, follow)
	}
	status := h.handle(route{channel: incident.Voice, status: true})
	r.GET(statusPath, status)
	r.POST(statusPath, status)
}

const (
	followUpPath = "/fallback/voice/:action/:token" // of our own documents
	replyPath    = "/fallback/messaging/:action/:token"
	statusPath   = "/fallback/voice/status" // what people may set as the status callback of a number
)

// Public is the address that Twilio is known to use: PUBLIC_URL, or what a
// signature told; zero while neither is known.
func (h *Hook) Public() twilio.BaseURL {
	now := h.current.Load()
	if found := now.found.Load(); found != nil {
		return found.base
	}
	return now.Public
}

// Unverified lists the unverified requests that are kept, the newest first, at
// most limit.
func (h *Hook) Unverified(limit int) []Unverified {
	return h.unverified.list(limit, h.o.Now())
}

// UnverifiedBytes is about how much memory the unverified requests take; it is
// bounded by 8 MiB.
func (h *Hook) UnverifiedBytes() int { return h.unverified.held() }

// Replace swaps the settings, and verifies again what was unverified: what
// matches now becomes failures with their original time, marked late.
func (h *Hook) Replace(s Settings) {
	h.current.Store(newChecked(s))
	h.verifyAgain()
}

// Run looks for the reasons of unverified requests, once a second, and has
// people told of them, until ctx ends.
func (h *Hook) Run(ctx context.Context) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var told teller
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			h.diagnose()
			if alert, ok := told.due(h.unverified.takeNews(), h.o.Now()); ok {
				h.o.Tell(alert)
			}
		}
	}
}
