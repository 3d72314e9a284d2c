package pages

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio"
)

// askedView is what stands in the form, as it was typed.
type askedView struct {
	Failure, Channel, Code, URL, From, To string

	// What rules ask about that is mostly the same.
	Account, Status, Direction, Visit string

	At      string // as a field of type datetime-local takes it
	Misread bool   // At is no time, which such a field would not show
	Zone    string // whose clock At is by

	at time.Time // zero where no time was asked for
}

// verdictView is what would happen to whatever was asked about.
type verdictView struct {
	Of, OfLink string // the failure; "" for typed-in parameters
	Rule       string // that matches; "" where none does
	Circles    string // why no rule is asked; "" where they are
	Steps      []string
	Assumed    string // "If it came in": of which moment the answer is; "" where every one has the same
	Moment     Moment
	Timed      bool // rules asked for the hour
	Elsewhen   bool // it is not now
}

// asked reads the form. Of what is not understood nothing is lost that was typed.
func (p *Pages) asked(c *gin.Context) (askedView, []history.Problem) {
	zone := p.Settings().Zone
	a := askedView{
		Failure: strings.TrimSpace(c.Query("failure")), Channel: c.Query("channel"), Code: c.Query("code"),
		URL: c.Query("url"), From: c.Query("from"), To: c.Query("to"), At: c.Query("at"), Zone: zone.String(),
		Account: strings.TrimSpace(c.Query("account")), Status: cmp.Or(c.Query("status"), "ringing"),
		Direction: cmp.Or(c.Query("direction"), "inbound"), Visit: strings.TrimSpace(c.Query("visit")),
	}
	var problems []history.Problem
	a.at, problems = history.ParseMoment(c.Request.URL.Query(), "at", p.Now(), zone)
	a.Misread = a.at.IsZero() && len(problems) > 0
	if !a.at.IsZero() {
		a.at = a.at.Truncate(time.Minute)
		a.At = a.at.In(zone).Format("2006-01-02T15:04")
	}
	if a.Failure == "" {
		problems = append(problems, a.problems()...)
	}
	if n, err := strconv.Atoi(a.Visit); a.Visit != "" && (err != nil || n < 1) {
		problems = append(problems, history.Problem{Field: "visit", Value: a.Visit, Hint: "how often it has failed is a number: 1 for the first time"})
	}
	return a, problems
}

// More says whether anything is asked for that stands folded up.
func (a askedView) More() bool {
	return a.Account != "" || a.Status != "ringing" || a.Direction != "inbound" || a.Visit != ""
}

// Statuses and Directions are what can be chosen.
func (askedView) Statuses() []string   { return recovery.Statuses() }
func (askedView) Directions() []string { return recovery.Directions() }

// visit is how often it has failed, if somebody said so, and else what is known.
func (a askedView) visit(known int) int {
	n, _ := strconv.Atoi(a.Visit) // checked
	return cmp.Or(n, known)
}

// verdict says what would happen to what was asked about; nil where nothing was.
func (p *Pages) verdict(ctx context.Context, asked askedView) (*verdictView, []history.Problem) {
	switch {
	case asked.Failure != "":
		detail, err := p.named(ctx, asked.Failure)
		switch {
		case err != nil:
			return nil, wrong(asked.Failure, "paste the id or the SID of a failure in the history")
		case detail.Erased:
			return nil, wrong(asked.Failure, "its parameters were erased, because of their age or on demand")
		}
		view := p.explain(again(detail, asked.at), asked, p.visit(ctx, detail))
		view.Of, view.OfLink = detail.ID.String(), historyPath+"/"+detail.ID.String()
		return view, nil
	case asked.Channel != "":
		at := asked.at
		if at.IsZero() {
			at = p.Now()
		}
		return p.explain(asked.typed(at), asked, 1), nil
	}
	return nil, nil
}

func wrong(failure, hint string) []history.Problem {
	return []history.Problem{{Field: "failure", Value: failure, Hint: hint}}
}

// again is a failure of the history as if it came in at another moment, where
// one is named.
func again(d history.Detail, at time.Time) incident.Failure {
	if at.IsZero() {
		at = d.ReceivedAt
	}
	f := incident.RestoreFailure(d.ID, at, d.Method, slices.Clone(d.Params))
	f.Drill, f.Itself = d.Drill, d.Itself
	return f
}

// visit is how often the call or message of a failure had failed by then, with it,
// as it was counted; 1 where the history does not say.
func (p *Pages) visit(ctx context.Context, d history.Detail) int {
	if d.SID == "" {
		return 1
	}
	page, err := read(ctx, p, func(ctx context.Context) (history.Page, error) {
		return p.History.Failures(ctx, history.Query{SID: d.SID, Drills: true, To: d.ReceivedAt.Add(time.Millisecond), Limit: history.MaxLimit})
	})
	if err != nil {
		return 1
	}
	calls := recovery.NewCalls()
	for _, row := range slices.Backward(page.Rows) {
		visit := calls.Visit(incident.Failure{ID: row.ID, ReceivedAt: row.ReceivedAt, AccountSID: row.AccountSID, SID: row.SID}).Visit
		if row.ID == d.ID {
			return visit
		}
	}
	return 1
}

// explain is what would happen to f, with what was asked beside; visit is how often
// it has failed, unless somebody said so.
func (p *Pages) explain(f incident.Failure, asked askedView, visit int) *verdictView {
	e := p.Explain(f, asked.visit(visit))
	view := &verdictView{
		Rule: history.Visible(e.Rule), Circles: e.Circles, Steps: visibleAll(e.Steps),
		Timed: e.Timed, Elsewhen: !f.ReceivedAt.Equal(p.Now()), Moment: p.moment(f.ReceivedAt),
	}
	switch {
	case !asked.at.IsZero():
		view.Assumed = "If it came in on"
	case e.Timed && view.Elsewhen:
		view.Assumed = "As it came in, on"
	case e.Timed:
		view.Assumed = "If it came in now,"
	}
	return view
}

// named finds a failure by its id, or the newest one with a SID.
func (p *Pages) named(ctx context.Context, name string) (history.Detail, error) {
	id, err := uuid.Parse(name)
	if err == nil {
		return read(ctx, p, func(ctx context.Context) (history.Detail, error) { return p.History.Failure(ctx, id) })
	}
	if _, ok := twilio.KindOf(name); !ok {
		return history.Detail{}, history.ErrNotFound
	}
	page, err := read(ctx, p, func(ctx context.Context) (history.Page, error) {
		return p.History.Failures(ctx, history.Query{SID: name, Drills: true, Limit: 1})
	})
	if err != nil || len(page.Rows) == 0 {
		return history.Detail{}, history.ErrNotFound
	}
	return read(ctx, p, func(ctx context.Context) (history.Detail, error) { return p.History.Failure(ctx, page.Rows[0].ID) })
}

// typed is the failure that somebody typed in: a call or a message.
func (a askedView) typed(now time.Time) incident.Failure {
	from := cmp.Or(dialled(a.From), "+15005550006") // somebody: a blank field hides nobody's number
	params := []incident.Param{
		{Name: "AccountSid", Value: a.Account}, {Name: "From", Value: from}, {Name: "To", Value: dialled(a.To)}, {Name: "ErrorCode", Value: a.Code}, {Name: "ErrorUrl", Value: a.URL},
	}
	if a.Channel == incident.Messaging.String() {
		params = append(params, incident.Param{Name: "MessageSid", Value: "SM" + strings.Repeat("0", 32)})
	} else {
		params = append(params, incident.Param{Name: "CallSid", Value: "CA" + strings.Repeat("0", 32)},
			incident.Param{Name: "Direction", Value: a.Direction}, incident.Param{Name: "CallStatus", Value: a.Status})
	}
	return incident.NewFailure(now, http.MethodPost, params)
}

// problems are what was typed that can be nothing of Twilio's: an answer to it
// would look right, and be about another call.
func (a askedView) problems() (all []history.Problem) {
	for field, number := range map[string]string{"from": a.From, "to": a.To} {
		if _, _, ok := history.ReadNumber(number); !ok && number != "" && !withheldOrSID(number) {
			all = append(all, history.Problem{Field: field, Value: number, Hint: "a number is written with + and country code, such as +49 30 123456"})
		}
	}
	if _, err := strconv.Atoi(a.Code); a.Code != "" && err != nil {
		all = append(all, history.Problem{Field: "code", Value: a.Code, Hint: "an error code is a number such as 11200"})
	}
	if a.URL != "" && !strings.HasPrefix(a.URL, "https://") && !strings.HasPrefix(a.URL, "http://") {
		all = append(all, history.Problem{Field: "url", Value: a.URL, Hint: "an ErrorUrl begins with https:// or http://"})
	}
	if a.Account != "" && !twilio.IsAccountSID(a.Account) {
		all = append(all, history.Problem{Field: "account", Value: a.Account, Hint: "an Account SID is AC and 32 of 0-9 a-f"})
	}
	for field, word := range map[string]struct {
		is  string
		all []string
	}{"status": {a.Status, a.Statuses()}, "direction": {a.Direction, a.Directions()}} {
		if !slices.Contains(word.all, word.is) {
			all = append(all, history.Problem{Field: field, Value: word.is, Hint: "it is one of " + strings.Join(word.all, ", ")})
		}
	}
	slices.SortFunc(all, func(a, b history.Problem) int { return strings.Compare(a.Field, b.Field) })
	return all
}

func withheldOrSID(address string) bool {
	_, isSID := twilio.KindOf(address)
	return isSID || incident.Withheld(address)
}

// dialled is a number as Twilio writes it, whatever signs stand between its digits.
// A plus that is missing is put there; what is no number stays as it is.
func dialled(typed string) string {
	if number, _, ok := history.ReadNumber(typed); ok {
		return number
	}
	return strings.TrimSpace(typed)
}
