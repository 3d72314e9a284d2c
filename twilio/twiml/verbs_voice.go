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
