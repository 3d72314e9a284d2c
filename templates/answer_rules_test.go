package templates_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/twiml"
)

func TestEverySituationInEveryLanguage(t *testing.T) {
	answers := builtIn(t)
	for _, language := range languages() {
		for _, s := range situations() {
			for _, name := range names() {
				t.Run(fmt.Sprintf("%s/%s/%q", language, s, name), func(t *testing.T) {
					a := answers.Answer(incident.Failure{}, s, incident.Wording{Name: name, Languages: []string{language}})
					if problems := twiml.Check(a.Document, kindOf(s)).Problems; len(problems) > 0 {
						t.Errorf("problems %v in %s", problems, a.Document)
					}
					if took := twiml.SpeakingTime(a.Document); took >= 20*time.Second {
						t.Errorf("takes %v, want less than 20 s: %s", took, a.Document)
					}
					if diff := cmp.Diff([]string{language}, a.Languages); diff != "" {
						t.Errorf("languages (-want +got):\n%s", diff)
					}
					if a.Situation != s || a.Name != name || strings.ContainsAny(a.Heard, "\n<>") || a.Heard == "" {
						t.Errorf("got situation %v, name %q, heard %q", a.Situation, a.Name, a.Heard)
					}
					if s != incident.Text {
						spokenWell(t, s, language, a)
					}
				})
			}
		}
	}
}

// spokenWell checks the pause before, the voice, that it is said twice, and
// that Heard is what was said.
func spokenWell(t *testing.T, s incident.Situation, language string, a incident.Answer) {
	t.Helper()
	verbs := verbsOf(t, a.Document)
	if verbs[0].XMLName.Local != "Pause" {
		t.Errorf("begins with %s, want Pause", verbs[0].XMLName.Local)
	}
	var said []string
	for _, v := range verbs {
		switch v.XMLName.Local {
		case "Say":
			said = append(said, v.Text)
			if !strings.HasPrefix(v.Language, language) || !strings.HasPrefix(v.Voice, "Polly.") || !strings.HasSuffix(v.Voice, "-Neural") {
				t.Errorf("said by %q in %q, want a neural voice for %q", v.Voice, v.Language, language)
			}
		case "Pause":
		default:
			t.Errorf("has a verb %s", v.XMLName.Local)
		}
	}
	want := 2
	if s == incident.InQueue { // Twilio asks again at the end
		want = 1
		if last := verbs[len(verbs)-1]; last.XMLName.Local != "Pause" {
			t.Errorf("ends with %s, want Pause", last.XMLName.Local)
		}
	}
	if len(said) != want {
		t.Fatalf("said %d times, want %d: %s", len(said), want, a.Document)
	}
	if said[0] != a.Heard {
		t.Errorf("said %q, but heard is %q", said[0], a.Heard)
	}
}

// TestTheNameIsSaid: only where the name alone takes most of the time, as 60
// Japanese signs do, is it left out.
func TestTheNameIsSaid(t *testing.T) {
	answers := builtIn(t)
	for _, language := range languages() {
		for _, s := range []incident.Situation{incident.NotYetServed, incident.AfterSuccess, incident.Outbound} {
			for _, name := range names() {
				signs := strings.HasPrefix(name, "青山")
				if signs && (language != "ja" || len([]rune(name)) > 30) {
					continue
				}
				a := answers.Answer(incident.Failure{}, s, incident.Wording{Name: name, Languages: []string{language}})
				if !strings.Contains(a.Heard, name) {
					t.Errorf("%s, %s: heard %q, want %q in it", language, s, a.Heard, name)
				}
			}
		}
	}
}

// forbidden are words that no caller should hear: the accident in the
// provider's terms, somebody to blame, or a promise.
func forbidden() []string {
	return []string{
		"application error", "error", "twilio", "backstop", "server", "provider", "anbieter", "fournisseur", "proveedor",
		"call you back", "get back to you", "rappellerons", "recontacter", "zurückrufen", "melden uns",
		"le llamaremos", "devolver", "richiameremo", "ricontatt", "ligaremos", "retornaremos", "entraremos em contato",
		"terugbellen", "bellen u", "折り返し", "fehler von", "ist schuld", "our fault",
	}
}

func TestNoAnswerBlamesOrPromises(t *testing.T) {
	answers := builtIn(t)
	for _, language := range languages() {
		for _, s := range situations() {
			for _, name := range names() {
				for _, outbound := range []bool{false, true} {
					a := answers.Answer(incident.Failure{Outbound: outbound}, s, incident.Wording{Name: name, Languages: []string{language}})
					for _, word := range forbidden() {
						if strings.Contains(strings.ToLower(string(a.Document)), word) {
							t.Errorf("%s, %s: %s says %q", language, s, a.Document, word)
						}
					}
				}
			}
		}
	}
}

// TestWhoWasCalledIsNotThankedForACall: neither does the next caller on the
// same line get the words for somebody who was called, nor the other way round.
func TestWhoWasCalledIsNotThankedForACall(t *testing.T) {
	answers := builtIn(t)
	for language, want := range map[string]string{
		"en": "Thank you. Goodbye.", "es": "Muchas gracias. Hasta pronto.", "fr": "Merci. Au revoir.", "de": "Vielen Dank. Auf Wiederhören.",
		"it": "Grazie. Arrivederci.", "pt": "Agradecemos a sua atenção. Até à próxima.", "pt-BR": "Agradecemos a sua atenção. Até logo.",
		"nl": "Dank u wel. Tot ziens.", "ja": "ありがとうございました。失礼いたします。",
	} {
		for _, name := range []string{"", exampleName(language)} {
			w := incident.Wording{Name: name, Languages: []string{language}}
			before := answers.Answer(incident.Failure{}, incident.AfterSuccess, w)
			called := answers.Answer(incident.Failure{Outbound: true}, incident.AfterSuccess, w)
			after := answers.Answer(incident.Failure{}, incident.AfterSuccess, w)
			if called.Heard != want || strings.Count(string(called.Document), want) != 2 {
				t.Errorf("%s, called: got %q in %s, want %q twice", language, called.Heard, called.Document, want)
			}
			if before.Heard == want || after.Heard != before.Heard {
				t.Errorf("%s, calling: got %q, then %q", language, before.Heard, after.Heard)
			}
		}
	}
}
