package templates_test

import (
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio/twiml"
)

var update = flag.Bool("update", false, "write the golden files anew")

func languages() []string {
	return []string{"en", "es", "fr", "de", "it", "pt", "pt-BR", "nl", "ja"}
}

func situations() []incident.Situation {
	return []incident.Situation{
		incident.NotYetServed, incident.MidCall, incident.AfterSuccess,
		incident.Outbound, incident.InQueue, incident.Text,
	}
}

// exampleName is what a customer of that country could be called.
func exampleName(language string) string {
	switch language {
	case "en":
		return "Northside Clinic"
	case "es":
		return "Clínica Sol"
	case "fr":
		return "Cabinet Moreau"
	case "de":
		return "Praxis Berlin"
	case "it":
		return "Studio Rossi"
	case "pt", "pt-BR":
		return "Clínica Lapa"
	case "nl":
		return "Praktijk Zuid"
	case "ja":
		return "青山クリニック"
	}
	return ""
}

func builtIn(t *testing.T) *templates.Answers {
	t.Helper()
	a, err := templates.NewAnswers(templates.AnswerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func kindOf(s incident.Situation) twiml.Kind {
	if s == incident.Text {
		return twiml.Messaging
	}
	return twiml.Voice
}

func TestBuiltInAnswersAreGolden(t *testing.T) {
	answers := builtIn(t)
	for _, language := range languages() {
		t.Run(language, func(t *testing.T) {
			var b strings.Builder
			for _, name := range []string{exampleName(language), ""} {
				for _, s := range situations() {
					a := answers.Answer(incident.Failure{}, s, incident.Wording{Name: name, Languages: []string{language}})
					fmt.Fprintf(&b, "== %s, name %q, %s\n%s\n%s\n\n", s, name,
						twiml.SpeakingTime(a.Document).Round(100*time.Millisecond), a.Heard, a.Document)
				}
			}
			golden(t, filepath.Join("testdata", "answers", language+".txt"), b.String())
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), go test -update writes it anew:\n%s", file, diff)
	}
}

// verb is one verb of a document, read by encoding/xml.
type verb struct {
	XMLName  xml.Name
	Language string `xml:"language,attr"`
	Voice    string `xml:"voice,attr"`
	Text     string `xml:",chardata"`
}

func verbsOf(t *testing.T, document []byte) []verb {
	t.Helper()
	var response struct {
		Verbs []verb `xml:",any"`
	}
	if err := xml.Unmarshal(document, &response); err != nil {
		t.Fatalf("%v in %s", err, document)
	}
	return response.Verbs
}

// names of 8, 30 and 60 characters, which is what a line may have, and none.
func names() []string {
	const latin, japanese = "Gemeinschaftspraxis Dr. Müller-Lüdenscheidt & Kollegen, Köln", "青山一丁目メディカルクリニック附属総合健康診断センター東京都港区南青山本院第二別館三階受付電話予約相談窓口代表番号案内係"
	names := []string{""}
	for _, n := range []int{8, 30, 60} {
		for _, name := range []string{latin, japanese} {
			names = append(names, strings.TrimSpace(string([]rune(name)[:n])))
		}
	}
	return names
}

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

func TestOurOwnTextIsRecognised(t *testing.T) {
	answers := builtIn(t)
	w := incident.Wording{Name: "Praxis Berlin", Languages: []string{"de"}}
	sending := answers.Answer(incident.Failure{}, incident.Text, w)
	other := answers.Answer(incident.Failure{}, incident.Text, incident.Wording{Name: "Elsewhere", Languages: []string{"ja"}})
	own := incident.Answer{Heard: "Heute geschlossen, bitte morgen wieder."}
	tests := map[string]struct {
		body    string
		sending incident.Answer
		want    bool
	}{
		"what is about to be sent":            {sending.Heard, sending, true},
		"with a trial account's words":        {"Sent from your Twilio trial account - " + sending.Heard, sending, true},
		"in capitals and without punctuation": {strings.ToUpper(strings.ReplaceAll(sending.Heard, ".", "")), sending, true},
		"as a reaction to it":                 {"Liked “" + sending.Heard + "”", sending, true},
		"another line's in another language":  {other.Heard, sending, true},
		"the customer's own text":             {own.Heard, own, true},
		"a person's words":                    {"Haben Sie eine technische Störung?", sending, false},
		"nothing":                             {"", incident.Answer{}, false},
		"nothing, with an empty text to send": {"ok", incident.Answer{Heard: ""}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := answers.Ours(tt.body, tt.sending); got != tt.want {
				t.Errorf("Ours(%q) = %v, want %v", tt.body, got, tt.want)
			}
		})
	}
}

func TestTheCacheIsBoundedAndStaysRight(t *testing.T) {
	answers := builtIn(t)
	for i := range 5000 {
		name := fmt.Sprintf("Line %d", i)
		a := answers.Answer(incident.Failure{}, incident.NotYetServed, incident.Wording{Name: name, Languages: []string{"en"}})
		if !strings.Contains(a.Heard, name+".") {
			t.Fatalf("got %q for %s", a.Heard, name)
		}
	}
}

func BenchmarkBuiltInAnswer(b *testing.B) {
	answers, err := templates.NewAnswers(templates.AnswerOptions{})
	if err != nil {
		b.Fatal(err)
	}
	w := incident.Wording{Name: "Praxis Berlin", Languages: []string{"de-DE"}}
	b.ReportAllocs()
	for b.Loop() {
		if a := answers.Answer(incident.Failure{}, incident.NotYetServed, w); len(a.Document) == 0 {
			b.Fatal("no document")
		}
	}
}
