package templates

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// phraseOf is a phrase in one language, as a customer's file is named for it.
type phraseOf struct {
	phrase   incident.Phrase
	language string
}

// ownPhrases are the customer's own words for phrases. In them nameMark stands
// for what the line is called; nothing else is put in, so that what is said to a
// caller never holds what a caller sent.
type ownPhrases map[phraseOf]string

const (
	nameMark      = "{{.Name}}"
	phraseChannel = ".call."
	longestPhrase = 20 * time.Second
)

// isPhrase says whether a file is one of a phrase, by its name.
func isPhrase(file string) bool { return strings.Contains(file, phraseChannel) }

// readPhrase reads <phrase>.call.<language>.tmpl: plain words, no TwiML.
func readPhrase(folder fs.FS, file string) (key phraseOf, text string, err error) {
	phrase, language, _ := strings.Cut(strings.TrimSuffix(file, ending), phraseChannel)
	key.phrase = incident.Phrase(phrase)
	var names []string
	known := false
	for _, p := range incident.Phrases() {
		names = append(names, string(p)+phraseChannel+"en"+ending)
		known = known || p == key.phrase
	}
	if !known {
		return key, "", &OwnError{file, "no phrase has that name", "call the file " + strings.Join(names, ", ") + ", or the like with another language"}
	}
	tag, ok := canonicalTag(language)
	if !ok {
		return key, "", &OwnError{file, strconv.Quote(language) + " is no language", "write fr, or pt-BR where the region matters"}
	}
	key.language = tag
	source, err := readSource(folder, file)
	if err != nil {
		return key, "", err
	}
	text = oneLine(source)
	switch rest := strings.ReplaceAll(text, nameMark, ""); {
	case text == "":
		return key, "", &OwnError{file, "says nothing", "write what is to be said, or remove the file"}
	case strings.Contains(rest, "{{"):
		return key, "", &OwnError{file, "has more in it than words", "write plain words; " + nameMark + " stands for what the line is called, and nothing else can be put in"}
	case strings.ContainsAny(rest, "<>"):
		return key, "", &OwnError{file, "has markup in it", "write plain words, without TwiML: Backstop says them in the line's voice"}
	}
	if took := twiml.SpeakingTime(twiml.Respond(twiml.Say{Text: text, Language: tag}).Bytes()); took >= longestPhrase {
		return key, "", &OwnError{file, fmt.Sprintf("takes about %d seconds to say", took/time.Second), "shorten it to less than 20"}
	}
	return key, text, nil
}

// find is the customer's own text for a phrase, for the region or else for the
// language; "" where there is none.
func (o ownPhrases) find(p incident.Phrase, language string) string {
	if text := o[phraseOf{p, language}]; text != "" {
		return text
	}
	base, _, _ := strings.Cut(language, "-")
	return o[phraseOf{p, base}]
}
