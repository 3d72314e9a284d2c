package templates_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// folder is a folder of templates with one file.
func folder(file, source string) fstest.MapFS {
	return fstest.MapFS{file: {Data: []byte(source)}}
}

func withOwn(t *testing.T, file, source string) *templates.Answers {
	t.Helper()
	a, err := templates.NewAnswers(templates.AnswerOptions{Own: folder(file, source)})
	if err != nil {
		t.Fatalf("NewAnswers: %v", err)
	}
	return a
}

func call(from string) incident.Failure {
	return incident.NewFailure(time.Unix(1_790_000_000, 0), "POST", []incident.Param{
		{Name: "CallSid", Value: "CA0123456789abcdef0123456789abcdef"},
		{Name: "From", Value: from},
		{Name: "To", Value: "+33123456789"},
		{Name: "ErrorCode", Value: "11200"},
	})
}

func french() incident.Wording {
	return incident.Wording{Name: "Chez Léa", Languages: []string{"fr-FR"}}
}

func TestOwnTemplates(t *testing.T) {
	const from = `+1555<Dial>"x"</Dial>&amp;` + "\x00\x01\xff\ufffe"
	tests := map[string]struct{ source, want string }{
		"a value in text": {
			`<Response><Say>{{.From}}</Say></Response>`,
			`<Say>+1555&lt;Dial&gt;&#34;x&#34;&lt;/Dial&gt;&amp;amp;</Say>`,
		},
		"a value in an attribute": {
			`<Response><Say voice="{{.Voice}}" language='{{.From}}'>x</Say></Response>`,
			`voice="Polly.Lea-Neural" language='+1555&lt;Dial&gt;&#34;x&#34;&lt;/Dial&gt;&amp;amp;'`,
		},
		"print does not escape it from being escaped": {`<Response><Say>{{.From | print}}</Say></Response>`, `&lt;Dial&gt;`},
		"nor printf":                            {`<Response><Say>{{printf "%s!" .From}}</Say></Response>`, `&lt;Dial&gt;`},
		"nor html, which does not escape twice": {`<Response><Say>{{html .Name}} {{"&" | html}}</Say></Response>`, `<Say>Chez Léa &amp;</Say>`},
		"nor a string of the author's own":      {`<Response><Say>{{"<Dial>"}}{{` + "`<Dial>`" + `}}</Say></Response>`, `&lt;Dial&gt;&lt;Dial&gt;`},
		"nor a variable":                        {`<Response>{{$x := .From}}{{$x = print $x "<"}}<Say>{{$x}}</Say></Response>`, `&amp;amp;&lt;</Say>`},
		"nor if, with and range":                {`<Response>{{if .From}}{{with .From}}{{range 1}}<Say>{{$.From}}</Say>{{end}}{{end}}{{end}}</Response>`, `&lt;Dial&gt;`},
		"nor their else":                        {`<Response>{{if not .From}}{{else if .From}}<Say>{{.From}}</Say>{{end}}</Response>`, `&lt;Dial&gt;`},
		"nor a template within":                 {`{{define "x"}}<Say>{{.}}</Say>{{end}}<Response>{{template "x" .From}}</Response>`, `&lt;Dial&gt;`},
		"nor a block":                           {`<Response>{{block "x" .From}}<Say>{{.}}</Say>{{end}}</Response>`, `&lt;Dial&gt;`},
		"nor parentheses":                       {`<Response><Say>{{(print (print .From))}}</Say></Response>`, `&lt;Dial&gt;`},
		"in CDATA it is harmless":               {`<Response><Say><![CDATA[{{"]]>"}}]]></Say></Response>`, `<![CDATA[]]&gt;]]>`},
		"a number is a number":                  {`<Response><Say>{{if eq .ErrorCode 11200}}net {{.ErrorCode}}{{end}}</Say></Response>`, `<Say>net 11200</Say>`},
		"who did not call":                      {`<Response><Say>{{if .Outbound}}Merci.{{else}}Merci de votre appel.{{end}}</Say></Response>`, `<Say>Merci de votre appel.</Say>`},
		"all there is": {
			`<Response><Say>{{.Name}}|{{.Line}}|{{.Language}}|{{.Situation}}|{{.CallSID}}|{{.To}}</Say></Response>`,
			`<Say>Chez Léa|+33123456789|fr|not yet served|CA0123456789abcdef0123456789abcdef|+33123456789</Say>`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			answers := withOwn(t, "apology.voice.fr.tmpl", tt.source)
			a := answers.Answer(call(from), incident.NotYetServed, french())
			if !strings.Contains(string(a.Document), tt.want) {
				t.Errorf("got %s, want %s in it", a.Document, tt.want)
			}
			if err := twiml.Check(a.Document, twiml.Voice).Err(); err != nil {
				t.Errorf("%v in %s", err, a.Document)
			}
			if answers.Failed() != 0 {
				t.Error("the template failed")
			}
		})
	}
}

// TestTheLineIsTheCustomersNumber: who was called stands in To, whatever the
// call has come to since.
func TestTheLineIsTheCustomersNumber(t *testing.T) {
	const ours, theirs = "+33123456789", "+15550123456"
	for situation, file := range map[incident.Situation]string{
		incident.NotYetServed: "apology.voice.fr.tmpl", incident.MidCall: "midcall.voice.fr.tmpl", incident.AfterSuccess: "goodbye.voice.fr.tmpl",
		incident.Outbound: "outbound.voice.fr.tmpl", incident.InQueue: "queue.voice.fr.tmpl",
	} {
		answers := withOwn(t, file, "<Response><Say>{{if .Outbound}}called by {{end}}line {{.Line}}</Say></Response>")
		for direction, from := range map[string]string{"inbound": theirs, "outbound-api": ours, "outbound-dial": ours} {
			to := ours
			if from == ours {
				to = theirs
			}
			f := incident.NewFailure(time.Unix(1_790_000_000, 0), "POST", []incident.Param{
				{Name: "CallSid", Value: "CA0123456789abcdef0123456789abcdef"},
				{Name: "From", Value: from},
				{Name: "To", Value: to},
				{Name: "Direction", Value: direction},
			})
			want := "line " + ours
			if from == ours {
				want = "called by line " + ours
			}
			if got := answers.Answer(f, situation, french()).Heard; got != want {
				t.Errorf("%s, %s: got %q, want %q", situation, direction, got, want)
			}
		}
	}
}

func TestOwnTemplatesThatAreRefused(t *testing.T) {
	tests := map[string]struct{ file, source, want string }{
		"a name that no text has":         {"sorry.voice.fr.tmpl", `<Response/>`, "sorry.voice.fr.tmpl: no text has that name: call the file apology.voice.en.tmpl"},
		"a text for the other kind":       {"midcall.messaging.fr.tmpl", `<Response/>`, "no text has that name"},
		"too short a name":                {"apology.fr.tmpl", `<Response/>`, "no text has that name"},
		"a language that is none":         {"apology.voice.french.tmpl", `<Response/>`, `"french" is no language`},
		"broken syntax":                   {"apology.voice.fr.tmpl", "<Response>\n{{if}}</Response>", "apology.voice.fr.tmpl:2: missing value for if: see https://pkg.go.dev/text/template"},
		"a field that does not exist":     {"apology.voice.fr.tmpl", "<Response>\n\n<Say>{{.Naam}}</Say></Response>", "apology.voice.fr.tmpl:3: <.Naam>: can't evaluate field Naam: there are .Name .Line"},
		"a function that is not there":    {"apology.voice.fr.tmpl", "<Response>{{env \"HOME\"}}</Response>", `apology.voice.fr.tmpl:1: function "env" not defined: use print`},
		"a function that is not for this": {"apology.voice.fr.tmpl", "<Response>\n<Say>{{js .Name}}</Say></Response>", "apology.voice.fr.tmpl:2: the function js cannot be used here: write the value alone"},
		"the same within parentheses":     {"apology.voice.fr.tmpl", "<Response>{{if (call .Name)}}{{end}}</Response>", "the function call cannot be used here"},
		"no XML":                          {"apology.voice.fr.tmpl", "<Response><Say>x</Response>", "apology.voice.fr.tmpl: rendered, Twilio would not take it at line 1, column"},
		"a verb that is none":             {"apology.voice.fr.tmpl", "<Response>\n<Speak/></Response>", "line 2"},
		"a verb of the other kind":        {"apology.messaging.fr.tmpl", "<Response><Say>x</Say></Response>", "<Say> is no verb"},
		"a value as a tag":                {"apology.voice.fr.tmpl", "<Response><{{.Name}}/></Response>", "would not take it"},
		"a caller's value in a comment":   {"apology.voice.fr.tmpl", "<Response>\n<!-- {{.From}} --><Say>x</Say></Response>", "apology.voice.fr.tmpl: rendered, Twilio would not take it at line 2"},
		"a called value in a comment":     {"apology.voice.fr.tmpl", "<Response><!-- {{.To}} --><Say>x</Say></Response>", "would not take it"},
		"the line's value in a comment":   {"apology.voice.fr.tmpl", "<Response><!-- {{.Line}} --><Say>x</Say></Response>", "would not take it"},
		"a name in a comment":             {"apology.voice.fr.tmpl", "<Response><!-- {{.Name}} --><Say>x</Say></Response>", "would not take it"},
		"leaving the queue":               {"queue.voice.fr.tmpl", "<Response><Say>x</Say><Hangup/></Response>", "queue.voice.fr.tmpl: <Hangup> would take the caller out of the queue"},
		"a document that is too long":     {"apology.voice.fr.tmpl", `<Response>{{range 10000}}<Say>Bonjour</Say>{{end}}</Response>`, "more than 65536 bytes: make it shorter"},
		"a loop without end":              {"apology.voice.fr.tmpl", `<Response>{{range 9000000000000}}{{end}}</Response>`, "takes more than 20000 steps: make it shorter"},
		"a loop in a loop":                {"apology.voice.fr.tmpl", `<Response>{{range 1000000}}{{range 1000000}}{{$x := 1}}{{end}}{{end}}</Response>`, "make it shorter"},
		"a recursion without end":         {"apology.voice.fr.tmpl", `{{define "x"}}{{template "x" .}}{{template "x" .}}{{end}}<Response>{{template "x" .}}</Response>`, "make it shorter"},
		"a string that doubles":           {"apology.voice.fr.tmpl", `{{$x := "aaaaaaaa"}}{{range 60}}{{$x = print $x $x}}{{end}}<Response/>`, "string that is too long: make it shorter"},
		"work that writes nothing":        {"apology.voice.fr.tmpl", `{{range 15000}}` + strings.Repeat(`{{$x := printf "%900d" 1}}{{$x = print $x $x $x $x}}`, 1000) + `{{end}}<Response/>`, "make it shorter"},
		"a width that fills the memory":   {"apology.voice.fr.tmpl", `<Response><Say>{{printf "%99999d" 1}}</Say></Response>`, "width that is too large"},
		"a width from a value":            {"apology.voice.fr.tmpl", `<Response><Say>{{printf "%*d" 99999 1}}</Say></Response>`, "width that is too large"},
		"a source that is too long":       {"apology.voice.fr.tmpl", "<Response>" + strings.Repeat(" ", 65<<10) + "</Response>", "at most 65536 are allowed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, err := templates.NewAnswers(templates.AnswerOptions{Own: folder(tt.file, tt.source)})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %q in it", err, tt.want)
			}
			var m *templates.OwnError
			if !errors.As(err, &m) || m.Place == "" || m.Problem == "" || m.Remedy == "" {
				t.Errorf("got %#v, want a whole mistake", m)
			}
			if got := a.Answer(call("+1555"), incident.NotYetServed, french()); !strings.Contains(got.Heard, "problème") {
				t.Errorf("got %q, want the built-in text", got.Heard)
			}
		})
	}
}

// TestOwnTemplatesThatSayNothing: who got them was not told.
func TestOwnTemplatesThatSayNothing(t *testing.T) {
	tests := map[string]struct {
		file, source string
		situation    incident.Situation
		heard, why   string
	}{
		"no message": {
			"apology.messaging.fr.tmpl", `<Response>{{if eq .From "+1555"}}{{else}}<Message>x</Message>{{end}}</Response>`, incident.Text,
			"", "nothing written: your template apology.messaging.fr.tmpl has no message in it here",
		},
		"an empty message": {
			"apology.messaging.fr.tmpl", `<Response><Message> </Message></Response>`, incident.Text,
			"", "nothing written: your template apology.messaging.fr.tmpl has no message in it here",
		},
		"a picture is a message": {
			"apology.messaging.fr.tmpl", `<Response><Message><Media>https://example.com/closed.png</Media></Message></Response>`, incident.Text,
			"picture https://example.com/closed.png", "",
		},
		"no words": {
			"apology.voice.fr.tmpl", `<Response><Pause length="3"/></Response>`, incident.NotYetServed,
			"", "nothing said: your template apology.voice.fr.tmpl has no words in it here",
		},
		"somebody to speak to and no words": {
			"midcall.voice.fr.tmpl", `<Response><Dial>+15550100</Dial></Response>`, incident.MidCall,
			"", "nothing said: your template midcall.voice.fr.tmpl has no words in it here",
		},
		"a recording": {
			"apology.voice.fr.tmpl", `<Response><Play>/media/a.mp3</Play></Response>`, incident.NotYetServed,
			"recording /media/a.mp3", "",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := withOwn(t, tt.file, tt.source).Answer(call("+1555"), tt.situation, french())
			want := incident.OutcomeUnknown
			if tt.why != "" {
				want = incident.NotTold
			}
			if a.Heard != tt.heard || a.Why != tt.why || a.Outcome != want {
				t.Errorf("got %q, %q, %v, want %q, %q, %v", a.Heard, a.Why, a.Outcome, tt.heard, tt.why, want)
			}
		})
	}
}

func TestAllMistakesAreListedAtOnce(t *testing.T) {
	_, err := templates.NewAnswers(templates.AnswerOptions{Own: fstest.MapFS{
		"apology.voice.fr.tmpl":  {Data: []byte("{{")},
		"midcall.voice.fr.tmpl":  {Data: []byte("<Nothing/>")},
		"queue.voice.PT-br.tmpl": {Data: []byte("<Response/>")},
		"queue.voice.pt-BR.tmpl": {Data: []byte("<Response/>")},
		"README.md":              {Data: []byte("{{ not ours")},
		"old/x.voice.fr.tmpl":    {Data: []byte("{{ not ours")},
	}})
	for _, want := range []string{"apology.voice.fr.tmpl:1:", "midcall.voice.fr.tmpl: ", "queue.voice.pt-BR.tmpl: says the same as queue.voice.PT-br.tmpl"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	}
	if n := strings.Count(fmt.Sprint(err), "\n") + 1; n != 3 {
		t.Errorf("got %d mistakes, want 3: %v", n, err)
	}
}

// Whoever waits for a pipe waits for ever, and so would the start.
func TestAPipeIsNoTemplate(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "apology.voice.fr.tmpl"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := templates.NewAnswers(templates.AnswerOptions{Own: os.DirFS(dir)})
	if err == nil || !strings.Contains(err.Error(), "apology.voice.fr.tmpl: is a pipe or a device") {
		t.Errorf("got error %v, want the pipe named", err)
	}
}

func TestAFolderThatIsNotThereIsAMistake(t *testing.T) {
	a, err := templates.NewAnswers(templates.AnswerOptions{Own: os.DirFS(t.TempDir() + "/none")})
	if err == nil || a == nil {
		t.Errorf("got %v, %v, want an error and the built-in texts", a, err)
	}
}

func TestOwnTemplateThatFailsLeavesTheBuiltInText(t *testing.T) {
	// Fails for one caller only, so that no sample finds it.
	const source = `<Response><Say>{{if eq .From "+666"}}{{index .From 99}}{{else}}À nous{{end}}</Say></Response>`
	var log bytes.Buffer
	answers, err := templates.NewAnswers(templates.AnswerOptions{
		Own: folder("apology.voice.fr.tmpl", source),
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := answers.Answer(call("+555"), incident.NotYetServed, french()); got.Heard != "À nous" {
		t.Errorf("heard %q, want the customer's text", got.Heard)
	}
	for range 3 {
		if got := answers.Answer(call("+666"), incident.NotYetServed, french()); !strings.Contains(got.Heard, "Chez Léa") {
			t.Errorf("heard %q, want the built-in text", got.Heard)
		}
	}
	if got := answers.Failed(); got != 3 {
		t.Errorf("failed %d times, want 3", got)
	}
	if got := strings.Count(log.String(), "own template failed"); got != 1 {
		t.Errorf("logged %d times, want once: %s", got, log.String())
	}
	if strings.Contains(log.String(), "+666") {
		t.Errorf("the log has the caller's number: %s", log.String())
	}
}

func TestOwnTemplatesThatCallersWouldNotLikeAreWarnedOf(t *testing.T) {
	var log bytes.Buffer
	_, err := templates.NewAnswers(templates.AnswerOptions{
		Own: fstest.MapFS{
			"apology.voice.fr.tmpl": {Data: []byte(`<Response><Say lang="fr">Bonjour.</Say></Response>`)},
			"midcall.voice.fr.tmpl": {Data: []byte(`<Response>{{range 9}}<Say>Nous avons un problème technique.</Say>{{end}}</Response>`)},
		},
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"file=midcall.voice.fr.tmpl takes=2", "file=apology.voice.fr.tmpl problem=", "no attribute lang"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("got %s, want %s in it", log.String(), want)
		}
	}
}

func TestOwnTemplateIsChosenByLanguageAndSituation(t *testing.T) {
	file := func(words string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("<Response><Say>" + words + "</Say></Response>")}
	}
	answers, err := templates.NewAnswers(templates.AnswerOptions{Own: fstest.MapFS{
		"apology.voice.fr.tmpl":    file("fr"),
		"apology.voice.fr-CA.tmpl": file("fr-CA"),
		"apology.voice.pl.tmpl":    file("pl"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		situation incident.Situation
		wording   incident.Wording
		want      string
	}{
		"the region's":                                {incident.NotYetServed, incident.Wording{Languages: []string{"fr-CA"}}, "fr-CA"},
		"the language's":                              {incident.NotYetServed, incident.Wording{Languages: []string{"fr-BE"}}, "fr"},
		"the second language's":                       {incident.NotYetServed, incident.Wording{Languages: []string{"nl-BE", "fr-BE"}}, "fr"},
		"a language of the customer's":                {incident.NotYetServed, incident.Wording{Languages: []string{"pl"}}, "pl"},
		"built-in without one":                        {incident.NotYetServed, incident.Wording{Languages: []string{"de"}}, "Störung"},
		"built-in in another situation":               {incident.MidCall, incident.Wording{Languages: []string{"fr"}}, "problème"},
		"the line's own words first":                  {incident.NotYetServed, incident.Wording{Languages: []string{"fr"}, Say: "Fermé."}, "Fermé."},
		"English where only that situation has words": {incident.MidCall, incident.Wording{Languages: []string{"pl"}}, "technical problem"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := answers.Answer(call("+1"), tt.situation, tt.wording); !strings.Contains(got.Heard, tt.want) {
				t.Errorf("heard %q, want %q", got.Heard, tt.want)
			}
		})
	}
	for language, want := range map[string]bool{"pl": true, "pl-PL": true, "fr-LU": true, "de": true, "fi": false, "": false} {
		if got := answers.Knows(language); got != want {
			t.Errorf("Knows(%q) = %v, want %v", language, got, want)
		}
	}
}

func TestExampleTemplatesWork(t *testing.T) {
	answers, err := templates.NewAnswers(templates.AnswerOptions{Own: os.DirFS("../examples/templates.d")})
	if err != nil {
		t.Fatal(err)
	}
	voice := answers.Answer(call("+33698765432"), incident.NotYetServed, french())
	want := "Chez Léa vous remercie de votre appel. Nous avons un problème technique. Nos horaires sont sur notre site."
	if diff := cmp.Diff(want, voice.Heard); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	if got := bytes.Count(voice.Document, []byte(`<Say voice="Polly.Lea-Neural">`)); got != 2 {
		t.Errorf("said %d times, want 2: %s", got, voice.Document)
	}
	if took := twiml.SpeakingTime(voice.Document); took > 20*time.Second {
		t.Errorf("takes %v", took)
	}
	text := answers.Answer(call("+1"), incident.Text, incident.Wording{Name: "Shop", Languages: []string{"en"}})
	if !strings.HasPrefix(text.Heard, "Shop: We have a technical problem and could not read your message.") {
		t.Errorf("read %q", text.Heard)
	}
	if answers.Failed() != 0 {
		t.Error("a template failed")
	}
}

// FuzzOwnTemplate: whatever an author writes and whatever a stranger sends, the
// document is TwiML that Twilio takes, and no value becomes markup.
func FuzzOwnTemplate(f *testing.F) {
	for _, source := range []string{
		`<Response><Say voice="{{.Voice}}">{{.Name}} {{.From}}</Say></Response>`,
		`<Response><!-- {{.From}} --><Say><![CDATA[{{.From}}]]></Say></Response>`,
		`{{define "a"}}{{.}}{{end}}<Response>{{range 3}}<Say>{{template "a" $.From}}</Say>{{end}}</Response>`,
		`<Response>{{with $x := .From | printf "%q"}}<Say>{{$x | html | print}}</Say>{{else}}<Pause/>{{end}}</Response>`,
		`<Response><{{.From}}/></Response>`,
		`<Response><Say {{.From}}="{{.To}}">x</Say></Response>`,
	} {
		f.Add(source, `"><Dial>+1900</Dial>`)
		f.Add(source, "--> ]]> \x00\xff {{.}} &lt; '")
	}
	f.Fuzz(func(t *testing.T, source, value string) {
		answers, err := templates.NewAnswers(templates.AnswerOptions{Own: folder("apology.voice.fr.tmpl", source)})
		if err != nil && !strings.HasPrefix(err.Error(), "apology.voice.fr.tmpl:") {
			t.Errorf("the error names no file: %v", err)
		}
		w := incident.Wording{Name: value, Languages: []string{"fr"}}
		a := answers.Answer(call(value), incident.NotYetServed, w)
		if err := twiml.Check(a.Document, twiml.Voice).Err(); err != nil {
			t.Errorf("%v in %s from %q", err, a.Document, source)
		}
		if len(a.Document) > twiml.MaxBytes {
			t.Errorf("%d bytes", len(a.Document))
		}
		if !strings.Contains(source, "Dial") && strings.Contains(string(a.Document), "<Dial") {
			t.Errorf("a value became markup: %s from %q", a.Document, source)
		}
	})
}
