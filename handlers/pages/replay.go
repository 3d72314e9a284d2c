package pages

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// Replays is what the pages ask and tell about messages that the customer's own
// server has not had.
type Replays interface {
	Judge(d history.Detail) history.ReplayJudgement
	AskReplay(ctx context.Context, w history.ReplayWish) (asked bool, err error)
	AskReplays(ctx context.Context, incident int64, by string, at time.Time) error
	ResumeReplays(ctx context.Context, incident int64, server, by string, at time.Time) error
}

// replayView is a message on its way to the server that has not had it.
type replayView struct {
	State       string
	Number      uint8 // of the state, which comes back with the button
	Server      string
	Method      string
	SID         string
	Why         string // it cannot be sent
	Notes       []string
	Button      string // "" for none
	AskedBy     string
	Asked, Sent Moment
	Status      int
	Answer      string
	Error       string
	Stopped     string // why nothing goes to the server at present
	Incident    int64
	StoppedAt   string // which server that is
}

// replay is nil for what is no message.
func (p *Pages) replay(d history.Detail, mask history.Mask, zone *time.Location) *replayView {
	if d.Channel != incident.Messaging || d.Drill {
		return nil
	}
	r, j := d.Replay, p.Replays.Judge(d)
	view := &replayView{
		State: r.State.String(), Number: uint8(r.State), Server: history.Visible(cut(j.Server, 300)), Method: d.Method, SID: history.Visible(cut(d.SID, 40)),
		Why: j.Why, AskedBy: history.Visible(r.AskedBy), Asked: momentIn(r.AskedAt, zone), Sent: momentIn(r.SentAt, zone),
		Status: r.Status, Answer: history.Visible(mask.Words(r.Answer, d.From, d.To)), Error: history.Visible(r.Error),
		Stopped: history.Visible(r.Stopped.Why), StoppedAt: history.Visible(cut(r.Stopped.Server, 300)), Incident: d.Incident,
	}
	if r.State.MayAsk() && j.Why == "" {
		view.Notes, view.Button = j.Notes, replayButton(r.State)
	}
	return view
}

func replayButton(s history.ReplayState) string {
	switch s {
	case history.ReplayUnknown:
		return "Send it again all the same"
	case history.ReplayRefused:
		return "Send it again"
	case history.NoReplay, history.ReplayImpossible, history.ReplayWaiting, history.ReplaySending, history.ReplaySent:
	}
	return "Send it"
}

// sendOne has a message sent, as somebody decided who saw where it stood.
func (p *Pages) sendOne(c *gin.Context) error {
	d, err := p.detail(c)
	if err != nil {
		return err
	}
	after, err := strconv.ParseUint(c.PostForm("after"), 10, 8)
	j := p.Replays.Judge(d)
	if err == nil && j.Why == "" && d.Channel == incident.Messaging {
		w := history.ReplayWish{
			Failure: d.ID, Incident: d.Incident, Server: j.Server, OptOut: j.OptOut,
			By: c.GetString(userField), At: p.Now(), After: history.ReplayState(after),
		}
		ctx := context.WithoutCancel(c.Request.Context())
		if _, err := read(ctx, p, func(ctx context.Context) (bool, error) { return p.Replays.AskReplay(ctx, w) }); err != nil {
			return err
		}
	}
	c.Redirect(http.StatusSeeOther, historyPath+"/"+d.ID.String()+"#server")
	return nil
}

// sendAll has all messages of an incident sent that nobody has asked for yet.
// While failures keep coming, only somebody who says that the server is back
// may.
func (p *Pages) sendAll(c *gin.Context) error {
	return p.aboutReplays(c, func(ctx context.Context, id int64, by string, at time.Time) error {
		d, err := p.History.Incident(ctx, id)
		if err != nil || d.State == incident.Open && c.PostForm("back") == "" {
			return err
		}
		return p.Replays.AskReplays(ctx, id, by, at)
	})
}

// sendOn has messages go to a server again that failed too often.
func (p *Pages) sendOn(c *gin.Context) error {
	server := c.PostForm("server")
	return p.aboutReplays(c, func(ctx context.Context, id int64, by string, at time.Time) error {
		return p.Replays.ResumeReplays(ctx, id, server, by, at)
	})
}

// aboutReplays does something to an incident's messages in the name of who is
// logged in, and shows them.
func (p *Pages) aboutReplays(c *gin.Context, do func(ctx context.Context, id int64, by string, at time.Time) error) error {
	id, err := incidentID(c)
	if err != nil {
		return err
	}
	by, at := c.GetString(userField), p.Now()
	ctx := context.WithoutCancel(c.Request.Context())
	if _, err := read(ctx, p, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx, id, by, at) }); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, incidentsPath+"/"+strconv.FormatInt(id, 10)+"#messages")
	return nil
}

// replaysView is how far an incident's messages are.
type replaysView struct {
	Unseen, OptOuts int64
	Progress        []countView // how many stand where
	Ordered         bool
	Stopped         []history.ReplayStop
	Stops, Look     []replayRow
	Why             string // they cannot be sent
	Left            bool   // there are some that nobody has asked for
	Open            bool   // failures keep coming
}

type countView struct {
	N    int64
	What string
}

// replayRow is a message that is named on an incident's page.
type replayRow struct {
	At   Moment
	From string
	Href string
}

// replays is nil for an incident without messages.
func (p *Pages) replays(d history.IncidentDetail, mask history.Mask, zone *time.Location) *replaysView {
	r := d.Replays
	asked := r.Waiting + r.Refused + r.Unknown + r.Impossible
	if d.Unseen == 0 && asked+r.Sent == 0 {
		return nil
	}
	view := &replaysView{
		Unseen: d.Unseen, OptOuts: d.OptOuts, Ordered: r.Ordered, Stopped: r.Stopped,
		Stops: replayRows(r.OptOuts, mask, zone), Look: replayRows(r.Look, mask, zone),
		Left: d.Unseen > asked && !r.Ordered, Open: d.State == incident.Open,
	}
	for i := range view.Stopped {
		view.Stopped[i].Why = history.Visible(view.Stopped[i].Why)
	}
	for _, one := range []countView{
		{r.Sent, "taken by your server"},
		{r.Waiting, "waiting for their turn"},
		{r.Refused, "not taken by your server"},
		{r.Unknown, "of which nobody knows whether they arrived"},
		{r.Impossible, "that could not be sent"},
	} {
		if one.N > 0 {
			view.Progress = append(view.Progress, one)
		}
	}
	// The newest failure stands for all: they have the account and, nearly
	// always, the server in common. The worker looks at each.
	view.Why = p.Replays.Judge(history.Detail{Token: "any", Row: history.Row{
		Channel: incident.Messaging, AccountSID: d.Cause.Account, ErrorURL: d.Last.ErrorURL,
	}, Itself: d.Cause.Kind == incident.Itself}).Why
	return view
}

func replayRows(rows []history.Row, mask history.Mask, zone *time.Location) (all []replayRow) {
	for _, r := range rows {
		all = append(all, replayRow{momentIn(r.ReceivedAt, zone), address(r.From, mask), historyPath + "/" + r.ID.String()})
	}
	return all
}
