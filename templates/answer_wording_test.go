package templates_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio/twiml"
)

func TestWording(t *testing.T) {
	answers := builtIn(t)
	tests := map[string]struct {
		situation incident.Situation
		wording   incident.Wording
		languages []string
		has       []string
		hasNot    []string
	}{
		"the name is said": {
			incident.NotYetServed,
			incident.Wording{Name: "Praxis & Co", Languages: []string{"de"}},
			[]string{"de"},
			[]string{"Sie haben Praxis &amp; Co erreicht."},
			nil,
		},
		"two languages are said one after the other": {
			incident.NotYetServed,
			incident.Wording{Languages: []string{"de-CH", "fr-CH"}},
			[]string{"de", "fr"},
			[]string{`language="de-DE"`, `language="fr-FR"`},
			nil,
		},
		"two languages are both written": {
			incident.Text,
			incident.Wording{Languages: []string{"nl", "fr"}},
			[]string{"nl", "fr"},
			[]string{"storing", "problème"},
			nil,
		},
		"a region with a voice of its own has it": {
			incident.NotYetServed,
			incident.Wording{Languages: []string{"en-GB"}},
			[]string{"en-GB"},
			[]string{`language="en-GB" voice="Polly.Amy-Neural"`},
			nil,
		},
		"Brazil has words and a voice of its own": {
			incident.NotYetServed,
			incident.Wording{Name: "Loja", Languages: []string{"pt-BR"}},
			[]string{"pt-BR"},
			[]string{"Você ligou para Loja", "Polly.Camila-Neural"},
			nil,
		},
		"American Spanish has an American voice": {
			incident.NotYetServed,
			incident.Wording{Languages: []string{"es-AR"}},
			[]string{"es-AR"},
			[]string{`language="es-MX" voice="Polly.Mia-Neural"`},
			nil,
		},
		"a language without words is English": {
			incident.NotYetServed,
			incident.Wording{Languages: []string{"fi"}},
			[]string{"en"},
			[]string{"technical problem"},
			nil,
		},
		"no language is English": {
			incident.MidCall, incident.Wording{}, []string{"en"}, []string{"technical problem"}, nil,
		},
		"four languages are three": {
			incident.Text,
			incident.Wording{Languages: []string{"de", "fr", "it", "en"}},
			[]string{"de", "fr", "it"},
			nil,
			[]string{"technical problem"},
		},
		"a voice of the line's own speaks": {
			incident.NotYetServed,
			incident.Wording{Languages: []string{"de"}, Voice: "Google.de-DE-Neural2-B"},
			[]string{"de"},
			[]string{`<Say voice="Google.de-DE-Neural2-B">`},
			[]string{"Polly"},
		},
		"own words are said twice": {
			incident.NotYetServed,
			incident.Wording{Languages: []string{"de", "fr"}, Say: "Wir machen <Pause>."},
			[]string{"de"},
			[]string{"Wir machen &lt;Pause&gt;.", `</Say><Pause length="1"/><Say`},
			[]string{"Störung", "problème"},
		},
		"own words that are long are said once": {
			incident.MidCall,
			incident.Wording{Languages: []string{"de"}, Say: strings.Repeat("Wir machen heute Pause. ", 7)},
			[]string{"de"},
			nil,
			[]string{`</Say><Pause`},
		},
		"own words stay away where they would be wrong": {
			incident.Outbound,
			incident.Wording{Languages: []string{"de"}, Say: "Wir machen Pause."},
			[]string{"de"},
			[]string{"Störung"},
			[]string{"Wir machen Pause."},
		},
		"a recording is played": {
			incident.NotYetServed,
			incident.Wording{Languages: []string{"de"}, Play: "/media/apology.mp3"},
			nil,
			[]string{"<Play>/media/apology.mp3</Play>"},
			[]string{"<Say"},
		},
		"a recording stays away where it would be wrong": {
			incident.AfterSuccess,
			incident.Wording{Languages: []string{"de"}, Play: "/media/apology.mp3"},
			[]string{"de"},
			[]string{"Auf Wiederhören"},
			[]string{"<Play"},
		},
		"who waits hears words and music": {
			incident.InQueue,
			incident.Wording{Languages: []string{"de"}, Play: "/media/apology.mp3", Hold: "/media/hold.mp3"},
			[]string{"de"},
			[]string{"bleiben Sie am Apparat", "<Play>/media/hold.mp3</Play></Response>"},
			[]string{"apology.mp3", "Hangup", "Leave"},
		},
		"nobody to speak to gets nothing": {
			0, incident.Wording{Languages: []string{"de"}}, nil, []string{"<Response/>"}, nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := answers.Answer(incident.Failure{}, tt.situation, tt.wording)
			if diff := cmp.Diff(tt.languages, a.Languages); diff != "" {
				t.Errorf("languages (-want +got):\n%s", diff)
			}
			for _, part := range tt.has {
				if !strings.Contains(string(a.Document), part) {
					t.Errorf("got %s, want %s in it", a.Document, part)
				}
			}
			for _, part := range tt.hasNot {
				if strings.Contains(string(a.Document), part) {
					t.Errorf("got %s, want no %s in it", a.Document, part)
				}
			}
			if problems := twiml.Check(a.Document, kindOf(tt.situation)).Problems; len(problems) > 0 {
				t.Errorf("problems %v in %s", problems, a.Document)
			}
		})
	}
}

// TestSeveralLanguagesFitIntoTwentySeconds tries every two and every three.
func TestSeveralLanguagesFitIntoTwentySeconds(t *testing.T) {
	answers := builtIn(t)
	fit := func(s incident.Situation, name string, tags ...string) {
		a := answers.Answer(incident.Failure{}, s, incident.Wording{Name: name, Languages: tags})
		if took := twiml.SpeakingTime(a.Document); took >= 20*time.Second {
			t.Errorf("%v, %s, name %q: takes %v: %s", tags, s, name, took, a.Document)
		}
		if !strings.HasPrefix(string(a.Document), `<?xml version="1.0" encoding="UTF-8"?><Response><Pause`) {
			t.Errorf("%v, %s: begins without a pause: %s", tags, s, a.Document)
		}
		for _, tag := range a.Languages {
			if _, voice := templates.VoiceOf(tag); !strings.Contains(string(a.Document), voice) {
				t.Errorf("%v, %s, name %q: %s is not spoken: %s", tags, s, name, tag, a.Document)
			}
		}
	}
	for _, s := range situations() {
		if s == incident.Text {
			continue
		}
		for _, name := range names() {
			for _, first := range languages() {
				for _, second := range languages() {
					fit(s, name, first, second)
					for _, third := range languages() {
						if first <= second && second <= third { // the order changes little
							fit(s, name, first, second, third)
						}
					}
				}
			}
		}
	}
}

// TestSeveralLanguagesNameTheLineWhereItFits: with a usual name both of a
// country's languages name the line.
func TestSeveralLanguagesNameTheLineWhereItFits(t *testing.T) {
	answers := builtIn(t)
	for _, tags := range [][]string{{"nl-BE", "fr-BE"}, {"de-CH", "fr-CH"}, {"en-CA", "fr-CA"}, {"fr-LU", "de-LU"}} {
		a := answers.Answer(incident.Failure{}, incident.NotYetServed, incident.Wording{Name: "Example Clinics Ltd", Languages: tags})
		if got := strings.Count(a.Heard, "Example Clinics Ltd"); got != 2 {
			t.Errorf("%v: named %d times, want twice: %q", tags, got, a.Heard)
		}
	}
}
