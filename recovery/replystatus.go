package recovery

import (
	"fmt"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// settled says whether the status of a reply says something that lasts.
// https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
func (f *resumed) settled() bool {
	switch f.request.Param("MessageStatus") {
	case "sent", "delivered", "read", "undelivered", "failed":
		return true
	}
	return false
}

// delivered is how a reply fared.
func (f *resumed) delivered() incident.Answer {
	a := incident.Answer{Step: string(Message), Situation: incident.Text}
	switch status := f.request.Param("MessageStatus"); status {
	case "sent", "delivered", "read":
		a.Outcome, a.Why = incident.Told, "the reply was "+status
	default:
		a.Outcome, a.Why = incident.NotTold, "the reply was not delivered"
		if f.request.Code != 0 {
			code := twilio.Lookup(f.request.Code)
			a.Why += fmt.Sprintf(" (%d): %s", f.request.Code, code.Title())
		}
	}
	return a
}
