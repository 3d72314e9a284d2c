package sim

import "strings"

// rule says what an element may hold, as far as a call that is played here minds.
type rule struct {
	children   string // tags; "*": whatever, it is not looked into
	attributes string
	text       bool
}

const ssml = "break emphasis lang p phoneme prosody s say-as sub w"

// voiceRules are the verbs and nouns of voice TwiML (https://www.twilio.com/docs/voice/twiml).
func voiceRules() map[string]rule {
	const callbacks = " recordingStatusCallback recordingStatusCallbackMethod recordingStatusCallbackEvent recordingConfigurationId trim"
	const screening = " url method statusCallback statusCallbackMethod statusCallbackEvent"
	const detection = " machineDetection machineDetectionTimeout machineDetectionSpeechThreshold machineDetectionSpeechEndThreshold" +
		" machineDetectionSilenceTimeout amdStatusCallback amdStatusCallbackMethod"
	return map[string]rule{
		"Response": {children: "Connect Dial Echo Enqueue Gather Hangup Leave Pause Pay Play Prompt Queue Record Redirect Refer Reject Say Sms Start Stop"},
		"Say":      {children: ssml, attributes: "language voice loop", text: true},
		"Play":     {attributes: "digits loop", text: true},
		"Pause":    {attributes: "length"},
		"Gather": {
			children: "Say Play Pause",
			attributes: "action method input numDigits timeout finishOnKey language hints speechTimeout speechModel enhanced profanityFilter" +
				" maxSpeechTime bargeIn actionOnEmptyResult partialResultCallback partialResultCallbackMethod debug",
		},
		"Record": {attributes: "action method timeout finishOnKey maxLength playBeep transcribe transcribeCallback" + callbacks},
		"Dial": {
			children:   "Number Client Sip Sim Queue Conference Application WhatsApp",
			attributes: "action method callerId timeout timeLimit answerOnBridge hangupOnStar sequential record recordingTrack ringTone referUrl referMethod events" + callbacks,
			text:       true,
		},
		"Number":   {attributes: "sendDigits byoc" + screening + detection, text: true},
		"Client":   {children: "Identity Parameter", attributes: screening, text: true},
		"Sip":      {children: "*", attributes: "username password" + screening + detection, text: true},
		"Sim":      {text: true},
		"Redirect": {attributes: "method", text: true},
		"Reject":   {children: "Parameter", attributes: "reason"},
		"Hangup":   {children: "Parameter"},
		"Enqueue":  {children: "Task", attributes: "action method maxQueueSize waitUrl waitUrlMethod workflowSid", text: true},
		"Task":     {attributes: "priority timeout", text: true},
		"Sms":      {attributes: "to from action method statusCallback", text: true},
		"Leave":    {},
		"Echo":     {},
		"Identity": {text: true},
	}
}

// messagingRules are those of messaging TwiML (https://www.twilio.com/docs/messaging/twiml).
func messagingRules() map[string]rule {
	return map[string]rule{
		"Response": {children: "Message Redirect"},
		"Message":  {children: "Body Media", attributes: "to from action method statusCallback", text: true},
		"Body":     {text: true},
		"Media":    {text: true},
		"Redirect": {attributes: "method", text: true},
	}
}

// ruleOf knows of SSML only what may stand in it, and nothing about the verbs that are not played.
func ruleOf(rules map[string]rule, tag string) rule {
	if r, known := rules[tag]; known {
		return r
	}
	if hasWord(ssml, tag) {
		return rule{children: ssml, attributes: "*", text: true}
	}
	return rule{children: "*", attributes: "*", text: true}
}

func hasWord(words, word string) bool {
	if words == "*" {
		return true
	}
	for w := range strings.FieldsSeq(words) {
		if w == word {
			return true
		}
	}
	return false
}
