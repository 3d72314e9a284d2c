package twiml

import "time"

// Noun is whom a Dial rings.
type Noun struct {
	Tag     string // Number, Sip or Client
	Address string // "+15551230001", "sip:anna@example.com", "anna"
	URL     string // the document that whoever answers hears before the two are connected
}

// Dial connects the call with somebody else.
type Dial struct {
	To             []Noun        // ten at most; several ring at once
	Action         string        // where to ask when it is over, however it ended
	Timeout        time.Duration // of the ringing
	CallerID       string        // what whoever is called sees
	AnswerOnBridge bool          // the caller hears ringing, and is not billed, until the two are connected
}

func (v Dial) appendTo(dst []byte) []byte {
	dst = append(dst, "<Dial"...)
	dst = appendAttr(dst, "action", v.Action)
	dst = appendSeconds(dst, "timeout", v.Timeout)
	dst = appendAttr(dst, "callerId", v.CallerID)
	dst = appendFlag(dst, "answerOnBridge", v.AnswerOnBridge)
	dst = append(dst, '>')
	for _, noun := range v.To {
		dst = append(dst, '<')
		dst = append(dst, noun.Tag...)
		dst = appendAttr(dst, "url", noun.URL)
		dst = appendBody(dst, noun.Address, noun.Tag)
	}
	return append(dst, "</Dial>"...)
}

// Gather asks for keys, while Prompt is said. Without a key the document goes on.
type Gather struct {
	Action    string
	NumDigits int
	Timeout   time.Duration // after the last word of Prompt
	Prompt    []Verb        // Say, Play and Pause
}

func (v Gather) appendTo(dst []byte) []byte {
	dst = append(dst, "<Gather"...)
	dst = appendAttr(dst, "action", v.Action)
	dst = appendCount(dst, "numDigits", v.NumDigits)
	dst = appendSeconds(dst, "timeout", v.Timeout)
	dst = append(dst, '>')
	for _, verb := range v.Prompt {
		dst = verb.appendTo(dst)
	}
	return append(dst, "</Gather>"...)
}

// Record keeps what the caller says behind a tone. Where nothing is said the document goes on.
type Record struct {
	Action             string
	MaxLength          time.Duration
	FinishOnKey        string
	Callback           string // asked when the recording is there
	TranscribeCallback string // asked with its words; "" has nothing transcribed
}

func (v Record) appendTo(dst []byte) []byte {
	dst = append(dst, "<Record"...)
	dst = appendAttr(dst, "action", v.Action)
	dst = appendSeconds(dst, "maxLength", v.MaxLength)
	dst = appendAttr(dst, "finishOnKey", v.FinishOnKey)
	dst = appendFlag(dst, "playBeep", true)
	dst = appendAttr(dst, "recordingStatusCallback", v.Callback)
	if v.TranscribeCallback != "" {
		dst = appendFlag(dst, "transcribe", true)
		dst = appendAttr(dst, "transcribeCallback", v.TranscribeCallback)
	}
	return append(dst, "/>"...)
}

// Redirect goes on with another document.
type Redirect struct {
	URL    string
	Method string // "" is POST
}

func (v Redirect) appendTo(dst []byte) []byte {
	dst = append(dst, "<Redirect"...)
	dst = appendAttr(dst, "method", v.Method)
	return appendBody(dst, v.URL, "Redirect")
}

// Enqueue has the caller wait in a queue until somebody takes the call.
type Enqueue struct {
	Queue   string
	WaitURL string // the document that is heard meanwhile, over and over
	Action  string // where to ask when the waiting is over
}

func (v Enqueue) appendTo(dst []byte) []byte {
	dst = append(dst, "<Enqueue"...)
	dst = appendAttr(dst, "waitUrl", v.WaitURL)
	dst = appendAttr(dst, "action", v.Action)
	return appendBody(dst, v.Queue, "Enqueue")
}

// Leave takes a caller who waits out of the queue.
type Leave struct{}

func (Leave) appendTo(dst []byte) []byte { return append(dst, "<Leave/>"...) }

// Hangup ends a call.
type Hangup struct{}

func (Hangup) appendTo(dst []byte) []byte { return append(dst, "<Hangup/>"...) }

func appendFlag(dst []byte, name string, on bool) []byte {
	if !on {
		return dst
	}
	return appendAttr(dst, name, "true")
}
