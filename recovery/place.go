package recovery

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// Action is what a follow-up is about: the last but one part of its path.
type Action string

// The actions. They stand in documents that are out: never change one.
const (
	ActionNext        Action = "next"        // nothing came of a step
	ActionScreen      Action = "screen"      // whoever was dialled picked up
	ActionAccept      Action = "accept"      // and pressed a key
	ActionDialled     Action = "dialled"     // a Dial is over
	ActionWait        Action = "wait"        // the caller waits in a queue
	ActionLeft        Action = "left"        // and does so no longer
	ActionConsent     Action = "consent"     // the caller pressed a key to leave a message
	ActionRecorded    Action = "recorded"    // and left one
	ActionRecording   Action = "recording"   // Twilio has the recording
	ActionTranscribed Action = "transcribed" // and its words
	ActionCallback    Action = "callback"    // the caller pressed a key to be called back
	ActionStatus      Action = "status"      // of a reply
)

// Place is where a call stands in its rule: what the address of a follow-up
// carries, so that nothing needs to be remembered.
type Place struct {
	Failure  incident.ID
	Rule     [6]byte // digest of the rule: another one where it says something else
	Step     int     // of the rule
	At       int     // whoever is dialled, within the step
	Visit    int     // how often the call had failed
	Since    time.Time
	Line     uint32 // stands for the line's match; 0 for none
	Language string // that is spoken, "pt-BR"
}

// began is when the failure came in that all of this is about.
func (p Place) began() time.Time {
	sec, nsec := p.Failure.Time().UnixTime()
	return time.Unix(sec, nsec)
}

// Seal makes addresses of follow-ups that nobody else can make, and reads them.
// Its key has to outlive a restart, or calls that are under way get the apology.
type Seal struct{ key [32]byte }

// NewSeal returns the seal that a secret makes.
func NewSeal(secret string) *Seal { return &Seal{sha256.Sum256([]byte(secret))} }

// RandomSeal returns one that nobody else has.
func RandomSeal() *Seal { return NewSeal(rand.Text()) }

const (
	placeVersion = 1
	placeFixed   = 1 + 16 + 6 + 1 + 1 + 1 + 4 + 4
	macLength    = 12
)

// Token is p as the last part of a path: for one action, of one account.
func (s *Seal) Token(action Action, p Place, account string) string {
	b := make([]byte, 0, placeFixed+8+macLength)
	b = append(b, placeVersion)
	b = append(b, p.Failure[:]...)
	b = append(b, p.Rule[:]...)
	b = append(b, byte(p.Step), byte(p.At), byte(min(p.Visit, 255))) //nolint:gosec // checked when the rules are made; of people nobody rings more in the time there is
	b = binary.BigEndian.AppendUint32(b, uint32(p.Since.Unix()))     //nolint:gosec // until 2106
	b = binary.BigEndian.AppendUint32(b, p.Line)
	b = append(b, p.Language...)
	b = append(b, s.mac(action, b, account)...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Open reads what Token made for that action and account; ok is false for
// anything else.
func (s *Seal) Open(action Action, token, account string) (p Place, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < placeFixed+macLength || b[0] != placeVersion {
		return Place{}, false
	}
	body, mac := b[:len(b)-macLength], b[len(b)-macLength:]
	if !hmac.Equal(mac, s.mac(action, body, account)) {
		return Place{}, false
	}
	body = body[1:]
	copy(p.Failure[:], body)
	copy(p.Rule[:], body[16:])
	p.Step, p.At, p.Visit = int(body[22]), int(body[23]), int(body[24])
	p.Since = time.Unix(int64(binary.BigEndian.Uint32(body[25:])), 0).UTC()
	p.Line = binary.BigEndian.Uint32(body[29:])
	p.Language = string(body[33:])
	return p, true
}

func (s *Seal) mac(action Action, body []byte, account string) []byte {
	h := hmac.New(sha256.New, s.key[:])
	h.Write([]byte(action))
	h.Write([]byte{0})
	h.Write([]byte(account))
	h.Write([]byte{0})
	h.Write(body)
	return h.Sum(nil)[:macLength]
}
