package hook

import (
	"context"
	"fmt"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio"
)

// decide is what is answered, and what is written down of it. A bug in deciding
// costs whoever waits what is better than the apology, and never the record.
func (h *Hook) decide(c *gin.Context, at route, s *checked, request *recovery.Request, base twilio.BaseURL) (document []byte, entry incident.Entry) {
	defer func() {
		if cause := recover(); cause != nil {
			h.panicked("deciding what to answer", cause)
			document = recovery.ApologyAt(c.Request.URL.Path, request.Channel)
			entry = incident.Entry{Failure: s.kept(request.Failure, request.Token), Answer: recovery.LastResort(request.Failure, cause)}
		}
	}()
	switch {
	case at.follow:
		return s.followUp(c, *request, h.knows())
	case at.status:
		return nil, s.callEnded(request.Failure)
	}
	request.Itself = !request.Drill && itself(request.ErrorURL, base)
	return h.failure(c.Request.Context(), s, request)
}

// noted tells of an entry. That nobody hears of it costs no record.
func (h *Hook) noted(e incident.Entry) {
	defer func() {
		if cause := recover(); cause != nil {
			h.panicked("noting it for people", cause)
		}
	}()
	h.o.Noted(e)
}

func (h *Hook) panicked(doing string, cause any) {
	h.o.Log.Error("panic while answering", "doing", doing, "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
}

// knows is what is known of servers now.
func (h *Hook) knows() recovery.State {
	if h.o.Healths == nil {
		return recovery.State{}
	}
	return recovery.State{Health: h.o.Healths().Of}
}

// failure decides what the caller of a failure gets, and gets it.
func (h *Hook) failure(ctx context.Context, s *checked, request *recovery.Request) (document []byte, e incident.Entry) {
	if request.DrillKind == incident.Pulse {
		return s.pulse(ctx, *request)
	}
	known := s.Recovery.Failed(request.Failure)
	known.Health = h.knows().Health
	document, e.Answer = s.Recovery.Answer(ctx, *request, s.plan(&request.Failure, known))
	e.Failure = s.kept(request.Failure, request.Token)
	if known.Before != (incident.ID{}) {
		e.FollowUp = incident.FollowUp{About: known.Before, What: incident.FailedAgain}
	}
	return document, e
}

// plan decides on a stack frame of its own, which is gone while the answer is made:
// so an answer needs less than 16 KiB of stack, and Go gives a connection twice as
// much where it does not.
//
//go:noinline
func (s *checked) plan(f *incident.Failure, known recovery.State) recovery.Plan {
	return recovery.Decide(*f, s.Rules, known)
}

// pulse answers Backstop's own question whether it answers: with the apology, as
// no server and nobody else is to be asked every minute.
func (s *checked) pulse(ctx context.Context, request recovery.Request) (document []byte, e incident.Entry) {
	plan := recovery.Decide(request.Failure, s.Rules, recovery.State{})
	plan.Steps = nil
	document, e.Answer = s.Recovery.Answer(ctx, request, plan)
	e.Failure = request.Failure
	return document, e
}

// itself says whether ErrorUrl is one of our own addresses, with or without the
// port that goes without saying.
func itself(errorURL string, base twilio.BaseURL) bool {
	if !strings.Contains(errorURL, "/fallback") {
		return false // as nearly always, at no cost
	}
	u, err := url.Parse(errorURL)
	if err != nil || !strings.HasPrefix(u.Path, base.Path()+"/fallback") {
		return false
	}
	name := standby.PrimaryName(errorURL)
	return name != "" && name == standby.PrimaryName(base.String())
}

// kept is f as it is written down: a message with what it takes to send it to
// the customer's own server one day, and without the parameters that must not
// be written down.
func (s *checked) kept(f incident.Failure, token string) incident.Failure {
	if f.Channel == incident.Messaging {
		f.OptOut = twilio.OptsOut(f.Params)
		if len(token) <= incident.MaxToken {
			f.Token = token
		}
	}
	if len(s.Drop) == 0 {
		return f
	}
	kept := make([]incident.Param, 0, len(f.Params))
	for _, p := range f.Params {
		if !s.Drop[p.Name] {
			kept = append(kept, p)
		}
	}
	f.Dropped = f.Channel == incident.Messaging && len(kept) < len(f.Params)
	f.Params = kept
	return f
}
