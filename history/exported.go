package history

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/backstop-project/backstop/incident"
)

// ExportForm is the form of the lines of an export.
const ExportForm = 1

// Exported is one failure with all that is known of it, as a line of an export.
// What is there for people only, and follows from the rest, says so: reading does
// not ask it.
type Exported struct {
	Form       int         `json:"backstop"` // ExportForm
	ID         incident.ID `json:"id"`
	ReceivedAt time.Time   `json:"received_at"` // for people: the id says it
	WrittenAt  time.Time   `json:"written_at"`  // to the journal
	Channel    string      `json:"channel"`
	Method     string      `json:"method"`
	Account    Bytes       `json:"account,omitzero"`
	SID        Bytes       `json:"sid,omitzero"`
	From       Bytes       `json:"from,omitzero"`
	To         Bytes       `json:"to,omitzero"`
	Code       int         `json:"code,omitzero"`
	ErrorURL   Bytes       `json:"error_url,omitzero"`
	Outbound   bool        `json:"outbound,omitzero"`
	AskedFirst bool        `json:"asked_first,omitzero"`
	Itself     bool        `json:"itself,omitzero"`
	Drill      bool        `json:"drill,omitzero"`
	Late       bool        `json:"late,omitzero"`
	Slim       bool        `json:"slim,omitzero"`
	Dropped    bool        `json:"dropped,omitzero"`
	OptOut     bool        `json:"opt_out,omitzero"`
	Erased     bool        `json:"erased,omitzero"`      // then there are no params
	Token      Bytes       `json:"token,omitzero"`       // I-Twilio-Idempotency-Token
	RequestKey string      `json:"request_key,omitzero"` // 16 hexadecimal digits
	AgainAfter incident.ID `json:"again_after,omitzero"` // the earlier failure of the same call
	Incident   int64       `json:"incident,omitzero"`    // for people
	Cause      string      `json:"cause,omitzero"`       // for people
	Outcome    string      `json:"outcome"`              // how it ended

	Params     [][2]Bytes          `json:"params,omitzero"` // names and values, in order
	Answer     ExportedAnswer      `json:"answer"`
	FollowUps  []ExportedFollowUp  `json:"follow_ups,omitzero"`
	Recordings []ExportedRecording `json:"recordings,omitzero"`
}

// ExportedAnswer is what the caller got.
type ExportedAnswer struct {
	Step      Bytes    `json:"step,omitzero"`
	Situation string   `json:"situation"`
	Languages []string `json:"languages,omitzero"`
	Name      Bytes    `json:"name,omitzero"`
	Heard     Bytes    `json:"heard,omitzero"`
	Why       Bytes    `json:"why,omitzero"`
	Outcome   string   `json:"outcome"`
	TookMicro int64    `json:"took_us"`
	Document  Bytes    `json:"document,omitzero"`
}

// ExportedFollowUp is what came back about a failure.
type ExportedFollowUp struct {
	ID         incident.ID   `json:"id"`
	What       incident.What `json:"what"`
	Is         string        `json:"is"` // for people: what, in words
	Step       Bytes         `json:"step,omitzero"`
	Heard      Bytes         `json:"heard,omitzero"`
	Why        Bytes         `json:"why,omitzero"`
	Outcome    string        `json:"outcome"`
	RequestKey string        `json:"request_key,omitzero"`
}

// ExportedRecording is a message that the caller left. What it says is with Twilio.
type ExportedRecording struct {
	SID        string    `json:"sid"`
	Account    string    `json:"account"`
	At         time.Time `json:"at"`
	Seconds    int       `json:"seconds,omitzero"`
	Transcript Bytes     `json:"transcript,omitzero"`
}

// Bytes are bytes that are mostly text: a string in JSON, or, where they are no
// UTF-8, {"base64": "…"}.
type Bytes string

type base64Bytes struct {
	Base64 *string `json:"base64"`
}

// MarshalJSON writes them.
func (b Bytes) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(b)) {
		return unescaped(string(b))
	}
	text := base64.StdEncoding.EncodeToString([]byte(b))
	return json.Marshal(base64Bytes{&text})
}

// UnmarshalJSON reads them.
func (b *Bytes) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		var text string
		err := json.Unmarshal(raw, &text)
		*b = Bytes(text)
		return err
	}
	var coded base64Bytes
	if err := strictly(raw, &coded); err != nil || coded.Base64 == nil {
		return errors.New(`want a string, or {"base64": "…"}`)
	}
	bytes, err := base64.StdEncoding.Strict().DecodeString(*coded.Base64)
	*b = Bytes(bytes)
	return err
}

// unescaped is JSON without care for HTML.
func unescaped(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// strictly reads one JSON value that has nothing but what there is to know.
func strictly(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%v", err) //nolint:errorlint // an io.EOF of it is not the end of the whole
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more behind it")
	}
	return nil
}

// Line is x as a line of an export, without its end.
func (x *Exported) Line() ([]byte, error) { return unescaped(x) }

// Bounds of what an export may have.
const (
	// MostExported is how long a line of an export can be.
	MostExported = 8 << 20

	mostParams   = 1 << 16
	mostFollowed = 1 << 16
	mostTook     = int64(24 * time.Hour / time.Microsecond)
)

// ReadExported reads a line of an export. Its error says what is wrong with it.
func ReadExported(line []byte) (*Exported, error) {
	if !utf8.Valid(line) {
		return nil, errors.New("it is no UTF-8")
	}
	var x Exported
	if err := strictly(line, &x); err != nil {
		return nil, fmt.Errorf("it is no line of an export: %w", err)
	}
	if x.Form != ExportForm {
		return nil, fmt.Errorf(`"backstop" is %d, and this program knows %d: use the version that exported it, or a newer one`, x.Form, ExportForm)
	}
	if err := x.check(); err != nil {
		return nil, err
	}
	return &x, nil
}

func (x *Exported) check() error {
	if err := checkID("id", x.ID); err != nil {
		return err
	}
	_, knownChannel := incident.ParseChannel(x.Channel)
	_, knownOutcome := outcomeOf(x.Outcome)
	_, knownSituation := situationOf(x.Answer.Situation)
	_, answered := outcomeOf(x.Answer.Outcome)
	switch {
	case !knownChannel:
		return fmt.Errorf("channel %q is none", x.Channel)
	case x.Method != "GET" && x.Method != "POST":
		return fmt.Errorf("method %q is neither GET nor POST", x.Method)
	case !knownOutcome || !answered:
		return fmt.Errorf("outcome %q or %q is none", x.Outcome, x.Answer.Outcome)
	case !knownSituation:
		return fmt.Errorf("situation %q is none", x.Answer.Situation)
	case x.Answer.TookMicro < 0 || x.Answer.TookMicro > mostTook:
		return errors.New("took_us is no time that an answer takes")
	case x.Code < 0 || x.Code > 1<<31-1:
		return errors.New("code is none")
	case x.Erased && len(x.Params) > 0:
		return errors.New("it is erased, and has params")
	case len(x.Params) > mostParams || len(x.FollowUps) > mostFollowed || len(x.Recordings) > mostFollowed:
		return errors.New("it has too many params, follow_ups or recordings")
	case !x.WrittenAt.IsZero() && !between(x.WrittenAt.Year(), 1970, 9999):
		return errors.New("written_at is no time")
	}
	if _, err := keyFrom(x.RequestKey); err != nil {
		return err
	}
	if x.AgainAfter != (incident.ID{}) {
		if err := checkID("again_after", x.AgainAfter); err != nil {
			return err
		}
	}
	return x.checkRest()
}

func (x *Exported) checkRest() error {
	for _, u := range x.FollowUps {
		if err := checkID("the id of a follow-up", u.ID); err != nil {
			return err
		}
		if _, ok := outcomeOf(u.Outcome); !ok || u.What <= incident.FailedAgain || u.What > incident.ReplySent {
			return fmt.Errorf("outcome %q or what %d of a follow-up is none", u.Outcome, u.What)
		}
		if _, err := keyFrom(u.RequestKey); err != nil {
			return err
		}
	}
	for _, r := range x.Recordings {
		if len(r.SID) != 34 || r.Seconds < 0 || !between(r.At.Year(), 1970, 9999) {
			return fmt.Errorf("recording %q is none", r.SID)
		}
	}
	return nil
}

func checkID(what string, id incident.ID) error {
	at := timeOf(id)
	if id.Version() != 7 || !between(at.Year(), 2000, 2200) {
		return fmt.Errorf("%s %s is no id of a failure", what, id)
	}
	return nil
}

// timeOf is when something with that id was received.
func timeOf(id incident.ID) time.Time {
	ms := int64(id[0])<<40 | int64(id[1])<<32 | int64(id[2])<<24 | int64(id[3])<<16 | int64(id[4])<<8 | int64(id[5])
	return time.UnixMilli(ms).UTC()
}

// keyFrom reads what keyText wrote.
func keyFrom(text string) (key [16]byte, err error) {
	if text == "" {
		return key, nil
	}
	if n, err := hex.Decode(key[:], []byte(text[:min(len(text), 16)])); err != nil || n != 8 || len(text) != 16 {
		return key, fmt.Errorf("request_key %q is not 16 hexadecimal digits", text)
	}
	return key, nil
}

// outcomeOf and situationOf read the words that pages use.
func outcomeOf(word string) (incident.Outcome, bool) {
	for o := incident.OutcomeUnknown; o <= incident.Lost; o++ {
		if o.String() == word {
			return o, true
		}
	}
	return 0, false
}

func situationOf(word string) (incident.Situation, bool) {
	for s := incident.Situation(0); s <= incident.Text; s++ {
		if s.String() == word {
			return s, true
		}
	}
	return 0, false
}

// Entry is the failure as it came in, to be fed again.
func (x *Exported) Entry() incident.Fed {
	f := incident.RestoreFailure(x.ID, timeOf(x.ID), x.Method, x.params())
	f.RequestKey, _ = keyFrom(x.RequestKey) // it was checked
	f.Tokenless = true                      // who came twice is not asked: what is in a history came once
	f.Itself, f.Drill, f.Late, f.Slim = x.Itself, x.Drill, x.Late, x.Slim
	f.Dropped, f.OptOut, f.Erased, f.Token = x.Dropped, x.OptOut, x.Erased, string(x.Token)
	f.Outbound = x.Outbound
	if f.Drill {
		f.DrillKind = incident.Planned // nobody is told
	}
	outcome, _ := outcomeOf(x.Answer.Outcome)
	situation, _ := situationOf(x.Answer.Situation)
	e := incident.Entry{Failure: f, Answer: incident.Answer{
		Step: string(x.Answer.Step), Situation: situation, Languages: slices.Clone(x.Answer.Languages), Name: string(x.Answer.Name), Heard: string(x.Answer.Heard),
		Why: string(x.Answer.Why), Outcome: outcome, Document: []byte(x.Answer.Document), Took: time.Duration(x.Answer.TookMicro) * time.Microsecond,
	}}
	if x.AgainAfter != (incident.ID{}) {
		e.FollowUp = incident.FollowUp{About: x.AgainAfter, What: incident.FailedAgain}
	}
	return incident.Fed{Entry: e, JournalAt: x.WrittenAt}
}

// Ended is how it ended.
func (x *Exported) Ended() incident.Outcome {
	o, _ := outcomeOf(x.Outcome) // it was checked
	return o
}

// params are those that came, or, once they were erased, what says what broke.
func (x *Exported) params() (all []incident.Param) {
	for _, p := range x.Params {
		all = append(all, incident.Param{Name: string(p[0]), Value: string(p[1])})
	}
	if !x.Erased {
		return all
	}
	sid := map[string]string{"voice": "CallSid", "messaging": "MessageSid"}[x.Channel]
	for _, p := range []incident.Param{
		{Name: "AccountSid", Value: string(x.Account)}, {Name: sid, Value: string(x.SID)}, {Name: "ErrorUrl", Value: string(x.ErrorURL)},
	} {
		if p.Name != "" && p.Value != "" {
			all = append(all, p)
		}
	}
	if !x.AskedFirst {
		all = append(all, incident.Param{Name: "ErrorCode", Value: strconv.Itoa(x.Code)})
	}
	return all
}

// Returned are the follow-ups, to be fed again.
func (x *Exported) Returned() []incident.Fed {
	all := make([]incident.Fed, 0, len(x.FollowUps))
	for _, u := range x.FollowUps {
		f := incident.Failure{ID: u.ID, ReceivedAt: timeOf(u.ID), Method: "POST", AccountSID: string(x.Account)}
		f.RequestKey, _ = keyFrom(u.RequestKey)
		outcome, _ := outcomeOf(u.Outcome)
		all = append(all, incident.Fed{Entry: incident.Entry{
			Failure: f, FollowUp: incident.FollowUp{About: x.ID, What: u.What},
			Answer: incident.Answer{Step: string(u.Step), Heard: string(u.Heard), Why: string(u.Why), Outcome: outcome},
		}})
	}
	return all
}

// WithoutPerson is x without whatever tells who it was.
func (x *Exported) WithoutPerson() *Exported {
	bare := *x
	f := x.Entry().Failure.Anonymous()
	bare.From, bare.To, bare.Token, bare.Params = "", "", "", nil
	bare.Account, bare.SID, bare.ErrorURL = Bytes(f.AccountSID), Bytes(f.SID), Bytes(f.ErrorURL)
	bare.Code, bare.AskedFirst, bare.Channel = f.Code, f.AskedFirst, f.Channel.String()
	bare.Dropped, bare.Erased = true, true
	bare.Answer.Heard, bare.Answer.Document = "", ""
	bare.FollowUps = slices.Clone(x.FollowUps)
	for i := range bare.FollowUps {
		bare.FollowUps[i].Heard = ""
	}
	bare.Recordings = nil
	return &bare
}
