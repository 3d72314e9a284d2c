package incident

import (
	"strconv"
	"strings"
	"time"
)

// Param is one name and value of a request, decoded. It is an alias of an
// unnamed type, so that twilio.Param is the same type without an import.
type Param = struct{ Name, Value string }

// Channel is what Twilio carried: a call or a message.
type Channel uint8

// The channels. The numbers are stored: never renumber.
const (
	Unknown   Channel = 0 // neither CallSid nor MessageSid
	Voice     Channel = 1
	Messaging Channel = 2
)

// String is the word people read and URLs carry.
func (c Channel) String() string {
	switch c {
	case Voice:
		return "voice"
	case Messaging:
		return "messaging"
	case Unknown:
	}
	return "unknown"
}

// ParseChannel reads what String wrote; ok is false for any other word.
func ParseChannel(s string) (c Channel, ok bool) {
	switch s {
	case "voice":
		return Voice, true
	case "messaging":
		return Messaging, true
	case "unknown":
		return Unknown, true
	}
	return Unknown, false
}

// Failure is one thing that Twilio could not do. The parameters are kept as
// they came, decoded; the other fields are taken from them or say how it came.
type Failure struct {
	ID         ID
	ReceivedAt time.Time // once, when the request's head had been read; UTC
	Method     string    // GET or POST
	Params     []Param   // every one, in order, with repeats and empties

	Channel    Channel
	AccountSID string
	SID        string // CallSid or MessageSid; empty where Twilio sent none
	From, To   string // as Twilio wrote them
	Outbound   bool   // we called: the person is To, the line is From
	Code       int    // ErrorCode; 0 where there is none or it is no number
	ErrorURL   string // without userinfo
	AskedFirst bool   // Twilio sent no ErrorCode: we are set as the primary URL
	Itself     bool   // ErrorURL is one of our own addresses
	Drill      bool   // verified by the drill key
	DrillKind  DrillKind
	Late       bool // verified only after tokens or PUBLIC_URL had changed
	Slim       bool // under overload only the parameters with fields of their own were kept
	Erased     bool // whatever tells who it was is gone: see Anonymous

	// RequestKey is equal for retries of one request and, as far as chance
	// goes, for nothing else. Without idempotency token (Tokenless) equal
	// keys mean a retry only within RetryWindow.
	RequestKey [16]byte
	Tokenless  bool

	// Of messages only, which may be sent to the customer's server later.
	Token   string // I-Twilio-Idempotency-Token, "" where Twilio sent none or it was not kept
	Dropped bool   // parameters were left out before it was written down, as privacy.drop says
	OptOut  bool   // it only says STOP or the like
}

// MaxToken is how long a token may be to be kept. Twilio's have 36 bytes.
const MaxToken = 100

// RetryWindow is how long the same signature without an idempotency token is
// taken for a retry. Twilio gives a request up at 15 s.
const RetryWindow = 20 * time.Second

// NewFailure reads the well-known parameters out of params, which it takes
// over: userinfo in ErrorUrl is removed there too, for it is a secret and
// never stored. It never fails: what is missing stays empty, what is no number
// is 0.
func NewFailure(receivedAt time.Time, method string, params []Param) Failure {
	f := Failure{ID: NewID(receivedAt), ReceivedAt: receivedAt.UTC(), Method: method, Params: params}
	readParams(&f)
	return f
}

// RestoreFailure is NewFailure for one that has its ID already: read back
// from the journal or the ledger.
func RestoreFailure(id ID, receivedAt time.Time, method string, params []Param) Failure {
	f := Failure{ID: id, ReceivedAt: receivedAt.UTC(), Method: method, Params: params}
	readParams(&f)
	return f
}

// Requested is f as the failure of the request with that key, under an ID that
// tells so: see KeyedID.
func (f Failure) Requested(key [16]byte, tokenless bool) Failure {
	f.ID, f.RequestKey, f.Tokenless = KeyedID(f.ReceivedAt, key), key, tokenless
	return f
}

func readParams(f *Failure) {
	f.AskedFirst = true
	var call, message, sms string
	for i, p := range f.Params {
		switch p.Name {
		case "AccountSid":
			keepFirst(&f.AccountSID, p.Value)
		case "CallSid":
			keepFirst(&call, p.Value)
		case "MessageSid":
			keepFirst(&message, p.Value)
		case "SmsSid":
			keepFirst(&sms, p.Value)
		case "From":
			keepFirst(&f.From, p.Value)
		case "To":
			keepFirst(&f.To, p.Value)
		case "ErrorUrl":
			f.Params[i].Value = withoutUserinfo(p.Value)
			keepFirst(&f.ErrorURL, f.Params[i].Value)
		case "Direction":
			f.Outbound = strings.HasPrefix(p.Value, "outbound")
		case "ErrorCode":
			if p.Value != "" {
				f.AskedFirst = false
				f.Code = parseCode(p.Value)
			}
		}
	}
	switch {
	case message != "" || sms != "":
		f.Channel = Messaging
		keepFirst(&f.SID, message)
		keepFirst(&f.SID, sms)
	case call != "":
		f.Channel = Voice
		f.SID = call
	}
}

func keepFirst(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

func parseCode(s string) int {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}

// Param is the first value of a parameter, "" where there is none.
func (f Failure) Param(name string) string {
	for _, p := range f.Params {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// Slimmed is f with only the parameters that have fields of their own: what
// the journal's queue keeps when whole entries no longer fit.
func (f Failure) Slimmed() Failure {
	kept := make([]Param, 0, 8)
	for _, p := range f.Params {
		switch p.Name {
		case "AccountSid", "CallSid", "MessageSid", "SmsSid", "From", "To", "Direction", "ErrorCode", "ErrorUrl",
			"RecordingSid", "RecordingUrl", "RecordingDuration", "DialCallStatus": // a voicemail would be lost without
			kept = append(kept, p)
		}
	}
	f.Params = kept
	f.Slim = true
	f.Token = "" // nothing can be done with it without the others
	return f
}

// Anonymous is f without whatever tells who it was. What is left says what broke.
func (f Failure) Anonymous() Failure {
	kept := make([]Param, 0, 6)
	for _, p := range f.Params {
		switch p.Name {
		case "ErrorUrl":
			if i := strings.IndexAny(p.Value, "?#"); i >= 0 {
				p.Value = p.Value[:i]
			}
			kept = append(kept, p)
		case "AccountSid", "CallSid", "MessageSid", "SmsSid", "Direction", "ErrorCode":
			kept = append(kept, p)
		}
	}
	bare := RestoreFailure(f.ID, f.ReceivedAt, f.Method, kept)
	f.Params, f.From, f.To, f.ErrorURL = kept, "", "", bare.ErrorURL
	f.Token, f.Dropped, f.Erased = "", true, true
	return f
}

// Person is the number of whom the failure hit: who called or wrote, or on an
// outbound call who was called.
func (f Failure) Person() string {
	if f.Outbound {
		return f.To
	}
	return f.From
}

// Line is the customer's own side of it: a number, a service, a SIP domain.
func (f Failure) Line() string {
	if f.Outbound {
		return f.From
	}
	return f.To
}

// OwnLine is Line as far as the request proves it to be the customer's, so that
// it may be shown in full: a number, a service, a SIP domain, a TwiML app; ""
// where nothing does. A leg that Dial made may carry the outside caller's
// number as its caller ID; what a client or a telephone behind a SIP domain
// calls may be anybody's.
func (f Failure) OwnLine() string {
	switch {
	case f.Param("Direction") == "outbound-dial":
		return ""
	case f.Outbound:
		return f.From
	case strings.HasPrefix(f.From, "client:"):
		return f.Param("ApplicationSid")
	}
	if user, domain, ok := strings.Cut(f.To, "@"); ok && strings.HasPrefix(user, "sip:") && isDialled(user[len("sip:"):]) {
		return domain
	}
	return f.To
}

// isDialled says whether somebody typed that on a telephone.
func isDialled(s string) bool { return s != "" && strings.Trim(s, "+*#0123456789") == "" }

// CallerKey is what callers are counted by: equal for two failures of the
// same person as far as their number tells. A withheld number counts once a
// call, and so does a failure without one.
func (f Failure) CallerKey() string {
	person := f.Person()
	if person == "" || Withheld(person) {
		return "sid:" + f.SID
	}
	return person
}

// Withheld says whether From stands for a hidden number, in whatever case. The
// words and the numbers that spell them are Twilio's:
// https://www.twilio.com/docs/voice/twiml#twilios-request-to-your-application
func Withheld(from string) bool {
	switch strings.TrimPrefix(strings.ToLower(from), "+") {
	case "anonymous", "unknown", "restricted", "unavailable", "private",
		"266696687", "7378742833", "2562533", "8656696", "86282452253":
		return true
	}
	return false
}
