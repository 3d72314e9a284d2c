package recovery

import "github.com/backstop-project/backstop/incident"

// facts are what a decision needs of the parameters, read in one pass.
type facts struct {
	callStatus, direction  string
	toCountry, fromCountry string
	sipDomain, service     string
	application            string // the TwiML app that the call came through
	body, optOutType       string

	queued    bool // waitUrl of a queue, or of a conference
	dequeuing bool // Queue's url: heard before the two are connected
	under     bool // an extra of a verb: the call was under way
	succeeded bool // a dial, a recording or a payment was completed
	unsettled bool // a dial or a queue ended otherwise
	recorded  bool // there is a recording …
	dialled   bool // … which is of a conversation, where there was a dial
	bridged   bool // the caller has spoken with somebody
	alone     bool // nobody has, though a dial was picked up: a mailbox
	empty     bool // the recording has no length
}

func readFacts(f incident.Failure) facts {
	var seen facts
	for _, p := range f.Params {
		if p.Value != "" {
			seen.read(p.Name, p.Value)
		}
	}
	seen.recorded = seen.recorded && !seen.empty
	seen.succeeded = seen.succeeded || seen.recorded
	seen.unsettled = seen.unsettled || seen.alone
	return seen
}

func (seen *facts) read(name, value string) {
	switch name {
	case "CallStatus":
		keepFirst(&seen.callStatus, value)
	case "Direction":
		keepFirst(&seen.direction, value)
	case "ToCountry":
		keepFirst(&seen.toCountry, value)
	case "FromCountry":
		keepFirst(&seen.fromCountry, value)
	case "SipDomain":
		keepFirst(&seen.sipDomain, value)
	case "MessagingServiceSid":
		keepFirst(&seen.service, value)
	case "ApplicationSid":
		keepFirst(&seen.application, value)
	case "Body":
		keepFirst(&seen.body, value)
	case "OptOutType":
		keepFirst(&seen.optOutType, value)
	default:
		seen.readExtra(name, value)
	}
}

// readExtra reads what verbs add to the requests that they make:
// https://www.twilio.com/docs/voice/twiml/enqueue#attributes-waiturl, …/dial,
// …/queue, …/record, …/gather, …/pay.
func (seen *facts) readExtra(name, value string) {
	switch name {
	case "QueuePosition", "CurrentQueueSize", "AvgQueueTime", "ConferenceSid":
		seen.queued = true
	case "DequeingCallSid", "DequeingCallSID":
		seen.dequeuing = true
	case "DialBridged":
		seen.bridged, seen.alone = value == "true", value == "false"
	case "QueueResult":
		seen.bridged = value == "bridged"
		seen.ended(value == "bridged")
	case "DialCallStatus":
		seen.dialled = true
		seen.ended(value == "completed" || value == "answered")
	case "RecordingUrl", "RecordingSid":
		seen.recorded, seen.under = true, true
	case "RecordingDuration":
		seen.empty, seen.under = value == "0", true
	case "PaymentConfirmationCode", "PaymentToken":
		seen.succeeded = true
	case "QueueSid", "QueueTime", "DialCallSid", "Digits", "FinishedOnKey", "SpeechResult",
		"UnstableSpeechResult", "ReferCallStatus", "PayCardNumber":
		seen.under = true
	}
}

func (seen *facts) ended(well bool) {
	if well {
		seen.succeeded = true
	} else {
		seen.unsettled = true
	}
}

// situation says where the caller stands. The order matters: somebody in a
// queue must not be hung up on whatever else is true, and thanks are right for
// whoever got what the call was for.
func situation(channel incident.Channel, seen *facts) incident.Situation {
	switch {
	case channel == incident.Messaging:
		return incident.Text
	case channel != incident.Voice:
		return 0
	case seen.waits():
		return incident.InQueue
	case seen.succeeded && !seen.unsettled:
		return incident.AfterSuccess
	case seen.direction == "outbound-api" || seen.direction == "outbound-dial":
		return incident.Outbound
	case seen.under || seen.unsettled || seen.callStatus == "in-progress":
		return incident.MidCall
	}
	return incident.NotYetServed
}

// left says whether the caller had left a message before the failure.
func (seen *facts) left() bool { return seen.recorded && !seen.dialled }

// waits says whether the document is for somebody who is on hold. The action
// of Enqueue and Dial, requested after the waiting, carries a result.
func (seen *facts) waits() bool {
	return seen.dequeuing || seen.queued && !seen.succeeded && !seen.unsettled
}

// gone says whether the call is over, so that nobody hears the answer.
func (seen *facts) gone() (over bool, why string) {
	switch seen.callStatus {
	case "completed", "busy", "failed", "no-answer", "canceled":
		return true, "nobody heard it: the call had ended (" + seen.callStatus + ")"
	}
	return false, ""
}

func keepFirst(field *string, value string) {
	if *field == "" {
		*field = value
	}
}
