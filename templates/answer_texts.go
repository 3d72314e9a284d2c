package templates

import (
	"embed"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"
	"unicode"

	"github.com/backstop-project/backstop/incident"
)

// One file a language. Each defines the six texts that textName lists.
//
//go:embed answers/*.tmpl
var answerFiles embed.FS

// texts are the built-in sentences by language tag.
type texts map[string]*template.Template

// sentence is what the built-in templates are given.
type sentence struct {
	Name   string
	Again  bool // without name and greeting
	Brief  bool // in as few words as will do
	Called bool // the listener is the person who was called
}

// defaultLanguage is spoken where no better one is known.
const defaultLanguage = "en"

// textName is what a situation's text is called: the define in the built-in
// files, and how the name of a customer's own file begins.
func textName(s incident.Situation) string {
	switch s {
	case incident.NotYetServed:
		return "apology.voice"
	case incident.MidCall:
		return "midcall.voice"
	case incident.AfterSuccess:
		return "goodbye.voice"
	case incident.Outbound:
		return "outbound.voice"
	case incident.InQueue:
		return "queue.voice"
	case incident.Text:
		return "apology.messaging"
	}
	return ""
}

// situations in the order in which people list them.
func situations() []incident.Situation {
	return []incident.Situation{
		incident.NotYetServed, incident.MidCall, incident.AfterSuccess,
		incident.Outbound, incident.InQueue, incident.Text,
	}
}

// readTexts parses the embedded files. A mistake in them is a build that
// passes no test, hence the panic.
func readTexts() texts {
	files, err := fs.Glob(answerFiles, "answers/*.tmpl")
	if err != nil {
		panic(err)
	}
	t := texts{}
	for _, file := range files {
		language := strings.TrimSuffix(path.Base(file), ".tmpl")
		t[language] = template.Must(template.ParseFS(answerFiles, file))
		for _, phrase := range incident.Phrases() {
			if t[language].Lookup(phraseName(phrase)) == nil {
				panic(file + " has no " + phraseName(phrase))
			}
		}
	}
	return t
}

// find is the template for a tag, "pt-BR" or else "pt", and the tag it is for.
func (t texts) find(language string) (found *template.Template, tag string, ok bool) {
	if found, ok = t[language]; ok {
		return found, language, true
	}
	base, _, _ := strings.Cut(language, "-")
	found, ok = t[base]
	return found, base, ok
}

func (t texts) say(language string, s incident.Situation, data sentence) string {
	found, _, ok := t.find(language)
	if !ok {
		found = t[defaultLanguage]
	}
	var b strings.Builder
	if err := found.ExecuteTemplate(&b, textName(s), data); err != nil {
		return "" // no input makes the embedded texts fail
	}
	return b.String()
}

// speakable is what of the wanted languages we have words in, English where
// that is nothing. At most three: nobody listens to more. A region stays only
// where it changes something: "de-DE" is "de", "de-AT" has a voice of its own.
func (t texts) speakable(languages []string) []string {
	var known []string
	for _, language := range languages {
		_, tag, ok := t.find(language)
		if !ok || len(known) == 3 {
			continue
		}
		_, usual := VoiceOf(tag)
		if _, voice := VoiceOf(language); voice != usual {
			tag = language
		}
		if !slices.Contains(known, tag) {
			known = append(known, tag)
		}
	}
	if len(known) == 0 {
		return []string{defaultLanguage}
	}
	return known
}

// messages are the texts that we send, as Ours compares them.
func (t texts) messages() []string {
	var all []string
	for language := range t {
		all = append(all, normalised(t.say(language, incident.Text, sentence{})))
	}
	return all
}

// Ours says whether a message that came in is one of our own texts: what was
// about to be sent, or a built-in one with whatever name before it.
func (a *Answers) Ours(body string, sending incident.Answer) bool {
	const shortest = 12 // letters; less says nothing about where it came from
	body = normalised(body)
	if len(body) < shortest {
		return false
	}
	for _, text := range a.ours {
		if strings.Contains(body, text) {
			return true
		}
	}
	heard := normalised(sending.Heard)
	return len(heard) >= shortest && strings.Contains(body, heard)
}

// normalised keeps letters and digits only, in lower case, so that carriers
// may change what they like to change.
func normalised(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
