package hook

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio"
)

// refuse answers what is not verified: the one constant apology, the same
// bytes for all, or 403. The request stays in memory if it may be ours.
func (h *Hook) refuse(c *gin.Context, at route, s *checked, request twilio.Request, result twilio.Result, unread error, now time.Time) {
	h.Stats.Unverified.Add(1)
	account := result.Claimed
	if unread != nil {
		raw := string(request.Body) + "&" + request.URI
		account = accountIn(raw)
		if at.channel == incident.Unknown {
			at.channel = channelIn(raw)
		}
		request.Body = nil // it cannot be verified later either
	}
	if s.ours(account) || s.noTokens() && account != twilio.DrillAccountSID {
		h.unverified.add(&kept{
			at: now, request: request, rejected: s.Reject, token: c.GetHeader("I-Twilio-Idempotency-Token"),
			readable: unread == nil, ours: s.ours(account), account: account, reason: result.Reason,
			diagnosed: result.Reason.Kind != twilio.ReasonMismatch && result.Reason.Kind != twilio.ReasonUnknownAccount,
		})
	}
	if s.Reject {
		c.String(http.StatusForbidden, "The signature does not match.\n")
		return
	}
	h.answer(c, recovery.ApologyAt(c.Request.URL.Path, channelOf(at, &request)))
}

// channelOf is the kind of TwiML an unverified request gets.
func channelOf(at route, r *twilio.Request) incident.Channel {
	switch {
	case at.channel != incident.Unknown:
		return at.channel
	case twilio.First(r.Params, "MessageSid") != "" || twilio.First(r.Params, "SmsSid") != "":
		return incident.Messaging
	case twilio.First(r.Params, "CallSid") != "":
		return incident.Voice
	}
	return incident.Unknown
}

// Astray answers a request for an address that is only nearly one of ours,
// such as /fallback/voice/: the caller must not hear Twilio's error for a slip
// of whoever pasted it. It is not verified, for it was not signed for us.
func (h *Hook) Astray(c *gin.Context) { inRoom(func(in *room) { h.astray(c, in) }) }

func (h *Hook) astray(c *gin.Context, in *room) {
	began := h.o.Now()
	settings := h.current.Load()
	request, err := h.receive(in, c.Request, settings.TrustedProxies)
	at := route{channel: incident.Voice}
	if strings.Contains(strings.ToLower(c.Request.URL.Path), "messaging") {
		at.channel = incident.Messaging
	}
	reason := twilio.Reason{
		Kind: twilio.ReasonOtherURL,
		Text: "sent to an address that does not exist: set the URL at Twilio to end in /fallback/voice, /fallback/messaging or /fallback, without a slash behind it",
	}
	claimed := ""
	if err == nil {
		claimed = settings.verifier.Verify(&request).Claimed
	}
	h.refuse(c, at, settings, request, twilio.Result{Claimed: claimed, Reason: reason}, err, began)
}
