package templates

import (
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// form is how one round through the languages is said.
type form struct {
	named int // languages that begin with the line's name, or a greeting: the first ones
	brief bool
}

// ladder are the rounds to say one after the other, the best first: a name
// comes before words at length, and these before a greeting. The last takes
// less than longest in any three languages; a test holds the texts to it.
func ladder(languages int, name string) [][]form {
	full, again, brief := form{named: languages}, form{}, form{brief: true}
	ways := [][]form{{full, full}, {full, again}, {full, brief}}
	if languages == 1 {
		if name != "" {
			ways = append(ways, []form{{named: 1, brief: true}, brief})
		}
		return append(ways, []form{again, again}, []form{again, brief}, []form{brief, brief})
	}
	ways = append(ways, []form{full})
	if name != "" {
		ways = append(ways, []form{{named: languages, brief: true}}, []form{{named: 1, brief: true}})
	}
	return append(ways, []form{again}, []form{brief})
}

// said is the document that says the text as well as longest allows, and what
// is heard of it, repetitions left out.
//
// There is no Hangup. A call ends where the document does, and whoever waits
// in a queue or a conference that we did not recognise as one stays there.
func (a *Answers) said(answer incident.Answer, w incident.Wording, called bool) (document []byte, heard string) {
	for _, rounds := range ladder(len(answer.Languages), answer.Name) {
		var verbs []twiml.Verb
		for _, f := range rounds {
			verbs = append(verbs, a.round(answer, w, called, f)...)
		}
		document, heard = twiml.Respond(verbs...).Bytes(), saidBy(verbs[:2*len(answer.Languages)])
		if twiml.SpeakingTime(document) < longest {
			break
		}
	}
	return document, heard
}

// round says the text in every language of the answer, one after the other,
// each behind a short pause.
func (a *Answers) round(answer incident.Answer, w incident.Wording, called bool, f form) []twiml.Verb {
	var verbs []twiml.Verb
	for i, language := range answer.Languages {
		text := a.texts.say(language, answer.Situation, sentence{Name: answer.Name, Again: i >= f.named, Brief: f.brief, Called: called})
		verbs = append(verbs, twiml.Pause{Length: shortPause}, spoken(text, language, w))
	}
	return verbs
}

// saidBy is what the verbs say.
func saidBy(verbs []twiml.Verb) string {
	var said []string
	for _, verb := range verbs {
		if say, ok := verb.(twiml.Say); ok {
			said = append(said, say.Text)
		}
	}
	return strings.Join(said, " ")
}

// waiting speaks to somebody in a queue. Where the document ends Twilio asks
// for it again (https://www.twilio.com/docs/voice/twiml/enqueue#attributes-waiturl):
// the caller keeps the place, and hears the primary as soon as it is back. The
// pause is there so that this is not every second. Hangup and Leave would end
// the waiting.
func (a *Answers) waiting(answer incident.Answer, w incident.Wording) (document []byte, heard string) {
	verbs := a.round(answer, w, false, form{})
	if speakingTime(verbs) >= longest-leastHold {
		verbs = a.round(answer, w, false, form{brief: true})
	}
	heard = saidBy(verbs)
	if w.Hold != "" {
		return twiml.Respond(append(verbs, twiml.Play{URL: w.Hold})...).Bytes(), heard
	}
	hold := max(leastHold, (longest - shortPause - speakingTime(verbs)).Truncate(shortPause))
	return twiml.Respond(append(verbs, twiml.Pause{Length: hold})...).Bytes(), heard
}

func speakingTime(verbs []twiml.Verb) time.Duration {
	return twiml.SpeakingTime(twiml.Respond(verbs...).Bytes())
}

// ownSaid says the line's own words twice, once where they are long.
func ownSaid(say twiml.Say) []byte {
	once := []twiml.Verb{twiml.Pause{Length: shortPause}, say}
	twice := slices.Concat(once, once)
	if speakingTime(twice) < longest {
		return twiml.Respond(twice...).Bytes()
	}
	return twiml.Respond(once...).Bytes()
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
