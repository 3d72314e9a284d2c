package twilio

import (
	"encoding/base64"
	"strings"
)

// Sign is the X-Twilio-Signature of a request of our own to url, made with the
// key that signed another one: a standby server then takes it for Twilio's.
// form are the parameters of a POST, nil for a GET; a fragment of url is not
// signed, as Twilio does not. ok is false where that key is not there any more.
//
// See https://www.twilio.com/docs/usage/security#validating-requests.
func (k *Keys) Sign(by Match, url string, form []Param) (signature string, ok bool) {
	return k.sign(k.named(by), url, form)
}

// SignFor is Sign with the first key of an account, the one that Twilio signs
// with, or will once the tokens have been rotated.
func (k *Keys) SignFor(account, url string, form []Param) (signature string, ok bool) {
	return k.sign(k.first(account), url, form)
}

// SignsFor says whether there is a key to sign with for a customer's account.
func (k *Keys) SignsFor(account string) bool { return k.first(account) != nil }

func (k *Keys) first(account string) *key {
	keys := k.of(account)
	if account == DrillAccountSID || len(keys) == 0 {
		return nil
	}
	return keys[0]
}

func (k *Keys) sign(key *key, url string, form []Param) (signature string, ok bool) {
	if key == nil {
		return "", false
	}
	s := k.scratches.Get().(*scratch)
	defer k.giveBack(s)
	url, _, _ = strings.Cut(url, "#")
	s.sort(form)
	s.write(url, "")
	m := key.macs.Get().(*mac)
	defer key.macs.Put(m)
	return base64.StdEncoding.EncodeToString(m.of(s.message)), true
}

// named is the key that a match tells of.
func (k *Keys) named(by Match) *key {
	for _, key := range k.of(by.SID) {
		if key.match.Account == by.Account && key.match.Token == by.Token && key.match.Drill == by.Drill {
			return key
		}
	}
	return nil
}
