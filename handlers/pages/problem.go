package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
)

var errCrossOrigin = errors.New("a form of another site")

// page turns what h returns into a page: the one place where errors end. All
// that h asks the history has to be answered within readFor.
func (p *Pages) page(h func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, cancel := context.WithTimeout(c.Request.Context(), readFor)
		defer cancel()
		c.Request = c.Request.WithContext(ctx)
		defer func() { // before cancel: else nobody would seem to wait for the sentence
			if cause := recover(); cause != nil {
				p.Log.Error("panic behind a page", "path", c.FullPath(), "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
				p.fail(c, fmt.Errorf("panic: %v", cause))
			}
		}()
		if err := h(c); err != nil {
			p.fail(c, err)
		}
	}
}

// badRequestError is an address or a form that nobody could make sense of.
type badRequestError struct{ sentence string }

// Error is the sentence that people read.
func (b badRequestError) Error() string { return b.sentence }

// unavailableError is something that others do not give us at the moment.
type unavailableError struct{ sentence string }

// Error is the sentence that people read.
func (u unavailableError) Error() string { return u.sentence }

var errQuery = badRequestError{"The part of the address behind the question mark is not well formed."}

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
		view.Banners = p.banners()
	}
	if err := p.render(c, status, "problem", view); err != nil {
		p.Log.Error("page not shown", "path", c.FullPath(), "err", err)
	}
}

// explain says in a page what went wrong.
func explain(err error) (status int, view problemView) {
	var bad badRequestError
	var away unavailableError
	switch {
	case errors.Is(err, history.ErrNotFound):
		return http.StatusNotFound, problemView{
			Heading: "Not found",
			Text:    "There is nothing at this address. What it named may have been removed because of its age.",
		}
	case errors.As(err, &bad):
		return http.StatusBadRequest, problemView{Heading: "Not understood", Text: bad.sentence}
	case errors.As(err, &away):
		return http.StatusBadGateway, problemView{Heading: "Not to be had now", Text: away.sentence}
	case errors.Is(err, errCrossOrigin):
		return http.StatusForbidden, problemView{
			Heading: "Refused",
			Text:    "This form was sent from another site. If a reverse proxy stands before Backstop, let it pass on the Host header, or set PUBLIC_URL or admin_url to the address in your browser.",
		}
	}
	text := "The database behind this page does not answer at the moment. Reload the page in a few seconds; the log says why."
	if errors.Is(err, history.ErrOpening) {
		text = "The database behind this page is being opened. Where it is large, or was made by an older version, that can take some minutes."
	}
	return http.StatusServiceUnavailable, problemView{
		Heading: "History unavailable",
		Text:    text,
		Working: []string{
			"Callers are answered as always: that needs no database.",
			"Failures are written to the journal, and appear here once the database is back.",
			"If it stays away, alerts are sent from memory.",
		},
	}
}
