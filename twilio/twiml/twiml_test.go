package twiml_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/backstop-project/backstop/twilio/twiml"
)

var update = flag.Bool("update", false, "write the golden files anew")

var documents = []struct {
	name string
	kind twiml.Kind
	doc  twiml.Response
}{
	{"empty", twiml.Voice, twiml.Response{}},
	{"apology", twiml.Voice, twiml.Response{
		Comment: "Backstop answers here -- set it as a fallback URL -",
		Verbs: []twiml.Verb{
			twiml.Pause{Length: time.Second},
			twiml.Say{Language: "de-DE", Voice: "Polly.Vicki", Text: "Praxis Dr. Müller & Söhne. Wir haben gerade eine technische Störung."},
			twiml.Say{Text: "We're sorry.\nPlease \"call\" <again>.", Loop: 2},
		},
	}},
	{"recording", twiml.Voice, twiml.Respond(
		twiml.Pause{},
		twiml.Play{URL: "/media/beep.mp3?a=1&b='2'"},
		twiml.Pause{Length: 4500 * time.Millisecond},
		twiml.Play{Digits: "1w2", Loop: 3},
	)},
	{"reply", twiml.Messaging, twiml.Respond(
		twiml.Message{
			Body: "Sorry 😀\r\n<b>try</b> ]]> again", Media: []string{"https://example.com/a.png?x=1&y=2"},
			To: "+15551230001", From: "+15551230002", Action: "sent", Method: "POST", StatusCallback: "status",
		},
		twiml.Message{},
	)},
	{"no-reply", twiml.Messaging, twiml.Response{Comment: "nothing to say"}},
}

func TestRenderedDocumentsAreAsTheGoldenFilesSay(t *testing.T) {
	t.Parallel()
	for _, tc := range documents {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := tc.doc.Bytes()
			path := filepath.Join("testdata", "golden", tc.name+".xml")
			if *update {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if report := twiml.Check(got, tc.kind); len(report.Problems) > 0 {
				t.Errorf("Check finds %v", report.Problems)
			}
		})
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	if got, want := string(twiml.Respond().Append([]byte("x"))), `x<?xml version="1.0" encoding="UTF-8"?><Response/>`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEscapingDropsWhatXMLForbidsAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, in, text, attr string }{
		{"plain text stays the same", "Guten Tag", "Guten Tag", "Guten Tag"},
		{"markup is escaped", `<a b="c">&'`, `&lt;a b="c"&gt;&amp;'`, `&lt;a b=&#34;c&#34;&gt;&amp;&#39;`},
		{"what looks escaped is escaped again", "&amp;", "&amp;amp;", "&amp;amp;"},
		{"a CDATA end is harmless", "]]>", "]]&gt;", "]]&gt;"},
		{"white space survives a parser", "a\tb\nc\rd", "a\tb\nc&#13;d", "a&#9;b&#10;c&#13;d"},
		{"control characters go", "a\x00\x0b\x1bb\x7f", "ab\x7f", "ab\x7f"},
		{"bytes that are not UTF-8 go", "a\xff\xc3b\xed\xa0\x80c", "abc", "abc"},
		{"the replacement character itself stays", "a\uFFFDb", "a\uFFFDb", "a\uFFFDb"},
		{"noncharacters go", "a\uFFFE\uFFFFb", "ab", "ab"},
		{"emoji and other scripts stay", "日本 😀", "日本 😀", "日本 😀"},
		{"nothing stays nothing", "", "", ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			say := twiml.Say{Voice: "x" + tc.in, Text: "x" + tc.in}
			want := `<Say voice="x` + tc.attr + `">x` + tc.text + `</Say>`
			if got := string(twiml.Respond(say).Bytes()); !strings.Contains(got, want) {
				t.Errorf("got %q, want %q in it", got, want)
			}
			if got := twiml.Escaper(tc.in); got != tc.attr {
				t.Errorf("Escaper: got %q, want %q", got, tc.attr)
			}
		})
	}
}

func TestEscaperTakesWhatATemplateYields(t *testing.T) {
	t.Parallel()
	if got, want := twiml.Escaper(1, "<", nil, errors.New("&")), "1&lt;&lt;nil&gt; &amp;"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRenderingAnApologyAllocatesLittle(t *testing.T) {
	verbs := []twiml.Verb{twiml.Pause{Length: time.Second}, twiml.Say{Text: "We're sorry & goodbye", Language: "en-US"}}
	buffer := make([]byte, 0, 4096)
	allocations := testing.AllocsPerRun(100, func() {
		buffer = twiml.Response{Verbs: verbs, Comment: "x"}.Append(buffer[:0])
	})
	if allocations > 0 {
		t.Errorf("got %v allocations for a document into a given buffer, want none", allocations)
	}
}

func FuzzRender(f *testing.F) {
	f.Add("We're sorry & <goodbye>", "a\x00\xff]]>", "--\r\n-")
	f.Add("日本\uFFFE", "'\"\t\n\r", "")
	f.Fuzz(func(t *testing.T, text, attribute, comment string) {
		if len(text) > 1500 || len(attribute) > 1500 || len(comment) > 9000 {
			return // Check has limits, the renderer has none
		}
		voice := twiml.Response{Comment: comment, Verbs: []twiml.Verb{
			twiml.Say{Text: text, Voice: attribute}, twiml.Pause{}, twiml.Play{URL: text, Digits: attribute},
		}}.Bytes()
		mustHold(t, voice, twiml.Voice, legal(text)+legal(text), legal(attribute)+legal(attribute))
		messaging := twiml.Response{Comment: comment, Verbs: []twiml.Verb{
			twiml.Message{Body: text, Action: attribute, Media: []string{attribute}},
		}}.Bytes()
		mustHold(t, messaging, twiml.Messaging, legal(text)+legal(attribute), legal(attribute))
	})
}

// mustHold fails the test unless Twilio would execute doc and read in it these texts and attributes, one after the other.
func mustHold(t *testing.T, doc []byte, kind twiml.Kind, wantTexts, wantAttributes string) {
	t.Helper()
	if err := twiml.Check(doc, kind).Err(); err != nil {
		t.Fatalf("%v\n%q", err, doc)
	}
	texts, attributes := contents(t, doc)
	if texts != wantTexts {
		t.Errorf("texts: got %q, want %q", texts, wantTexts)
	}
	if attributes != wantAttributes {
		t.Errorf("attributes: got %q, want %q", attributes, wantAttributes)
	}
}

// contents returns all texts and all attribute values of doc, as encoding/xml reads them.
func contents(t *testing.T, doc []byte) (texts, attributes string) {
	t.Helper()
	var text, attribute strings.Builder
	decoder := xml.NewDecoder(bytes.NewReader(doc))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return text.String(), attribute.String()
		}
		if err != nil {
			t.Fatalf("encoding/xml: %v\n%q", err, doc)
		}
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			for _, a := range token.Attr {
				attribute.WriteString(a.Value)
			}
		}
	}
}

// legal is s without what XML 1.0 forbids, written from https://www.w3.org/TR/xml/#NT-Char.
func legal(s string) string {
	var out strings.Builder
	for len(s) > 0 {
		r, width := utf8.DecodeRuneInString(s)
		invalid := r == utf8.RuneError && width == 1
		if !invalid && (r == 0x9 || r == 0xA || r == 0xD || 0x20 <= r && r <= 0xD7FF || 0xE000 <= r && r <= 0xFFFD || r >= 0x10000) {
			out.WriteString(s[:width])
		}
		s = s[width:]
	}
	return out.String()
}

func BenchmarkRender(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		documents[1].doc.Bytes()
	}
}
