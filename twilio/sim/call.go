package sim

import (
	"encoding/base64"
	"time"
)

// Situation is where a call is when Twilio turns to the fallback URL.
type Situation uint8

// The situations of a call.
const (
	Ringing           Situation = iota // nobody has answered yet: the number's own URL failed
	MidCall                            // answered; the action of a Gather failed
	Outbound                           // we called; the listener is To
	WaitingInQueue                     // the waitUrl of an Enqueue failed
	DialCompleted                      // the action after a Dial failed, when the two had spoken
	RecordingFinished                  // the action after a Record failed, when something was recorded
)

// Call is a call on which Twilio asks a fallback URL. Its zero value is an ordinary one: inbound, ringing, from a
// number in San Francisco, 11200 for an invented primary URL, with the 29 parameters that Twilio sends then.
type Call struct {
	SID        string // "": a random one
	From, To   string
	ErrorCode  string // "": 11200
	ErrorURL   string // the document that failed; "": one that fits the situation
	AskedFirst bool   // no ErrorCode and no ErrorUrl: the URL is set as the primary one
	Situation  Situation
	Method     string // GET or POST; "": POST
	Changes    Changes
	Script     Script // what the people on the line do
}

// defaults of calls and messages; the numbers are those of Twilio's documentation.
const (
	defaultFrom      = "+14158675310"
	defaultTo        = "+18005551212"
	defaultErrorCode = "11200"
	primary          = "https://primary.example.com"
)

func (c Call) withDefaults() Call {
	c.SID = or(c.SID, NewSID("CA"))
	caller, called := defaultFrom, defaultTo
	if c.Situation == Outbound {
		caller, called = called, caller
	}
	c.From, c.To = or(c.From, caller), or(c.To, called)
	c.ErrorCode = or(c.ErrorCode, defaultErrorCode)
	c.ErrorURL = or(c.ErrorURL, primary+c.Situation.path())
	return c
}

func or(value, fallback string) string {
	if value != "" {
		return value
	}
	return fallback
}

// Request returns the signed request by which Twilio asks url about this call.
func (c Call) Request(account Account, url string) (Request, error) {
	return account.Request(c.Method, url, c.Params(account.SID))
}

// Params returns what Twilio sends about this call to the fallback URL.
func (c Call) Params(accountSID string) Params {
	c = c.withDefaults()
	p := append(c.standing(accountSID), c.extras(accountSID)...)
	if !c.AskedFirst {
		p = append(p, Param{"ErrorCode", c.ErrorCode}, Param{"ErrorUrl", c.ErrorURL})
	}
	return c.Changes.apply(p)
}

// standing are the parameters that every request of a call carries.
func (c Call) standing(accountSID string) Params {
	from, to := placeOf(c.From), placeOf(c.To)
	p := Params{
		{"Called", c.To},
		{"ToState", to.state},
		{"CallerCountry", from.country},
		{"Direction", c.Situation.direction()},
		{"CallerState", from.state},
		{"ToZip", to.zip},
		{"CallSid", c.SID},
		{"To", c.To},
		{"CallerZip", from.zip},
		{"ToCountry", to.country},
		{"CalledZip", to.zip},
		{"ApiVersion", "2010-04-01"},
		{"CalledCity", to.city},
		{"CallStatus", c.Situation.status()},
		{"From", c.From},
		{"AccountSid", accountSID},
		{"CalledCountry", to.country},
		{"CallerCity", from.city},
		{"ToCity", to.city},
		{"FromCountry", from.country},
		{"Caller", c.From},
		{"FromCity", from.city},
		{"CalledState", to.state},
		{"FromZip", from.zip},
		{"FromState", from.state},
	}
	if c.Situation != Outbound {
		p = append(p, Param{"StirVerstat", "TN-Validation-Passed-A"}, Param{"CallToken", callToken(c.SID)})
	}
	return p
}

// callToken has the shape of Twilio's: JSON that holds a signed token, here one that nobody would accept.
func callToken(callSID string) string {
	part := base64.RawURLEncoding.EncodeToString
	return `{"parentCallInfoToken":"` + part([]byte(`{"alg":"ES256"}`)) + "." + part([]byte(`{"callSid":"`+callSID+`"}`)) + `.c2ltdWxhdGVk"}`
}

func (s Situation) direction() string {
	if s == Outbound {
		return "outbound-api"
	}
	return "inbound"
}

func (s Situation) status() string {
	if s == Ringing {
		return "ringing"
	}
	return "in-progress"
}

func (s Situation) path() string {
	switch s {
	case MidCall:
		return "/voice/menu"
	case Outbound:
		return "/voice/outbound"
	case WaitingInQueue:
		return "/voice/wait"
	case DialCompleted:
		return "/voice/dialled"
	case RecordingFinished:
		return "/voice/recorded"
	case Ringing:
	}
	return "/voice"
}

// extras are what the verb before the failed document adds.
func (c Call) extras(accountSID string) Params {
	switch c.Situation {
	case MidCall:
		return gathered(Press("1"), "#")
	case WaitingInQueue:
		return waiting(NewSID("QU"), 0)
	case DialCompleted:
		return dialled(NewSID("CA"), Answered(42*time.Second), true)
	case RecordingFinished:
		return recorded(accountSID, NewSID("RE"), Recording{Length: 12 * time.Second, EndedBy: HangUp})
	case Ringing, Outbound:
	}
	return nil
}
