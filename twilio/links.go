package twilio

import "strconv"

// Twilio's pages, all in one place, for their addresses change.
const (
	// ConsoleErrors is the Console's list of errors and warnings.
	ConsoleErrors = consoleRoot + "/monitor/logs/debugger/errors"
	// StatusPage says what Twilio itself has trouble with.
	StatusPage = "https://status.twilio.com"

	consoleRoot    = "https://console.twilio.com/us1"
	consoleCall    = consoleRoot + "/monitor/logs/calls/"
	consoleMessage = consoleRoot + "/monitor/logs/sms/"
	consoleNumber  = consoleRoot + "/develop/phone-numbers/manage/incoming/"
	errorPage      = "https://www.twilio.com/docs/api/errors/"
)

// ErrorPage is the address of Twilio's own page about an error code.
func ErrorPage(code int) string { return errorPage + strconv.Itoa(code) }

// ConsoleLink is where the Console shows a call, message or phone number; empty
// for any other SID and for what is none.
func ConsoleLink(sid string) string {
	kind, _ := KindOf(sid)
	switch kind {
	case SIDCall:
		return consoleCall + sid
	case SIDMessage:
		return consoleMessage + sid
	case SIDPhoneNumber:
		return consoleNumber + sid
	case SIDUnknown, SIDAccount, SIDMessagingService, SIDApplication, SIDSIPDomain, SIDTrunk, SIDRecording, SIDConference, SIDNotification:
	}
	return ""
}
