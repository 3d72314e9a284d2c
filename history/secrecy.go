package history

import (
	"regexp"
	"strings"

	"github.com/backstop-project/backstop/incident"
)

// Secrecy is how a parameter is shown to people who have not asked to see it.
type Secrecy uint8

// The kinds of parameters.
const (
	Plain   Secrecy = iota // as it is, numbers within it masked
	Person                 // somebody's number or address: masked
	Link                   // a URL: without the values of its query
	Private                // not at all
)

// SecrecyOf says how a parameter of that name is shown. Unknown names are
// plain, for Twilio adds parameters without notice and people have to see them,
// unless the name itself gives them away as a secret.
func SecrecyOf(name string) Secrecy {
	n := strings.ToLower(name)
	switch {
	case numberNames[n]:
		return Person
	case hiddenNames[n]:
		return Private
	case strings.HasPrefix(n, "sipheader"), strings.HasPrefix(n, "referral"), strings.HasPrefix(n, "mediaurl"),
		strings.HasPrefix(n, "recordingurl"), strings.HasPrefix(n, "transcription"):
		return Private
	case secretName.MatchString(n):
		return Private
	case strings.HasSuffix(n, "url"), strings.HasSuffix(n, "uri"):
		return Link
	}
	return Plain
}

// secretName matches names under which customers pass secrets and personal
// data in their own URLs.
var secretName = regexp.MustCompile(`token|secret|passw|pwd|credential|signature|session|cookie|authorization|api_?key|ssn|iban|card|e-?mail|birth`)

// numberNames are the parameters that hold an address of a person or a line.
var numberNames = set("From", "To", "Caller", "Called", "ForwardedFrom", "WaId", "DialCallTo", "DialCallFrom",
	"CalledVia", "RedirectedFrom", "Diversion", "Sender", "Recipient", "ParticipantLabel", "ForwardedTo",
	"OriginalCaller", "OriginalTo", "SmsFrom", "SmsTo", "UserIdentifier")

// hiddenNames are the parameters that hold what people said or typed, who or
// where they are, or what opens a door.
var hiddenNames = set("Body", "Digits", "FinishedOnKey", "SpeechResult", "UnstableSpeechResult", "StableSpeechResult",
	"TranscriptionText", "Transcript", "RecordingUrl", "PublicRecordingUrl", "CallToken", "CallerName", "ProfileName",
	"ButtonText", "ButtonPayload", "Latitude", "Longitude", "Address", "Label", "ListId", "ListTitle", "InteractiveData",
	"FlowData", "VCard", "FromCity", "FromZip", "CallerCity", "CallerZip", "SipSourceIp", "PaymentCardNumber",
	"ExpirationDate", "SecurityCode", "BankAccountNumber", "BankRoutingNumber", "PaymentConfirmationCode",
	"ProfileToken", "Result", "Parameters", "ChannelMetadata")

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[strings.ToLower(name)] = true
	}
	return m
}

// Param is what is shown of a parameter, and whether that is less than there
// is.
func (m Mask) Param(p incident.Param) (shown string, less bool) {
	switch SecrecyOf(p.Name) {
	case Person:
		shown = m.Number(p.Value)
	case Link:
		shown = m.URL(p.Value)
	case Private:
		shown = ""
	case Plain:
		shown = m.Text(p.Value)
	}
	return shown, shown != p.Value
}
