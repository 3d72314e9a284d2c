package pages

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/backstop-project/backstop/history"
)

// maxCallbackForm is more than the longest note takes.
const maxCallbackForm = 16 << 10

// callBack notes what somebody does about a person, and shows the list again:
// revealed to whoever had it so before their eyes.
func (p *Pages) callBack(c *gin.Context) error {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxCallbackForm)
	if err := c.Request.ParseForm(); err != nil {
		return badRequestError{"This form could not be read."}
	}
	q, err := p.callersAskedFor(c)
	if err != nil {
		return err
	}
	said, err := p.noteCallback(c)
	if err != nil {
		return err
	}
	how := shownCallers{status: http.StatusOK, said: said, revealed: c.Request.PostForm.Get("revealed") == "1"}
	if said != "" {
		how.status = http.StatusConflict
	}
	if !how.revealed && said == "" {
		c.Redirect(http.StatusSeeOther, callersURL(q)+"#c-"+c.Param("id"))
		return nil
	}
	return p.showCallers(c, q, how)
}

// noted is what came of a note.
type noted struct {
	is history.Callback
	ok bool
}

// noteCallback does what the form says. said is why it was not done, "" where
// it was.
func (p *Pages) noteCallback(c *gin.Context) (said string, err error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil || id.String() != strings.ToLower(c.Param("id")) {
		return "", history.ErrNotFound
	}
	by, at := c.GetString(userField), p.Now().Truncate(time.Millisecond)
	claim := c.Request.PostForm.Get("do") == "claim"
	ask := func(ctx context.Context) (history.Callback, bool, error) {
		return p.History.ClaimCallback(ctx, id, by, at)
	}
	if !claim {
		to, err := callbackChange(c)
		if err != nil {
			return "", err
		}
		to.By, to.At = by, at
		ask = func(ctx context.Context) (history.Callback, bool, error) {
			return p.History.ChangeCallback(ctx, id, to)
		}
	}
	// What a person has decided is done even where the browser goes away.
	now, err := read(context.WithoutCancel(c.Request.Context()), p, func(ctx context.Context) (noted, error) {
		is, ok, err := ask(ctx)
		return noted{is, ok}, err
	})
	if err != nil {
		return "", err
	}
	if !now.ok {
		return p.sayCallback(now.is, claim), nil
	}
	p.Log.Info("callback noted", "user", shortened(by), "failure", id, "state", now.is.State.String())
	return "", nil
}

// callbackChange reads the form of a change.
func callbackChange(c *gin.Context) (to history.CallbackChange, err error) {
	form := c.Request.PostForm
	state, ok := history.ParseCallbackState(form.Get("state"))
	if form.Get("do") != "change" || !ok {
		return to, badRequestError{"This form could not be read."}
	}
	to.State = state
	_, given := form["note"]
	to.KeepNote = !given
	to.Note = strings.TrimSpace(strings.ReplaceAll(form.Get("note"), "\r\n", "\n"))
	if utf8.RuneCountInString(to.Note) > history.MaxNote || !utf8.ValidString(to.Note) {
		return to, badRequestError{"A note has at most " + strconv.Itoa(history.MaxNote) + " characters, and nothing was changed. Go back to shorten it."}
	}
	if seen := form.Get("seen"); seen != "" {
		ms, err := strconv.ParseInt(seen, 10, 64)
		if err != nil {
			return to, badRequestError{"This form could not be read."}
		}
		to.Seen = time.UnixMilli(ms).UTC()
	}
	return to, nil
}

// revealCallers shows a page of the list with all that is hidden by default,
// after it has been recorded who looked.
func (p *Pages) revealCallers(c *gin.Context) error {
	q, err := p.callersAskedFor(c)
	if err != nil {
		return err
	}
	return p.showCallers(c, q, shownCallers{status: http.StatusOK, revealed: true})
}

func (p *Pages) showCallers(c *gin.Context, q history.CallerQuery, how shownCallers) error {
	page, err := p.callersOf(c, q)
	if err != nil {
		return err
	}
	if how.revealed {
		if page.Reveals, err = p.recordCallers(c, q, "shown", len(page.Rows)); err != nil {
			return err
		}
	}
	return p.render(c, how.status, "callers", p.callersPage(c, q, page, how))
}

// downloadCallers sends all pages of the list as a file, after it has been
// recorded who has it.
func (p *Pages) downloadCallers(c *gin.Context) error {
	q, err := p.callersAskedFor(c)
	if err != nil {
		return err
	}
	q.Before, q.Limit = 0, history.MaxCallers
	page, err := p.callersOf(c, q)
	if err != nil {
		return err
	}
	if _, err := p.recordCallers(c, q.FirstPage(), "as a file", len(page.Rows)); err != nil {
		return err
	}
	now := p.Now().In(p.Settings().Zone)
	c.Header("Content-Disposition", `attachment; filename="callers-`+now.Format(time.DateOnly)+`.csv"`)
	c.Data(http.StatusOK, "text/csv; charset=utf-8", callersCSV(page.Rows, p.Settings().Zone))
	return nil
}

// recordCallers says who looks at how many people, and returns who did last.
// Nothing may be shown where it returns an error.
func (p *Pages) recordCallers(c *gin.Context, q history.CallerQuery, what string, people int) ([]history.CallerReveal, error) {
	r := history.CallerReveal{
		At: p.Now(), By: c.GetString(userField), What: what, List: strings.TrimPrefix(callersQuery(q), "?"), People: people,
	}
	last, err := read(c.Request.Context(), p, func(ctx context.Context) ([]history.CallerReveal, error) {
		return p.History.RevealCallers(ctx, r)
	})
	if err == nil {
		p.Log.Info("revealed", "user", shortened(r.By), "people", people, "what", "callers, "+what)
	}
	return last, err
}
