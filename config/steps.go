package config

import (
	"fmt"
	"strconv"
	"time"

	"github.com/backstop-project/backstop/recovery"
)

// steps are what a rule has tried.
func (a *answering) steps(key string, written []step) (all []recovery.StepOptions) {
	for _, one := range written {
		at := fmt.Sprintf("%s.steps[%d]", key, len(all))
		a.places[at] = one.At
		if one.At.invalid {
			continue
		}
		if one.Message.set() && one.Message.text != "apology" {
			a.mistake(one.Message, "is no text", "write apology: the text for the caller's situation")
		}
		a.place(at+".reject", one.Reject, one.At)
		a.places[at+".hedge"] = one.Hedge
		a.place(at+".redirect", one.Redirect, one.At)
		o := recovery.StepOptions{
			Failover: a.list(at+".failover", one.Failover), Redirect: one.Redirect.text, Message: one.Message.set(),
			Reject: one.Reject.text, Ignore: a.boolean(one.Ignore, false), Callback: a.boolean(one.Callback, false),
			Hedge: a.hedge(one.Hedge), LastGood: a.boolean(one.LastGood, false),
		}
		for n := range one.Failover {
			a.places[at+".failover"] = one.Failover[n]
		}
		a.holding(at, one, &o)
		all = append(all, o)
	}
	return all
}

// holding are the steps that have more to say than a name.
func (a *answering) holding(at string, one step, o *recovery.StepOptions) {
	if r := one.Retry; r != nil {
		a.places[at+".retry"] = r.At
		o.Retry = &recovery.RetryOptions{Times: a.number(r.Times, 1, 1, 3), Wait: a.duration(r.Wait, 0, time.Second, recovery.MostWait)}
	}
	if d := one.Dial; d != nil {
		a.places[at+".dial"] = d.At
		a.place(at+".dial.on_call", d.OnCall, d.At)
		o.Dial = &recovery.DialOptions{
			To: a.list(at+".dial.to", d.To), OnCall: d.OnCall.text, Timeout: a.duration(d.Timeout, recovery.DefaultRing, 5*time.Second, time.Minute),
			AtOnce: a.boolean(d.AtOnce, false), Moot: !a.boolean(d.Accept, true),
		}
	}
	if q := one.Enqueue; q != nil {
		a.places[at+".enqueue"] = q.At
		a.place(at+".enqueue.queue", q.Queue, q.At)
		o.Enqueue = &recovery.EnqueueOptions{Queue: q.Queue.text, MaxWait: a.duration(q.MaxWait, recovery.DefaultMaxWait, 10*time.Second, time.Hour)}
	}
	if v := one.Voicemail; v != nil {
		a.places[at+".voicemail"] = v.At
		o.Voicemail = &recovery.VoicemailOptions{
			Consent: a.boolean(v.Consent, false), Transcribe: a.boolean(v.Transcribe, false),
			MaxLength: a.duration(v.MaxLength, recovery.DefaultMessage, 5*time.Second, 10*time.Minute),
		}
	}
}

// limits bound what a storm of calls can cost.
func (a *answering) limits(l limits) recovery.LimitOptions {
	const most = 100_000
	return recovery.LimitOptions{
		DialsPerHour:   a.number(l.DialsPerHour, recovery.DefaultDialsPerHour, 1, most),
		CallsPerCaller: a.number(l.CallsPerCaller, recovery.DefaultCallsPerCaller, 1, most),
	}
}

// number is a whole number within bounds.
func (r *review) number(v value, otherwise, least, most int) int {
	if !v.set() {
		return otherwise
	}
	n, err := strconv.Atoi(v.text)
	if err != nil || n < least || n > most {
		r.mistake(v, "is no number that makes sense here", fmt.Sprintf("write a whole number between %d and %d", least, most))
		return otherwise
	}
	return n
}
