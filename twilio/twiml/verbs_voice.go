package twiml

import "time"

// Prompt is a verb that may also stand inside Gather: Say, Play and Pause.
type Prompt interface {
	Verb
	prompt()
}

// Endpoint is somebody whom Dial can call: Number, Client and SIP.
type Endpoint interface {
	endpointTo(dst []byte) []byte
}

// Say speaks Text. Without Language and Voice the account's default voice is used.
type Say struct {
	Text     string
	Language string // a tag as Twilio writes it: "de-DE"
	Voice    string // "Polly.Vicki", "Google.de-DE-Standard-A", "alice"
	Loop     int    // how often; 0 is once
}

// Play plays the sound file at URL, or the DTMF tones in Digits.
type Play struct {
	URL    string
	Digits string
	Loop   int // how often; 0 is once
}

// Pause waits in silence, in whole seconds, rounded up; 0 is Twilio's default of one second.
type Pause struct {
	Length time.Duration
}

// Gather collects digits or speech while the prompts are heard, and then requests Action.
// Without input the call goes on with the next verb, unless ActionOnEmptyResult is set.
type Gather struct {
	Prompts             []Prompt
	Action, Method      string
	Input               string // "dtmf", "speech" or "dtmf speech"; empty is dtmf
	NumDigits           int
	Timeout             time.Duration
	FinishOnKey         string
	Language            string
	Hints               string
	SpeechTimeout       string // seconds or "auto"
	ActionOnEmptyResult bool
}

// Record records the caller and then requests Action; silence alone goes on with the next verb.
type Record struct {
	Action, Method                string
	MaxLength, Timeout            time.Duration
	FinishOnKey                   string
	NoBeep                        bool
	Trim                          string // "trim-silence" or "do-not-trim"
	RecordingStatusCallback       string
	RecordingStatusCallbackMethod string
	Transcribe                    bool
	TranscribeCallback            string
}

// Dial connects the caller with whichever of To answers first, at most ten, and then requests Action.
type Dial struct {
	To                 []Endpoint
	Action, Method     string
	CallerID           string
	Timeout, TimeLimit time.Duration
	AnswerOnBridge     bool
	HangupOnStar       bool
	Sequential         bool
	Record             string
	RingTone           string
}

// Number is a telephone number to dial. URL names TwiML that the person who answers hears first.
type Number struct {
	Number      string
	URL, Method string
	SendDigits  string
}

// Client is a Twilio Voice client to dial.
type Client struct {
	Identity    string
	URL, Method string
}

// SIP is a SIP address to dial.
type SIP struct {
	URI                string
	Username, Password string
	URL, Method        string
}

// Redirect goes on with the document at URL. Verbs after it are never reached. It serves voice and messaging.
type Redirect struct {
	URL, Method string
}

// Hangup ends the call.
type Hangup struct{}

// Reject declines a call that has not been answered yet. It has to be the first verb, and costs the caller nothing.
type Reject struct {
	Reason string // "rejected" or "busy"
}

// Enqueue puts the caller into a queue, where WaitURL's document is heard, and requests Action after that.
type Enqueue struct {
	Queue                  string
	WaitURL, WaitURLMethod string
	Action, Method         string
	WorkflowSID            string
	Task                   string // a TaskRouter task's attributes as JSON; needs WorkflowSID
}

// Leave takes a waiting caller out of the queue, back to the verb after Enqueue.
type Leave struct{}

func (Say) prompt()   {}
func (Play) prompt()  {}
func (Pause) prompt() {}

func (v Say) appendTo(dst []byte) []byte {
	dst = append(dst, "<Say"...)
	dst = appendAttr(dst, "language", v.Language)
	dst = appendAttr(dst, "voice", v.Voice)
	dst = appendCount(dst, "loop", v.Loop)
	return appendBody(dst, v.Text, "Say")
}

func (v Play) appendTo(dst []byte) []byte {
	dst = append(dst, "<Play"...)
	dst = appendAttr(dst, "digits", v.Digits)
	dst = appendCount(dst, "loop", v.Loop)
	return appendBody(dst, v.URL, "Play")
}

func (v Pause) appendTo(dst []byte) []byte {
	dst = append(dst, "<Pause"...)
	dst = appendSeconds(dst, "length", v.Length)
	return append(dst, "/>"...)
}

func (v Gather) appendTo(dst []byte) []byte {
	dst = append(dst, "<Gather"...)
	dst = appendAttr(dst, "input", v.Input)
	dst = appendAttr(dst, "action", v.Action)
	dst = appendAttr(dst, "method", v.Method)
	dst = appendCount(dst, "numDigits", v.NumDigits)
	dst = appendSeconds(dst, "timeout", v.Timeout)
	dst = appendAttr(dst, "finishOnKey", v.FinishOnKey)
	dst = appendAttr(dst, "language", v.Language)
	dst = appendAttr(dst, "hints", v.Hints)
	dst = appendAttr(dst, "speechTimeout", v.SpeechTimeout)
	dst = appendTrue(dst, "actionOnEmptyResult", v.ActionOnEmptyResult)
	if len(v.Prompts) == 0 {
		return append(dst, "/>"...)
	}
	dst = append(dst, '>')
	for _, prompt := range v.Prompts {
		dst = prompt.appendTo(dst)
	}
	return append(dst, "</Gather>"...)
}

func (v Record) appendTo(dst []byte) []byte {
	dst = append(dst, "<Record"...)
	dst = appendAttr(dst, "action", v.Action)
	dst = appendAttr(dst, "method", v.Method)
	dst = appendSeconds(dst, "maxLength", v.MaxLength)
	dst = appendSeconds(dst, "timeout", v.Timeout)
	dst = appendAttr(dst, "finishOnKey", v.FinishOnKey)
	if v.NoBeep {
		dst = appendAttr(dst, "playBeep", "false")
	}
	dst = appendAttr(dst, "trim", v.Trim)
	dst = appendAttr(dst, "recordingStatusCallback", v.RecordingStatusCallback)
	dst = appendAttr(dst, "recordingStatusCallbackMethod", v.RecordingStatusCallbackMethod)
	dst = appendTrue(dst, "transcribe", v.Transcribe)
	dst = appendAttr(dst, "transcribeCallback", v.TranscribeCallback)
	return append(dst, "/>"...)
}

func (v Dial) appendTo(dst []byte) []byte {
	dst = append(dst, "<Dial"...)
	dst = appendAttr(dst, "action", v.Action)
	dst = appendAttr(dst, "method", v.Method)
	dst = appendAttr(dst, "callerId", v.CallerID)
	dst = appendSeconds(dst, "timeout", v.Timeout)
	dst = appendSeconds(dst, "timeLimit", v.TimeLimit)
	dst = appendTrue(dst, "answerOnBridge", v.AnswerOnBridge)
	dst = appendTrue(dst, "hangupOnStar", v.HangupOnStar)
	dst = appendTrue(dst, "sequential", v.Sequential)
	dst = appendAttr(dst, "record", v.Record)
	dst = appendAttr(dst, "ringTone", v.RingTone)
	if len(v.To) == 0 {
		return append(dst, "/>"...)
	}
	dst = append(dst, '>')
	for _, to := range v.To {
		dst = to.endpointTo(dst)
	}
	return append(dst, "</Dial>"...)
}

func (e Number) endpointTo(dst []byte) []byte {
	dst = append(dst, "<Number"...)
	dst = appendAttr(dst, "url", e.URL)
	dst = appendAttr(dst, "method", e.Method)
	dst = appendAttr(dst, "sendDigits", e.SendDigits)
	return appendBody(dst, e.Number, "Number")
}

func (e Client) endpointTo(dst []byte) []byte {
	dst = append(dst, "<Client"...)
	dst = appendAttr(dst, "url", e.URL)
	dst = appendAttr(dst, "method", e.Method)
	return appendBody(dst, e.Identity, "Client")
}

func (e SIP) endpointTo(dst []byte) []byte {
	dst = append(dst, "<Sip"...)
	dst = appendAttr(dst, "username", e.Username)
	dst = appendAttr(dst, "password", e.Password)
	dst = appendAttr(dst, "url", e.URL)
	dst = appendAttr(dst, "method", e.Method)
	return appendBody(dst, e.URI, "Sip")
}

func (v Redirect) appendTo(dst []byte) []byte {
	dst = append(dst, "<Redirect"...)
	dst = appendAttr(dst, "method", v.Method)
	return appendBody(dst, v.URL, "Redirect")
}

func (Hangup) appendTo(dst []byte) []byte {
	return append(dst, "<Hangup/>"...)
}

func (v Reject) appendTo(dst []byte) []byte {
	dst = append(dst, "<Reject"...)
	dst = appendAttr(dst, "reason", v.Reason)
	return append(dst, "/>"...)
}

func (v Enqueue) appendTo(dst []byte) []byte {
	dst = append(dst, "<Enqueue"...)
	dst = appendAttr(dst, "waitUrl", v.WaitURL)
	dst = appendAttr(dst, "waitUrlMethod", v.WaitURLMethod)
	dst = appendAttr(dst, "action", v.Action)
	dst = appendAttr(dst, "method", v.Method)
	dst = appendAttr(dst, "workflowSid", v.WorkflowSID)
	if v.Task == "" {
		return appendBody(dst, v.Queue, "Enqueue")
	}
	dst = append(dst, "><Task"...)
	dst = appendBody(dst, v.Task, "Task")
	return append(dst, "</Enqueue>"...)
}

func (Leave) appendTo(dst []byte) []byte {
	return append(dst, "<Leave/>"...)
}
