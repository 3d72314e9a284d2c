// Package twiml renders the TwiML that we send, judges TwiML whoever wrote it, and estimates how long it speaks.
// It knows Twilio's verbs and their grammar, but neither requests nor calls, and it fetches nothing.
package twiml

// MaxBytes is the largest document that Twilio takes (error 11750).
const MaxBytes = 64 << 10

// ContentType is what a document has to be sent as (error 12300).
const ContentType = "text/xml; charset=utf-8"

const prolog = `<?xml version="1.0" encoding="UTF-8"?>`

// Response is one document: the verbs that Twilio is to execute, in order.
// The zero value renders as an empty <Response/>, which ends a call and sends no message.
type Response struct {
	// Comment stands between the prolog and the root element, for people who read the document.
	Comment string
	Verbs   []Verb
}

// Verb is something that we tell Twilio to do. The implementations are all in this package.
type Verb interface {
	appendTo(dst []byte) []byte
}

// Respond returns the document that consists of the given verbs.
func Respond(verbs ...Verb) Response {
	return Response{Verbs: verbs}
}

// Bytes renders the document. Every text and attribute is escaped and freed of what XML forbids, so the result is
// always well-formed; whether Twilio would execute it (lengths, order) is for Check to say.
func (r Response) Bytes() []byte {
	return r.Append(make([]byte, 0, 512))
}

// Append renders the document as Bytes does, onto the end of dst, and returns the extended slice.
func (r Response) Append(dst []byte) []byte {
	dst = append(dst, prolog...)
	if r.Comment != "" {
		dst = appendComment(dst, r.Comment)
	}
	if len(r.Verbs) == 0 {
		return append(dst, "<Response/>"...)
	}
	dst = append(dst, "<Response>"...)
	for _, verb := range r.Verbs {
		dst = verb.appendTo(dst)
	}
	return append(dst, "</Response>"...)
}
