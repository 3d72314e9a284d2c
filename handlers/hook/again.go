package hook

import (
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/templates"
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
		if k.readable && !isFollowUp(request.URI) { // a call does not wait for that
			if result := h.verify(settings, &request); result.Verified {
				h.recordLate(settings, k, result)
				continue
			}
		}
		ours := settings.ours(k.account)
		if ours && !k.ours {
			h.unverified.tell(k) // nobody was told: it was anybody's until now
		}
		k.ours = ours
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
	f := incident.NewFailure(k.at, k.request.Method, k.request.Params).Requested(key, k.token == "")
	f.Late = true
	f.Itself = itself(f.ErrorURL, result.Base)
	entry := incident.Entry{Failure: s.kept(f, k.token), Answer: recovery.Unverified(f, recovery.Decide(f, s.Rules, recovery.State{}), k.rejected)}
	done, _ := h.o.Recorder.Record(entry)
	h.retries.complete(mine, f.ID, recovery.Apology(f.Channel), done)
}

// teller decides when people are told of unverified requests: a few seconds
// after the first, so that a burst is one number, then every MetaEvery.
type teller struct {
	waiting tally
	first   time.Time
	told    time.Time
}

const gather = 3 * time.Second

func (t *teller) due(news tally, now time.Time) (incident.Alert, bool) {
	if news.requests > 0 && t.waiting.requests == 0 {
		t.first = now
	}
	t.waiting.requests += news.requests
	t.waiting.rejected += news.rejected
	if t.waiting.requests == 0 || now.Sub(t.first) < gather || now.Sub(t.told) < incident.MetaEvery {
		return incident.Alert{}, false
	}
	n := t.waiting
	t.waiting, t.told = tally{}, now
	return incident.Alert{
		Kind: incident.Meta, Topic: incident.SignatureTopic, At: now,
		Title:  n.title(),
		Detail: n.sentence() + ". " + n.got() + ", and nothing was recorded. " + firstThing,
		Reason: "requests that name your account were not signed by it",
	}, true
}

// tally counts requests that name one of our accounts.
type tally struct {
	requests int64
	rejected int64 // of them: answered 403
}

// title has what matters first, for it must fit into a subject.
func (n tally) title() string {
	title := templates.Plural(n.requests, "request for your account failed the signature check", "requests for your account failed the signature check")
	const few = 1000 // a longer number leaves no room
	switch {
	case n.requests == 1:
		return "A real caller? " + title
	case n.requests < few:
		return "Real callers? " + title
	}
	return "Real callers? " + templates.Count(n.requests) + " requests failed the signature check"
}

func (n tally) sentence() string {
	return templates.Plural(n.requests,
		"request for your account failed the signature check: this may be a real caller",
		"requests for your account failed the signature check: these may be real callers")
}

// got is what came back to whoever is behind them.
func (n tally) got() string {
	const rejected = "answered 403, as UNVERIFIED=reject says: a caller heard Twilio's own error message, the sender of a message got no reply"
	switch n.rejected {
	case 0:
		return "They got the apology"
	case n.requests:
		return "They were " + rejected
	}
	return templates.Count(n.requests-n.rejected) + " got the apology; " + templates.Plural(n.rejected, "was ", "were ") + rejected
}

const firstThing = incident.DoFirst + "open the start page, which says why each one failed. " +
	"Most often PUBLIC_URL is not what is set at Twilio, or the Auth Token was rotated: " +
	"put it right in the configuration file, or in the file that TWILIO_AUTH_TOKEN_FILE names, and send SIGHUP. " +
	"Those of the last 24 hours that match then are recorded by themselves. " +
	"A variable of the environment takes a restart, and with it these requests are forgotten."
