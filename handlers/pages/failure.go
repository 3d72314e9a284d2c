package pages

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio"
)

// failureView is all that is known of one failure.
type failureView struct {
	Frame
	ID           string
	Row          rowView
	At           Moment
	Method       string
	Account      string
	Means        string
	CodeName     string
	ErrorPage    string // Twilio's, "" where the code is none of Twilio's
	Console      string // of the call or message
	SameCall     string // every failure of this call or message
	AskedFirst   bool
	Answer       answerView
	Timing       []timingView
	Params       []paramView
	HiddenParams int
	Erased       bool
	Revealed     string // what is shown now that is hidden otherwise
	Deliveries   []deliveryView
	Reveals      []revealView
}

// answerView is what the caller got.
type answerView struct {
	Heard, Step, Situation string
	Languages, Name, Why   string
	Outcome, OutcomeKind   string
	Document               string
	Size                   int
	Silent                 bool // nothing was said
}

// timingView is one point of the line from the request to the alerts.
type timingView struct {
	What  string
	At    Moment
	After string // "+4.2 ms" since the request
}

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

func (p *Pages) failure(c *gin.Context) error {
	detail, err := p.detail(c)
	if err != nil {
		return err
	}
	return p.failurePage(c, detail, "")
}

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
	r := history.Reveal{At: p.Now(), By: c.GetString(userField), What: name}
	if _, err := read(c.Request.Context(), p, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, p.History.Reveal(ctx, detail.ID, r)
	}); err != nil {
		return err
	}
	p.Log.Info("revealed", "user", shortened(r.By), "failure", detail.ID, "what", r.What)
	detail.Reveals = append(detail.Reveals, r)
	return p.failurePage(c, detail, which)
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

func (p *Pages) detail(c *gin.Context) (history.Detail, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil || id.String() != strings.ToLower(c.Param("id")) {
		return history.Detail{}, history.ErrNotFound
	}
	return read(c.Request.Context(), p, func(ctx context.Context) (history.Detail, error) { return p.History.Failure(ctx, id) })
}

func (p *Pages) failurePage(c *gin.Context, d history.Detail, which string) error {
	settings := p.Settings()
	mask, zone := settings.Mask, settings.Zone
	at := momentIn(d.ReceivedAt, zone)
	code := twilio.Lookup(d.Code)
	view := failureView{
		ID: d.ID.String(), At: at, Row: row(d.Row, at, mask), Method: d.Method, Account: history.Visible(cut(d.AccountSID, 40)),
		Means: code.Means, CodeName: code.Name, Console: twilio.ConsoleLink(d.SID), AskedFirst: d.AskedFirst,
		Erased: d.Erased, Deliveries: deliveries(d.Deliveries, zone),
	}
	if d.Code == 0 && !d.AskedFirst {
		view.Means, view.CodeName = "Twilio sent an ErrorCode that is no number. It is among the parameters below.", ""
	}
	view.Frame, _ = p.framed(c.Request.Context(), c, view.Row.Title, "history")
	if d.Code >= 10_000 && d.Code <= 99_999 {
		view.ErrorPage = twilio.ErrorPage(d.Code)
	}
	if d.SID != "" {
		view.SameCall = historyURL(history.Query{SID: d.SID, Drills: d.Drill})
	}
	view.Params, view.HiddenParams = params(d.Params, mask, which)
	if which == revealAll {
		mask = history.Mask{}
		view.Revealed = "everything"
		view.Row.From, view.Row.To = address(d.From, mask), address(d.To, mask)
		view.Row.URL = history.Visible(cut(d.ErrorURL, 2000))
	} else if which != "" {
		view.Revealed, _ = revealed(d.Params, which)
	}
	view.Answer = answer(d, mask)
	view.Timing = timing(d, zone)
	for _, r := range d.Reveals {
		view.Reveals = append(view.Reveals, revealView{momentIn(r.At, zone), history.Visible(r.By), history.Visible(r.What)})
	}
	return p.render(c, http.StatusOK, "failure", view)
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

func answer(d history.Detail, mask history.Mask) answerView {
	a := d.Answer
	situation := a.Situation.String()
	if situation == a.Step {
		situation = ""
	}
	return answerView{
		Heard: history.Visible(mask.Text(a.Heard)), Step: a.Step, Situation: situation,
		Languages: strings.Join(a.Languages, ", "), Name: history.Visible(a.Name), Why: history.Visible(a.Why),
		Outcome: outcomeWords(a.Outcome, d.Channel), OutcomeKind: outcomeKind(a.Outcome),
		Document: history.Visible(mask.Text(cut(string(a.Document), 70_000))), Size: len(a.Document),
		Silent: a.Heard == "",
	}
}

// timing is the line from the request to the alerts, in order of time.
func timing(d history.Detail, zone *time.Location) []timingView {
	point := func(what string, at time.Time) timingView {
		return timingView{What: what, At: momentIn(at, zone), After: "+" + roughly(max(0, at.Sub(d.ReceivedAt)))}
	}
	line := []timingView{{What: "received", At: momentIn(d.ReceivedAt, zone)}}
	answered := d.ReceivedAt.Add(d.Answer.Took)
	if !d.JournalAt.IsZero() && d.JournalAt.Before(answered) {
		line = append(line, point("to the journal", d.JournalAt))
	}
	if d.Answer.Took > 0 {
		line = append(line, point("answered", answered))
	}
	if !d.JournalAt.Before(answered) {
		line = append(line, point("to the journal", d.JournalAt))
	}
	if !d.LedgerAt.IsZero() {
		line = append(line, point("in the ledger", d.LedgerAt))
	}
	told := 0
	for i := len(d.Deliveries) - 1; i >= 0 && told < 6; i-- {
		if s := d.Deliveries[i]; s.State == history.Sent && !s.SentAt.IsZero() && !s.SentAt.Before(d.ReceivedAt) {
			line = append(line, point("told by "+s.Notifier, s.SentAt))
			told++
		}
	}
	return line
}

// deliveryView is an alert on its way to one notifier.
type deliveryView struct {
	ID               int64
	Notifier         string
	What, Reason     string
	State, StateKind string
	Created          Moment
	Sent             Moment
	Due              Moment
	Attempts         int
	Error, Detail    string
}

func deliveries(all []history.Delivery, zone *time.Location) []deliveryView {
	views := make([]deliveryView, 0, len(all))
	for _, d := range all {
		view := deliveryView{
			ID: d.ID, Notifier: d.Notifier, What: d.Kind.String(), Reason: history.Visible(d.Reason),
			State: d.State.String(), Created: momentIn(d.CreatedAt, zone), Sent: momentIn(d.SentAt, zone),
			Attempts: d.Attempts, Error: history.Visible(cut(d.LastError, 500)), Detail: history.Visible(cut(d.Detail, 200)),
		}
		if d.Title != "" {
			view.Reason = history.Visible(d.Title)
		}
		switch d.State {
		case history.Sent, history.Folded:
			view.StateKind, view.Error = "good", ""
		case history.Dead:
			view.StateKind = "bad"
		case history.Waiting, history.Sending:
			view.StateKind = "plain"
			if d.LastError != "" {
				view.StateKind, view.Due = "warn", momentIn(d.DueAt, zone)
			}
		}
		views = append(views, view)
	}
	return views
}

// isAway says whether a ledger could not be asked.
func isAway(err error) bool { return err != nil && !errors.Is(err, history.ErrNotFound) }
