package pages

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/templates"
)

const (
	callersPath = "/callers"
	callersFile = callersPath + ".csv"
	callersAll  = callersPath + "/reveal"
)

func (p *Pages) registerCallers(people gin.IRouter) {
	get(people, callersPath, p.page(p.callers))
	// What is done is a POST. Whoever loads its address again gets the list.
	for _, path := range []string{callersAll, callersFile, callersPath + "/:id"} {
		get(people, path, p.page(p.callersHidden))
	}
	people.POST(callersAll, p.page(p.revealCallers))
	people.POST(callersFile, p.page(p.downloadCallers))
	people.POST(callersPath+"/:id", p.page(p.callBack))
}

// callersView is the list of people to call back.
type callersView struct {
	Frame
	Filter   callerFilterView
	Problems []history.Problem
	Said     string // what came of what somebody did, where it is not plain
	People   []callerView
	Total    string
	Facts    []string // who is not in the list
	Reveal   string   // where it is revealed; "" where it is
	Revealed string   // how many people are; "" where they are not
	Hide     string   // the list with everything hidden
	File     string   // where it is downloaded
	Newest   string
	Older    string
	Everyone string // the list with those too who were saved or are done with; "" where it is that
	Reveals  []callerRevealView
}

// callerRevealView is who looked at a list.
type callerRevealView struct {
	At, Until Moment // no Until where it was once
	By, What  string
	People    string
	List      string
}

// shownCallers is how a list is shown.
type shownCallers struct {
	status   int
	said     string
	revealed bool
}

func (p *Pages) callers(c *gin.Context) error {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return errQuery
	}
	q, problems := history.ParseCallerQuery(values, p.Now(), p.Settings().Zone)
	if len(problems) == 0 {
		for _, given := range values {
			if given[0] == "" { // a form sends its empty fields too
				c.Redirect(http.StatusSeeOther, callersURL(q))
				return nil
			}
		}
	}
	page, err := p.callersOf(c, q)
	if err != nil {
		return err
	}
	view := p.callersPage(c, q, page, shownCallers{})
	view.Problems = visible(problems)
	return p.render(c, statusFor(problems), "callers", view)
}

func (p *Pages) callersOf(c *gin.Context, q history.CallerQuery) (history.CallerPage, error) {
	return read(c.Request.Context(), p, func(ctx context.Context) (history.CallerPage, error) {
		return p.History.Callers(ctx, q, p.Now())
	})
}

// callersAskedFor is the query of the address, all of which has to be
// understood: a filter left out would reveal more than was asked for.
func (p *Pages) callersAskedFor(c *gin.Context) (history.CallerQuery, error) {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return history.CallerQuery{}, errQuery
	}
	q, problems := history.ParseCallerQuery(values, p.Now(), p.Settings().Zone)
	if len(problems) > 0 {
		return q, badRequestError{"A filter of this address was not understood, so nothing is done."}
	}
	return q, nil
}

func (p *Pages) callersHidden(c *gin.Context) error {
	q, err := p.callersAskedFor(c)
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, callersURL(q))
	return nil
}

// callersPage is the page of a list.
func (p *Pages) callersPage(c *gin.Context, q history.CallerQuery, page history.CallerPage, how shownCallers) callersView {
	zone := p.Settings().Zone
	view := callersView{
		Filter: p.callerFilter(q), Said: how.said, People: p.callerViews(q, page.Rows, how.revealed),
		Total: templates.Plural(int64(page.Total), "person", "people"), Facts: callerFacts(page, zone),
		File: callersFile + callersQuery(q.FirstPage()),
	}
	view.Frame, _ = p.framed(c.Request.Context(), c, "Whom to call back", "callers")
	if how.revealed {
		view.Revealed, view.Hide = templates.Plural(int64(len(page.Rows)), "person", "people"), callersURL(q)
	} else if len(page.Rows) > 0 {
		view.Reveal = callersAll + callersQuery(q)
	}
	if q.Before != 0 {
		view.Newest = callersURL(q.FirstPage())
	}
	if page.Older != 0 {
		older := q
		older.Before = page.Older
		view.Older = callersURL(older)
	}
	if !q.All {
		all := q.FirstPage()
		all.All, all.State, all.Outcome = true, 0, history.Outcome{}
		view.Everyone = callersURL(all)
	}
	for _, r := range page.Reveals {
		view.Reveals = append(view.Reveals, p.callerReveal(r))
	}
	return view
}

func (p *Pages) callerReveal(r history.CallerReveal) callerRevealView {
	view := callerRevealView{
		At: p.moment(r.At), By: history.Visible(r.By), What: r.What, People: templates.Plural(int64(r.People), "person", "people"), List: callersPath,
	}
	if r.Times > 1 {
		view.Until = p.moment(r.Until)
	}
	if r.List != "" {
		view.List += "?" + r.List
	}
	return view
}

func callersURL(q history.CallerQuery) string { return callersPath + callersQuery(q) }

// callersQuery is the part of an address that says which list it is about.
func callersQuery(q history.CallerQuery) string {
	if values := q.Values().Encode(); values != "" {
		return "?" + strings.ReplaceAll(values, "+", "%20")
	}
	return ""
}
