package twilio

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// Signed says which key of that AccountSid signed r, asked for under base.
// It allows what the official libraries allow: a port left out or added, and
// other ways to write the query. Verify is the check that also asks which
// account r claims; call Signed where something else says so, as with JSON.
//
// A signature covers the URL and the form of a POST. Any other body counts only
// if its SHA-256 stands in the URL as bodySHA256.
//
// See https://www.twilio.com/docs/usage/security#validating-requests.
func (k *Keys) Signed(sid string, base BaseURL, r *Request) (Match, bool) {
	match, _, ok := k.signed(sid, &base, r)
	return match, ok
}

// signed is Signed, and tells which form of base was signed.
func (k *Keys) signed(sid string, base *BaseURL, r *Request) (match Match, form string, ok bool) {
	var signature [sha1.Size]byte
	if !decodeSignature(&signature, r.Signature) {
		return Match{}, "", false
	}
	s := k.scratches.Get().(*scratch)
	defer k.giveBack(s)
	keys := k.of(sid)
	var by *key
	if r.isPost() && r.hasForm() {
		s.sort(r.Params)
		by, form = s.search(keys, base, r.pathAndQuery(), &signature)
	}
	if by == nil && r.coveredByURL() {
		s.sort(nil)
		by, form = s.search(keys, base, r.pathAndQuery(), &signature)
	}
	if by == nil {
		return Match{}, "", false
	}
	match = by.match
	match.SID = sid
	return match, form, true
}

// strict has exactly one text for each signature, so that a text can name it.
var strict = base64.StdEncoding.Strict()

func decodeSignature(to *[sha1.Size]byte, text string) bool {
	if len(text) != base64.StdEncoding.EncodedLen(sha1.Size) {
		return false
	}
	// Room for what 28 characters without padding would decode to.
	var decoded [21]byte
	n, err := strict.Decode(decoded[:], []byte(text))
	return err == nil && n == copy(to[:], decoded[:n])
}

// coveredByURL says that a signature over the URL alone vouches for all of r.
func (r *Request) coveredByURL() bool {
	if !r.isPost() {
		return true
	}
	if want := r.bodySHA256(); want != "" {
		sum := sha256.Sum256(r.Body)
		return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(want)) == 1
	}
	return len(r.Body) == 0 && !r.hasForm()
}

func (r *Request) bodySHA256() string {
	for pair := range strings.SplitSeq(r.query(), "&") {
		if hash, ok := strings.CutPrefix(pair, "bodySHA256="); ok {
			return hash
		}
	}
	return ""
}

// scratch is the memory that one check needs.
type scratch struct {
	message []byte
	sorted  []Param
	order   []int // where each of sorted was, before equal ones were left out
}

// giveBack lets go of the request's memory first.
func (k *Keys) giveBack(s *scratch) {
	clear(s.sorted)
	k.scratches.Put(s)
}

// sort takes the parameters in the order in which they are signed: by name,
// repeated names by value, equal pairs once.
func (s *scratch) sort(params []Param) {
	if !s.sortAsBefore(params) {
		s.sortAnew(params)
	}
	s.sorted = slices.Compact(s.sorted)
}

// sortAsBefore tries the order of the request before, for Twilio nearly always names
// its parameters in the same one.
func (s *scratch) sortAsBefore(params []Param) (sorted bool) {
	if len(params) != len(s.order) {
		return false
	}
	s.sorted = s.sorted[:0]
	for n, at := range s.order {
		s.sorted = append(s.sorted, params[at])
		if n > 0 && compare(&s.sorted[n-1], &s.sorted[n]) > 0 {
			return false
		}
	}
	return true
}

func (s *scratch) sortAnew(params []Param) {
	s.order = slices.Grow(s.order[:0], len(params))
	for at := range params {
		s.order = append(s.order, at)
	}
	slices.SortFunc(s.order, func(a, b int) int { return compare(&params[a], &params[b]) })
	s.sorted = slices.Grow(s.sorted[:0], len(params))
	for _, at := range s.order {
		s.sorted = append(s.sorted, params[at])
	}
}

func compare(a, b *Param) int {
	if c := strings.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	return strings.Compare(a.Value, b.Value)
}

// search returns the key that signed, and the form of base that it signed.
func (s *scratch) search(keys []*key, base *BaseURL, uri string, signature *[sha1.Size]byte) (by *key, form string) {
	for n := range uriForms {
		written, ok := uriForm(uri, n)
		if !ok {
			continue
		}
		for _, form := range base.forms {
			if form == "" {
				break
			}
			s.write(form, written)
			for _, key := range keys {
				if key.signed(s.message, signature) {
					return key, form
				}
			}
		}
	}
	return nil, ""
}

func (s *scratch) write(base, uri string) {
	m := append(s.message[:0], base...)
	m = append(m, uri...)
	for i := range s.sorted {
		m = append(m, s.sorted[i].Name...)
		m = append(m, s.sorted[i].Value...)
	}
	s.message = m
}
