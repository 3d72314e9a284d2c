package pages

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

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
	return p.templates.Render(timed(c), page, view)
}

// Moment is a time as pages show it.
type Moment = templates.Moment

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
