// Package sim plays Twilio: it signs and sends the requests that Twilio would send, reads the answers as strictly as
// Twilio may, and walks TwiML as a call or a message would, asking the server for whatever comes next.
// It shares no code with the program that it tests, and knows the protocol only from Twilio's side.
package sim

import (
	"crypto/rand"
	"encoding/hex"
)

// Account is whose number was called or written to. Its token signs.
type Account struct {
	SID       string
	AuthToken string
}

// NewSID returns a well-formed random identifier: prefix ("CA", "SM", "AC" …) and 32 hexadecimal digits.
func NewSID(prefix string) string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails: it ends the program instead
	return prefix + hex.EncodeToString(random[:])
}
