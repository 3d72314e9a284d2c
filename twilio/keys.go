package twilio

import (
	"crypto/hmac"
	"crypto/sha1"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"
)

// DrillAccountSID is the AccountSid that drills claim. No token of a customer
// verifies it, and the drill key verifies nothing else: a drill is known by the
// key that signed it.
const DrillAccountSID = "AC000000000000000000000000000000d0"

// Account is a Twilio account or sub-account and what it may sign with.
type Account struct {
	Name   string   // for people; may be empty
	SID    string   // AC…; empty: its tokens are tried for every AccountSid
	Tokens []string // Auth Tokens, several while rotating
}

// KeyOptions is what signatures are checked against.
type KeyOptions struct {
	Accounts []Account
	Drill    string // the drill key; empty: drills are not verified
}

// Keys are the signing keys of all accounts. They never change, serve any
// number of goroutines, and do not give the tokens back.
type Keys struct {
	bySID     map[string][]*key // with the tokens for any account behind their own
	anyone    []*key
	customers []*key // all but the drill key
	drill     []*key
	scratches sync.Pool
}

// Match says which key a request was signed with.
type Match struct {
	Account string // Account.Name
	SID     string // the AccountSid that was verified
	Token   int    // which of Account.Tokens, from 0
	Drill   bool   // it was the drill key
}

// NewKeys makes Keys. The error lists every mistake, one a line, by the place
// it stands at ("accounts[1].sid"); tokens are not shown.
func NewKeys(o KeyOptions) (*Keys, error) {
	k := &Keys{
		bySID:     make(map[string][]*key, len(o.Accounts)),
		scratches: sync.Pool{New: func() any { return new(scratch) }},
	}
	var mistakes []error
	for i, account := range o.Accounts {
		mistakes = append(mistakes, checkAccount(account, o.Accounts[:i], fmt.Sprintf("accounts[%d]", i))...)
		k.add(account)
	}
	for sid, keys := range k.bySID {
		k.bySID[sid] = append(keys, k.anyone...)
	}
	if o.Drill != "" {
		k.drill = []*key{newKey(Match{Account: "drill", SID: DrillAccountSID, Drill: true}, o.Drill)}
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return k, nil
}

func (k *Keys) add(account Account) {
	for i, token := range account.Tokens {
		added := newKey(Match{Account: account.Name, SID: account.SID, Token: i}, token)
		k.customers = append(k.customers, added)
		if account.SID == "" {
			k.anyone = append(k.anyone, added)
			continue
		}
		k.bySID[account.SID] = append(k.bySID[account.SID], added)
	}
}

func checkAccount(account Account, before []Account, at string) (mistakes []error) {
	switch {
	case account.SID == "":
	case strings.HasPrefix(account.SID, "SK"):
		mistakes = append(mistakes, fmt.Errorf("%s.sid is an API key (SK…), and those never sign: use the Account SID (AC…) and its Auth Token", at))
	case !IsAccountSID(account.SID):
		mistakes = append(mistakes, fmt.Errorf("%s.sid %q is no Account SID: it is AC and 32 of 0-9 a-f, as on the Console's first page", at, account.SID))
	case account.SID == DrillAccountSID:
		mistakes = append(mistakes, fmt.Errorf("%s.sid is the one reserved for drills", at))
	}
	for _, other := range before {
		if account.SID != "" && other.SID == account.SID {
			mistakes = append(mistakes, fmt.Errorf("%s.sid %s is listed twice: put its tokens into one account", at, account.SID))
		}
	}
	for i, token := range account.Tokens {
		if token == "" || strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
			mistakes = append(mistakes, fmt.Errorf("%s.auth_tokens[%d] is empty or has a space or line break in it", at, i))
		}
	}
	return mistakes
}

// of are the keys that may sign for an AccountSid.
func (k *Keys) of(sid string) []*key {
	if sid == DrillAccountSID {
		return k.drill
	}
	if keys, ok := k.bySID[sid]; ok {
		return keys
	}
	return k.anyone
}

// key is one token, as HMAC states that have it worked in already.
type key struct {
	match Match // SID is empty for a token of no certain account
	macs  sync.Pool
}

// mac has its sum beside it, lest each check allocate one.
type mac struct {
	hash.Hash
	sum [sha1.Size]byte
}

func newKey(match Match, token string) *key {
	return &key{match: match, macs: sync.Pool{New: func() any {
		return &mac{Hash: hmac.New(sha1.New, []byte(token))}
	}}}
}

// signed says whether the key's HMAC of message is that signature, in constant time.
func (k *key) signed(message []byte, signature *[sha1.Size]byte) bool {
	m := k.macs.Get().(*mac)
	defer k.macs.Put(m)
	return hmac.Equal(m.of(message), signature[:])
}

// of is the HMAC of message, valid until the next one.
func (m *mac) of(message []byte) []byte {
	m.Reset()
	_, _ = m.Write(message) // a hash never fails
	return m.Sum(m.sum[:0])
}
