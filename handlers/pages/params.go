package pages

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// paramView is one parameter.
type paramView struct {
	Index  int
	Name   string
	Value  string
	Less   bool   // less is shown than there is
	Hidden string // "12 characters": nothing is shown
	Empty  bool
	Long   bool
}

type revealView struct {
	At       Moment
	By, What string
}

// revealAll stands for every parameter, and the numbers in the document.
const revealAll = "all"

// unrevealed answers people who load the address of a reveal again: it shows
// things once, when it is asked for.
func (p *Pages) unrevealed(c *gin.Context) error {
	c.Redirect(http.StatusSeeOther, historyPath+"/"+url.PathEscape(c.Param("id")))
	return nil
}

// reveal shows what is hidden, after it has been recorded who looked.
func (p *Pages) reveal(c *gin.Context) error {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxLoginForm)
	if err := c.Request.ParseForm(); err != nil {
		return badRequestError{"This form could not be read."}
	}
	detail, err := p.detail(c)
	if err != nil {
		return err
	}
	which := c.Request.PostForm.Get("what")
	name, ok := revealed(detail.Params, which)
	if !ok {
		return badRequestError{"There is no such parameter to reveal."}
	}
	r, err := p.recordReveal(c, name, detail.ID)
	if err != nil {
		return err
	}
	p.Log.Info("revealed", "user", shortened(r.By), "failure", detail.ID, "what", r.What)
	detail.Reveals = append(detail.Reveals, r)
	return p.failurePage(c, detail, which)
}

// recordReveal says who looks at what of these failures. Nothing may be shown
// where it returns an error.
func (p *Pages) recordReveal(c *gin.Context, what string, ids ...incident.ID) (history.Reveal, error) {
	r := history.Reveal{At: p.Now(), By: c.GetString(userField), What: what}
	_, err := read(c.Request.Context(), p, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, p.History.Reveal(ctx, r, ids...)
	})
	return r, err
}

// revealed is what the record says was looked at.
func revealed(params []incident.Param, which string) (name string, ok bool) {
	if which == revealAll {
		return "everything", true
	}
	i, err := strconv.Atoi(which)
	if err != nil || i < 0 || i >= len(params) {
		return "", false
	}
	return history.Visible(cut(params[i].Name, 100)), true
}

// maxShown is how much of a value a page shows.
const maxShown = 20_000

// params are the parameters as a page shows them, and how many of them are
// shown in part or not at all.
func params(all []incident.Param, mask history.Mask, which string) (views []paramView, hidden int) {
	const long = 300
	for i, param := range all {
		shown, less := mask.Param(param)
		if which == revealAll || which == strconv.Itoa(i) {
			shown, less = param.Value, false
		}
		view := paramView{
			Index: i, Name: history.Visible(cut(param.Name, 200)), Value: history.Visible(cut(shown, maxShown)),
			Less: less, Empty: param.Value == "", Long: len(shown) > long,
		}
		if less {
			hidden++
			if shown == "" {
				view.Hidden = templates.Plural(int64(utf8.RuneCountInString(param.Value)), "character", "characters")
			}
		}
		views = append(views, view)
	}
	return views, hidden
}
