package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/backstop-project/backstop/twilio"
)

// accounts are whose requests are verified, and by which tokens.
func (r *review) accounts(written []account) []twilio.Account {
	var accounts []twilio.Account
	sids, names, anyone := make(map[string]value), make(map[string]value), false
	for _, a := range written {
		if a.At.invalid {
			continue
		}
		r.accountSID(a.SID)
		r.once(sids, a.SID, "put all its tokens into one account")
		r.once(names, a.Name, "give each account a name of its own")
		one := twilio.Account{Name: a.Name.text, SID: a.SID.text, Tokens: r.tokens(a.AuthTokens)}
		if one.Name == "" {
			one.Name = one.SID
		}
		if a.SID.absent() {
			r.everybody(a, anyone)
			anyone = true
		}
		accounts = append(accounts, one)
	}
	r.tokenless(written)
	return accounts
}

// everybody checks an account without a SID: its tokens are tried for every
// account, and how it speaks is how all speak, so that there is one at most.
func (r *review) everybody(a account, another bool) {
	const remedy = "write the account's SID: AC and 32 of 0-9 a-f, as on the first page of the Twilio Console"
	switch {
	case len(a.AuthTokens) == 0:
		r.missing(a.At, a.At.key+".sid", "is missing", remedy)
	case another:
		r.missing(a.At, a.At.key+".sid", "is missing here and in another account", remedy)
	}
}

func (r *review) accountSID(v value) {
	switch {
	case !v.set() || twilio.IsAccountSID(v.text) && v.text != twilio.DrillAccountSID:
	case v.text == twilio.DrillAccountSID:
		r.mistake(v, "is reserved for drills", "write your own AccountSid")
	case strings.HasPrefix(v.text, "SK"):
		r.mistake(v, "is an API key, and those never sign", "write the Account SID (AC…); its Auth Token stands beside it in the Console")
	default:
		r.mistake(v, "is no Account SID", "copy it from the first page of the Twilio Console: AC and 32 of 0-9 a-f")
	}
}

var token = regexp.MustCompile(`^[0-9a-f]{32}$`)

// tokens are the Auth Tokens of one account, several while they are rotated.
func (r *review) tokens(written []value) []string {
	var tokens []string
	for _, v := range commaSplit(written) {
		r.hide(v.text)
		switch {
		case strings.ContainsFunc(v.text, unprintable):
			r.mistake(v, "has a space, a line break or a letter beyond ASCII in it", "copy the Auth Token again; several are separated by commas")
			continue
		case !token.MatchString(v.text):
			r.warn(v, "does not look like an Auth Token, which is 32 of 0-9 a-f")
		}
		if !slices.Contains(tokens, v.text) {
			tokens = append(tokens, v.text)
		}
	}
	return tokens
}

// tokenless refuses accounts of the file that nothing could verify. The
// environment's account without a token is only warned of: that is how people
// begin.
func (r *review) tokenless(written []account) {
	if slices.ContainsFunc(written, func(a account) bool { return a.SID.absent() && len(a.AuthTokens) > 0 }) {
		return // that one is tried for every account
	}
	for _, a := range written {
		if len(commaSplit(a.AuthTokens)) == 0 && a.SID.set() && a.At.file != "" && !slices.ContainsFunc(a.AuthTokens, func(v value) bool { return v.invalid }) {
			r.missing(a.At, a.At.key+".auth_tokens", "is missing: no request of this account could be verified",
				`write the account's Auth Token, best as ["${TWILIO_AUTH_TOKEN}"]`)
		}
	}
}

// once refuses what another entry says already.
func (r *review) once(seen map[string]value, v value, remedy string) {
	if !v.set() {
		return
	}
	if before, ok := seen[v.text]; ok {
		r.mistake(v, "is the same as "+before.key+" ("+before.where()+")", remedy)
		return
	}
	seen[v.text] = v
}

// unset warns of what must be set before anything can be recorded.
func (r *review) unset(f file) {
	var names []string
	if f.PublicURL.absent() {
		names = append(names, "PUBLIC_URL")
	}
	if !slices.ContainsFunc(f.Accounts, func(a account) bool { return !a.SID.absent() }) {
		names = append(names, "TWILIO_ACCOUNT_SID")
	}
	if slices.ContainsFunc(f.Accounts, func(a account) bool { return len(a.AuthTokens) > 0 }) {
		r.unsetURL(f)
	} else {
		names = append(names, "TWILIO_AUTH_TOKEN")
		r.warnings = append(r.warnings, enumerate(names)+" unset: requests are answered but not recorded until "+pronoun(names)+" set")
	}
	if len(f.Notifiers) == 0 {
		r.warnings = append(r.warnings, "no notifier is configured: nobody will be told. Set SMTP_URL with ALERT_EMAIL_FROM and ALERT_EMAIL_TO, or SLACK_WEBHOOK_URL")
	}
}

func (r *review) unsetURL(f file) {
	if f.PublicURL.absent() {
		r.warnings = append(r.warnings, "PUBLIC_URL is unset: it is found out from the first request whose signature matches; set it, so that no request is taken for a stranger's")
	}
}

func enumerate(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0] + " is"
	}
	return strings.Join(names[:last], ", ") + " and " + names[last] + " are"
}

func pronoun(names []string) string {
	if len(names) == 1 {
		return "it is"
	}
	return "they are"
}
