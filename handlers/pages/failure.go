package pages

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio"
)

// failureView is all that is known of one failure.
type failureView struct {
	Frame
	ID           string
	Row          templates.FailureRow
	At           Moment
	Method       string
	Account      string
	Means        string
	CodeName     string
	ErrorPage    string // Twilio's, "" where the code is none of Twilio's
	Console      string // of the call or message
	SameCall     string // every failure of this call or message
	Itself       bool   // the address that failed is Backstop's own
	Slim         bool   // only some parameters were kept
	Answer       answerView
	Replay       *replayView // nil for what is no message
	Timing       []timingView
	Params       []paramView
	HiddenParams int
	Erased       bool   // the parameters were
	Revealed     string // what is shown now that is hidden otherwise
	Deliveries   []deliveryView
	Reveals      []revealView
	FollowUps    []followUpView  // what came back
	Recordings   []recordingView // that the caller left
}

// answerView is what the caller got.
type answerView struct {
	Heard, Step, Situation string
	Languages, Name, Why   string
	Outcome, OutcomeKind   string
	Document               string
	Size                   int
	Silent                 bool // nothing was said
	Saved                  bool // by a standby server: what was heard there, nobody here knows
	SentOn                 bool // without a word of ours, to where it was saved
	Kept                   bool // by what they had said before
	Erased                 bool // what was said was erased because of its age
}

func (p *Pages) failure(c *gin.Context) error {
	detail, err := p.detail(c)
	if err != nil {
		return err
	}
	return p.failurePage(c, detail, "")
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
		ID: d.ID.String(), At: at, Row: row(d.Row, at, mask, mask), Method: d.Method, Account: history.Visible(cut(d.AccountSID, 40)),
		Means: code.Means, CodeName: code.Name, Console: twilio.ConsoleLink(d.SID), Itself: d.Itself, Slim: d.Slim,
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
	view.Replay = p.replay(d, mask, zone)
	view.Timing = timing(d, zone)
	view.FollowUps, view.Recordings = followUps(d, settings, mask), recordings(d, settings, which)
	for _, r := range d.Reveals {
		view.Reveals = append(view.Reveals, revealView{momentIn(r.At, zone), history.Visible(r.By), history.Visible(r.What)})
	}
	return p.render(c, http.StatusOK, "failure", view)
}

func answer(d history.Detail, mask history.Mask) answerView {
	a := d.Answer
	situation := a.Situation.String()
	if situation == a.Step {
		situation = ""
	}
	onPurpose := a.Outcome == incident.NotTold && a.Step == ""
	saved, asked := a.Outcome == incident.Saved && a.Heard == "", strings.HasPrefix(a.Step, string(recovery.Failover))
	return answerView{
		Heard: history.Visible(mask.Words(a.Heard, d.From, d.To)), Step: a.Step, Situation: situation,
		Languages: strings.Join(a.Languages, ", "), Name: history.Visible(a.Name), Why: history.Visible(a.Why),
		Outcome: outcomeWords(a.Outcome, d.Channel, a.Step), OutcomeKind: outcomeKind(a.Outcome),
		Document: history.Visible(mask.Words(cut(string(a.Document), 70_000), d.From, d.To)), Size: len(a.Document),
		Silent: a.Heard == "", Erased: d.Erased && a.Heard == "" && !onPurpose, Saved: saved && asked, SentOn: saved && !asked,
		Kept: a.Outcome == incident.Saved && a.Step == incident.StepLastGood,
	}
}
