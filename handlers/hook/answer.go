package hook

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio"
)

// route is one of Twilio's addresses.
type route struct {
	channel incident.Channel // Unknown: told by the SIDs
	follow  bool             // the address of a follow-up
	status  bool             // the status callback of a call
}

// handle answers one request.
func (h *Hook) handle(at route) gin.HandlerFunc {
	return func(c *gin.Context) { inRoom(func(in *room) { h.take(c, at, in) }) }
}

// take reads, verifies, decides, writes down and answers.
func (h *Hook) take(c *gin.Context, at route, in *room) {
	began := h.o.Now()
	settings := h.current.Load()
	request, err := h.receive(in, c.Request, settings.TrustedProxies)
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
	h.serve(c, at, settings, &request, result, began, whole)
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

// serve answers a verified request and has it written down.
func (h *Hook) serve(c *gin.Context, at route, s *checked, r *twilio.Request, result twilio.Result, now, whole time.Time) {
	token := c.GetHeader("I-Twilio-Idempotency-Token")
	mine, key, retry, replay := h.retries.claim(r.Signature, token, now)
	switch {
	case replay:
		h.Stats.Replays.Add(1)
		h.answer(c, s.unrecorded(c.Request, r, now))
		return
	case retry:
		h.Stats.Retries.Add(1)
		h.repeat(c, s, mine, r)
		return
	}
	f := incident.NewFailure(now, r.Method, r.Params).Requested(key, token == "")
	if result.Match.Drill {
		f = f.Drilled()
	}
	request := recovery.Request{Failure: f, Token: token, Keys: s.Keys, Match: result.Match, Base: result.Base.Path()}
	document, entry := h.decide(c, at, s, &request, result.Base)
	decided := h.o.Now()
	entry.Answer.Took = decided.Sub(whole)
	if at.follow || at.status {
		h.Stats.FollowUps.Add(1)
		if entry.FollowUp.IsZero() {
			h.retries.complete(mine, f.ID, document, nil)
			h.answer(c, document)
			return
		}
	} else {
		h.Stats.answered(entry.Failure)
	}
	h.noted(entry) // before it can be fed
	done, late := h.o.Recorder.Record(entry)
	h.retries.complete(mine, f.ID, document, done)

	written := h.wait(done, late)
	ready := h.o.Now()
	h.Stats.Seconds.Observe(ready.Sub(whole))
	id := f.ID.String()
	h.sign(c, id, written)
	h.answer(c, document)
	c.Writer.Flush() // nobody waits for what takes memory, and locks that all take
	if written {
		h.retries.written(mine)
	}
	h.log(c.Request.Context(), id, &entry, written, ready, ready.Sub(decided))
}

// repeat gives a retry the bytes that the request before it got. That one may
// still be under way: then it is waited for, as long as it may take.
func (h *Hook) repeat(c *gin.Context, s *checked, before *answered, r *twilio.Request) {
	timer := time.NewTimer(recovery.Budget + h.o.RecordFor)
	defer timer.Stop()
	select {
	case <-h.retries.completed(before):
	case <-timer.C:
		h.answer(c, s.unrecorded(c.Request, r, h.o.Now()))
		return
	}
	id, document, written := h.retries.of(before)
	h.sign(c, id.String(), written)
	h.answer(c, document)
}

// unrecorded is what a verified request gets that is not written down: the
// constant apology. Who waits is not told to call again, but to wait.
func (s *checked) unrecorded(asked *http.Request, r *twilio.Request, now time.Time) []byte {
	f := incident.NewFailure(now, r.Method, r.Params)
	if plan := recovery.Decide(f, s.Rules, recovery.State{}); plan.Situation == incident.InQueue {
		plan.Steps = nil // nobody else is asked twenty times
		document, _ := s.Recovery.Answer(asked.Context(), recovery.Request{Failure: f}, plan)
		return document
	}
	return recovery.ApologyAt(asked.URL.Path, f.Channel)
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
	timer := h.timer()
	defer h.timers.Put(timer)
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

// timer ends after RecordFor.
func (h *Hook) timer() *time.Timer {
	timer, _ := h.timers.Get().(*time.Timer)
	if timer == nil {
		return time.NewTimer(h.o.RecordFor)
	}
	timer.Reset(h.o.RecordFor)
	return timer
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
