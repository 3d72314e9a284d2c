package pages

import (
	"strconv"
	"time"

	"github.com/backstop-project/backstop/history"
)

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
