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
	key := k.named(by)
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
