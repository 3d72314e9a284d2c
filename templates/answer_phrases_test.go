package templates_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// What is said on the way is short, and names the line where that helps.
func TestPhrasesAreSaidInEveryLanguage(t *testing.T) {
	t.Parallel()
	answers, err := templates.NewAnswers(templates.AnswerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	english := map[incident.Phrase]string{}
	for _, language := range []string{"en", "es", "fr", "de", "it", "pt", "pt-BR", "nl", "ja"} {
		for _, phrase := range incident.Phrases() {
			said := answers.Phrase(phrase, incident.Wording{Name: "Praxis Berlin", Languages: []string{language}})
			if len(said) != 1 || said[0].Text == "" || !strings.HasPrefix(said[0].Language, language[:2]) || said[0].Voice == "" {
				t.Errorf("%s, %s: %+v", language, phrase, said)
				continue
			}
			if language == "en" {
				english[phrase] = said[0].Text
			} else if said[0].Text == english[phrase] {
				t.Errorf("%s, %s is said in English", language, phrase)
			}
			if took := twiml.SpeakingTime(twiml.Respond(said[0]).Bytes()); took > 12*time.Second {
				t.Errorf("%s, %s takes %s", language, phrase, took)
			}
			if named := strings.Contains(said[0].Text, "Praxis Berlin"); named != (phrase == incident.Trying || phrase == incident.Screening || phrase == incident.Problem) {
				t.Errorf("%s, %s: %q", language, phrase, said[0].Text)
			}
		}
	}
}

func TestPhrasesAreSaidInEachLanguageOfTheLine(t *testing.T) {
	t.Parallel()
	answers, err := templates.NewAnswers(templates.AnswerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for languages, want := range map[string][]string{"fr,de,it": {"fr-FR", "de-DE", "it-IT"}, "fr,xx,de,it": {"fr-FR", "de-DE", "it-IT"}, "fr,de,it,en": {"fr-FR", "de-DE", "it-IT"}, "xx": {"en-US"}, "de": {"de-DE"}} {
		var got []string
		for _, say := range answers.Phrase(incident.LeaveWords, incident.Wording{Languages: strings.Split(languages, ",")}) {
			got = append(got, say.Language)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: said in %q, want %q", languages, got, want)
		}
	}
}

func TestAnOwnPhraseTakesThePlaceOfOurs(t *testing.T) {
	t.Parallel()
	folder := fstest.MapFS{
		"leave-words.call.de.tmpl": {Data: []byte("Praxis {{.Name}}.\n  Sprechen Sie nach dem Ton, es wird aufgezeichnet.\n")},
		"leave-words.call.pl.tmpl": {Data: []byte("Prosimy o wiadomość & numer.")},
	}
	answers, err := templates.NewAnswers(templates.AnswerOptions{Own: folder})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		phrase    incident.Phrase
		languages []string
		want      []string // "language: text"
	}{
		"its language":           {incident.LeaveWords, []string{"de-AT"}, []string{"de-AT: Praxis Berlin. Sprechen Sie nach dem Ton, es wird aufgezeichnet."}},
		"one that we have not":   {incident.LeaveWords, []string{"pl"}, []string{"pl: Prosimy o wiadomość & numer."}},
		"another phrase":         {incident.HeardNone, []string{"de"}, []string{"de-DE: Wir haben keine Nachricht gehört."}},
		"ours beside their own":  {incident.LeaveWords, []string{"pl", "xx", "it"}, []string{"pl: Prosimy o wiadomość & numer.", "it-IT: Lasci"}},
		"another phrase in that": {incident.HeardNone, []string{"pl"}, []string{"en-US: We heard no message."}},
	} {
		said := answers.Phrase(c.phrase, incident.Wording{Name: "Berlin", Languages: c.languages})
		if len(said) != len(c.want) {
			t.Errorf("%s: %+v", name, said)
			continue
		}
		for i, say := range said {
			if got := say.Language + ": " + say.Text; !strings.HasPrefix(got, c.want[i]) {
				t.Errorf("%s: got %q, want %q", name, got, c.want[i])
			}
		}
	}
}

func TestAnOwnPhraseWithAMistakeIsNamed(t *testing.T) {
	t.Parallel()
	for want, file := range map[string][2]string{
		"no phrase has that name":   {"hello.call.en.tmpl", "Hello."},
		"is no language":            {"moment.call.x.tmpl", "Hello."},
		"says nothing":              {"moment.call.en.tmpl", " \n"},
		"has more in it than words": {"moment.call.en.tmpl", "Hello {{.From}}"},
		"has markup in it":          {"moment.call.en.tmpl", "<Say>Hello</Say>"},
		"takes about":               {"moment.call.en.tmpl", strings.Repeat("Please hold the line. ", 30)},
	} {
		_, err := templates.NewAnswers(templates.AnswerOptions{Own: fstest.MapFS{file[0]: {Data: []byte(file[1])}}})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), file[0]) {
			t.Errorf("%s: got %v, want %q", file[0], err, want)
		}
	}
}
