package recovery

import (
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// Kind is what a step does.
type Kind string

// Message says or writes the text for the caller's situation.
const Message Kind = "message"

// Step is one thing to try for the caller.
type Step struct {
	Kind Kind
}

// apologise is the one list of steps so far. It is never changed.
var apologise = []Step{{Kind: Message}}

// Plan is what Decide decided: the steps in order, the first that serves ends
// it, and behind the last stands the prepared apology. Without steps there is
// nobody to speak to, and Why says so.
type Plan struct {
	Situation incident.Situation // 0 for a request that is neither call nor message
	Wording   incident.Wording   // of the line
	Steps     []Step             // shared: must not be changed
	Gone      bool               // nobody hears the answer any more
	Why       string             // "" where it is plain
}

// Decide says what f's caller is to get. It is pure: it depends on nothing but
// f and r.
func Decide(f incident.Failure, r Rules) Plan {
	seen := readFacts(f)
	p := Plan{Situation: situation(f.Channel, &seen), Wording: r.wording(f, &seen)}
	switch f.Channel {
	case incident.Voice:
		p.Gone, p.Why = seen.gone()
		if seen.dequeuing {
			p.Why = "nothing said: the call is being taken out of the queue and connected"
			return p
		}
	case incident.Messaging:
		if p.Why = unwelcome(f, &seen); p.Why != "" {
			return p
		}
	case incident.Unknown:
		p.Why = "no answer: Twilio named neither a call nor a message"
		return p
	}
	p.Steps = apologise
	return p
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
