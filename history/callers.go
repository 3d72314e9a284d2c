package history

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// CallerQuery narrows the list of people to call back. The zero value means
// everybody of the last week who was not saved and is not done with.
type CallerQuery struct {
	// From is inside, To outside. Without From it is the week before To, and of
	// an incident all of it. UTC.
	From, To time.Time
	Incident int64         // 0 is any
	State    CallbackState // 0 is any
	Outcome  Outcome       // that came of it, as far as a row tells
	All      bool          // those too who were saved or are done with
	Before   CallerCursor  // from a CallerPage: the rows after that one
	Limit    int           // rows a page; 0 is DefaultCallers, MaxCallers at most
}

// Bounds of a list of callers.
const (
	DefaultCallers = 50
	MaxCallers     = 20_000 // as many as failures are looked at
	callersFor     = 7 * 24 * time.Hour
)

// CallerCursor is the place of a row: the serial number of the newest failure
// of the person, below 0 among those for whom nothing is left to do. 0 is none.
type CallerCursor int64

// CallerRow is one person who called or wrote to one line.
type CallerRow struct {
	Serial       int64       // of the newest failure
	Newest       incident.ID // which names the person where their number may not stand
	Person, Line string
	Name         string // what the answer called the line
	Incident     int64  // of the newest failure
	Channel      incident.Channel
	// Calls and Messages are how often they tried, by SIDs; Others are tries
	// of which Twilio did not say what they were.
	Calls, Messages, Others int64
	FirstAt, LastAt         time.Time
	Outcome                 incident.Outcome // the best of all tries
	Asked                   bool             // for a call back, in one of them
	Wrote                   string           // their newest message
	Recordings              []Recording
	Callback                Callback
}

// State is how it stands with calling them back.
func (r CallerRow) State() CallbackState { return r.Callback.StateFor(r.LastAt) }

// Waits says whether something is left to do for them.
func (r CallerRow) Waits() bool {
	s := r.State()
	return r.Outcome != incident.Saved && s != CallbackDone && s != CallbackNever
}

// Cursor is the place of the row in a list.
func (r CallerRow) Cursor() CallerCursor {
	if r.Waits() {
		return CallerCursor(r.Serial)
	}
	return CallerCursor(-r.Serial)
}

// CompareCallers orders lists: first those for whom something is left to do,
// and whoever tried last first.
func CompareCallers(a, b CallerCursor) int {
	switch {
	case a == b:
		return 0
	case (a > 0) != (b > 0):
		if a > 0 {
			return -1
		}
		return 1
	case (a > b) == (a > 0):
		return -1
	}
	return 1
}

// CallerPage is one page of people to call back.
type CallerPage struct {
	Rows     []CallerRow
	Total    int          // of all pages
	Older    CallerCursor // put it into CallerQuery.Before; 0 where there are none
	Withheld int64        // callers without a number, whom nobody can call back
	Erased   int64        // failures that do not say any more whose they were
	// Cut is when the oldest failure was that was looked at, where there are more
	// than MaxCallers; zero else.
	Cut     time.Time
	Reveals []CallerReveal // of lists of callers, newest first, a few
}

// CallerReveal is a person having looked at a list of callers with all that is
// hidden by default. Looking again at the same list within a quarter of an hour
// is the same act.
type CallerReveal struct {
	At, Until time.Time
	By        string
	What      string // "shown", "as a file"
	List      string // the list's filters, as a URL carries them
	People    int
	Times     int
}

// Window is the time that the query is about; a zero end is open.
func (q CallerQuery) Window(now time.Time) (from, to time.Time) {
	if !q.From.IsZero() || q.Incident != 0 {
		return q.From, q.To
	}
	end := q.To
	if end.IsZero() {
		end = now.UTC()
	}
	return end.Add(-callersFor).Truncate(time.Second), q.To
}

// Wants says whether somebody belongs into the list.
func (q CallerQuery) Wants(r CallerRow) bool {
	s := r.State()
	switch {
	case !q.Outcome.fits(r):
		return false
	case q.All:
		return q.State == 0 || s == q.State
	case r.Outcome == incident.Saved && q.Outcome.Is != incident.Saved:
		return false
	case q.State != 0:
		return s == q.State
	}
	return s != CallbackDone
}

// FirstPage is the query without its place in the list.
func (q CallerQuery) FirstPage() CallerQuery {
	q.Before, q.Limit = 0, 0
	return q
}

// ParseCallerQuery reads the query of a list of callers out of a URL, as
// ParseQuery does for failures.
func ParseCallerQuery(v url.Values, now time.Time, zone *time.Location) (CallerQuery, []Problem) {
	r := reader{values: v, now: now, zone: zone}
	q := CallerQuery{
		From:     r.time(sinceField, false),
		To:       r.time(untilField, true),
		Incident: r.number(incidentField, 1<<62, "an incident is named by its number"),
		State:    r.callbackState(),
		Outcome:  r.outcome(),
		All:      r.flag(allField),
		Before:   r.callerCursor(),
		Limit:    int(r.number(limitField, MaxLimit, fmt.Sprintf("a page has 1 to %d rows", MaxLimit))),
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		r.complain(sinceField, "it is not before until, so nothing can lie between")
	}
	r.complainOfRest(sinceField, untilField, incidentField, stateField, outcomeField, allField, beforeField, limitField)
	return q, r.problems
}

// Values is the query as a URL carries it. ParseCallerQuery reads it back to
// the same query.
func (q CallerQuery) Values() url.Values {
	v := url.Values{}
	setTime(v, sinceField, q.From)
	setTime(v, untilField, q.To)
	setNumber(v, incidentField, q.Incident)
	if q.State != 0 {
		v.Set(stateField, q.State.String())
	}
	if q.Outcome.Set {
		v.Set(outcomeField, q.Outcome.Is.String())
	}
	if q.All {
		v.Set(allField, "1")
	}
	setNumber(v, beforeField, int64(q.Before))
	setNumber(v, limitField, int64(q.Limit))
	return v
}

func (r *reader) callbackState() CallbackState {
	text := r.text(stateField)
	if text == "" {
		return 0
	}
	s, ok := ParseCallbackState(text)
	if !ok {
		var all []string
		for _, s := range CallbackStates() {
			all = append(all, s.String())
		}
		r.complain(stateField, "the states are "+strings.Join(all, ", "))
	}
	return s
}

func (r *reader) outcome() Outcome {
	text := r.text(outcomeField)
	if text == "" {
		return Outcome{}
	}
	if o, ok := outcomeOf(strings.ToLower(text)); ok {
		return Outcome{Is: o, Set: true}
	}
	var all []string
	for _, o := range Outcomes() {
		all = append(all, o.String())
	}
	r.complain(outcomeField, "what may have come of it: "+strings.Join(all, ", "))
	return Outcome{}
}

// Outcome narrows to what came of a failure for the caller; the zero value is any.
type Outcome struct {
	Is  incident.Outcome
	Set bool
}

// fits says whether that came of a person's tries: the best of them, or that they
// asked for a call back, whatever came of another one.
func (o Outcome) fits(r CallerRow) bool {
	return !o.Set || r.Outcome == o.Is || r.Asked && o.Is == incident.CallbackRequested
}

// Outcomes are what may have come of a failure for the caller: those first who wait
// for somebody.
func Outcomes() []incident.Outcome {
	return []incident.Outcome{
		incident.CallbackRequested, incident.Voicemail, incident.Lost, incident.NotTold, incident.Told, incident.OutcomeUnknown, incident.Saved,
	}
}

func (r *reader) callerCursor() CallerCursor {
	text := r.text(beforeField)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n == 0 || n < -1<<62 || n > 1<<62 {
		r.complain(beforeField, "this place in the list is named by a number")
		return 0
	}
	return CallerCursor(n)
}
