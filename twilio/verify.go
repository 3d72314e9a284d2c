package twilio

import "crypto/sha1"

// Verifier checks requests against Keys and the address that Twilio is known to
// use. It serves any number of goroutines.
type Verifier struct {
	keys   *Keys
	public BaseURL
}

// NewVerifier makes a Verifier. With a zero public it takes each request's own
// Candidates instead, which a proxy in front may make wrong: then only
// PUBLIC_URL counts.
func NewVerifier(keys *Keys, public BaseURL) *Verifier {
	return &Verifier{keys: keys, public: public}
}

// Result is what Verify found.
type Result struct {
	Verified bool
	// Claimed is the AccountSid that the request names, verified or not;
	// empty unless it names exactly one that is well formed.
	Claimed string
	Match   Match // whose key it was, if verified
	// Base is what Twilio asked for, if verified: PUBLIC_URL, or where none is
	// set the one to set, as it was signed, whatever the Host header makes of it.
	Base   BaseURL
	Reason Reason // why not, unless verified
}

// Verify says whether r, parsed, was signed by the account that it names, and
// stands as it was signed: a form can be cut anew under the same signature. It
// costs a few microseconds and does not tell by its time how close a wrong
// signature came. Where it only says ReasonMismatch, Diagnose may know more.
func (v *Verifier) Verify(r *Request) Result {
	result := v.signed(r)
	if !result.Verified {
		return result
	}
	name, bad := malformedSID(r.Params)
	if !bad && r.isPost() {
		name, bad = cutAnew(r.Params)
	}
	if bad {
		why := reason(ReasonCutAnew)
		why.Text += shownName(name)
		return Result{Claimed: result.Claimed, Reason: why}
	}
	return result
}

func (v *Verifier) signed(r *Request) Result {
	claimed, why := claimedAccount(r.Params)
	if header := checkSignature(r.Signature); header.Kind != "" {
		why = header
	} else if why.Kind == "" && len(v.keys.of(claimed)) == 0 {
		why = v.keys.lacking(claimed)
	}
	if why.Kind != "" {
		return Result{Claimed: claimed, Reason: why}
	}
	if !v.public.IsZero() {
		if match, _, ok := v.keys.signed(claimed, &v.public, r); ok {
			return Result{Verified: true, Claimed: claimed, Match: match, Base: v.public}
		}
		return Result{Claimed: claimed, Reason: reason(ReasonMismatch)}
	}
	for _, base := range Candidates(r) {
		if match, form, ok := v.keys.signed(claimed, &base, r); ok {
			return Result{Verified: true, Claimed: claimed, Match: match, Base: base.as(form)}
		}
	}
	return Result{Claimed: claimed, Reason: reason(ReasonMismatch)}
}

// checkSignature is what can be said before anything is computed.
func checkSignature(text string) Reason {
	var signature [sha1.Size]byte
	switch {
	case text == "":
		return reason(ReasonNoSignature)
	case !decodeSignature(&signature, text):
		return reason(ReasonBadSignature)
	}
	return Reason{}
}

// claimedAccount is the account that the parameters name, if it is but one.
func claimedAccount(params []Param) (sid string, why Reason) {
	named := false
	for i := range params {
		switch {
		case params[i].Name != "AccountSid":
		case !named:
			sid, named = params[i].Value, true
		case sid != params[i].Value:
			return "", reason(ReasonTwoAccounts)
		}
	}
	if !named {
		return "", reason(ReasonNoAccount)
	}
	if !IsAccountSID(sid) {
		return "", reason(ReasonBadAccount)
	}
	return sid, Reason{}
}
