package hook

import (
	"fmt"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio"
)

// diagnose looks for the reason of one unverified request.
func (h *Hook) diagnose() {
	k := h.unverified.undiagnosed()
	if k == nil {
		return
	}
	request := k.request
	h.unverified.diagnosed(k, h.current.Load().verifier.Diagnose(&request))
}

// verifyAgain tries the unverified requests with the settings of now.
func (h *Hook) verifyAgain() {
	settings := h.current.Load()
	var still []*kept
	for _, k := range h.unverified.takeAll() {
		request := k.request
		if k.readable {
			if result := h.verify(settings, &request); result.Verified {
				h.recordLate(settings, k, result)
				continue
			}
		}
		k.ours = settings.ours(k.account)
		still = append(still, k)
	}
	h.unverified.putBack(still)
}

// recordLate makes a failure of a request that was answered before it could be
// verified.
func (h *Hook) recordLate(s *checked, k *kept, result twilio.Result) {
	mine, key, retry, replay := h.retries.claim(k.request.Signature, k.token, k.at)
	if retry || replay {
		return
	}
	f := incident.NewFailure(k.at, k.request.Method, k.request.Params)
	f.RequestKey, f.Tokenless = key, k.token == ""
	f.Late = true
	f.Itself = itself(f.ErrorURL, result.Base)
	entry := incident.Entry{Failure: s.without(f), Answer: recovery.Unverified(f, recovery.Decide(f, s.Rules), k.rejected)}
	done, _ := h.o.Recorder.Record(entry)
	mine.complete(f.ID, recovery.Apology(f.Channel), done)
}

// teller decides when people are told of unverified requests: a few seconds
// after the first, so that a burst is one number, then every MetaEvery.
type teller struct {
	waiting int
	first   time.Time
	told    time.Time
}

const gather = 3 * time.Second

func (t *teller) due(news int, now time.Time) (incident.Alert, bool) {
	if news > 0 && t.waiting == 0 {
		t.first = now
	}
	t.waiting += news
	if t.waiting == 0 || now.Sub(t.first) < gather || now.Sub(t.told) < incident.MetaEvery {
		return incident.Alert{}, false
	}
	n := t.waiting
	t.waiting, t.told = 0, now
	title := fmt.Sprintf("%d requests for your account failed the signature check", n)
	if n == 1 {
		title = "1 request for your account failed the signature check"
	}
	return incident.Alert{
		Kind: incident.Meta, Topic: incident.SignatureTopic, At: now,
		Title: title,
		Detail: "These may be real callers: they heard the apology, but nothing was recorded. " +
			"The first thing to do: open the start page, which says why each one failed; " +
			"most often PUBLIC_URL differs from the URL set at Twilio, or the Auth Token was rotated. " +
			"After a reload with the right values the requests of the last 24 hours are recorded by themselves.",
		Reason: "requests that name your account were not signed by it",
	}, true
}
