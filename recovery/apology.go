package recovery

import (
	"strings"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// What is sent when nothing else can be relied on. The voice document has no
// Hangup: a call ends where the document does, but somebody who waits in a
// queue stays there.
const (
	voiceWords     = "Sorry, we have a technical problem and cannot take your call. Please try again later."
	messagingWords = "We have a technical problem and could not handle your message. Please try again later."

	prolog       = `<?xml version="1.0" encoding="UTF-8"?>`
	say          = `<Pause length="1"/><Say language="en-US" voice="Polly.Joanna-Neural">` + voiceWords + `</Say>`
	voiceApology = prolog + `<Response>` + say + say + `</Response>`
	replyApology = prolog + `<Response><Message><Body>` + messagingWords + `</Body></Message></Response>`
	nothing      = prolog + `<Response/>`
)

// Apology is the constant apology of a channel: the same bytes for everybody.
// It depends on nothing, so that it works when everything else is broken, and
// it is the whole answer to a request that could not be verified. For a
// request of no channel it says nothing.
func Apology(c incident.Channel) []byte {
	switch c {
	case incident.Voice:
		return []byte(voiceApology)
	case incident.Messaging:
		return []byte(replyApology)
	case incident.Unknown:
	}
	return []byte(nothing)
}

func apologyWords(c incident.Channel) string {
	switch c {
	case incident.Voice:
		return voiceWords
	case incident.Messaging:
		return messagingWords
	case incident.Unknown:
	}
	return ""
}

// ApologyAt is the constant apology at an address: but where an apology would do
// harm, at those that whoever is dialled or waits in a queue is asked about, the
// end of that. path may have anything before it.
func ApologyAt(path string, c incident.Channel) []byte {
	const followUps = "/fallback/voice/"
	if i := strings.LastIndex(path, followUps); i >= 0 {
		action, _, _ := strings.Cut(path[i+len(followUps):], "/")
		if document := harmless(Action(action), Apology(c)); document != nil {
			return document
		}
	}
	return Apology(c)
}

// Nothing is the document that does nothing: no reply to a message, and the
// end of a call.
func Nothing() []byte { return []byte(nothing) }

// Purpose is what people see who open a fallback address in a browser: the
// apology of the channel, Unknown being the address for both, under a comment
// that says what the address is for.
func Purpose(c incident.Channel) []byte {
	const end = " Twilio asks here when your own server fails; whoever calls or writes then gets an answer like this one."
	r := twiml.Response{}
	switch c {
	case incident.Voice:
		r.Comment = "Backstop is here. Set this address as the Voice Fallback URL (VoiceFallbackUrl) of your Twilio numbers, not as the primary URL." + end
		pause := twiml.Pause{}
		words := twiml.Say{Language: "en-US", Voice: "Polly.Joanna-Neural", Text: voiceWords}
		r.Verbs = []twiml.Verb{pause, words, pause, words}
	case incident.Messaging:
		r.Comment = "Backstop is here. Set this address as the messaging Fallback URL (SmsFallbackUrl) of your Twilio numbers and messaging services, not as the primary URL." + end
		r.Verbs = []twiml.Verb{twiml.Message{Body: messagingWords}}
	case incident.Unknown:
		r.Comment = "Backstop is here. Set this address as the Fallback URL of your Twilio numbers, for voice and for messages alike, not as the primary URL." + end
	}
	return r.Bytes()
}
