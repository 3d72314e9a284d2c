// Package pages is what people see: overview, incidents, the error history and
// the login before them. It reads through small interfaces and shows what it
// gets; it knows neither database nor notifiers, and sends nothing to Twilio.
package pages

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/templates"
)

// Failures is what the pages ask of the error history. Any error but
// history.ErrNotFound means that it is away.
type Failures interface {
	Failures(ctx context.Context, q history.Query) (history.Page, error)
	Failure(ctx context.Context, id incident.ID) (history.Detail, error)
	Histogram(ctx context.Context, q history.Query, maxBuckets int) ([]history.Bucket, error)
	Look(ctx context.Context, q history.Query, maxBuckets int) (history.Look, error)
	// Reveal records who looked, for all of the failures or for none.
	Reveal(ctx context.Context, r history.Reveal, ids ...incident.ID) error
}

// Incidents is what the pages ask and tell about incidents.
type Incidents interface {
	Incidents(ctx context.Context, q history.IncidentQuery) (history.IncidentPage, error)
	Incident(ctx context.Context, id int64) (history.IncidentDetail, error)
	Acknowledge(ctx context.Context, id int64, by string, at time.Time) (incident.Incident, error)
	Resolve(ctx context.Context, id int64, by string, at time.Time) (incident.Incident, error)
	// Mute is until that time, or so many callers; zero is no such bound, and a time
	// that is not after at ends it.
	Mute(ctx context.Context, id int64, by string, until time.Time, upTo int64, at time.Time) (incident.Incident, error)
}

// Silences is what the pages ask and tell about what people are not told of.
type Silences interface {
	// Silences are those that are not over at that time, and those that ended within
	// the week before, the newest first.
	Silences(ctx context.Context, at time.Time) ([]incident.Silence, error)
	Silence(ctx context.Context, s incident.Silence) (id int64, err error)
	EndSilence(ctx context.Context, id int64, by string, at time.Time) error
}

// Callers is what the pages ask and tell about calling people back.
type Callers interface {
	Callers(ctx context.Context, q history.CallerQuery, now time.Time) (history.CallerPage, error)
	// ClaimCallback and ChangeCallback say false where somebody else was first,
	// and how it stands.
	ClaimCallback(ctx context.Context, failure incident.ID, by string, at time.Time) (history.Callback, bool, error)
	ChangeCallback(ctx context.Context, failure incident.ID, to history.CallbackChange) (history.Callback, bool, error)
	// RevealCallers records who looked, and returns those who did last.
	RevealCallers(ctx context.Context, r history.CallerReveal) ([]history.CallerReveal, error)
}

// Notifiers says how the places do where alerts go.
type Notifiers interface {
	Notifiers(ctx context.Context) ([]history.NotifierStatus, error)
}

// History is the ledger as the pages see it.
type History interface {
	Failures
	Incidents
	Callers
	Notifiers
	Silences
}

// Passwords knows who may log in.
type Passwords interface {
	// PasswordHash is what HashPassword made of the user's password; ok is
	// false where there is no such user. Sessions made under another hash end.
	PasswordHash(username string) (encoded string, ok bool)
}

// Setup is how far Backstop has been set up, read anew for every page.
type Setup struct {
	// Missing are those of PUBLIC_URL, TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN
	// that are wanted. Without the token requests are answered but not
	// recorded; without the URL some may not be.
	Missing []string
	// SuggestedURL is the PUBLIC_URL that a verified request was signed for
	// while none was set; "" where there was none.
	SuggestedURL string
	// Notifiers are the names of the configured notifiers, Failing of those
	// among them whose last attempt failed.
	Notifiers, Failing []string
	// Command is how this program is called: "backstop", "go run ./cmd/backstop".
	Command string
}

// Unverified sums up the requests whose signature did not match and that may
// be real callers. The zero value means that there were none.
type Unverified struct {
	Count   int64 // that name a configured account, or any while no token is set
	Since   time.Time
	Newest  time.Time
	Reasons []Reason // most frequent first
}

// Reason is why requests could not be verified.
type Reason struct {
	Text  string // "signed for https://a, PUBLIC_URL says http://a"
	Count int64
}

// Notice is something about Backstop itself that people have to know: a part
// that is degraded, a reload that was refused.
type Notice struct {
	Urgent bool // red: callers or alerts suffer; amber otherwise
	Title  string
	Detail string
}

// Settings is the part of the configuration that a reload may change.
type Settings struct {
	Zone           *time.Location
	PublicURL      string // "" where unset
	AdminURL       string // "" where unset
	TrustedProxies []netip.Prefix
	Mask           history.Mask
	Reject         bool // unverified requests get 403, not the apology
}

// Options are the parts that pages are made of. All are needed but for Backtest.
type Options struct {
	History    History
	Passwords  Passwords
	Setup      func() Setup
	Unverified func() Unverified
	Notices    func() []Notice
	Replays    Replays
	Settings   func() Settings
	// Rules are what callers get, and Explain says what one of them would.
	Rules   func() []recovery.Outline
	Explain func(f incident.Failure, visit int) recovery.Explanation
	// Standing is which places are open at that moment, and who is on call.
	Standing func(time.Time) recovery.Standing
	// Lines are those that have a name to be looked for.
	Lines func() []history.NamedLine
	// Shown is told of each page that somebody who is logged in asks for.
	Shown func()
	// Probed says of each server that is probed how it is, in a sentence.
	Probed func() []string
	// Policy is what decides about alerts, as it stands.
	Policy func() incident.Policy
	// Places are the notifiers, as the program knows them.
	Places  func() []Place
	Testing Testing
	// Regular is what Backstop does by itself again and again.
	Regular func(now time.Time) []Regular
	// Backtest says in a sentence what the policy would have told of the last weeks;
	// ok is false where that is not known. It is nil where nobody counts.
	Backtest func(ctx context.Context) (text string, ok bool)
	// Recordings are fetched from Twilio when somebody listens.
	Recordings Recordings
	Now        func() time.Time
	Log        *slog.Logger
	Version    string
}

// Pages serves people.
type Pages struct {
	Options
	templates *templates.Pages
	sessions  *sessions
	door      *door
	trials    trials
	reading   chan struct{} // holds one token per read of the history under way
}

// readAtMost bounds the reads of the history under way, for one that hangs may
// not heed its context, and a page that refreshes itself would pile them up.
const readAtMost = 32

// readFor is how long a page waits for the history, all in all.
const readFor = 2 * time.Second

// New has the pages. An error means that the program was built wrong.
func New(o Options) (*Pages, error) {
	parsed, err := templates.NewPages()
	if err != nil {
		return nil, err
	}
	return &Pages{
		Options:   o,
		templates: parsed,
		sessions:  newSessions(o.Now),
		door:      newDoor(),
		reading:   make(chan struct{}, readAtMost),
	}, nil
}

// Register adds the pages' routes. All of them want a login, but for the login
// itself and the assets.
func (p *Pages) Register(r gin.IRouter) {
	open := r.Group("/", p.headers, p.sameOrigin)
	get(open, "/login", p.page(p.showLogin))
	open.POST("/login", p.page(p.login))
	open.POST("/logout", p.page(p.logout))
	get(r.Group("/"), templates.AssetRoot+":name", p.asset)

	people := open.Group("/", p.knownOnly)
	get(people, "/", p.page(p.overview))
	get(people, "/incidents", p.page(p.incidents))
	get(people, "/incidents/:id", p.page(p.incident))
	people.POST("/incidents/:id/acknowledge", p.page(p.acknowledge))
	people.POST("/incidents/:id/resolve", p.page(p.resolve))
	people.POST("/incidents/:id/send", p.page(p.sendAll))
	people.POST("/incidents/:id/send-on", p.page(p.sendOn))
	p.registerSilences(people)
	p.registerNotifiers(people)
	get(people, rulesPath, p.page(p.rules))
	get(people, "/history", p.page(p.history))
	get(people, numbersPath, p.page(p.numbersHidden))
	people.POST(numbersPath, p.page(p.revealNumbers))
	get(people, "/history/:id", p.page(p.failure))
	get(people, "/history/:id/reveal", p.page(p.unrevealed))
	people.POST("/history/:id/reveal", p.page(p.reveal))
	get(people, "/history/:id/recordings/:sid", p.page(p.unrevealed))
	people.POST("/history/:id/recordings/:sid", p.page(p.listen))
	p.registerCallers(people)
	people.POST("/history/:id/send", p.page(p.sendOne))
}

func get(r gin.IRouter, path string, h gin.HandlerFunc) {
	r.GET(path, h)
	r.HEAD(path, h)
}

// NotFound answers an address that does not exist. It says no more to
// strangers than that.
func (p *Pages) NotFound(c *gin.Context) {
	p.headers(c)
	p.page(func(*gin.Context) error { return history.ErrNotFound })(c)
}
