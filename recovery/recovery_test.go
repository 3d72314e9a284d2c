package recovery_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio/twiml"
)

const (
	callSID    = "CA0123456789abcdef0123456789abcdef"
	messageSID = "SM0123456789abcdef0123456789abcdef"
	account    = "AC0123456789abcdef0123456789abcdef"
	serviceSID = "MG0123456789abcdef0123456789abcdef"
	appSID     = "AP0123456789abcdef0123456789abcdef"
)

func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// failure makes one from names and values in turn.
func failure(at time.Time, pairs ...string) incident.Failure {
	params := []incident.Param{{Name: "AccountSid", Value: account}, {Name: "ErrorCode", Value: "11200"}}
	for i := 0; i < len(pairs); i += 2 {
		params = append(params, incident.Param{Name: pairs[i], Value: pairs[i+1]})
	}
	return incident.NewFailure(at, "POST", params)
}

func call(pairs ...string) incident.Failure {
	return failure(noon(), append([]string{"CallSid", callSID}, pairs...)...)
}

func message(at time.Time, from, body string, pairs ...string) incident.Failure {
	return failure(at, append([]string{"MessageSid", messageSID, "From", from, "To", "+4930123456", "Body", body}, pairs...)...)
}

func words(tb testing.TB) *templates.Answers {
	tb.Helper()
	answers, err := templates.NewAnswers(templates.AnswerOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	return answers
}

func rules(tb testing.TB, o recovery.Options) recovery.Rules {
	tb.Helper()
	r, err := recovery.NewRules(o, words(tb).Knows)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestAnswerSaysWhatTheCallerHeard(t *testing.T) {
	r := rules(t, recovery.Options{Lines: []recovery.Line{{Match: "+4930*", Style: recovery.Style{Name: "Praxis Berlin"}}}})
	f := call("From", "+15550123", "To", "+4930123456", "CallStatus", "ringing", "Direction", "inbound")
	document, got := recovery.New(words(t), recovery.NewRecent(), nil).Answer(context.Background(), recovery.Request{Failure: f}, recovery.Decide(f, r, recovery.State{}))
	if !bytes.Equal(document, got.Document) {
		t.Error("the document is not the answer's")
	}
	if err := twiml.Check(document, twiml.Voice).Err(); err != nil {
		t.Error(err)
	}
	want := incident.Answer{
		Step: "message", Situation: incident.NotYetServed, Languages: []string{"de"}, Name: "Praxis Berlin",
		Heard:   "Sie haben Praxis Berlin erreicht. Wir haben leider eine technische Störung. Bitte rufen Sie später noch einmal an.",
		Outcome: incident.Told, Document: document,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestAnswerToACallThatHasEnded(t *testing.T) {
	f := call("To", "+15550100", "CallStatus", "completed")
	_, got := recovery.New(words(t), recovery.NewRecent(), nil).Answer(context.Background(), recovery.Request{Failure: f}, recovery.Decide(f, rules(t, recovery.Options{}), recovery.State{}))
	if got.Outcome != incident.NotTold || got.Why != "nobody heard it: the call had ended (completed)" || got.Heard == "" {
		t.Errorf("got %v, %q, %q", got.Outcome, got.Why, got.Heard)
	}
}

func TestAnswersOfNoWords(t *testing.T) {
	tests := map[string]struct {
		failure incident.Failure
		why     string
	}{
		"neither call nor message": {failure(noon(), "From", "+1"), "no answer: Twilio named neither a call nor a message"},
		"a call about to be connected": {
			call("QueueSid", "QU1", "QueueTime", "12", "DequeingCallSid", callSID),
			"nothing said: the call is being taken out of the queue and connected",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			document, got := recovery.New(words(t), recovery.NewRecent(), nil).
				Answer(context.Background(), recovery.Request{Failure: tt.failure}, recovery.Decide(tt.failure, rules(t, recovery.Options{}), recovery.State{}))
			if !strings.HasSuffix(string(document), "<Response/>") {
				t.Errorf("got %s, want <Response/>", document)
			}
			if got.Why != tt.why || got.Outcome != incident.NotTold || got.Step != "" {
				t.Errorf("got %q, %v, %q, want %q", got.Why, got.Outcome, got.Step, tt.why)
			}
		})
	}
}

func TestMessagesThatGetNoReply(t *testing.T) {
	ours := words(t).Answer(incident.Failure{}, incident.Text, incident.Wording{Name: "Praxis", Languages: []string{"de"}}).Heard
	const person = "+15550123456"
	tests := map[string]struct {
		failure incident.Failure
		why     string
	}{
		"a person's message":           {message(noon(), person, "Can I come at ten?"), ""},
		"a picture without words":      {message(noon(), person, "", "NumMedia", "1"), ""},
		"stop within a sentence":       {message(noon(), person, "please stop calling"), ""},
		"a person on WhatsApp":         {message(noon(), "whatsapp:"+person, "hello"), ""},
		"a person on Messenger":        {message(noon(), "messenger:1234567890", "hello"), ""},
		"opted out at the service":     {message(noon(), person, "arrêt", "OptOutType", "STOP"), "no reply: the sender opted out"},
		"opted in at the service":      {message(noon(), person, "x", "OptOutType", "START"), "no reply: the sender opted in"},
		"asked the service for help":   {message(noon(), person, "x", "OptOutType", "HELP"), "no reply: the sender asked for help, which the messaging service answers"},
		"a type of opting out unknown": {message(noon(), person, "x", "OptOutType", "LATER"), "no reply: the sender opted out"},
		"stop in any case":             {message(noon(), person, " sToP. "), "no reply: the message is only an opt-out word"},
		"stop in Japanese":             {message(noon(), person, "停止"), "no reply: the message is only an opt-out word"},
		"start":                        {message(noon(), person, "START"), "no reply: the message is only an opt-in word"},
		"help in German":               {message(noon(), person, "Hilfe!"), "no reply: the message is only a help word"},
		"a short code":                 {message(noon(), "12345", "hello"), "no reply: the sender is a short code"},
		"a sender's name":              {message(noon(), "MyBank", "Your code is 1234"), "no reply: the sender is a name, which takes no replies"},
		"a hidden sender":              {message(noon(), "anonymous", "hello"), "no reply: the sender hides the number"},
		"no sender":                    {message(noon(), "", "hello"), "no reply: the sender hides the number"},
		"a device":                     {message(noon(), "sim:DE0123456789abcdef0123456789abcdef", "hello"), "no reply: the sender is no address that takes replies"},
		"an agent on RCS":              {message(noon(), "rcs:brand_agent", "hello"), "no reply: the sender is no address that takes replies"},
		"the line itself":              {message(noon(), "+4930123456", "hello"), "no reply: the line wrote to itself"},
		"our own text":                 {message(noon(), person, ours), "no reply: our own text came back"},
		"our own text, shouted":        {message(noon(), person, "AUTO-REPLY: "+strings.ToUpper(ours)), "no reply: our own text came back"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			document, got := recovery.New(words(t), recovery.NewRecent(), nil).
				Answer(context.Background(), recovery.Request{Failure: tt.failure}, recovery.Decide(tt.failure, rules(t, recovery.Options{}), recovery.State{}))
			if got.Why != tt.why {
				t.Errorf("got why %q, want %q", got.Why, tt.why)
			}
			if err := twiml.Check(document, twiml.Messaging).Err(); err != nil {
				t.Error(err)
			}
			if silent := strings.HasSuffix(string(document), "<Response/>"); silent != (tt.why != "") {
				t.Errorf("got %s", document)
			}
			if want := map[bool]incident.Outcome{true: incident.Told, false: incident.NotTold}[tt.why == ""]; got.Outcome != want {
				t.Errorf("got %v, want %v", got.Outcome, want)
			}
		})
	}
}

func TestOneReplyAnHour(t *testing.T) {
	r := rules(t, recovery.Options{})
	recent := recovery.NewRecent()
	ask := func(f incident.Failure) incident.Answer {
		_, a := recovery.New(words(t), recent, nil).Answer(context.Background(), recovery.Request{Failure: f}, recovery.Decide(f, r, recovery.State{}))
		return a
	}
	const anna, ben = "+15550123456", "+15550123457"
	steps := []struct {
		claim string
		ask   incident.Failure
		why   string
	}{
		{"the first is answered", message(noon(), anna, "hello"), ""},
		{"at once again is not", message(noon(), anna, "hello?"), "no reply: already answered this number less than a minute ago"},
		{"an opt-out in between changes nothing", message(noon(), anna, "STOP"), "no reply: the message is only an opt-out word"},
		{"twelve minutes later is not", message(noon().Add(12*time.Minute), anna, "hello?"), "no reply: already answered this number 12 min ago"},
		{"another sender is", message(noon().Add(12*time.Minute), ben, "hello"), ""},
		{"just before the hour is not", message(noon().Add(time.Hour-time.Second), anna, "hello?"), "no reply: already answered this number 59 min ago"},
		{"after the hour is, however often it was asked", message(noon().Add(time.Hour), anna, "hello?"), ""},
		{"and again is not", message(noon().Add(time.Hour+time.Minute), anna, "hello?"), "no reply: already answered this number 1 min ago"},
		{"a clock set back a minute is no hour", message(noon().Add(time.Hour-time.Minute), anna, "hello?"), "no reply: already answered this number less than a minute ago"},
		{"a clock set back a year silences nobody", message(noon().AddDate(-1, 0, 0), anna, "hello?"), ""},
	}
	for _, step := range steps {
		if got := ask(step.ask); got.Why != step.why {
			t.Errorf("%s: got %q, want %q", step.claim, got.Why, step.why)
		}
	}
	drill := message(noon(), ben, "drill")
	drill.Drill = true
	for range 2 {
		if got := ask(drill); got.Outcome != incident.Told {
			t.Errorf("a drill is answered each time: got %q", got.Why)
		}
	}
	const carla = "+15550123458"
	drill = message(noon(), carla, "drill")
	drill.Drill = true
	ask(drill)
	if got := ask(message(noon(), carla, "hello")); got.Outcome != incident.Told {
		t.Errorf("a drill uses up nobody's reply: got %q", got.Why)
	}
}

// TestAnAnswerOfNoWordsTellsNobody: what is on the way of a reply, an hour's
// silence among it, is for replies only.
func TestAnAnswerOfNoWordsTellsNobody(t *testing.T) {
	own, err := templates.NewAnswers(templates.AnswerOptions{Own: fstest.MapFS{
		"apology.messaging.en.tmpl": {Data: []byte(`<Response>{{if eq .From "+15550123456"}}{{else}}<Message>Closed.</Message>{{end}}</Response>`)},
		"apology.voice.en.tmpl":     {Data: []byte(`<Response><Pause/></Response>`)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	recent := recovery.NewRecent()
	const from, to = "+15550123456", "+4930123456"
	for _, f := range []incident.Failure{message(noon(), from, "hello"), call("From", from, "CallStatus", "ringing"), call("From", from, "CallStatus", "completed")} {
		r := rules(t, recovery.Options{House: recovery.Style{Languages: []string{"en"}}})
		_, a := recovery.New(own, recent, nil).Answer(t.Context(), recovery.Request{Failure: f}, recovery.Decide(f, r, recovery.State{}))
		if a.Outcome != incident.NotTold || !strings.HasPrefix(a.Why, "nothing ") || a.Heard != "" {
			t.Errorf("%v: got %v, %q, heard %q", f.Channel, a.Outcome, a.Why, a.Heard)
		}
	}
	if _, again := recent.Again(from, to, noon()); again {
		t.Error("an answer of no words used up the hour's reply")
	}
}

func TestRecentForgetsTheOldest(t *testing.T) {
	recent := recovery.NewRecent()
	to := "+4930123456"
	for i := range 100_000 {
		if _, again := recent.Again(fmt.Sprintf("+1555%07d", i), to, noon()); again {
			t.Fatalf("number %d was seen already", i)
		}
	}
	if _, again := recent.Again("+15550000000", to, noon()); !again {
		t.Error("forgot the first although there was room")
	}
	recent.Again("one more", to, noon())
	if _, again := recent.Again("+15550000001", to, noon()); !again {
		t.Error("forgot the second, want the first")
	}
	if _, again := recent.Again("+15550000000", to, noon()); again {
		t.Error("still knows the first, beyond its bound")
	}
}

func TestRecentAnswersOneOfManyAtOnce(t *testing.T) {
	recent := recovery.NewRecent()
	answered := make(chan bool)
	for range 20 {
		go func() {
			_, again := recent.Again("+15550123456", "+4930123456", noon())
			answered <- !again
		}()
	}
	n := 0
	for range 20 {
		if <-answered {
			n++
		}
	}
	if n != 1 {
		t.Errorf("answered %d times, want once", n)
	}
}

// broken panics whatever it is asked.
type broken struct{}

func (broken) Answer(incident.Failure, incident.Situation, incident.Wording) incident.Answer {
	panic("no such template")
}

func (broken) Ours(string, incident.Answer) bool { panic("no such text") }

func TestAnswerSurvivesAnything(t *testing.T) {
	for _, f := range []incident.Failure{call("To", "+15550100"), message(noon(), "+15550123456", "hello")} {
		document, a := recovery.New(broken{}, recovery.NewRecent(), nil).Answer(context.Background(), recovery.Request{Failure: f}, recovery.Decide(f, recovery.Rules{}, recovery.State{}))
		if !bytes.Equal(document, recovery.Apology(f.Channel)) || !bytes.Equal(a.Document, document) {
			t.Errorf("%v: got %s, want the prepared apology", f.Channel, document)
		}
		if a.Outcome != incident.Told || !strings.Contains(a.Why, "no such template") || a.Heard == "" {
			t.Errorf("%v: got %v, %q, %q", f.Channel, a.Outcome, a.Why, a.Heard)
		}
	}
}

func TestThePreparedDocumentsAreTwiML(t *testing.T) {
	for channel, kind := range map[incident.Channel]twiml.Kind{
		incident.Voice: twiml.Voice, incident.Messaging: twiml.Messaging, incident.Unknown: twiml.Voice,
	} {
		for name, document := range map[string][]byte{"apology": recovery.Apology(channel), "purpose": recovery.Purpose(channel)} {
			if problems := twiml.Check(document, kind).Problems; len(problems) > 0 {
				t.Errorf("%v %s: %v in %s", channel, name, problems, document)
			}
			if took := twiml.SpeakingTime(document); took >= 20*time.Second {
				t.Errorf("%v %s takes %v", channel, name, took)
			}
			if err := xml.Unmarshal(document, new(struct{})); err != nil {
				t.Errorf("%v %s: %v", channel, name, err)
			}
			if has := bytes.Contains(document, []byte("<!-- Backstop is here.")); has != (name == "purpose") {
				t.Errorf("%v %s: comment is %v: %s", channel, name, has, document)
			}
			if strings.Contains(string(document), "Hangup") {
				t.Errorf("%v %s hangs up on people who wait: %s", channel, name, document)
			}
		}
	}
	if !strings.HasSuffix(string(recovery.Apology(incident.Unknown)), "<Response/>") {
		t.Error("a request of no channel is answered with words")
	}
}

func TestThePreparedApologyIsOneOfOurs(t *testing.T) {
	f := message(noon(), "+15550123456", "")
	_, a := recovery.New(broken{}, recovery.NewRecent(), nil).Answer(context.Background(), recovery.Request{Failure: f}, recovery.Decide(f, recovery.Rules{}, recovery.State{}))
	if !words(t).Ours(a.Heard, incident.Answer{}) {
		t.Errorf("%q would be answered when it comes back", a.Heard)
	}
}

// TestThePreparedApologySaysTheBuiltInWords: what stands in Go is what an
// English caller hears from the templates, but for the greeting.
func TestThePreparedApologySaysTheBuiltInWords(t *testing.T) {
	built := words(t).Answer(incident.Failure{}, incident.NotYetServed, incident.Wording{Languages: []string{"en"}}).Document
	const greeting = "Thank you for calling. "
	say := strings.Replace(string(built[bytes.LastIndex(built, []byte("<Say")):bytes.LastIndex(built, []byte("</Response>"))]), greeting, "", 1)
	if prepared := string(recovery.Apology(incident.Voice)); strings.Count(prepared, say) != 2 {
		t.Errorf("prepared: %s, want %s twice", prepared, say)
	}
	built = words(t).Answer(incident.Failure{}, incident.Text, incident.Wording{Languages: []string{"en"}}).Document
	if prepared := recovery.Apology(incident.Messaging); !bytes.Equal(prepared, built) {
		t.Errorf("prepared: %s, want %s", prepared, built)
	}
}

func TestWhoCouldNotBeVerifiedThenGotTheConstantApology(t *testing.T) {
	f := message(noon(), "+15550123456", "hello")
	p := recovery.Decide(f, recovery.Rules{}, recovery.State{})
	told := recovery.Unverified(f, p, false)
	if !bytes.Equal(told.Document, recovery.Apology(incident.Messaging)) || told.Outcome != incident.Told || told.Heard == "" {
		t.Errorf("got %+v", told)
	}
	if lost := recovery.Unverified(f, p, true); lost.Document != nil || lost.Outcome != incident.Lost || lost.Heard != "" {
		t.Errorf("rejected: got %+v", lost)
	}
}

func TestThePreparedApologyCannotBeChanged(t *testing.T) {
	recovery.Apology(incident.Voice)[0] = 'x'
	if got := recovery.Apology(incident.Voice)[0]; got != '<' {
		t.Errorf("begins with %q", got)
	}
}

func TestAUsualAnswerAllocatesNothing(t *testing.T) {
	r, answers, f := rules(t, recovery.Options{}), recovery.New(words(t), recovery.NewRecent(), nil), usualCall()
	if n := testing.AllocsPerRun(100, func() {
		answers.Answer(t.Context(), recovery.Request{Failure: f}, recovery.Decide(f, r, recovery.State{}))
	}); n > 2 {
		t.Errorf("%v allocations, want 2 at most", n)
	}
}

// BenchmarkAnswer is the answer path of a usual call: 29 parameters, ten
// thousand lines, built-in words.
func BenchmarkAnswer(b *testing.B) {
	o := recovery.Options{}
	for i := range 10_000 {
		match := fmt.Sprintf("+4930%07d", i)
		if i%2 == 0 {
			match = match[:len(match)-2] + strconv.Itoa(i%100) + "*"
		}
		o.Lines = append(o.Lines, recovery.Line{Match: match, Style: recovery.Style{Name: "Praxis"}})
	}
	o.Lines = dedupe(o.Lines)
	r := rules(b, o)
	f := usualCall()
	answers := recovery.New(words(b), recovery.NewRecent(), nil)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if document, _ := answers.Answer(ctx, recovery.Request{Failure: f}, recovery.Decide(f, r, recovery.State{})); len(document) == 0 {
			b.Fatal("no document")
		}
	}
}

func dedupe(lines []recovery.Line) []recovery.Line {
	seen := map[string]bool{}
	kept := lines[:0]
	for _, line := range lines {
		if !seen[line.Match] {
			seen[line.Match] = true
			kept = append(kept, line)
		}
	}
	return kept
}

func usualCall() incident.Failure {
	pairs := []string{"CallStatus", "ringing", "Direction", "inbound", "From", "+4915112345678", "To", "+49300004711"}
	for _, side := range []string{"To", "From", "Called", "Caller"} {
		for _, what := range []string{"City", "State", "Zip", "Country"} {
			pairs = append(pairs, side+what, "")
		}
	}
	pairs = append(pairs, "ToCountry", "DE", "FromCountry", "DE", "Called", "+49300004711", "Caller", "+4915112345678",
		"ApiVersion", "2010-04-01", "ErrorUrl", "https://www.example.com/voice", "StirVerstat", "TN-Validation-Passed-A")
	return call(pairs...)
}
