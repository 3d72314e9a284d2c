package templates

import (
	"strings"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// phraseKey is all that a phrase depends on.
type phraseKey struct {
	phrase        incident.Phrase
	name, voice   string
	first, second string // languages
}

// Phrase is what is said on the way while a call is being saved, once in each
// language of the line, two at most: nobody listens to more before a tone. It is
// shared and must not be changed.
func (a *Answers) Phrase(p incident.Phrase, w incident.Wording) []twiml.Say {
	languages := a.texts.speakable(w.Languages)
	key := phraseKey{phrase: p, name: w.Name, voice: w.Voice, first: languages[0]}
	if len(languages) > 1 {
		key.second = languages[1]
	}
	a.mu.RLock()
	said, ok := a.phrases[key]
	a.mu.RUnlock()
	if ok {
		return said
	}
	for _, language := range languages[:min(2, len(languages))] {
		said = append(said, spoken(a.texts.phrase(language, p, w.Name), language, w))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.phrases) >= maxBuilt {
		clear(a.phrases)
	}
	a.phrases[key] = said
	return said
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
