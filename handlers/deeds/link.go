package deeds

import (
	"errors"
	"net/http"
	"regexp"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/act"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// show is the page behind a link: it says what the button would do. Programs
// that look where links lead change nothing.
func (r *Room) show(c *gin.Context) {
	d, ok := r.opened(c)
	if !ok {
		return
	}
	view := r.viewOf(d)
	o, err := r.look(c.Request.Context(), d)
	switch {
	case err != nil:
		view.Said = []string{"Backstop's history is not available at the moment. Try again in a minute."}
		r.render(c, http.StatusServiceUnavailable, view)
		return
	case o.none || o.over || o.by != "":
		view.Said = []string{r.o.Settings().said(o, d.Action, byMail(d.Recipient))}
	default:
		view.Said, view.Button, view.Quiet = []string{means(d.Action)}, d.Action.Label(), d.Action == act.Resolve
	}
	r.render(c, http.StatusOK, r.about(view, o.in))
}

// press does what the link is for. The token is the authority: whoever has it
// needs no login, and no other site can know it.
func (r *Room) press(c *gin.Context) {
	d, ok := r.opened(c)
	if !ok {
		return
	}
	view := r.viewOf(d)
	o, err := r.do(c.Request.Context(), d, byMail(d.Recipient))
	switch {
	case errors.Is(err, errLate):
		view.Said = []string{trouble(err)}
		r.render(c, http.StatusAccepted, view)
	case err != nil:
		view.Said = []string{trouble(err)}
		r.render(c, http.StatusServiceUnavailable, view)
	default:
		view.Said = []string{r.o.Settings().said(o, d.Action, byMail(d.Recipient))}
		r.render(c, http.StatusOK, r.about(view, o.in))
	}
}

// byMail is who acts by a link that was sent there.
func byMail(recipient string) string { return recipient + " by e-mail" }

// opened is what the address was made for; ok is false where an answer was
// given already.
func (r *Room) opened(c *gin.Context) (d act.Deed, ok bool) {
	headers(c)
	d, err := r.o.Seal.Open(act.ByMail, c.Param("token"), r.o.Now())
	switch {
	case errors.Is(err, act.ErrExpired):
		view := r.viewOf(d)
		view.Said = []string{"This link was valid for 72 hours, which are over. Nothing was changed: open the incident's page instead."}
		r.render(c, http.StatusGone, view)
	case err != nil:
		r.render(c, http.StatusNotFound, templates.DeedPage{
			Heading: "This link does nothing",
			Said:    []string{"It is not whole, or was made by another Backstop or before its keys were replaced. Nothing was changed: copy it once more, or open the incident's page."},
		})
	default:
		return d, true
	}
	return d, false
}

func (r *Room) viewOf(d act.Deed) templates.DeedPage {
	view := templates.DeedPage{Heading: headingOf(d.Action), Who: history.Visible(d.Recipient)}
	if pages := r.o.Settings().Pages; pages != "" {
		view.Page = pages + "/incidents/" + strconv.FormatInt(d.Incident, 10)
	}
	return view
}

// about adds the incident's line.
func (r *Room) about(view templates.DeedPage, in incident.Incident) templates.DeedPage {
	if in.ID == 0 {
		view.Page = ""
		return view
	}
	view.Line = "#" + strconv.FormatInt(in.ID, 10) + " " + unnumbered(history.Visible(r.o.Settings().Line(in)))
	return view
}

var phoneNumber = regexp.MustCompile(`\+\d{6,15}`)

// unnumbered is line without telephone numbers, also those of the customer's own
// lines: whoever a mail is passed on to sees the page without a login.
func unnumbered(line string) string {
	return phoneNumber.ReplaceAllStringFunc(line, history.Mask{Numbers: true}.Number)
}

func headingOf(a act.Action) string {
	switch a {
	case act.Acknowledge:
		return "Acknowledge an incident"
	case act.Mute:
		return "Mute an incident for an hour"
	case act.Resolve:
		return "Resolve an incident"
	}
	return "An incident"
}

func means(a act.Action) string {
	switch a {
	case act.Acknowledge:
		return "You take care of it: reminders stop, nobody else is called, and the others see that it is you."
	case act.Mute:
		return "Nobody is told more of it for an hour. That it is over is told all the same."
	case act.Resolve:
		return "Press only if it is over: everybody who knows of it is told so. If it fails again, a new incident begins."
	}
	return ""
}

func (r *Room) render(c *gin.Context, status int, view templates.DeedPage) {
	name, _ := r.pages.Style()
	view.Style = "assets/" + name // relative: a proxy may strip a path before ours
	c.Header("Content-Type", "text/html; charset=utf-8")
	c.Status(status)
	if err := r.pages.Render(c.Writer, view); err != nil {
		r.o.Log.Error("page of a deed not rendered", "err", err)
	}
}

// style serves the one style sheet, also where no other page is served.
func (r *Room) style(c *gin.Context) {
	name, sheet := r.pages.Style()
	if c.Param("name") != name {
		c.String(http.StatusNotFound, "There is nothing here.\n")
		return
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Data(http.StatusOK, sheet.Type, sheet.Content)
}

// headers let nobody keep, index or frame the page, and tell nobody its address.
func headers(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow")
}
