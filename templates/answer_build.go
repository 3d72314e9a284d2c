package templates

import (
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
		answer.Heard = a.all(s, answer, false, "\n\n")
		answer.Document = twiml.Respond(twiml.Message{Body: answer.Heard}).Bytes()
		answer.Heard = oneLine(answer.Heard)
	case s == incident.InQueue:
		answer.Heard = a.all(s, answer, false, " ")
		answer.Document = a.waiting(answer, w)
	case textName(s) == "":
		answer.Languages = nil
		answer.Document = twiml.Respond().Bytes()
	case ownWords(s, w) && w.Play != "":
		answer.Languages = nil
		answer.Heard = "recording " + w.Play
		answer.Document = twiml.Respond(twiml.Pause{Length: shortPause}, twiml.Play{URL: w.Play}, twiml.Hangup{}).Bytes()
	case ownWords(s, w):
		answer.Languages = answer.Languages[:1]
		answer.Heard = oneLine(w.Say)
		say := []twiml.Verb{spoken(w.Say, answer.Languages[0], w)}
		answer.Document = twice(say, say)
	default:
		answer.Heard = a.all(s, answer, false, " ")
		answer.Document = twice(a.verbs(s, answer, w, false), a.verbs(s, answer, w, true))
	}
	return answer
}

// all is the text in every language of the answer.
func (a *Answers) all(s incident.Situation, answer incident.Answer, again bool, between string) string {
	said := make([]string, len(answer.Languages))
	for i, language := range answer.Languages {
		said[i] = a.texts.say(language, s, sentence{Name: answer.Name, Again: again})
	}
	return strings.Join(said, between)
}

// verbs say the text in every language of the answer, one after the other.
func (a *Answers) verbs(s incident.Situation, answer incident.Answer, w incident.Wording, again bool) []twiml.Verb {
	var verbs []twiml.Verb
	for i, language := range answer.Languages {
		if i > 0 {
			verbs = append(verbs, twiml.Pause{Length: shortPause})
		}
		text := a.texts.say(language, s, sentence{Name: answer.Name, Again: again})
		verbs = append(verbs, spoken(text, language, w))
	}
	return verbs
}

// twice says the words, says them again and hangs up: in full where that takes
// less than longest, else the second time without the name, else once only.
func twice(words, again []twiml.Verb) []byte {
	for _, second := range [][]twiml.Verb{words, again} {
		verbs := []twiml.Verb{twiml.Pause{Length: shortPause}}
		verbs = append(verbs, words...)
		verbs = append(verbs, twiml.Pause{Length: shortPause})
		verbs = append(verbs, second...)
		document := twiml.Respond(append(verbs, twiml.Hangup{})...).Bytes()
		if twiml.SpeakingTime(document) < longest {
			return document
		}
	}
	verbs := append([]twiml.Verb{twiml.Pause{Length: shortPause}}, words...)
	return twiml.Respond(append(verbs, twiml.Hangup{})...).Bytes()
}

// waiting speaks to somebody in a queue. Where the document ends Twilio asks
// for it again (https://www.twilio.com/docs/voice/twiml/enqueue#attributes-waiturl):
// the caller keeps the place, and hears the primary as soon as it is back. The
// pause is there so that this is not every second. Hangup and Leave would end
// the waiting.
func (a *Answers) waiting(answer incident.Answer, w incident.Wording) []byte {
	verbs := append([]twiml.Verb{twiml.Pause{Length: shortPause}}, a.verbs(incident.InQueue, answer, w, false)...)
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
