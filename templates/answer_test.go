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
