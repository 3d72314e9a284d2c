package hook_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio/sim"
)

// send returns what a call was answered.
func (q *quietRig) send(call sim.Request) string {
	q.t.Helper()
	r := httptest.NewRequestWithContext(q.t.Context(), "POST", "/fallback/voice", strings.NewReader(string(call.Body)))
	r.Header = call.Header.Clone()
	w := httptest.NewRecorder()
	q.engine.ServeHTTP(w, r)
	return w.Body.String()
}

// longAnswers has a template that makes a document of 40 kB for each caller.
func longAnswers(t *testing.T) *recovery.Recovery {
	t.Helper()
	own := `<Response><!--` + strings.Repeat("x", 40<<10) + `--><Say>{{.CallSID}}</Say></Response>`
	answers, err := templates.NewAnswers(templates.AnswerOptions{
		Own: fstest.MapFS{"apology.voice.en.tmpl": {Data: []byte(own)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return recovery.New(recovery.Parts{Texts: answers, Recent: recovery.NewRecent()})
}

// Answers are remembered for retries, but 40,000 documents of 40 kB would be
// all the memory there is.
func TestLongAnswersAreRememberedWithinABoundOfBytes(t *testing.T) {
	t.Parallel()
	q := newQuietRig(t)
	settings := q.settings(token)
	settings.Public = public(t, "http://fallback.example.com")
	settings.Recovery = longAnswers(t)
	q.hook.Replace(settings)

	const calls = 1000 // 40 MB of documents
	first, last := q.another(), q.another()
	q.send(first)
	for range calls {
		q.send(q.another())
	}
	said := q.send(last)
	if len(said) < 40<<10 {
		t.Fatalf("answered %d bytes: the template was not used", len(said))
	}

	if again := q.send(last); again != said {
		t.Error("the retry of the newest request got other bytes")
	}
	if got := len(q.recorder.all()); got != calls+2 {
		t.Errorf("recorded %d failures, want %d: the newest one's retry is none", got, calls+2)
	}
	q.send(first)
	if got := len(q.recorder.all()); got != calls+3 {
		t.Errorf("recorded %d failures, want %d: the oldest answer is forgotten", got, calls+3)
	}
}
