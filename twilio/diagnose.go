package twilio

import (
	"crypto/sha1"
	"fmt"
	"slices"
	"strings"
)

// Diagnose looks for the reason why r is unverified by trying what might have
// been signed instead: other schemes, hosts and paths, other accounts' tokens,
// parameters as they were before a proxy touched them. It may take a tenth of a
// second, so call it now and then, not for every request. For a request that
// verifies it gives the zero Reason.
func (v *Verifier) Diagnose(r *Request) Reason {
	result := v.Verify(r)
	if kind := result.Reason.Kind; kind != ReasonMismatch && kind != ReasonUnknownAccount {
		return result.Reason
	}
	d := diagnosis{keys: v.keys, public: v.public, r: r, claimed: result.Claimed, left: diagnosisBytes}
	decodeSignature(&d.signature, r.Signature)
	d.own = v.keys.of(d.claimed)
	for _, find := range [...]func() (Reason, bool){d.otherURL, d.otherAccount, d.otherMethod, d.otherParams} {
		if found, ok := find(); ok {
			return found
		}
	}
	if result.Reason.Kind == ReasonUnknownAccount {
		return result.Reason
	}
	return d.noMatch()
}

// diagnosisBytes bounds what one diagnosis may hash: strangers choose the body.
const diagnosisBytes = 32 << 20

type diagnosis struct {
	keys      *Keys
	public    BaseURL
	r         *Request
	claimed   string
	own       []*key // of the claimed account
	signature [sha1.Size]byte
	scratch   scratch
	left      int
}

// search tries keys on base and uri with the parameters sorted last.
func (d *diagnosis) search(keys []*key, base BaseURL, uri string) *key {
	size := len(uri)
	for _, p := range d.scratch.sorted {
		size += len(p.Name) + len(p.Value)
	}
	forms := 1
	if strings.Contains(uri, "?") {
		forms = uriForms
	}
	d.left -= (size + 256) * forms * len(base.forms) * len(keys)
	if d.left < 0 || len(keys) == 0 {
		return nil
	}
	by, _ := d.scratch.search(keys, &base, uri, &d.signature)
	return by
}

func (d *diagnosis) sortReceived() {
	if d.r.isPost() && d.r.hasForm() {
		d.scratch.sort(d.r.Params)
		return
	}
	d.scratch.sort(nil)
}

func (d *diagnosis) otherURL() (Reason, bool) {
	base, uri, by := d.searchURLs(d.own)
	if by == nil {
		return Reason{}, false
	}
	return Reason{Kind: ReasonOtherURL, Text: d.explainURL(base, uri)}, true
}

// searchURLs tries keys on every address that the request may have been for.
func (d *diagnosis) searchURLs(keys []*key) (base BaseURL, uri string, by *key) {
	d.sortReceived()
	for _, base := range d.likelyBases() {
		for _, uri := range likelyURIs(d.r.pathAndQuery()) {
			if by := d.search(keys, base, uri); by != nil {
				return base, uri, by
			}
		}
	}
	return BaseURL{}, "", nil
}

// accepted are the bases that Verify takes.
func (d *diagnosis) accepted() []BaseURL {
	if !d.public.IsZero() {
		return []BaseURL{d.public}
	}
	return Candidates(d.r)
}

// likelyBases are the accepted ones first, then variants of PUBLIC_URL and of
// the hosts that the request names.
func (d *diagnosis) likelyBases() []BaseURL {
	bases := d.accepted()
	add := func(userinfo, host, port, path string) {
		for _, scheme := range [...]string{"https", "http"} {
			base, err := ParseBaseURL(scheme + "://" + userinfo + host + port + path)
			if err == nil && !slices.Contains(bases, base) {
				bases = append(bases, base)
			}
		}
	}
	for _, b := range slices.Concat(bases, Candidates(d.r)) {
		for _, path := range [...]string{d.public.path, ""} {
			add(d.public.userinfo, b.host, b.port, path)
			add("", b.host, b.port, path)
		}
	}
	for _, b := range slices.Clone(bases) {
		if bare, ok := strings.CutPrefix(b.host, "www."); ok {
			add(b.userinfo, bare, b.port, b.path)
		} else {
			add(b.userinfo, "www."+b.host, b.port, b.path)
		}
	}
	return bases
}

// likelyURIs are uri, then it with the slash at the path's end put or taken
// away, then without its query.
func likelyURIs(uri string) []string {
	path, query, hasQuery := strings.Cut(uri, "?")
	if hasQuery {
		query = "?" + query
	}
	other, ok := strings.CutSuffix(path, "/")
	if !ok {
		other = path + "/"
	}
	uris := []string{uri, other + query}
	if hasQuery {
		uris = append(uris, path)
	}
	return uris
}

func (d *diagnosis) explainURL(base BaseURL, uri string) string {
	text := "signed for " + base.String() + shownPath(uri)
	accepted := slices.Contains(d.accepted(), base)
	if !accepted && !d.public.IsZero() {
		text += ", PUBLIC_URL says " + d.public.String()
	}
	switch {
	case uri != d.r.pathAndQuery():
		return text + ", and " + shownPath(d.r.pathAndQuery()) + " arrived: something on the way changes the path or the query"
	case accepted:
		return text
	case base.String() == d.public.String():
		return text + " with a user name and password that were not signed: take them out"
	}
	return text + ": set PUBLIC_URL=" + base.String()
}

// shownPath is the path of uri, short and harmless, without the query.
func shownPath(uri string) string {
	path, _, _ := strings.Cut(uri, "?")
	path = escape(path, func(c byte) bool { return c > ' ' && c < 0x7f })
	const enough = 100
	if len(path) > enough {
		return path[:enough] + "…"
	}
	return path
}

func (d *diagnosis) otherAccount() (Reason, bool) {
	others := slices.DeleteFunc(slices.Concat(d.keys.customers, d.keys.drill), func(k *key) bool {
		return slices.Contains(d.own, k)
	})
	base, uri, by := d.searchURLs(others)
	if by == nil {
		return Reason{}, false
	}
	text := fmt.Sprintf("the request names account %s, but its signature matches the token of %s", d.claimed, by.describe())
	switch {
	case by.match.Drill:
		text = "signed with the drill key, which counts for drills only"
	case d.claimed == DrillAccountSID:
		text = "a drill is signed with the drill key, and this one matches the token of " + by.describe()
	default:
		text += ": a sub-account signs with its own Auth Token, so that one is needed here"
	}
	if !slices.Contains(d.accepted(), base) || uri != d.r.pathAndQuery() {
		text += "; besides, it was " + d.explainURL(base, uri)
	}
	return Reason{Kind: ReasonOtherAccount, Text: text}, true
}

func (k *key) describe() string {
	text := "account " + k.match.SID
	if k.match.SID == "" {
		text = "an account whose SID is not configured"
	}
	if k.match.Account == "" {
		return text
	}
	return text + " (" + k.match.Account + ")"
}

// otherMethod finds a POST that a redirect made a GET, and the reverse.
func (d *diagnosis) otherMethod() (Reason, bool) {
	path, _, _ := strings.Cut(d.r.pathAndQuery(), "?")
	uri, was := path, "POST"
	d.scratch.sort(d.r.Params)
	if d.r.isPost() {
		uri, was = path+"?"+string(d.r.Body), "GET"
		d.scratch.sort(nil)
	}
	for _, base := range d.accepted() {
		if d.search(d.own, base, uri) != nil {
			text := "signed as a " + was + ", but it arrived as a " + shownPath(d.r.Method) + ": something on the way redirects it"
			return Reason{Kind: ReasonChanged, Text: text}, true
		}
	}
	return Reason{}, false
}

func (d *diagnosis) noMatch() Reason {
	if d.claimed == DrillAccountSID {
		return Reason{Kind: ReasonNoMatch, Text: "no variant matched: the drill key is probably that of another installation"}
	}
	return Reason{Kind: ReasonNoMatch, Text: "no variant matched: the Auth Token is probably another one; compare it with the one in the Console of account " + d.claimed}
}
