package twilio

import "errors"

// ReasonKind is why a request is unverified, as one word for metrics and logs.
type ReasonKind string

// The kinds. Verify finds the first nine, at once; Diagnose takes its time
// over ReasonMismatch and ReasonUnknownAccount and finds the next four;
// ReasonOf names what could not be read at all.
const (
	ReasonNoSignature    ReasonKind = "no_signature"
	ReasonBadSignature   ReasonKind = "bad_signature"
	ReasonNoTokens       ReasonKind = "no_tokens"
	ReasonNoAccount      ReasonKind = "no_account"
	ReasonTwoAccounts    ReasonKind = "two_accounts"
	ReasonBadAccount     ReasonKind = "bad_account"
	ReasonUnknownAccount ReasonKind = "unknown_account"
	ReasonMismatch       ReasonKind = "mismatch"
	ReasonCutAnew        ReasonKind = "cut_anew"

	ReasonOtherURL     ReasonKind = "other_url"
	ReasonOtherAccount ReasonKind = "other_account"
	ReasonChanged      ReasonKind = "changed"
	ReasonNoMatch      ReasonKind = "no_match"

	ReasonTooLarge      ReasonKind = "too_large"
	ReasonTooManyParams ReasonKind = "too_many_params"
	ReasonMalformed     ReasonKind = "malformed"
	ReasonUnreadable    ReasonKind = "unreadable"
)

// Reason is why a request is unverified. The zero Reason is none.
type Reason struct {
	Kind ReasonKind
	// Text is a sentence for the operator, without its full stop: what is wrong
	// and, where known, what mends it. It has no secret and no query value in it.
	Text string
}

func reason(kind ReasonKind) Reason {
	return Reason{Kind: kind, Text: reasonText(kind)}
}

// reasonText has the sentences that need no particulars.
func reasonText(kind ReasonKind) string {
	switch kind {
	case ReasonNoSignature:
		return "no signature: the request has no X-Twilio-Signature header, so it is not from Twilio, or something on the way removes the header"
	case ReasonBadSignature:
		return "the X-Twilio-Signature header is not a signature: Twilio's are 28 characters of base64"
	case ReasonNoTokens:
		return "no Auth Token is configured yet: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"
	case ReasonNoAccount:
		return "the request names no account: Twilio always sends AccountSid"
	case ReasonTwoAccounts:
		return "the request names two different accounts"
	case ReasonBadAccount:
		return "the request's AccountSid is none: one is AC and 32 of 0-9 a-f"
	case ReasonMismatch:
		return "the signature does not match"
	case ReasonTooLarge:
		return "the body is larger than anything Twilio sends"
	case ReasonTooManyParams:
		return "the request has more parameters than anything Twilio sends"
	case ReasonMalformed:
		return "the parameters cannot be decoded: an escape (%) is incomplete"
	case ReasonCutAnew:
		return "signed, but the parameters were cut anew: somebody replays a captured request, which a new Auth Token ends"
	case ReasonUnknownAccount, ReasonOtherURL, ReasonOtherAccount, ReasonChanged, ReasonNoMatch, ReasonUnreadable:
	}
	return "the request could not be read whole"
}

// ReasonOf says why a request is unverified whose reading ended with err.
func ReasonOf(err error) Reason {
	switch {
	case err == nil:
		return Reason{}
	case errors.Is(err, ErrTooLarge):
		return reason(ReasonTooLarge)
	case errors.Is(err, ErrTooManyParams):
		return reason(ReasonTooManyParams)
	case errors.Is(err, ErrMalformed):
		return reason(ReasonMalformed)
	}
	return reason(ReasonUnreadable)
}

// lacking is the reason when there is no key for an account.
func (k *Keys) lacking(sid string) Reason {
	if sid == DrillAccountSID {
		return Reason{Kind: ReasonUnknownAccount, Text: "this is a drill, and no drill key is configured"}
	}
	if len(k.customers) == 0 {
		return reason(ReasonNoTokens)
	}
	return Reason{
		Kind: ReasonUnknownAccount,
		Text: "no token is configured for account " + sid + ": a sub-account signs with its own Auth Token",
	}
}
