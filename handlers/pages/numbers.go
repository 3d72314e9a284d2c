package pages

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

const numbersPath = historyPath + "/reveal"

// numbersURL is where the numbers of that page of the history are revealed; ""
// where none is masked.
func numbersURL(q history.Query, rows []history.Row, mask history.Mask) string {
	for _, r := range rows {
		if mask.Number(r.From) != r.From || mask.Number(r.To) != r.To {
			return numbersPath + strings.TrimPrefix(historyURL(q), historyPath)
		}
	}
	return ""
}

// numbersHidden answers people who load the address of a reveal again: it
// shows things once, when it is asked for.
func (p *Pages) numbersHidden(c *gin.Context) error {
	q, err := p.askedFor(c)
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, historyURL(q))
	return nil
}

// revealNumbers shows a page of the history with the numbers of all its rows,
// after it has been recorded with each of them who looked.
func (p *Pages) revealNumbers(c *gin.Context) error {
	q, err := p.askedFor(c)
	if err != nil {
		return err
	}
	look, err := read(c.Request.Context(), p, func(ctx context.Context) (history.Look, error) { return p.History.Look(ctx, q, chartBars) })
	if err != nil {
		return err
	}
	ids := make([]incident.ID, 0, len(look.Rows))
	for _, r := range look.Rows {
		ids = append(ids, r.ID)
	}
	r, err := p.recordReveal(c, "numbers, in a list", ids...)
	if err != nil {
		return err
	}
	p.Log.Info("revealed", "user", shortened(r.By), "failures", len(ids), "what", r.What)
	view := historyView{Revealed: templates.Plural(int64(len(ids)), "failure", "failures"), Hide: historyURL(q)}
	if err := p.fillHistory(c, &view, q, look); err != nil {
		return err
	}
	view.Refresh, view.Filter = false, p.filter(q)
	return p.render(c, http.StatusOK, "history", view)
}

// askedFor is the query of the address, all of which has to be understood: a
// filter left out would reveal more than was asked for.
func (p *Pages) askedFor(c *gin.Context) (history.Query, error) {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return history.Query{}, errQuery
	}
	q, problems := history.ParseQuery(values, p.Now(), p.Settings().Zone)
	if len(problems) > 0 {
		return q, badRequestError{"A filter of this address was not understood, so nothing is revealed."}
	}
	return q, nil
}
