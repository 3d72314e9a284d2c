package history

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/backstop-project/backstop/incident"
)

// Problem is one thing in what people asked that was not understood. Nothing
// else of the question is lost to it.
type Problem struct {
	Field string // the parameter: "code"; "q" for the search box
	Value string // as it came
	Hint  string // what is expected, in one sentence
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
		v.Set(field, t.UTC().Format(time.RFC3339Nano))
	}
}

// reader takes values one by one and collects what it could not read.
type reader struct {
	values   url.Values
	now      time.Time
	zone     *time.Location
	problems []Problem
}

// text is the one value of a field, "" where it is missing or empty.
func (r *reader) text(field string) string {
	given := r.values[field]
	if len(given) == 0 {
		return ""
	}
	if len(given) > 1 && slices.ContainsFunc(given[1:], func(s string) bool { return s != given[0] }) {
		r.problems = append(r.problems, Problem{field, given[1], "given more than once: the first counts"})
	}
	return strings.TrimFunc(given[0], unicode.IsSpace)
}

func (r *reader) complain(field, hint string) {
	r.problems = append(r.problems, Problem{field, r.values.Get(field), hint})
}

// complainOfRest names the fields that no query has: a misspelt filter must
// not look as if it had found everything.
func (r *reader) complainOfRest(known ...string) {
	var rest []string
	for field := range r.values {
		if field != SearchField && !slices.Contains(known, field) {
			rest = append(rest, field)
		}
	}
	slices.Sort(rest)
	for _, field := range rest {
		r.complain(field, "there is no such filter: there are "+strings.Join(known, ", "))
	}
}

func (r *reader) number(field string, most int64, hint string) int64 {
	s := r.text(field)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 || n > most {
		r.complain(field, hint)
		return 0
	}
	return n
}

func (r *reader) flag(field string) bool {
	switch strings.ToLower(r.text(field)) {
	case "", "0", "false", "no", "off":
		return false
	case "1", "true", "yes", "on":
		return true
	}
	r.complain(field, "write 1 or leave it out")
	return false
}

func (r *reader) channel() Channel {
	s := r.text(channelField)
	if s == "" {
		return Channel{}
	}
	c, ok := incident.ParseChannel(strings.ToLower(s))
	if !ok {
		r.complain(channelField, "the channels are voice, messaging and unknown")
	}
	return Channel{Is: c, Set: ok}
}

func (r *reader) state() incident.State {
	s := strings.ToLower(r.text(stateField))
	for _, state := range []incident.State{incident.Open, incident.Quiet, incident.Resolved} {
		if s == state.String() {
			return state
		}
	}
	if s != "" {
		r.complain(stateField, "the states are open, quiet and resolved")
	}
	return 0
}

// phone takes what ReadNumber can read, and otherwise the text as it is: a
// caller may be named by anything.
func (r *reader) phone() string {
	// A plus that somebody typed into a URL arrives as a space.
	if raw := r.values.Get(numberField); strings.HasPrefix(raw, " ") {
		if n, _, ok := ReadNumber("+" + strings.TrimSpace(raw)); ok {
			return n
		}
	}
	s := r.text(numberField)
	if n, _, ok := ReadNumber(s); ok {
		return n
	}
	if !plain(s, 300) {
		r.complain(numberField, "a number has no control characters and at most 300 bytes")
		return ""
	}
	return s
}

func (r *reader) sid() string {
	s := r.text(sidField)
	if sid, ok := readSID(s); ok {
		return sid
	}
	if !plain(s, 100) {
		r.complain(sidField, "a SID is two letters and 32 hexadecimal digits")
		return ""
	}
	return s
}

func (r *reader) host() string {
	s := r.text(hostField)
	if s == "" {
		return ""
	}
	host := readHost(s)
	if host == "" {
		r.complain(hostField, "a host is a name such as www.example.com, with a port where it is not the usual one")
	}
	return host
}

// plain says whether s can be looked up as it is.
func plain(s string, limit int) bool {
	return len(s) <= limit && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// readHost is the host of a URL, or of what people write instead of one, as
// incident.Host writes it.
func readHost(s string) string {
	if !plain(s, 2000) {
		return ""
	}
	if !strings.Contains(s, "://") {
		// A host alone keeps its port, whatever the scheme was.
		s = "any://" + strings.TrimPrefix(s, "//")
	}
	host := incident.Host(s)
	if strings.ContainsAny(host, " \\\"<>") || strings.HasPrefix(host, ":") {
		return ""
	}
	return host
}

// layouts are the ways to write a time, besides RFC 3339.
var layouts = []string{
	"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04",
	"2006-01-02 15:04:05 -07:00", "2006-01-02 15:04 -07:00",
}

func (r *reader) time(field string, end bool) time.Time {
	s := r.text(field)
	if s == "" {
		return time.Time{}
	}
	t, ok := r.parseTime(s, end)
	if t = t.UTC(); !ok || t.Year() < 1970 || t.Year() > 9999 {
		r.complain(field, `a time is written as 2026-11-23, 2026-11-23T03:12 or 2026-11-23T03:12:00Z, or as a span that counts back from now: 90m, 24h, 7d`)
		return time.Time{}
	}
	return t
}

func (r *reader) parseTime(s string, end bool) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, true
	}
	// The plus of an offset that somebody typed into a URL arrives as a space.
	if i := strings.LastIndexByte(s, ' '); i > len("2006-01-02T15") {
		if t, err := time.Parse(time.RFC3339Nano, s[:i]+"+"+s[i+1:]); err == nil {
			return t, true
		}
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, r.zone); err == nil {
			return t, true
		}
	}
	if day, err := time.ParseInLocation(time.DateOnly, s, r.zone); err == nil {
		if end { // until a day means to its end
			day = day.AddDate(0, 0, 1)
		}
		return day, true
	}
	span, ok := ParseSpan(s)
	return r.now.Add(-span).Truncate(time.Second), ok
}

// maxSpan keeps spans within what a time.Duration and a calendar can hold.
const maxSpan = 50 * 365 * 24 * time.Hour

// ParseSpan reads "90m", "24h", "7d" and "2w"; a Go duration such as "1h30m"
// will do too.
func ParseSpan(s string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		return spanOf(days, 24*time.Hour)
	}
	if weeks, ok := strings.CutSuffix(s, "w"); ok {
		return spanOf(weeks, 7*24*time.Hour)
	}
	d, err := time.ParseDuration(s)
	return d, err == nil && d > 0 && d <= maxSpan
}

func spanOf(count string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > int(maxSpan/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}
