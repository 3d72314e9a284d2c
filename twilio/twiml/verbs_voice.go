package twiml

import "time"

// Say speaks Text. Without Language and Voice the account's default voice is used.
type Say struct {
	Text     string
	Language string // a tag as Twilio writes it: "de-DE"
	Voice    string // "Polly.Vicki", "Google.de-DE-Standard-A", "alice"
	Loop     int    // how often; 0 is once
}

func (v Say) appendTo(dst []byte) []byte {
	dst = append(dst, "<Say"...)
	dst = appendAttr(dst, "language", v.Language)
	dst = appendAttr(dst, "voice", v.Voice)
	dst = appendCount(dst, "loop", v.Loop)
	return appendBody(dst, v.Text, "Say")
}

// Play plays the sound file at URL, or the DTMF tones in Digits.
type Play struct {
	URL    string
	Digits string
	Loop   int // how often; 0 is once
}

func (v Play) appendTo(dst []byte) []byte {
	dst = append(dst, "<Play"...)
	dst = appendAttr(dst, "digits", v.Digits)
	dst = appendCount(dst, "loop", v.Loop)
	return appendBody(dst, v.URL, "Play")
}

// Reject ends a call that was not answered yet, for which nobody pays. It has to be the first verb.
type Reject struct {
	Reason string // "busy": the engaged tone; "rejected", or empty: that the number is not in service
}

func (v Reject) appendTo(dst []byte) []byte {
	dst = append(dst, "<Reject"...)
	dst = appendAttr(dst, "reason", v.Reason)
	return append(dst, "/>"...)
}

// Pause waits in silence, in whole seconds, rounded up; 0 is Twilio's default of one second.
type Pause struct {
	Length time.Duration
}

func (v Pause) appendTo(dst []byte) []byte {
	dst = append(dst, "<Pause"...)
	dst = appendSeconds(dst, "length", v.Length)
	return append(dst, "/>"...)
}
