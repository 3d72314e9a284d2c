package recovery

import (
	"fmt"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// delivered is how a reply fared. That it was sent may come after that it did not
// arrive: Twilio promises no order.
// https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
func (f *resumed) delivered() (served, incident.What) {
	a := incident.Answer{Step: string(Message), Situation: incident.Text}
	what := incident.ReplyStatus
	switch status := f.request.Param("MessageStatus"); status {
	case "sent":
		a.Outcome, a.Why, what = incident.Told, "the reply was sent", incident.ReplySent
	case "delivered", "read":
		a.Outcome, a.Why = incident.Told, "the reply was "+status
	case "undelivered", "failed":
		a.Outcome, a.Why = incident.NotTold, "the reply was not delivered"
		if f.request.Code != 0 {
			code := twilio.Lookup(f.request.Code)
			a.Why += fmt.Sprintf(" (%d): %s", f.request.Code, code.Title())
		}
	default:
		return served{}, 0 // on its way
	}
	return served{Answer: a}, what
}
