package templates

import (
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/twiml"
)

const (
	shortPause = time.Second     // before the first word and between two texts
	leastHold  = 2 * time.Second // between two rounds of the waiting text
)

// build renders the built-in document for a situation.
func (a *Answers) build(s incident.Situation, w incident.Wording) incident.Answer {
	answer := incident.Answer{Situation: s, Name: w.Name, Languages: a.texts.speakable(w.Languages)}
	switch {
	case s == incident.Text:
		answer.Heard = a.all(s, answer, "\n\n")
		answer.Document = twiml.Respond(twiml.Message{Body: answer.Heard}).Bytes()
		answer.Heard = oneLine(answer.Heard)
	case s == incident.InQueue:
		answer.Heard = a.all(s, answer, " ")
		answer.Document = a.waiting(answer, w)
	case textName(s) == "":
		answer.Languages = nil
		answer.Document = twiml.Respond().Bytes()
	case ownWords(s, w) && w.Play != "":
		answer.Languages = nil
		answer.Heard = "recording " + w.Play
		answer.Document = twiml.Respond(twiml.Pause{Length: shortPause}, twiml.Play{URL: w.Play}).Bytes()
	case ownWords(s, w):
		if answer.Languages = answer.Languages[:1]; len(w.Languages) > 0 {
			answer.Languages = w.Languages[:1] // theirs, whatever we have words in
		}
		answer.Heard = oneLine(w.Say)
		answer.Document = ownSaid(spoken(w.Say, answer.Languages[0], w))
	default:
		answer.Heard = a.all(s, answer, " ")
		answer.Document = a.said(s, answer, w)
	}
	return answer
}

// all is the text in every language of the answer.
func (a *Answers) all(s incident.Situation, answer incident.Answer, between string) string {
	said := make([]string, len(answer.Languages))
	for i, language := range answer.Languages {
		said[i] = a.texts.say(language, s, sentence{Name: answer.Name})
	}
	return strings.Join(said, between)
}

// round says the text in every language of the answer, one after the other.
// The first named languages say it with the line's name.
func (a *Answers) round(s incident.Situation, answer incident.Answer, w incident.Wording, named int) []twiml.Verb {
	var verbs []twiml.Verb
	for i, language := range answer.Languages {
		text := a.texts.say(language, s, sentence{Name: answer.Name, Again: i >= named})
		verbs = append(verbs, twiml.Pause{Length: shortPause}, spoken(text, language, w))
	}
	return verbs
}

// said is the document that says the text twice, or what comes closest to it
// in less than longest: the second time without the name, then only once, then
// only once with the name in the first language alone.
//
// There is no Hangup. A call ends where the document does, and whoever waits
// in a queue or a conference that we did not recognise as one stays there.
func (a *Answers) said(s incident.Situation, answer incident.Answer, w incident.Wording) []byte {
	full, again := a.round(s, answer, w, len(answer.Languages)), a.round(s, answer, w, 0)
	for _, rounds := range [][][]twiml.Verb{{full, full}, {full, again}, {full}} {
		if document := inOne(rounds...); twiml.SpeakingTime(document) < longest {
			return document
		}
	}
	return inOne(a.round(s, answer, w, 1))
}

func inOne(rounds ...[]twiml.Verb) []byte {
	return twiml.Respond(slices.Concat(rounds...)...).Bytes()
}

// ownSaid says the line's own words twice, once where they are long.
func ownSaid(say twiml.Say) []byte {
	once := []twiml.Verb{twiml.Pause{Length: shortPause}, say}
	if document := inOne(once, once); twiml.SpeakingTime(document) < longest {
		return document
	}
	return inOne(once)
}

// waiting speaks to somebody in a queue. Where the document ends Twilio asks
// for it again (https://www.twilio.com/docs/voice/twiml/enqueue#attributes-waiturl):
// the caller keeps the place, and hears the primary as soon as it is back. The
// pause is there so that this is not every second. Hangup and Leave would end
// the waiting.
func (a *Answers) waiting(answer incident.Answer, w incident.Wording) []byte {
	verbs := a.round(incident.InQueue, answer, w, len(answer.Languages))
	if w.Hold != "" {
		return twiml.Respond(append(verbs, twiml.Play{URL: w.Hold})...).Bytes()
	}
	spoken := twiml.SpeakingTime(twiml.Respond(verbs...).Bytes())
	hold := max(leastHold, (longest - time.Second - spoken).Truncate(time.Second))
	return twiml.Respond(append(verbs, twiml.Pause{Length: hold})...).Bytes()
}

func spoken(text, language string, w incident.Wording) twiml.Say {
	if w.Voice == "" {
		tag, voice := VoiceOf(language)
		return twiml.Say{Text: text, Language: tag, Voice: voice}
	}
	// A voice speaks one language. Naming another beside it is an error for
	// Twilio, and we cannot know all voices.
	return twiml.Say{Text: text, Voice: w.Voice}
}

// oneLine is text as lists and subjects show it.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
