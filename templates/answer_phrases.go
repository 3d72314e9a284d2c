package templates

import (
	"strings"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// phraseKey is all that a phrase depends on.
type phraseKey struct {
	phrase      incident.Phrase
	name, voice string
	languages   [mostLanguages]string
}

// mostLanguages is how many a line has: in each whoever is recorded must hear so.
const mostLanguages = 3

// Phrase is what is said on the way while a call is being saved, once in each
// language of the line, three at most. It is shared and must not be changed.
func (a *Answers) Phrase(p incident.Phrase, w incident.Wording) []twiml.Say {
	languages := a.phraseLanguages(p, w.Languages)
	key := phraseKey{phrase: p, name: w.Name, voice: w.Voice}
	copy(key.languages[:], languages)
	a.mu.RLock()
	said, ok := a.phrases[key]
	a.mu.RUnlock()
	if ok {
		return said
	}
	for _, language := range languages {
		said = append(said, a.sayPhrase(p, language, w))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.phrases) >= maxBuilt {
		clear(a.phrases)
	}
	a.phrases[key] = said
	return said
}

// phraseLanguages are those of the line's languages that there are words for the
// phrase in, three at most; English where there are none.
func (a *Answers) phraseLanguages(p incident.Phrase, wanted []string) (languages []string) {
	for _, language := range wanted {
		if _, _, ok := a.texts.find(language); !ok && a.ownPhrases.find(p, language) == "" {
			continue
		}
		if languages = append(languages, language); len(languages) == mostLanguages {
			return languages
		}
	}
	if len(languages) == 0 {
		return []string{defaultLanguage}
	}
	return languages
}

func (a *Answers) sayPhrase(p incident.Phrase, language string, w incident.Wording) twiml.Say {
	text := strings.ReplaceAll(a.ownPhrases.find(p, language), nameMark, w.Name)
	if text == "" {
		text = a.texts.phrase(language, p, w.Name)
	}
	say := spoken(text, language, w)
	if say.Language == "" && say.Voice == "" {
		say.Language = language // which Twilio may have a voice for
	}
	return say
}

// phraseName is what a phrase's text is called in the built-in files.
func phraseName(p incident.Phrase) string { return string(p) + ".call" }

// phrase is one text; "" for a phrase that there is none for.
func (t texts) phrase(language string, p incident.Phrase, name string) string {
	found, _, ok := t.find(language)
	if !ok {
		found = t[defaultLanguage]
	}
	var b strings.Builder
	if err := found.ExecuteTemplate(&b, phraseName(p), sentence{Name: name}); err != nil {
		return ""
	}
	return b.String()
}
