package history

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// Problem is one thing in what people asked that was not understood. Nothing
// else of the question is lost to it.
type Problem struct {
	Field string // the parameter: "code"; "q" for the search box
	Value string // as it came
	Hint  string // what is expected, in one sentence
	Vague bool   // it was understood, but is many things
}

// The names that a query has in a URL. The search box posts SearchField, which
// ParseQuery leaves alone: see ParseSearch.
const (
	SearchField   = "q"
	sinceField    = "since"
	untilField    = "until"
	channelField  = "channel"
	codeField     = "code"
	numberField   = "number"
	sidField      = "sid"
	hostField     = "host"
	incidentField = "incident"
	drillsField   = "drills"
	beforeField   = "before"
	afterField    = "after"
	limitField    = "limit"
	stateField    = "state"
	outcomeField  = "outcome"
	allField      = "all"
)

// ParseQuery reads a query out of a URL. Times without an offset are in zone;
// "24h" and "7d" count back from now. A value that is not understood is left
// out of the query and named in a Problem; all others stand.
func ParseQuery(v url.Values, now time.Time, zone *time.Location) (Query, []Problem) {
	r := reader{values: v, now: now, zone: zone}
	q := Query{
		From:     r.time(sinceField, false),
		To:       r.time(untilField, true),
		Channel:  r.channel(),
		Code:     int(r.number(codeField, 999_999, "an error code is a number such as 11200")),
		Number:   r.phone(),
		SID:      r.sid(),
		Host:     r.host(),
		Incident: r.number(incidentField, 1<<62, "an incident is named by its number"),
		Drills:   r.flag(drillsField),
		Before:   Cursor(r.number(beforeField, 1<<62, "this place in the list is named by a number")),
		After:    Cursor(r.number(afterField, 1<<62, "this place in the list is named by a number")),
		Limit:    int(r.number(limitField, MaxLimit, fmt.Sprintf("a page has 1 to %d rows", MaxLimit))),
	}
	if q.Before != 0 && q.After != 0 {
		r.complain(afterField, "only one of before and after can be given")
		q.After = 0
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		r.complain(sinceField, "it is not before until, so nothing can lie between")
	}
	r.complainOfRest(sinceField, untilField, channelField, codeField, numberField, sidField, hostField,
		incidentField, drillsField, beforeField, afterField, limitField)
	return q, r.problems
}

// ParseMoment reads the one time of a field out of a URL, as ParseQuery does; it
// is zero where the field is empty or not understood.
func ParseMoment(v url.Values, field string, now time.Time, zone *time.Location) (time.Time, []Problem) {
	r := reader{values: v, now: now, zone: zone}
	at := r.time(field, false)
	return at, r.problems
}

// Values is the query as a URL carries it, with nothing in it that says
// nothing. ParseQuery reads it back to the same query.
func (q Query) Values() url.Values {
	v := url.Values{}
	setTime(v, sinceField, q.From)
	setTime(v, untilField, q.To)
	if q.Channel.Set {
		v.Set(channelField, q.Channel.Is.String())
	}
	setNumber(v, codeField, int64(q.Code))
	setText(v, numberField, q.Number)
	setText(v, sidField, q.SID)
	setText(v, hostField, q.Host)
	setNumber(v, incidentField, q.Incident)
	if q.Drills {
		v.Set(drillsField, "1")
	}
	setNumber(v, beforeField, int64(q.Before))
	setNumber(v, afterField, int64(q.After))
	setNumber(v, limitField, int64(q.Limit))
	return v
}

// Within makes the query strings of q with other times, as Values does, and for little
// each: a chart has many.
func (q Query) Within() func(from, to time.Time) string {
	q.From, q.To = time.Time{}, time.Time{}
	rest := q.Values().Encode() // no field comes behind the times
	if rest != "" {
		rest += "&"
	}
	return func(from, to time.Time) string {
		return rest + sinceField + "=" + url.QueryEscape(timeText(from)) + "&" + untilField + "=" + url.QueryEscape(timeText(to))
	}
}

// FirstPage is the query without its place in the list.
func (q Query) FirstPage() Query {
	q.Before, q.After = 0, 0
	return q
}

// Narrowed says whether the query leaves anything out, drills aside.
func (q Query) Narrowed() bool {
	q = q.FirstPage()
	q.Limit, q.Drills = 0, false
	return q != Query{}
}

// ParseIncidentQuery reads the query of a list of incidents out of a URL, as
// ParseQuery does for failures.
func ParseIncidentQuery(v url.Values) (IncidentQuery, []Problem) {
	r := reader{values: v}
	q := IncidentQuery{
		State:  r.state(),
		Host:   r.host(),
		Before: r.number(beforeField, 1<<62, "this place in the list is named by a number"),
		Limit:  int(r.number(limitField, MaxLimit, fmt.Sprintf("a page has 1 to %d rows", MaxLimit))),
	}
	r.complainOfRest(stateField, hostField, beforeField, limitField)
	return q, r.problems
}

// Values is the query as a URL carries it.
func (q IncidentQuery) Values() url.Values {
	v := url.Values{}
	if q.State != 0 {
		v.Set(stateField, q.State.String())
	}
	setText(v, hostField, q.Host)
	setNumber(v, beforeField, q.Before)
	setNumber(v, limitField, int64(q.Limit))
	return v
}

func setText(v url.Values, field, value string) {
	if value != "" {
		v.Set(field, value)
	}
}

func setNumber(v url.Values, field string, n int64) {
	if n != 0 {
		v.Set(field, strconv.FormatInt(n, 10))
	}
}

func setTime(v url.Values, field string, t time.Time) {
	if !t.IsZero() {
		v.Set(field, timeText(t))
	}
}

func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
