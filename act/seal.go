package act

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Deed is what one person may do about one incident.
type Deed struct {
	Way       Way
	Ledger    string // whose incident it is: numbers start again in a new one
	Incident  int64
	Action    Action // 0 where a key says it
	Recipient string // who acts
	// Until is when it ends, to the second; zero for as long as the incident
	// is there.
	Until time.Time
}

// LinkFor is how long a link of an e-mail is valid.
const LinkFor = 72 * time.Hour

// Errors of Open.
var (
	ErrForeign = errors.New("not sealed by us: the key is another one, or somebody changed it")
	ErrExpired = errors.New("too old: open the incident's page")
)

// Seal makes tokens and codes that nobody else can make, and reads them. Its key
// has to outlive a restart, or what was sent before does nothing any more.
type Seal struct{ key [sha256.Size]byte }

// NewSeal returns the seal that a secret makes.
func NewSeal(secret string) *Seal { return &Seal{sha256.Sum256([]byte(secret))} }

const (
	tokenVersion = 1
	tokenFixed   = 1 + 1 + 1 + 4 + 8 + 1
	macLength    = 16
	longestField = 255
	codeLength   = 6
)

// Token is d as a part of an address; "" where a field has no room, which is
// 255 bytes for each.
func (s *Seal) Token(d Deed) string {
	if len(d.Ledger) > longestField || len(d.Recipient) > longestField || d.Incident < 1 {
		return ""
	}
	b := make([]byte, 0, tokenFixed+len(d.Ledger)+len(d.Recipient)+macLength)
	b = append(b, tokenVersion, byte(d.Way), byte(d.Action))
	var until uint32
	if !d.Until.IsZero() {
		until = uint32(d.Until.Unix()) //nolint:gosec // until 2106
	}
	b = binary.BigEndian.AppendUint32(b, until)
	b = binary.BigEndian.AppendUint64(b, uint64(d.Incident))
	b = append(b, byte(len(d.Ledger))) //nolint:gosec // has room, see above
	b = append(b, d.Ledger...)
	b = append(b, d.Recipient...)
	b = append(b, s.mac("deed", b)[:macLength]...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Open reads what Token made for that way. The error is ErrForeign, or
// ErrExpired: then d is what it was.
func (s *Seal) Open(way Way, token string, now time.Time) (d Deed, err error) {
	const longest = 1024
	if len(token) > longest {
		return Deed{}, ErrForeign
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < tokenFixed+macLength {
		return Deed{}, ErrForeign
	}
	body, mac := b[:len(b)-macLength], b[len(b)-macLength:]
	if !hmac.Equal(mac, s.mac("deed", body)[:macLength]) || body[0] != tokenVersion || Way(body[1]) != way {
		return Deed{}, ErrForeign
	}
	d = Deed{Way: way, Action: Action(body[2]), Incident: int64(binary.BigEndian.Uint64(body[7:]))} //nolint:gosec // our own number
	if until := binary.BigEndian.Uint32(body[3:]); until != 0 {
		d.Until = time.Unix(int64(until), 0).UTC()
	}
	rest := body[tokenFixed:]
	named := int(body[tokenFixed-1])
	if named > len(rest) {
		return Deed{}, ErrForeign
	}
	d.Ledger, d.Recipient = string(rest[:named]), string(rest[named:])
	if !d.Until.IsZero() && !now.Before(d.Until) {
		return d, ErrExpired
	}
	return d, nil
}

// Code is the six digits by which a recipient names an incident in a reply.
// They are few: bound the guesses.
func (s *Seal) Code(ledger string, incident int64, recipient string) string {
	b := append([]byte(ledger), 0)
	b = binary.BigEndian.AppendUint64(b, uint64(incident)) //nolint:gosec // only ever compared
	b = append(b, recipient...)
	return fmt.Sprintf("%0*d", codeLength, binary.BigEndian.Uint64(s.mac("code", b))%1e6)
}

// IsCode says whether code is that of an incident for a recipient, and does not
// tell by its time how close a wrong one came.
func (s *Seal) IsCode(code, ledger string, incident int64, recipient string) bool {
	return subtle.ConstantTimeCompare([]byte(code), []byte(s.Code(ledger, incident, recipient))) == 1
}

func (s *Seal) mac(purpose string, body []byte) []byte {
	h := hmac.New(sha256.New, s.key[:])
	h.Write([]byte(purpose))
	h.Write([]byte{0})
	h.Write(body)
	return h.Sum(nil)
}
