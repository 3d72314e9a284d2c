package recovery

import (
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio"
)

// Kind is what a step does.
type Kind string

// The kinds of steps.
const (
	Failover   Kind = "failover"            // ask standby servers for the TwiML
	Redirect   Kind = "redirect"            // have the call go on at a standby server
	Retry      Kind = "retry"               // have it go back to the address that failed
	DialPeople Kind = "dial"                // ring people
	Queue      Kind = "enqueue"             // wait until somebody takes the call
	Voicemail  Kind = "voicemail"           // record what the caller has to say
	Callback   Kind = "callback"            // offer to call back
	LastGood   Kind = incident.StepLastGood // serve what was good for that path before
	Message    Kind = "message"             // say or write the text for the caller's situation
	Reject     Kind = "reject"              // end a call that was not answered yet, unbilled
	Ignore     Kind = "ignore"              // say nothing, on purpose
)

// Step is one thing to try for the caller.
type Step struct {
	Kind      Kind
	Targets   []*standby.Target // of Failover: to be asked in this order; of Redirect one
	Hedge     time.Duration     // of Failover: after which the next one is asked, too; 0 for not before one fails
	Reason    string            // of Reject: busy or rejected
	Retry     RetryOptions
	Dial      *Dial
	Enqueue   EnqueueOptions
	Voicemail VoicemailOptions
}

// Plan is what Decide decided: the steps in order, of which the first that
// serves ends it. Behind the last one the text is said or written, unless the
// plan is quiet, and behind that stands the prepared apology.
type Plan struct {
	Situation incident.Situation // 0 for a request that is neither call nor message
	Wording   incident.Wording   // of the line
	Steps     []Step             // shared: must not be changed
	Quiet     bool               // words of our own are not wanted, and Why says why
	// Unanswered is a call that comes in and still rings.
	Unanswered bool
	Gone       bool   // nobody hears the answer any more
	Left       bool   // the caller has left a message already, before it failed
	Served     bool   // or has spoken with somebody
	Why        string // "" where it is plain

	rule      *rule // that matched; nil for none
	primaries standby.Primaries
	limits    LimitOptions
	state     State
	place     Place // of the first of Steps
	resumed   bool  // the caller was spoken to already
	keeps     bool  // what serves is kept, for a rule may serve it again
}

// Rule is the name of the rule that matched, "" for none.
func (p *Plan) Rule() string {
	if p.rule == nil {
		return ""
	}
	return p.rule.name
}

// Decide says what f's caller is to get. It is pure: it depends on nothing but
// f, r and s.
func Decide(f incident.Failure, r Rules, s State) Plan {
	seen := readFacts(f)
	line := r.lineOf(f, &seen)
	p := Plan{Situation: situation(f.Channel, &seen), Wording: r.wording(f, line), primaries: r.primaries, keeps: r.keeps, limits: r.limits, state: s}
	switch f.Channel {
	case incident.Voice:
		p.Gone, p.Why = seen.gone()
		p.Left, p.Served = seen.left(), seen.bridged
		p.Unanswered = seen.callStatus == "ringing" && seen.direction == "inbound"
		if seen.dequeuing {
			p.Quiet, p.Why = true, "nothing said: the call is being taken out of the queue and connected"
		}
	case incident.Messaging:
		p.Why = unwelcome(f, &seen)
		p.Quiet = p.Why != ""
	case incident.Unknown:
		p.Quiet, p.Why = true, "no answer: Twilio named neither a call nor a message"
		return p
	}
	if why := s.circles(); why != "" {
		p.Why = joinReasons([]string{"nothing else was tried: " + why, p.Why})
		return p
	}
	p.choose(f, &r, &seen, line)
	return p
}

// choose finds the rule and the first of its steps: behind the one that the call
// had, where it goes on.
func (p *Plan) choose(f incident.Failure, r *Rules, seen *facts, line found) {
	first, rule := 0, (*rule)(nil)
	if p.state.After != nil {
		if rule = r.at(*p.state.After); rule != nil {
			first = p.state.After.Step + 1
		}
	}
	if rule == nil {
		rule = r.rule(f, seen, line, p.state)
	}
	if rule == nil {
		return
	}
	p.rule, p.Steps = rule, rule.steps[first:]
	p.place = Place{Failure: f.ID, Rule: rule.digest, Step: first, Visit: p.state.Visit, Since: f.ReceivedAt}
	if after := p.state.After; after != nil && first > 0 {
		p.place.Failure = after.Failure
	}
	if line.Line != nil {
		p.place.Line = lineMark(line.Match)
	}
	if len(p.Wording.Languages) > 0 && len(p.Wording.Languages[0]) <= 8 {
		p.place.Language = p.Wording.Languages[0]
	}
}

// unwelcome says why a message gets no reply, whoever sent it before; "" where
// it may get one.
func unwelcome(f incident.Failure, seen *facts) string {
	switch seen.optOutType {
	case "":
	case "START":
		return "no reply: the sender opted in"
	case "HELP":
		return "no reply: the sender asked for help, which the messaging service answers"
	default:
		return "no reply: the sender opted out"
	}
	switch twilio.KeywordOf(seen.body) {
	case twilio.KeywordOptOut:
		return "no reply: the message is only an opt-out word"
	case twilio.KeywordOptIn:
		return "no reply: the message is only an opt-in word"
	case twilio.KeywordHelp:
		return "no reply: the message is only a help word"
	case twilio.KeywordNone:
	}
	return unanswerable(f.From, f.To)
}

// unanswerable says why nobody reads what is sent to from.
func unanswerable(from, to string) string {
	if from == to {
		return "no reply: the line wrote to itself"
	}
	switch a := twilio.ParseAddress(from); a.Kind {
	case twilio.AddressPhone, twilio.AddressMessenger:
		return ""
	case twilio.AddressWhatsApp, twilio.AddressRCS:
		if a.Number != "" {
			return ""
		}
	case twilio.AddressShortCode:
		return "no reply: the sender is a short code"
	case twilio.AddressName:
		return "no reply: the sender is a name, which takes no replies"
	case twilio.AddressWithheld:
		return "no reply: the sender hides the number"
	case twilio.AddressClient, twilio.AddressSIP, twilio.AddressSIM, twilio.AddressOther:
	}
	return "no reply: the sender is no address that takes replies"
}

// up says whether a probe of a target, by its name, or of a primary was good.
func (p *Plan) up(name string) bool { return p.state.health(name).Verdict == standby.Up }

// back says whether a server is up that had failed: by a probe since then, or,
// where nothing else can be a reason, by one of the last moments before.
func (p *Plan) back(name string, failed time.Time, otherwise bool) bool {
	const moments = 20 * time.Second
	good := p.state.health(name).Good
	if !otherwise {
		failed = failed.Add(-moments)
	}
	return p.up(name) && good.After(failed)
}
