package config

import (
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/twilio"
)

// Phone is a notifier that texts or calls people through Twilio.
type Phone struct {
	// Options lack what only their maker has: the API, and whom to reach where
	// OnCall names a list.
	Options   notify.PhoneOptions
	AuthToken Secret // of an account that is none of Accounts; "" otherwise
	OnCall    string // whoever of that list is on duty is reached; "" for Options.To
	// Replies says that replies to texts come to Backstop, which may act on them.
	Replies bool
}

func (p *Phone) validate(sms bool) error {
	o := p.Options
	if p.OnCall != "" {
		o.To = func(time.Time) []string { return nil }
	}
	if sms {
		return o.ValidateSMS()
	}
	return o.ValidateCall()
}

// mostReached is how many people one notifier may text or call: enough for a
// team, and one attempt gets through them.
const mostReached = 10

// phone is who is texted or called, by whom and through which account.
func (r *review) phone(f file, name string, p phone, sms bool) *Phone {
	if p.At.invalid {
		return nil
	}
	one := &Phone{
		Options:   notify.PhoneOptions{Name: name, Account: r.phoneAccount(f, p), From: p.From.text},
		AuthToken: Secret(p.AuthToken.text),
	}
	r.hide(p.AuthToken.text)
	r.phoneSender(p, sms)
	r.phoneReplies(f, p, sms, one)
	to := r.phoneNumbers(p)
	switch {
	case !p.OnCall.absent() && len(p.To) > 0:
		r.mistake(p.OnCall, "stands beside to", "write either to or on_call")
	case p.OnCall.set():
		r.phoneList(f, p.OnCall, sms)
		one.OnCall = p.OnCall.text
	case len(p.To) == 0 && p.OnCall.absent():
		r.required(p.At, value{}, "to", "", "write whom to reach, such as \"+4930123456\", or on_call with the name of an on-call list")
	}
	one.Options.To = func(time.Time) []string { return to }
	return one
}

func (r *review) phoneSender(p phone, sms bool) {
	remedy := "write a telephone number of that account, such as \"+15550100\""
	taken := twilio.IsE164
	if sms {
		taken = notify.IsTextSender
		remedy += ", a sender's name, or the SID of a messaging service (MG…)"
	}
	r.required(p.At, p.From, "from", "", remedy)
	if p.From.set() && !taken(p.From.text) {
		r.mistake(p.From, "is nothing that Twilio sends from", remedy)
	}
}

// phoneReplies checks that replies can come to us.
func (r *review) phoneReplies(f file, p phone, sms bool, one *Phone) {
	one.Replies = r.boolean(p.Replies, false)
	kind := twilio.ParseAddress(p.From.text).Kind
	switch {
	case !one.Replies:
	case !sms:
		r.mistake(p.Replies, "is for texts", "leave it out: a call asks for a key by itself")
	case kind == twilio.AddressName && !strings.HasPrefix(p.From.text, "MG"):
		r.mistake(p.Replies, "stands beside a sender's name, which nobody can reply to", "send from a number, or leave replies out")
	case f.PublicURL.absent():
		r.warn(p.Replies, "needs public_url, which Twilio signs replies for")
	}
}

func (r *review) phoneNumbers(p phone) []string {
	var to []string
	for i, v := range commaSplit(p.To) {
		switch {
		case !twilio.IsE164(v.text):
			r.mistake(v, "is no telephone number", "write it with + and the country's code, in quotes: \"+4930123456\"")
		case i == mostReached:
			r.mistake(v, "is one too many", "name ten at most, or make another notifier for the rest")
		case v.text == p.From.text:
			r.mistake(v, "is the number that it would come from", "write whom to reach: no number reaches itself")
		case slices.Contains(to, v.text):
			r.mistake(v, "stands there twice", "remove one of the two")
		}
		to = append(to, v.text)
	}
	return to
}

// phoneList checks that somebody of an on-call list can be reached.
func (r *review) phoneList(f file, v value, sms bool) {
	list, known := f.OnCall[v.text]
	switch {
	case !known:
		r.mistake(v, "is no on-call list", "add it under on_call, or use one that is there")
	case sms && !slices.ContainsFunc(list.People, func(one person) bool { return twilio.IsE164(one.To.text) }):
		r.mistake(v, "has nobody with a telephone number", "give somebody of it a number, for texts reach nothing else")
	}
}

// phoneAccount is the SID of the account that sends: one of accounts, by name or
// SID, or one of its own with its token beside it.
func (r *review) phoneAccount(f file, p phone) string {
	if !p.AuthToken.absent() {
		const remedy = "write its SID: AC and 32 of 0-9 a-f, as on the first page of the Twilio Console"
		r.required(p.At, p.Account, "account", "", remedy)
		if p.Account.set() && !twilio.IsAccountSID(p.Account.text) {
			r.mistake(p.Account, "is no Account SID, and has a token beside it", remedy)
		}
		if slices.ContainsFunc(f.Accounts, func(a account) bool { return a.SID.set() && a.SID.text == p.Account.text }) {
			r.watched(p)
		}
		return p.Account.text
	}
	var found []account
	for _, a := range f.Accounts {
		if a.SID.set() && len(a.AuthTokens) > 0 && (p.Account.absent() || p.Account.text == a.Name.text || p.Account.text == a.SID.text) {
			found = append(found, a)
		}
	}
	switch {
	case p.Account.invalid:
	case len(found) == 1:
		r.watched(p)
		return found[0].SID.text
	case p.Account.set():
		r.mistake(p.Account, "is none of the accounts", "write the name or SID of one of accounts, or auth_token beside it")
	default:
		r.required(p.At, value{}, "account", "", "write which account sends: the name or SID of one of accounts, or another one's SID with its auth_token")
	}
	return ""
}

// watched warns that what is to tell of a failing account fails with it.
func (r *review) watched(p phone) {
	at := p.Account
	if at.absent() {
		at = p.At
	}
	r.warn(at, "sends by an account that is being watched: if that account fails, this notifier fails with it. Have another notifier beside it, or send by an account of its own")
}
