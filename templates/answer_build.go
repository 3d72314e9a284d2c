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

// build renders the built-in document for a situation; called says that the
// listener was called by us.
func (a *Answers) build(s incident.Situation, w incident.Wording, called bool) incident.Answer {
	answer := incident.Answer{Situation: s, Name: w.Name, Languages: a.texts.speakable(w.Languages)}
	switch {
	case s == incident.Text:
		text := a.written(answer)
		answer.Heard = oneLine(text)
		answer.Document = twiml.Respond(twiml.Message{Body: text}).Bytes()
	case s == incident.InQueue:
		answer.Document, answer.Heard = a.waiting(answer, w)
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
		answer.Document, answer.Heard = a.said(answer, w, called)
	}
	return answer
}

// written is the message in every language of the answer.
func (a *Answers) written(answer incident.Answer) string {
	texts := make([]string, len(answer.Languages))
	for i, language := range answer.Languages {
		texts[i] = a.texts.say(language, answer.Situation, sentence{Name: answer.Name})
	}
	return strings.Join(texts, "\n\n")
}

// oneLine is text as lists and subjects show it.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
