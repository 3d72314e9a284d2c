package deeds

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/act"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// Bounds of what Twilio sends.
const (
	twilioMost   = 64 << 10
	twilioParams = 200
)

// verified reads a request and says whether Twilio signed it for an account
// whose keys we have; ok is false where an answer was given already.
func (r *Room) verified(c *gin.Context) (request twilio.Request, ok bool) {
	c.Header("Cache-Control", "no-store")
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, twilioMost))
	if err != nil {
		c.Status(http.StatusRequestEntityTooLarge)
		return twilio.Request{}, false
	}
	request = twilio.Request{
		Method: c.Request.Method, URI: c.Request.RequestURI, Host: c.Request.Host, Body: body,
		ContentType: c.GetHeader("Content-Type"), Signature: c.GetHeader("X-Twilio-Signature"),
	}
	if err := request.Parse(twilioParams); err != nil || !r.o.Settings().Verifier.Verify(&request).Verified {
		c.String(http.StatusForbidden, "The signature does not match.\n")
		return twilio.Request{}, false
	}
	return request, true
}

func answer(c *gin.Context, document []byte) {
	c.Data(http.StatusOK, "text/xml; charset=utf-8", document)
}

// reply does what a reply by SMS asks for, and answers what came of it. Whoever
// gets no alerts gets no answer, nor do STOP and its like.
func (r *Room) reply(c *gin.Context) {
	request, ok := r.verified(c)
	if !ok {
		return
	}
	from, body := twilio.First(request.Params, "From"), twilio.First(request.Params, "Body")
	s := r.o.Settings()
	silent := twilio.First(request.Params, "OptOutType") != "" || twilio.KeywordOf(body) != twilio.KeywordNone
	if silent || !twilio.IsE164(from) || !s.Replies(twilio.First(request.Params, "AccountSid"), from) {
		answer(c, twiml.Respond().Bytes())
		return
	}
	answer(c, twiml.Respond(twiml.Message{Body: r.replied(c.Request.Context(), s, from, body)}).Bytes())
}

const howToReply = "Backstop did not understand that. Repeat the six digits of the alert to take it, with mute or resolve behind them for that."

// replied does what somebody wrote, and says what came of it.
func (r *Room) replied(ctx context.Context, s Settings, from, body string) string {
	code, action, ok := act.ReadReply(body)
	if !ok {
		return howToReply
	}
	if !r.guesses.Take(from, r.o.Now()) {
		return "Too many codes that were none: wait for an hour, or open Backstop's pages."
	}
	by := s.Mask.Number(from) + " by SMS"
	o, err := r.patiently(ctx, func(ctx context.Context) (outcome, error) {
		d, err := r.byCode(ctx, code, from)
		if !errors.Is(err, errNoCode) {
			r.guesses.Right(from)
		}
		if err != nil {
			return outcome{}, err
		}
		d.Action = action
		return r.doNow(ctx, d, by)
	})
	switch {
	case errors.Is(err, errNoCode):
		return "Backstop knows no alert with that code for you. Nothing was changed."
	case err != nil:
		return trouble(err)
	}
	return s.said(o, action, by)
}

// errNoCode is that of a code which names none of the newest incidents, or more
// than one.
var errNoCode = errors.New("no such code")

// byCode finds the incident that a code names: among the open and quiet ones,
// and those that were over lately, so that who is late learns of it.
func (r *Room) byCode(ctx context.Context, code, from string) (d act.Deed, err error) {
	ledger, err := r.o.Ledger.LedgerID()
	if err != nil {
		return act.Deed{}, err
	}
	ids := map[int64]bool{}
	for _, q := range []history.IncidentQuery{
		{State: incident.Open, Limit: history.MaxLimit}, {State: incident.Quiet, Limit: history.MaxLimit}, {Limit: history.MaxLimit},
	} {
		page, err := r.o.Ledger.Incidents(ctx, q)
		if err != nil {
			return act.Deed{}, err
		}
		for _, in := range page.Incidents {
			if r.o.Seal.IsCode(code, ledger, in.ID, from) {
				ids[in.ID] = true
			}
		}
	}
	if len(ids) != 1 {
		return act.Deed{}, errNoCode
	}
	for id := range ids {
		d = act.Deed{Way: act.BySMS, Ledger: ledger, Incident: id, Recipient: from}
	}
	return d, nil
}

// key does what somebody pressed on an alert's call, and says what came of it.
func (r *Room) key(c *gin.Context) {
	request, ok := r.verified(c)
	if !ok {
		return
	}
	d, err := r.o.Seal.Open(act.ByCall, c.Param("token"), r.o.Now())
	s := r.o.Settings()
	if err != nil || d.Recipient != twilio.First(request.Params, "To") || !s.Calls(twilio.First(request.Params, "AccountSid")) {
		answer(c, spoken("This call is too old to do that. Nothing was changed."))
		return
	}
	action, ok := act.ByKey(twilio.First(request.Params, "Digits"))
	if !ok {
		answer(c, again(c.Param("token")))
		return
	}
	d.Action = action
	by := s.Mask.Number(d.Recipient) + " by a call"
	o, err := r.do(c.Request.Context(), d, by)
	if err != nil {
		answer(c, spoken(trouble(err)))
		return
	}
	answer(c, spoken(s.spokenOf(o, action, by)))
}

// spokenOf is said without clock times and addresses, which nobody catches.
func (s Settings) spokenOf(o outcome, a act.Action, by string) string {
	switch {
	case o.done && a == act.Acknowledge:
		return "Thank you. It is yours, and the others see it."
	case o.done && a == act.Mute:
		return "It is muted for an hour."
	case o.done:
		return "It is resolved."
	case o.none:
		return "This incident is not known any more. Nothing was changed."
	case o.over:
		return "It is over already. Nothing was changed."
	case a == act.Mute:
		return "It is muted already. Nothing was changed."
	case o.by == by:
		return "You have taken it already."
	}
	return "Somebody else has taken it already. Nothing was changed."
}

func spoken(text string) []byte {
	return twiml.Respond(twiml.Say{Text: text, Language: "en-US"}).Bytes()
}

// again asks for another key, at the address that was asked now: it is relative.
func again(token string) []byte {
	return twiml.Respond(
		twiml.Gather{Action: token, NumDigits: 1, Timeout: 8 * time.Second, Prompt: []twiml.Verb{
			twiml.Say{Text: "Press 1 to take it, 2 to mute it for an hour, 3 if it is over.", Language: "en-US"},
		}},
		twiml.Say{Text: "Nothing was changed. Goodbye.", Language: "en-US"},
	).Bytes()
}
