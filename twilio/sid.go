package twilio

// SIDKind says what a SID names.
type SIDKind string

// The kinds that this project meets.
const (
	SIDUnknown          SIDKind = ""
	SIDAccount          SIDKind = "account"
	SIDCall             SIDKind = "call"
	SIDMessage          SIDKind = "message"
	SIDPhoneNumber      SIDKind = "phone number"
	SIDMessagingService SIDKind = "messaging service"
	SIDApplication      SIDKind = "TwiML app"
	SIDSIPDomain        SIDKind = "SIP domain"
	SIDTrunk            SIDKind = "SIP trunk"
	SIDRecording        SIDKind = "recording"
	SIDConference       SIDKind = "conference"
	SIDNotification     SIDKind = "notification"
)

// KindOf says what a SID names, by its first two letters. It is not ok unless s
// is a SID: two letters and 32 of 0-9 a-f. One with other letters is SIDUnknown.
func KindOf(s string) (kind SIDKind, ok bool) {
	if !isSID(s) {
		return SIDUnknown, false
	}
	switch s[:2] {
	case "AC":
		kind = SIDAccount
	case "CA":
		kind = SIDCall
	case "SM", "MM":
		kind = SIDMessage
	case "PN":
		kind = SIDPhoneNumber
	case "MG":
		kind = SIDMessagingService
	case "AP":
		kind = SIDApplication
	case "SD":
		kind = SIDSIPDomain
	case "TK":
		kind = SIDTrunk
	case "RE":
		kind = SIDRecording
	case "CF":
		kind = SIDConference
	case "NO":
		kind = SIDNotification
	}
	return kind, true
}

// IsAccountSID says whether s is the well-formed SID of an account.
func IsAccountSID(s string) bool { return isSID(s) && s[:2] == "AC" }

const sidLength = 34

func isSID(s string) bool {
	if len(s) != sidLength || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z' {
		return false
	}
	for i := 2; i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
