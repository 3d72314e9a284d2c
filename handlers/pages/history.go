package pages

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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
	Newer    string // "" where there is nothing newer
	Older    string
	Newest   string // "" on the first page
	Bare     bool   // there is nothing that could be filtered
	Empty    string // why there are no rows: "search", "filter", "setup", "none"; "" where there are
	Setup    setupView
	AllTimes string
	Drills   string
	// Unverified is said where nothing is there: requests may have come.
	Unverified string
}

// dayView is the rows of one day.
type dayView struct {
	Day  string
	Rows []rowView
}

// rowView is one failure in a list.
type rowView struct {
	Href, ISO, Clock, Offset string
	Channel                  string
	Title, URL, SID          string
	Code                     int
	From, To                 string
	Outcome, OutcomeKind     string
	Incident                 int64
	Drill, Late              bool
}

func (p *Pages) history(c *gin.Context) error {
	ctx := c.Request.Context()
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return badRequestError{"The part of the address behind the question mark is not well formed."}
	}
	zone := p.Settings().Zone
	q, problems := history.ParseQuery(values, p.Now(), zone)
	text := values.Get(history.SearchField)
	found, misread := history.ParseSearch(text)
	if to := redirectFor(text, found, misread, q, problems, values); to != "" {
		c.Redirect(http.StatusSeeOther, to)
		return nil
	}
	view := historyView{Problems: visible(append(misread, problems...)), Note: history.Visible(found.Note)}
	if len(misread) > 0 {
		view.Empty = "search"
		view.Frame, _ = p.framed(ctx, c, "Error history", "history")
	} else if err := p.fillHistory(c, &view, q); err != nil {
		return err
	}
	view.Search = text
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
	}
	return problems
}

func (p *Pages) fillHistory(c *gin.Context, view *historyView, q history.Query) error {
	ctx := c.Request.Context()
	page, err := read(ctx, p, func(ctx context.Context) (history.Page, error) { return p.History.Failures(ctx, q) })
	if err != nil {
		return err
	}
	buckets, err := read(ctx, p, func(ctx context.Context) ([]history.Bucket, error) {
		return p.History.Histogram(ctx, q.FirstPage(), chartBars)
	})
	if err != nil {
		return err
	}
	view.Frame, _ = p.framed(ctx, c, "Error history", "history")
	view.Chart = p.chart(buckets, q.From, q.To, func(from, to time.Time) string {
		narrow := q.FirstPage()
		narrow.From, narrow.To = from, to
		return historyURL(narrow)
	})
	view.Total = total(page, buckets)
	view.Days = p.days(page.Rows)
	p.fillPaging(view, q, page)
	view.Refresh = q.Before == 0 && q.After == 0 && q.To.IsZero()
	if len(page.Rows) == 0 {
		p.fillEmpty(view, q)
	}
	return nil
}

// total counts what was found: the rows themselves where they are all there,
// else what the bars add up to, whose edges need not be those of the query.
func total(page history.Page, buckets []history.Bucket) string {
	var n int64
	if page.Older == 0 && page.Newer == 0 {
		n = int64(len(page.Rows))
		return templates.Plural(n, "failure", "failures")
	}
	for _, b := range buckets {
		n += b.Total()
	}
	return templates.Plural(n, "failure", "failures")
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
}

func (p *Pages) fillEmpty(view *historyView, q history.Query) {
	view.Setup = p.setup()
	if u := p.unverified(); u != nil {
		view.Unverified = u.Sentence
	}
	switch {
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
}

const historyPath = "/history"

func historyURL(q history.Query) string {
	if values := q.Values(); len(values) > 0 {
		return historyPath + "?" + values.Encode()
	}
	return historyPath
}

// days puts rows, newest first, under the days of the zone.
func (p *Pages) days(rows []history.Row) []dayView {
	settings := p.Settings()
	var days []dayView
	for _, r := range rows {
		at := momentIn(r.ReceivedAt, settings.Zone)
		if len(days) == 0 || days[len(days)-1].Day != at.Day {
			days = append(days, dayView{Day: at.Day, Rows: make([]rowView, 0, len(rows))})
		}
		day := &days[len(days)-1]
		day.Rows = append(day.Rows, row(r, at, settings.Mask))
	}
	return days
}

func row(r history.Row, at Moment, mask history.Mask) rowView {
	return rowView{
		Href: historyPath + "/" + r.ID.String(), ISO: at.ISO, Clock: at.Clock, Offset: at.Offset,
		Channel: channelWord(r.Channel), Title: failureTitle(r.Code, r.ErrorURL, r.AskedFirst), Code: r.Code,
		URL: history.Visible(cut(mask.URL(r.ErrorURL), 300)), SID: history.Visible(cut(r.SID, 40)),
		From: address(r.From, mask), To: address(r.To, mask),
		Outcome: outcomeWords(r.Outcome, r.Channel), OutcomeKind: outcomeKind(r.Outcome),
		Incident: r.Incident, Drill: r.Drill, Late: r.Late,
	}
}

// address is a number as a list shows it.
func address(s string, mask history.Mask) string {
	if incident.Withheld(s) {
		return "withheld"
	}
	if s == "" {
		return "–"
	}
	return history.Visible(cut(mask.Number(s), 80))
}

// cut shortens s to at most n bytes, between characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}

// filterView is what the filters' form shows.
type filterView struct {
	Since, Until   string
	Channel        string
	Code, Incident string
	Number         string
	SID, Host      string
	Drills         bool
	Chips          []chipView
	Spans          []chipView
}

// chipView is a filter that is set, with the address without it; or one that
// can be set.
type chipView struct {
	Label, Value, Href string
	On                 bool
}

func (p *Pages) filter(q history.Query) filterView {
	q = q.FirstPage()
	zone := p.Settings().Zone
	view := filterView{
		Since: formTime(q.From, zone), Until: formTime(q.To, zone), Code: number(int64(q.Code)), Incident: number(q.Incident),
		Number: q.Number, SID: q.SID, Host: q.Host, Drills: q.Drills,
	}
	if q.Channel.Set {
		view.Channel = q.Channel.Is.String()
	}
	view.Chips = chips(q, zone)
	for _, s := range []struct{ span, label string }{{"1h", "1 h"}, {"24h", "24 h"}, {"7d", "7 days"}, {"30d", "30 days"}} {
		with := q
		with.From, with.To = time.Time{}, time.Time{}
		values := with.Values()
		values.Set("since", s.span)
		length, _ := history.ParseSpan(s.span)
		on := q.To.IsZero() && q.From.Equal(p.Now().UTC().Add(-length).Truncate(time.Second))
		view.Spans = append(view.Spans, chipView{Label: s.label, Href: historyPath + "?" + values.Encode(), On: on})
	}
	with := q
	with.From, with.To = time.Time{}, time.Time{}
	view.Spans = append(view.Spans, chipView{Label: "All", Href: historyURL(with), On: q.From.IsZero() && q.To.IsZero()})
	return view
}

// chips are the filters that are set, each with the address without it.
func chips(q history.Query, zone *time.Location) []chipView {
	var out []chipView
	chip := func(set bool, label, value string, without func(*history.Query)) {
		if set {
			rest := q
			without(&rest)
			out = append(out, chipView{Label: label, Value: history.Visible(value), Href: historyURL(rest)})
		}
	}
	chip(!q.From.IsZero() || !q.To.IsZero(), "Time", timeRange(q.From, q.To, zone), func(q *history.Query) { q.From, q.To = time.Time{}, time.Time{} })
	chip(q.Channel.Set, "Channel", q.Channel.Is.String(), func(q *history.Query) { q.Channel = history.Channel{} })
	chip(q.Code != 0, "Code", number(int64(q.Code)), func(q *history.Query) { q.Code = 0 })
	chip(q.Number != "", "Number", q.Number, func(q *history.Query) { q.Number = "" })
	chip(q.SID != "", "SID", q.SID, func(q *history.Query) { q.SID = "" })
	chip(q.Host != "", "Host", q.Host, func(q *history.Query) { q.Host = "" })
	chip(q.Incident != 0, "Incident", "#"+number(q.Incident), func(q *history.Query) { q.Incident = 0 })
	chip(q.Drills, "Drills", "included", func(q *history.Query) { q.Drills = false })
	return out
}

func timeRange(from, to time.Time, zone *time.Location) string {
	switch {
	case to.IsZero():
		return "since " + momentIn(from, zone).Text
	case from.IsZero():
		return "until " + momentIn(to, zone).Text
	}
	return momentIn(from, zone).Text + " – " + momentIn(to, zone).Text
}

// formTime is a time as a field of type datetime-local takes it.
func formTime(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format("2006-01-02T15:04:05")
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
