package pages

import (
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

type rulesView struct {
	Frame
	Rules    []recovery.Outline
	Probed   []string // how servers are
	Problems []history.Problem
	Asked    askedView
	Answered bool
	Of       string // the failure that was asked about; "" for typed-in parameters
	OfLink   string
	Matched  string // the rule; "" where none does
	Steps    []string
}

// askedView is what stands in the form.
type askedView struct{ Failure, Channel, Code, URL, From, To string }

// rules shows what callers get, and what would happen to one of them.
func (p *Pages) rules(c *gin.Context) error {
	view := rulesView{Rules: visibleRules(p.Rules()), Asked: askedView{
		Failure: strings.TrimSpace(c.Query("failure")), Channel: c.Query("channel"), Code: c.Query("code"),
		URL: c.Query("url"), From: c.Query("from"), To: c.Query("to"),
	}}
	for _, said := range p.Probed() {
		view.Probed = append(view.Probed, history.Visible(said))
	}
	view.Frame, _ = p.framed(c.Request.Context(), c, "Rules", "rules")
	switch asked := view.Asked; {
	case asked.Failure != "":
		detail, err := p.named(c.Request.Context(), asked.Failure)
		switch {
		case err != nil:
			view.wrong(asked.Failure, "paste the id or the SID of a failure in the history")
		case detail.Erased:
			view.wrong(asked.Failure, "its parameters were erased because of their age")
		default:
			view.Of, view.OfLink = detail.ID.String(), historyPath+"/"+detail.ID.String()
			f := incident.RestoreFailure(detail.ID, detail.ReceivedAt, detail.Method, slices.Clone(detail.Params))
			f.Drill = detail.Drill
			view.explain(p.Explain(f))
		}
	case asked.Channel != "":
		if problems := asked.problems(); len(problems) > 0 {
			view.Problems = visible(problems)
			break
		}
		view.explain(p.Explain(asked.typed(p.Now())))
	}
	return p.render(c, statusFor(view.Problems), "rules", view)
}

func (v *rulesView) wrong(failure, hint string) {
	v.Problems = visible([]history.Problem{{Field: "failure", Value: failure, Hint: hint}})
}

func (v *rulesView) explain(e recovery.Explanation) {
	v.Answered, v.Matched = true, history.Visible(e.Rule)
	for _, step := range e.Steps {
		v.Steps = append(v.Steps, history.Visible(step))
	}
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

// typed is the failure that somebody typed in: a call that comes in and rings,
// or a message.
func (a askedView) typed(now time.Time) incident.Failure {
	from := dialled(a.From)
	if a.Channel == incident.Messaging.String() && from == "" {
		from = "+15005550006" // somebody: a blank field hides nobody's number
	}
	params := []incident.Param{
		{Name: "From", Value: from}, {Name: "To", Value: dialled(a.To)}, {Name: "ErrorCode", Value: a.Code}, {Name: "ErrorUrl", Value: a.URL},
	}
	if a.Channel == incident.Messaging.String() {
		params = append(params, incident.Param{Name: "MessageSid", Value: "SM" + strings.Repeat("0", 32)})
	} else {
		params = append(params, incident.Param{Name: "CallSid", Value: "CA" + strings.Repeat("0", 32)},
			incident.Param{Name: "Direction", Value: "inbound"}, incident.Param{Name: "CallStatus", Value: "ringing"})
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

// visibleRules are the rules with whatever an operator wrote made visible.
func visibleRules(rules []recovery.Outline) []recovery.Outline {
	for i := range rules {
		rules[i].Title = history.Visible(rules[i].Title)
		for n := range rules[i].Asks {
			rules[i].Asks[n] = history.Visible(rules[i].Asks[n])
		}
	}
	return rules
}
