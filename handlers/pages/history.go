package pages

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// historyView is the error history.
type historyView struct {
	Frame
	Filter   filterView
	Problems []history.Problem
	Note     string
	Chart    *chartView
	Total    string
	Days     []dayView
	Reveal   string // where the numbers of the page are revealed; "" where none is masked
	Revealed string // of how many failures they are; "" where they are masked
	Hide     string // the page without them
	Newer    string // "" where there is nothing newer
	Older    string
	Newest   string // "" on the first page
	Further  string // where a search goes on that has not looked at everything; "" where it has
	Looked   string // at how many failures it has
	Bare     bool   // there is nothing that could be filtered
	Empty    string // why there are no rows: "search", "filter", "setup", "none"; "" where there are
	Setup    setupView
	AllTimes string
	Drills   string // the address with drills; "" where they are included
	Drilled  bool   // nothing but drills is there
	// Unverified is said where nothing is there: requests may have come.
	Unverified string
}

func (p *Pages) history(c *gin.Context) error {
	ctx := c.Request.Context()
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return errQuery
	}
	zone := p.Settings().Zone
	q, problems := history.ParseQuery(values, p.Now(), zone)
	text := values.Get(history.SearchField)
	found, misread := history.Search(text, zone, p.Lines)
	if to := redirectFor(text, found, misread, q, problems, values); to != "" {
		c.Redirect(http.StatusSeeOther, to)
		return nil
	}
	view := historyView{Problems: visible(append(misread, problems...)), Note: history.Visible(found.Note)}
	if len(misread) > 0 {
		view.Empty = "search"
		view.Frame, _ = p.framed(ctx, c, "Error history", "history")
	} else {
		look, err := read(ctx, p, func(ctx context.Context) (history.Look, error) { return p.History.Look(ctx, q, chartBars) })
		if err != nil {
			return err
		}
		if err := p.fillHistory(c, &view, q, look); err != nil {
			return err
		}
	}
	view.Search = strings.ToValidUTF8(text, "\uFFFD")
	view.Filter = p.filter(q)
	return p.render(c, statusFor(view.Problems), "history", view)
}

// redirectFor is the address that says the same as the one asked for in the
// words of filters; "" where it does already.
func redirectFor(text string, found history.Found, misread []history.Problem, q history.Query, problems []history.Problem, values url.Values) string {
	if len(misread) > 0 || len(problems) > 0 {
		return ""
	}
	if found.Failure != (incident.ID{}) {
		return "/history/" + found.Failure.String()
	}
	if text != "" && !includes(q, found.Query) {
		to := found.Query.Values()
		to.Set(history.SearchField, text)
		return historyPath + "?" + to.Encode()
	}
	for _, given := range values {
		if slices.Contains(given, "") { // a form sends its empty fields too
			return historyURL(q)
		}
	}
	return ""
}

// includes says whether q asks for what was searched, and maybe for less.
func includes(q, searched history.Query) bool {
	have := q.Values()
	for field, values := range searched.Values() {
		if have.Get(field) != values[0] {
			return false
		}
	}
	return true
}

func statusFor(problems []history.Problem) int {
	if len(problems) > 0 {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// visible writes out what could not be seen in what people gave, and cuts it.
func visible(problems []history.Problem) []history.Problem {
	for i, p := range problems {
		problems[i].Field = history.Visible(shortened(p.Field))
		problems[i].Value = history.Visible(cut(p.Value, 200))
		problems[i].Hint = history.Visible(p.Hint)
	}
	return problems
}

func (p *Pages) fillHistory(c *gin.Context, view *historyView, q history.Query, look history.Look) (err error) {
	ctx, page, buckets := c.Request.Context(), look.Page, look.Bars
	view.Frame, _ = p.framed(ctx, c, "Error history", "history")
	if view.Chart, err = p.historyChart(ctx, q.FirstPage(), buckets); err != nil {
		return err
	}
	view.Total = total(q, page, buckets)
	mask := p.Settings().Mask
	if view.Revealed != "" {
		mask.Numbers = false
	} else {
		view.Reveal = numbersURL(q, page.Rows, mask)
	}
	view.Days = p.days(page.Rows, mask)
	p.fillPaging(view, q, page)
	view.Refresh = q.Before == 0 && q.After == 0 && q.To.IsZero()
	if len(page.Rows) == 0 {
		return p.fillEmpty(ctx, view, q)
	}
	return nil
}

// total counts what was found: the rows themselves where they are all there,
// else what the bars add up to, whose edges need not be those of the query. Drills
// are counted apart: no bar has any.
func total(q history.Query, page history.Page, buckets []history.Bucket) string {
	if page.Further {
		return failuresAndDrills(page.Rows) + " so far"
	}
	if page.Older == 0 && page.Newer == 0 {
		return failuresAndDrills(page.Rows)
	}
	var n int64
	for _, b := range buckets {
		n += b.Total()
	}
	if (q.Number != "" || q.SID != "") && n > history.MaxCounted {
		return "more than " + templates.Count(history.MaxCounted) + " failures; the chart shows the newest of them"
	}
	if q.Drills {
		return templates.Plural(n, "failure", "failures") + ", besides drills"
	}
	return templates.Plural(n, "failure", "failures")
}

func failuresAndDrills(rows []history.Row) string {
	var failures, drills int64
	for _, row := range rows {
		if row.Drill {
			drills++
		} else {
			failures++
		}
	}
	counted := templates.Plural(drills, "drill", "drills")
	switch {
	case drills == 0:
		return templates.Plural(failures, "failure", "failures")
	case failures == 0:
		return counted
	}
	return templates.Plural(failures, "failure", "failures") + " and " + counted
}

func (p *Pages) fillPaging(view *historyView, q history.Query, page history.Page) {
	if page.Older != 0 {
		older := q.FirstPage()
		older.Before = page.Older
		view.Older = historyURL(older)
	}
	if q.Before != 0 || q.After != 0 {
		view.Newest = historyURL(q.FirstPage())
		if page.Newer != 0 {
			newer := q.FirstPage()
			newer.After = page.Newer
			view.Newer = historyURL(newer)
		}
	}
	switch {
	case page.Further && q.After != 0:
		view.Further, view.Newer = view.Newer, ""
	case page.Further:
		view.Further, view.Older = view.Older, ""
	}
}

func (p *Pages) fillEmpty(ctx context.Context, view *historyView, q history.Query) (err error) {
	view.Setup = p.setup()
	if u := p.unverified(); u != nil {
		view.Unverified = u.Sentence
	}
	switch {
	case view.Further != "":
		view.Empty, view.Looked = "further", templates.Count(history.MaxLooked)
	case q.Narrowed(), q.Before != 0, q.After != 0:
		view.Empty = "filter"
		if !q.From.IsZero() || !q.To.IsZero() {
			all := q.FirstPage()
			all.From, all.To = time.Time{}, time.Time{}
			view.AllTimes = historyURL(all)
		}
	case len(view.Setup.Missing) > 0:
		view.Empty, view.Bare = "setup", true
	default:
		view.Empty, view.Bare = "none", true
	}
	if !q.Drills {
		with := q.FirstPage()
		with.Drills = true
		view.Drills = historyURL(with)
	}
	if view.Bare {
		view.Drilled, err = p.any(ctx, history.Query{Drills: true, Limit: 1})
	}
	return err
}

const historyPath = "/history"

// historyWithin makes the addresses of q with other times.
func historyWithin(q history.Query) func(from, to time.Time) string {
	within := q.Within()
	return func(from, to time.Time) string { return historyPath + "?" + within(from, to) }
}

func historyURL(q history.Query) string {
	if values := q.Values(); len(values) > 0 {
		return historyPath + "?" + values.Encode()
	}
	return historyPath
}
