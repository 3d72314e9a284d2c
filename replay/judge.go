// Package replay sends the customer's own server the messages that Twilio could
// not deliver to it, once it is back: re-signed, one after the other, each at
// most once. It knows neither database nor pages.
package replay

import (
	"slices"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio"
)

// Options is what the configuration says about sending messages to the server
// that has not had them.
type Options struct {
	PerSecond float64 // messages a second for each server; DefaultPerSecond where zero
	// AllowPrivate lets a server's name lead to an address of a private network.
	AllowPrivate bool
}

// How many messages a server gets in a second.
const (
	DefaultPerSecond = 1
	LeastPerSecond   = 0.1
	MostPerSecond    = 20
)

// Settings is all that sending goes by; a reload swaps it.
type Settings struct {
	Options
	Primaries standby.Primaries // nobody else is ever contacted
	Keys      *twilio.Keys
	Drops     bool // the configuration has parameters left out
}

// Judge says whether a message can be sent to the server that has not had it,
// and if not, why. Only what is complete is sent: of half a message neither the
// content nor the signature would be true.
func (s Settings) Judge(d history.Detail) history.ReplayJudgement {
	server, unsendable := s.Primaries.Sendable(d.ErrorURL)
	j := history.ReplayJudgement{Server: server, OptOut: d.OptOut || twilio.OptsOut(d.Params), Served: d.Outcome == incident.Saved}
	switch {
	case d.Channel != incident.Messaging:
		j.Why = "it is no message"
	case d.Drill:
		j.Why = "it was a drill"
	case d.Itself:
		j.Why = "the address that failed is one of Backstop's own"
	case failedAgain(d):
		j.Why = "it failed once more later, and is sent as that failure"
	case d.Erased:
		j.Why = "its parameters were erased, because of their age or on demand"
	case d.Slim:
		j.Why = "so much came in at once that only some of its parameters were kept"
	case d.Dropped:
		j.Why = "parameters of it were left out before it was written down, as privacy.drop or privacy.keep_body says"
	case d.Token == "" && s.Drops:
		j.Why = "nobody noted whether privacy.drop or privacy.keep_body had parameters of it left out"
	case unsendable != "":
		j.Why = unsendable
	case !s.Keys.SignsFor(d.AccountSID):
		j.Why = "there is no auth token of its account to sign it with"
	}
	if j.Served {
		j.Notes = append(j.Notes, "A standby server has had it already, and may have acted on it.")
	}
	if d.Token == "" {
		j.Notes = append(j.Notes, "Its idempotency token was not kept: it gets one that is made from the failure's id.")
	}
	return j
}

// failedAgain says whether the same message failed once more.
func failedAgain(d history.Detail) bool {
	return slices.ContainsFunc(d.FollowUps, func(u history.FollowUp) bool { return u.What == incident.FailedAgain })
}

// question is d as Twilio asked it, to be asked again.
func (s Settings) question(d history.Detail) *standby.Question {
	token := d.Token
	if token == "" {
		token = d.ID.String()
	}
	return &standby.Question{
		Method: d.Method, Params: d.Params, Failed: d.ErrorURL, Token: token,
		Sign: func(url string, form []standby.Param) (string, bool) { return s.Keys.SignFor(d.AccountSID, url, form) },
	}
}
