package templates_test

import (
	"strings"
	"testing"
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

func TestPhrasesAreSaidInTwoLanguagesAtMost(t *testing.T) {
	t.Parallel()
	answers, err := templates.NewAnswers(templates.AnswerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for languages, want := range map[string][]string{"fr,de,it": {"fr-FR", "de-DE"}, "xx": {"en-US"}, "de": {"de-DE"}} {
		var got []string
		for _, say := range answers.Phrase(incident.LeaveWords, incident.Wording{Languages: strings.Split(languages, ",")}) {
			got = append(got, say.Language)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: said in %q, want %q", languages, got, want)
		}
	}
}
