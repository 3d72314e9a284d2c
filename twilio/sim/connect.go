package sim

import (
	"context"
	"strings"
	"time"
)

// record leaves a recording. Without a word Twilio goes on with the next verb.
func (w *walk) record(ctx context.Context, l *leg, n node, document string) verdict {
	r := Recording{Length: 8 * time.Second, EndedBy: HangUp}
	if len(w.script.Records) > 0 {
		r, w.script.Records = w.script.Records[0], w.script.Records[1:]
	}
	silence := secondsOf(n, "timeout", 5*time.Second)
	if r.Length <= 0 {
		w.note(Event{Kind: Recorded, Who: l.who, Text: "nothing is said", Length: silence})
		w.spend(silence)
		return verdict{}
	}
	longest := secondsOf(n, "maxLength", time.Hour)
	if r.Length > longest {
		r = Recording{Length: longest, EndedBy: Silence}
	}
	w.note(Event{Kind: Recorded, Who: l.who, Length: r.Length})
	if spent := w.spend(r.Length); w.gone {
		r = Recording{Length: spent, EndedBy: HangUp}
	}
	if r.EndedBy == Silence {
		w.spend(silence)
	}
	w.gone = w.gone || r.EndedBy == HangUp
	recordingSID := NewSID("RE")
	if callback := n.value("recordingStatusCallback"); callback != "" {
		ready := w.target(l, callback, n.value("recordingStatusCallbackMethod"), document, nil)
		ready.params = recordingReady(w.Account.SID, l.params.Value("CallSid"), recordingSID, r)
		w.tell(ctx, ready)
	}
	if n.value("transcribe") == "true" {
		w.note(Event{Kind: Skipped, Who: l.who, Text: "the transcription is not played"})
	}
	return w.afterwards(ctx, l, n, document, recorded(w.Account.SID, recordingSID, r))
}

// afterwards asks for the action of a verb. If the caller has hung up, its answer is not executed.
func (w *walk) afterwards(ctx context.Context, l *leg, n node, document string, extras Params) verdict {
	next := w.target(l, n.value("action"), n.value("method"), document, extras)
	if w.gone {
		w.tell(ctx, next)
		return verdict{ending: CallerHungUp}
	}
	return verdict{next: &next}
}

// dial calls somebody, who may be asked first whether to take the call.
func (w *walk) dial(ctx context.Context, l *leg, n node, document string) verdict {
	called := endpoints(n)
	outcome := NoAnswer()
	if len(w.script.Dials) > 0 {
		outcome, w.script.Dials = w.script.Dials[0], w.script.Dials[1:]
	}
	ringing := ringFor(outcome, secondsOf(n, "timeout", 30*time.Second))
	if _, hungUp := w.within(ringing); hungUp || w.gone {
		outcome = DialOutcome{Status: "canceled"}
	}
	w.note(Event{Kind: Dialled, Who: l.who, Text: names(called) + ": " + outcome.Status, Length: ringing})
	w.spend(ringing)
	childSID, bridged := NewSID("CA"), false
	if outcome.isAnswered() && len(called) > 0 {
		if bridged = w.screen(ctx, l, called[0], document, childSID, outcome); bridged {
			outcome.Length = min(outcome.Length, secondsOf(n, "timeLimit", longestCall))
			w.note(Event{Kind: Spoke, Who: l.who, Text: "with " + called[0].words(), Length: outcome.Length})
			outcome.Length = w.spend(outcome.Length)
		}
	}
	if _, found := n.attr("action"); !found {
		return verdict{}
	}
	return w.afterwards(ctx, l, n, document, dialled(childSID, outcome, bridged))
}

func ringFor(outcome DialOutcome, timeout time.Duration) time.Duration {
	switch outcome.Status {
	case "busy":
		return 2 * time.Second
	case "failed":
		return time.Second
	case "completed":
		return min(timeout, 4*time.Second)
	}
	return timeout
}

func names(called []node) string {
	var out []string
	for _, n := range called {
		out = append(out, strings.TrimSpace(n.words()))
	}
	return strings.Join(out, ", ")
}

// screen plays the document that the person who answers hears first, and reports whether the two are connected:
// they are, unless that document hangs up.
func (w *walk) screen(ctx context.Context, l *leg, called node, document, childSID string, outcome DialOutcome) bool {
	address := called.value("url")
	if address == "" {
		return true
	}
	callee := leg{who: Callee, inputs: []Input{outcome.Input}}
	callee.params = l.params.Without("CallToken", "StirVerstat").
		With("CallSid", childSID).With("ParentCallSid", l.params.Value("CallSid")).
		With("To", called.words()).With("Called", called.words()).With("Direction", "outbound-dial")
	v := w.follow(ctx, &callee, w.target(&callee, address, called.value("method"), document, nil))
	return v.ending == Completed
}

// enqueue waits until somebody takes the call, the wait document leaves the queue or the caller hangs up.
func (w *walk) enqueue(ctx context.Context, l *leg, n node, document string) verdict {
	queueSID, started := NewSID("QU"), w.at
	until := started + w.script.QueueFor
	if w.script.QueueFor == 0 {
		until = started + 30*time.Second
	}
	w.note(Event{Kind: Queued, Who: l.who, Text: n.ownText()})
	result := "bridged"
	if v := w.wait(ctx, l, n, document, queueSID, until); v.ending != "" && v.ending != CallerHungUp {
		return v
	} else if v.left && w.at < until {
		result = "leave"
	}
	if w.gone {
		result = "hangup"
	}
	waited := w.at - started
	if result == "bridged" {
		const conversation = time.Minute
		w.note(Event{Kind: Spoke, Who: l.who, Text: "with whoever took the call", Length: conversation})
		w.spend(conversation)
	}
	if _, found := n.attr("action"); !found {
		return verdict{}
	}
	return w.afterwards(ctx, l, n, document, left(queueSID, result, waited))
}

// wait plays the wait document again and again.
func (w *walk) wait(ctx context.Context, l *leg, n node, document, queueSID string, until time.Duration) verdict {
	started := w.at
	for w.at < until && !w.gone {
		address, before := n.value("waitUrl"), w.at
		if address == "" {
			w.note(Event{Kind: Waited, Who: l.who, Text: "with Twilio's music", Length: until - w.at})
			w.spend(until - w.at)
			break
		}
		waiter := *l
		waiter.until = until
		waiter.params = append(l.params.With("CallStatus", w.status()), waiting(queueSID, w.at-started)...)
		v := w.follow(ctx, &waiter, w.target(&waiter, address, n.value("waitUrlMethod"), document, nil))
		if v.left || v.ending != Completed {
			return v
		}
		if w.at-before < time.Second {
			w.warn(resolve(document, address), "the wait document takes no time: the caller waits in silence")
			w.spend(until - w.at)
		}
	}
	return verdict{}
}
