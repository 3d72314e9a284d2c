package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/templates"
)

// Frame is what surrounds every page.
type Frame struct {
	Title   string
	Active  string // the menu's entry that the page belongs to
	User    string // "" where nobody is logged in: no menu then
	Search  string // what stands in the search box
	Banners []Banner
	Refresh bool   // the script may fetch the page again while it is looked at
	Now     Moment // when the page was made
	Version string
	Assets  templates.Assets
}

// Banner is a bar across the top of a page.
type Banner struct {
	Kind  string // "bad" or "warn"
	Title string
	Text  string
}

func (p *Pages) frame(c *gin.Context, title, active string) Frame {
	return Frame{
		Title: title, Active: active, User: c.GetString(userField), Version: p.Version,
		Now: p.moment(p.Now()), Assets: p.templates.Assets,
	}
}

// contentSecurity allows our own style sheet, script and pictures, and nothing
// inline.
const contentSecurity = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (p *Pages) headers(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", contentSecurity)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Not no-referrer: with it browsers send "Origin: null" with our own forms.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	if p.Settings().transportOf(c.Request) != plainHTTP { // where browsers heed it
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
}

// sameOrigin refuses forms that other sites send in somebody's name.
func (p *Pages) sameOrigin(c *gin.Context) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range p.Settings().origins() {
		// An origin that cannot be added is merely not trusted.
		_ = protection.AddTrustedOrigin(origin)
	}
	if err := protection.Check(c.Request); err != nil {
		p.page(func(*gin.Context) error { return errCrossOrigin })(c)
		c.Abort()
	}
}

var errCrossOrigin = errors.New("a form of another site")

// asset serves a file whose name holds a hash of its content.
func (p *Pages) asset(c *gin.Context) {
	asset, ok := p.templates.Assets.Lookup(c.Param("name"))
	if !ok {
		p.NotFound(c)
		return
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Cross-Origin-Resource-Policy", "same-origin")
	c.Data(http.StatusOK, asset.Type, asset.Content)
}

func (p *Pages) render(c *gin.Context, status int, page string, view any) error {
	c.Header("Content-Type", "text/html; charset=utf-8")
	c.Status(status)
	return p.templates.Render(c.Writer, page, view)
}

// read asks the history, and no longer than readFor, even where what it asks
// does not heed its context. The answer then comes too late for anybody, and
// the goroutine ends with it.
func read[T any](ctx context.Context, p *Pages, ask func(context.Context) (T, error)) (T, error) {
	var none T
	select {
	case p.reading <- struct{}{}:
	default:
		return none, errReading
	}
	// The goroutine must not cancel: its answer and the end of ctx would be
	// ready at the same time, and either could be taken.
	ctx, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	type answer struct {
		value T
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		defer func() { <-p.reading }()
		defer func() {
			if cause := recover(); cause != nil {
				answered <- answer{err: fmt.Errorf("panic: %v", cause)}
			}
		}()
		value, err := ask(ctx)
		answered <- answer{value, err}
	}()
	select {
	case a := <-answered:
		return a.value, a.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

var errReading = errors.New("too many reads of the history are under way")

// page turns what h returns into a page: the one place where errors end. All
// that h asks the history has to be answered within readFor.
func (p *Pages) page(h func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			if cause := recover(); cause != nil {
				p.fail(c, fmt.Errorf("panic: %v", cause))
			}
		}()
		ctx, cancel := context.WithTimeout(c.Request.Context(), readFor)
		defer cancel()
		c.Request = c.Request.WithContext(ctx)
		if err := h(c); err != nil {
			p.fail(c, err)
		}
	}
}

// badRequestError is an address or a form that nobody could make sense of.
type badRequestError struct{ sentence string }

// Error is the sentence that people read.
func (b badRequestError) Error() string { return b.sentence }

type problemView struct {
	Frame
	Heading string
	Text    string
	Working []string // what works all the same
}

func (p *Pages) fail(c *gin.Context, err error) {
	status, view := explain(err)
	switch {
	case status >= http.StatusInternalServerError && errors.Is(c.Request.Context().Err(), context.Canceled):
		return // nobody waits for it
	case status >= http.StatusInternalServerError:
		p.Log.Error("page not shown", "path", c.FullPath(), "err", err)
	}
	if c.Writer.Written() {
		return
	}
	view.Frame = p.frame(c, view.Heading, "")
	if view.User == "" {
		view.User = p.sessions.user(p.Settings().transportOf(c.Request), c.Request, p.Passwords)
	}
	if view.User != "" {
		view.Banners = p.notices()
	}
	if err := p.render(c, status, "problem", view); err != nil {
		p.Log.Error("page not shown", "path", c.FullPath(), "err", err)
	}
}

// explain says in a page what went wrong.
func explain(err error) (status int, view problemView) {
	var bad badRequestError
	switch {
	case errors.Is(err, history.ErrNotFound):
		return http.StatusNotFound, problemView{
			Heading: "Not found",
			Text:    "There is nothing at this address. What it named may have been removed because of its age.",
		}
	case errors.As(err, &bad):
		return http.StatusBadRequest, problemView{Heading: "Not understood", Text: bad.sentence}
	case errors.Is(err, errCrossOrigin):
		return http.StatusForbidden, problemView{
			Heading: "Refused",
			Text:    "This form was sent from another site. If a reverse proxy stands before Backstop, let it pass on the Host header, or set PUBLIC_URL or admin_url to the address in your browser.",
		}
	}
	return http.StatusServiceUnavailable, problemView{
		Heading: "History unavailable",
		Text:    "The database behind this page does not answer at the moment. Reload the page in a few seconds; the log says why.",
		Working: []string{
			"Callers are answered as always: that needs no database.",
			"Failures are written to the journal, and appear here once the database is back.",
			"If it stays away, alerts are sent from memory.",
		},
	}
}

// Moment is a time as pages show it, in the configured zone.
type Moment struct {
	ISO    string // for machines
	Text   string // "2026-11-23 03:12:45 +01:00"
	Day    string // "Monday, 23 November 2026"
	Clock  string // "03:12:45"
	Offset string // "+01:00"
}

func (p *Pages) moment(t time.Time) Moment {
	return momentIn(t, p.Settings().Zone)
}

func momentIn(t time.Time, zone *time.Location) Moment {
	if t.IsZero() {
		return Moment{}
	}
	t = t.In(zone)
	text := t.Format("2006-01-02 15:04:05 -07:00")
	return Moment{
		ISO: t.Format("2006-01-02T15:04:05.000-07:00"), Text: text,
		Day: t.Format("Monday, 2 January 2006"), Clock: text[11:19], Offset: text[20:],
	}
}
