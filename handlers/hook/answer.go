package hook

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio"
)

// route is one of Twilio's addresses.
type route struct {
	channel incident.Channel // Unknown: told by the SIDs
}

// handle answers one request: read, verify, decide, write down, answer.
func (h *Hook) handle(at route) gin.HandlerFunc {
	return func(c *gin.Context) {
		began := h.o.Now()
		settings := h.current.Load()
		request, err := h.receive(c.Request, settings.TrustedProxies)
		whole := h.o.Now()
		if err == nil && isVisit(&request) {
			h.answer(c, recovery.Purpose(at.channel))
			return
		}
		result := twilio.Result{Reason: twilio.ReasonOf(err)}
		if err == nil {
			result = h.verify(settings, &request)
		}
		if !result.Verified {
			h.refuse(c, at, settings, request, result, err, began)
			return
		}
		h.serve(c, settings, &request, result, began, whole)
	}
}

// Astray answers a request for an address that is only nearly one of ours,
// such as /fallback/voice/: the caller must not hear Twilio's error for a slip
// of whoever pasted it. It is not verified, for it was not signed for us.
func (h *Hook) Astray(c *gin.Context) {
	began := h.o.Now()
	settings := h.current.Load()
	request, err := h.receive(c.Request, settings.TrustedProxies)
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

// isVisit says whether somebody only looks what this address is.
func isVisit(r *twilio.Request) bool {
	return r.Method == http.MethodGet && len(r.Params) == 0 && r.Signature == ""
}

// verify checks the signature, and notes the address where none is known yet.
func (h *Hook) verify(s *checked, r *twilio.Request) twilio.Result {
	result := s.verifySigned(r)
	if !result.Verified && result.Claimed == twilio.DrillAccountSID {
		result = s.drills.Verify(r)
	}
	if !result.Verified {
		return result
	}
	if s.Public.IsZero() && !result.Match.Drill && s.found.Load() == nil {
		told := &found{base: result.Base, verifier: twilio.NewVerifier(s.Keys, result.Base)}
		if s.found.CompareAndSwap(nil, told) {
			h.o.FoundPublic(told.base)
		}
	}
	return result
}

// verifySigned asks the address that was found first, for the Host header is
// anybody's; then those that the request itself names.
func (s *checked) verifySigned(r *twilio.Request) twilio.Result {
	if found := s.found.Load(); found != nil {
		if result := found.verifier.Verify(r); result.Verified {
			return result
		}
	}
	return s.verifier.Verify(r)
}

// refuse answers what is not verified: the one constant apology, the same
// bytes for all, or 403. The request stays in memory if it may be ours.
func (h *Hook) refuse(c *gin.Context, at route, s *checked, request twilio.Request, result twilio.Result, unread error, now time.Time) {
	h.Stats.Unverified.Add(1)
	account := result.Claimed
	if unread != nil {
		account = accountIn(request.Body + request.URI)
		request.Body = "" // it cannot be verified later either
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
	h.answer(c, recovery.Apology(channelOf(at, &request)))
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

// serve answers a verified request and has it written down.
func (h *Hook) serve(c *gin.Context, s *checked, r *twilio.Request, result twilio.Result, now, whole time.Time) {
	token := c.GetHeader("I-Twilio-Idempotency-Token")
	mine, key, retry, replay := h.retries.claim(r.Signature, token, now)
	switch {
	case replay:
		h.Stats.Replays.Add(1)
		h.answer(c, recovery.Apology(channelOf(route{}, r)))
		return
	case retry:
		h.Stats.Retries.Add(1)
		h.repeat(c, mine, r)
		return
	}
	f := incident.NewFailure(now, r.Method, r.Params)
	f.RequestKey, f.Tokenless = key, token == ""
	f.Drill = result.Match.Drill
	f.Itself = !f.Drill && itself(f.ErrorURL, result.Base)
	document, answer := s.Recovery.Answer(c.Request.Context(), f, recovery.Decide(f, s.Rules))
	answer.Took = h.o.Now().Sub(whole)

	entry := incident.Entry{Failure: s.without(f), Answer: answer}
	recorded := h.o.Now()
	done, late := h.o.Recorder.Record(entry)
	mine.complete(f.ID, document, done)
	h.o.Noted(entry)
	h.Stats.Answered[f.Channel].Add(1)

	written := h.wait(done, late)
	h.Stats.Seconds.Observe(answer.Took + h.o.Now().Sub(recorded))
	h.log(c, entry, written)
	h.sign(c, f.ID, written)
	h.answer(c, document)
}

// itself says whether ErrorUrl is one of our own addresses.
func itself(errorURL string, base twilio.BaseURL) bool {
	rest, ours := strings.CutPrefix(errorURL, base.String())
	return ours && strings.HasPrefix(rest, "/fallback")
}

// without drops the parameters that must not be written down.
func (s *checked) without(f incident.Failure) incident.Failure {
	if len(s.Drop) == 0 {
		return f
	}
	kept := make([]incident.Param, 0, len(f.Params))
	for _, p := range f.Params {
		if !s.Drop[p.Name] {
			kept = append(kept, p)
		}
	}
	f.Params = kept
	return f
}

// repeat gives a retry the bytes that the request before it got. That one may
// still be under way: then it is waited for, as long as for the journal.
func (h *Hook) repeat(c *gin.Context, before *answered, r *twilio.Request) {
	timer := time.NewTimer(h.o.RecordFor)
	defer timer.Stop()
	select {
	case <-before.ready:
	case <-timer.C:
		h.answer(c, recovery.Apology(channelOf(route{}, r)))
		return
	}
	h.sign(c, before.id, isClosed(before.written))
	h.answer(c, before.document)
}

// wait gives the journal RecordFor, counted from when the entry was queued: a
// request that came slowly says nothing about the journal. While the journal
// is known to be late nobody waits.
func (h *Hook) wait(done <-chan struct{}, late bool) (written bool) {
	if late {
		h.Stats.Unwritten.Add(1)
		return false
	}
	if isClosed(done) {
		return true
	}
	timer := time.NewTimer(h.o.RecordFor)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		h.o.Recorder.Late()
		h.Stats.Unwritten.Add(1)
		return false
	}
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// sign says which failure this answers, and whether it is written down.
func (h *Hook) sign(c *gin.Context, id incident.ID, written bool) {
	value := id.String() + "; written=no"
	if written {
		value = id.String() + "; written=yes"
	}
	c.Writer.Header()["X-Backstop-Failure"] = []string{value}
}

// answer sends TwiML as Twilio wants it: typed, measured, never cached.
// https://www.twilio.com/docs/voice/twiml#twilio-understands-mime-types
func (h *Hook) answer(c *gin.Context, document []byte) {
	header := c.Writer.Header()
	header["Content-Type"] = contentType
	header["Cache-Control"] = noStore
	header["Content-Length"] = []string{strconv.Itoa(len(document))}
	c.Writer.WriteHeader(http.StatusOK)
	if _, err := c.Writer.Write(document); err != nil {
		h.o.Log.Debug("twilio hung up before the answer", "err", err)
	}
}

// Header values that are the same for all; nobody changes them.
var (
	contentType = []string{"text/xml; charset=utf-8"} //nolint:gochecknoglobals // constant
	noStore     = []string{"no-store"}                //nolint:gochecknoglobals // constant
)

// masked hides numbers in the log, whatever pages may show.
var masked = history.Mask{Numbers: true} //nolint:gochecknoglobals // constant

// log writes the one line of a failure. Numbers are masked, the raw request is
// not in it.
func (h *Hook) log(c *gin.Context, e incident.Entry, written bool) {
	f := e.Failure
	level := slog.LevelInfo
	if !written {
		level = slog.LevelWarn
	}
	h.o.Log.LogAttrs(c.Request.Context(), level, "failure answered",
		slog.String("failure", f.ID.String()),
		slog.String("channel", f.Channel.String()),
		slog.Int("error_code", f.Code),
		slog.String("host", incident.Host(f.ErrorURL)),
		slog.String("call_sid", f.SID),
		slog.String("from", masked.Number(f.From)),
		slog.String("to", masked.Number(f.To)),
		slog.String("situation", e.Answer.Situation.String()),
		slog.String("outcome", e.Answer.Outcome.String()),
		slog.Bool("drill", f.Drill),
		slog.Bool("written", written),
		slog.Duration("took", e.Answer.Took),
	)
}
