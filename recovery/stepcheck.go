package recovery

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/backstop-project/backstop/recovery/standby"
)

// step checks one step.
func (c *ruleChecker) step(key string, o StepOptions) Step {
	if o.Hedge > 0 && len(o.Failover) < 2 {
		c.mistake(key+".hedge", o.Hedge.String(), "has no two targets beside it, of which the second could be asked", "write {failover: [a, b], hedge: 300ms}, or remove it")
	}
	var kinds []Kind
	for _, one := range []struct {
		named bool
		kind  Kind
	}{
		{len(o.Failover) > 0, Failover},
		{o.Redirect != "", Redirect},
		{o.Retry != nil, Retry},
		{o.Dial != nil, DialPeople},
		{o.Enqueue != nil, Queue},
		{o.Voicemail != nil, Voicemail},
		{o.Callback, Callback},
		{o.LastGood, LastGood},
		{o.Message, Message},
		{o.Reject != "", Reject},
		{o.Ignore, Ignore},
	} {
		if one.named {
			kinds = append(kinds, one.kind)
		}
	}
	switch len(kinds) {
	case 1:
		return c.stepOf(key, kinds[0], o)
	case 0:
		c.mistake(key, "", "is no step", "write {failover: standby}, {redirect: standby}, {last_good: true}, {retry: {}}, {dial: {to: [+15551230001]}}, {enqueue: {queue: support}}, {callback: true}, {voicemail: {}}, {message: apology}, {reject: busy} or {ignore: true}")
	default:
		c.mistake(key, "", "is several steps", "put each into braces of its own: [{failover: standby}, {message: apology}]")
	}
	return Step{Kind: Message}
}

func (c *ruleChecker) stepOf(key string, kind Kind, o StepOptions) Step {
	step := Step{Kind: kind, Reason: o.Reject, Hedge: o.Hedge}
	switch kind {
	case Failover:
		step.Targets = c.targetsOf(key+".failover", o.Failover)
	case Redirect:
		step.Targets = c.targetsOf(key+".redirect", []string{o.Redirect})
		if c.targets[o.Redirect] != nil && !c.isProbed(o.Redirect) {
			c.mistake(key+".redirect", o.Redirect, "is not probed, so that nobody knows whether it is up", "give the target a probe, such as probe: /healthz")
		}
	case Retry:
		step.Retry = c.retry(key+".retry", *o.Retry)
	case DialPeople:
		step.Dial = c.dial(key+".dial", *o.Dial)
	case Queue:
		step.Enqueue = c.enqueue(key+".enqueue", *o.Enqueue)
	case Voicemail:
		step.Voicemail = *o.Voicemail
		if step.Voicemail.MaxLength == 0 {
			step.Voicemail.MaxLength = DefaultMessage
		}
	case Reject:
		if o.Reject != "busy" && o.Reject != "rejected" {
			c.mistake(key+".reject", o.Reject, "is no reason that Twilio knows", "write busy, for the engaged tone, or rejected, for the words that the number is not in service")
		}
	case Callback, LastGood, Message, Ignore:
	}
	return step
}

func (c *ruleChecker) targetsOf(key string, names []string) (targets []*standby.Target) {
	for _, name := range names {
		t := c.targets[name]
		if t == nil {
			c.mistake(key, name, "is no target", "add it under targets"+among(slices.Sorted(maps.Keys(c.targets))))
			t = &standby.Target{Name: name}
		}
		if slices.Contains(targets, t) {
			c.mistake(key, name, "is named twice", "remove one of the two: it is asked once")
		}
		targets = append(targets, t)
	}
	return targets
}

func (c *ruleChecker) retry(key string, o RetryOptions) RetryOptions {
	if len(c.primariesThere) == 0 {
		c.mistake(key, "", "has nowhere to go back to", "name your own servers in primaries, such as primaries: [https://www.example.com]")
	}
	probedPrimary := func(p standby.Probe) bool { return c.primariesThere.Has(p.Name) }
	if len(c.primariesThere) > 0 && o.Wait == 0 && !slices.ContainsFunc(c.probed, probedPrimary) {
		c.mistake(key, "", "never has a reason to try again", "say wait: 5s, or give one of primaries a probe")
	}
	if o.Times == 0 {
		o.Times = 1
	}
	const most = 3
	if o.Times < 0 || o.Times > most {
		c.mistake(key+".times", strconv.Itoa(o.Times), "is more than anybody waits for", fmt.Sprintf("write 1 to %d", most))
	}
	if o.Wait < 0 || o.Wait > MostWait {
		c.mistake(key+".wait", o.Wait.String(), "is longer than a caller waits in silence", fmt.Sprintf("write at most %d s", MostWait/time.Second))
	}
	return o
}

func (c *ruleChecker) enqueue(key string, o EnqueueOptions) EnqueueOptions {
	const longest = 64 // characters of a queue's FriendlyName
	if o.Queue == "" || len(o.Queue) > longest || strings.IndexFunc(o.Queue, unicode.IsControl) >= 0 {
		c.mistake(key+".queue", o.Queue, "is no name of a queue", "name one of the account's queues, such as support")
	}
	if o.MaxWait == 0 {
		o.MaxWait = DefaultMaxWait
	}
	return o
}

// mostPeople is how many a step may name: in 90 seconds nobody is reached behind
// them.
const mostPeople = 20

func (c *ruleChecker) dial(key string, o DialOptions) *Dial {
	d := &Dial{DialOptions: o}
	if d.Timeout == 0 {
		d.Timeout = DefaultRing
	}
	for i, to := range o.To {
		if problem, remedy := c.personFlaw(to); problem != "" {
			c.mistake(fmt.Sprintf("%s.to[%d]", key, i), to, problem, remedy)
		}
		d.people = append(d.people, Person{To: to})
	}
	if o.OnCall != "" {
		if d.roster = c.rosters[o.OnCall]; d.roster == nil {
			c.mistake(key+".on_call", o.OnCall, "is no on-call list", "add it under on_call"+among(slices.Sorted(maps.Keys(c.rosters))))
		}
	}
	switch {
	case len(o.To) == 0 && o.OnCall == "":
		c.mistake(key, "", "names nobody", "write {dial: {to: [+15551230001]}}, or the name of an on-call list, {dial: {on_call: ops}}")
	case len(o.To) > 0 && o.OnCall != "":
		c.mistake(key+".on_call", o.OnCall, "stands beside to", "remove one of the two")
	case len(o.To) > mostPeople:
		c.mistake(key+".to", "", "are too many people", fmt.Sprintf("name %d at most: all together are rung for %d seconds", mostPeople, dialFor/time.Second))
	case o.AtOnce && !o.Moot:
		c.mistake(key, "", "rings all at once and asks each to accept by key, as accept is true unless you say otherwise", "Twilio connects whoever picks up first, which may be a mailbox: remove at_once, so that they are rung one after the other, or write accept: false")
	case o.AtOnce && len(o.To) > atOnceMost:
		c.mistake(key+".to", "", "are more than Twilio rings at once", fmt.Sprintf("name %d at most", atOnceMost))
	}
	return d
}
