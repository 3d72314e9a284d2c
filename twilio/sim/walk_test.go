package sim_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/twilio/sim"
)

// script is a server that answers each path with one document, and remembers what it was asked, in order.
type script struct {
	t         *testing.T
	documents map[string]string
	mu        sync.Mutex
	asked     []asked
}

type asked struct {
	method, path string
	params       sim.Params
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	params := signed(s.t, r)
	s.mu.Lock()
	s.asked = append(s.asked, asked{r.Method, r.URL.Path, params})
	s.mu.Unlock()
	document, found := s.documents[r.URL.Path]
	switch {
	case !found:
		http.NotFound(w, r)
	case strings.HasPrefix(document, "audio/"):
		w.Header().Set("Content-Type", document)
		_, _ = w.Write([]byte("RIFF"))
	case document == "":
		w.WriteHeader(http.StatusNoContent)
	default:
		answer(w, document)
	}
}

func (s *script) paths() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var paths []string
	for _, a := range s.asked {
		paths = append(paths, a.method+" "+a.path)
	}
	return paths
}

// last is the last request for that path.
func (s *script) last(path string) sim.Params {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range slices.Backward(s.asked) {
		if a.path == path {
			return a.params
		}
	}
	s.t.Fatalf("%s was never asked for", path)
	return nil
}

// place plays a call against documents; the fallback URL is /voice.
func place(t *testing.T, call sim.Call, documents map[string]string) (sim.Result, *script) {
	t.Helper()
	server := &script{t: t, documents: documents}
	address := serve(t, server.ServeHTTP)
	result, err := sim.Client{Account: account()}.Place(t.Context(), address+"/voice", call)
	if err != nil {
		t.Fatal(err)
	}
	return result, server
}

func wantParams(t *testing.T, got sim.Params, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got.Value(name) != value {
			t.Errorf("%s: got %q, want %q", name, got.Value(name), value)
		}
	}
}

func wantPaths(t *testing.T, s *script, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.paths()); diff != "" {
		t.Error(diff)
	}
}

func wantEnding(t *testing.T, r sim.Result, want sim.Ending) {
	t.Helper()
	if r.Ending != want {
		t.Errorf("got ending %q, want %q\n%s", r.Ending, want, r)
	}
}

func TestACallerHearsTheApology(t *testing.T) {
	t.Parallel()
	result, server := place(t, sim.Call{SID: "CA1", ErrorCode: "11205"}, map[string]string{
		"/voice": `<Response><Pause length="2"/><Say language="en-US" voice="Polly.Joanna">We are <emphasis>very</emphasis> sorry,
			<sub alias="doctor">Dr.</sub> Smith.</Say><Hangup/><Say>unheard</Say></Response>`,
	})
	if diff := cmp.Diff([]string{"We are very sorry, doctor Smith."}, result.Heard()); diff != "" {
		t.Error(diff)
	}
	if err := result.Err(); err != nil {
		t.Error(err)
	}
	wantEnding(t, result, sim.HungUp)
	wantPaths(t, server, "POST /voice")
	wantParams(t, server.last("/voice"), map[string]string{"CallSid": "CA1", "ErrorCode": "11205", "CallStatus": "ringing"})
	if result.SID != "CA1" || result.First().Status != 200 || result.Length < 4*time.Second || result.Length > 10*time.Second {
		t.Errorf("got %s, status %d, %v", result.SID, result.First().Status, result.Length)
	}
}

func TestTheTranscriptTellsWhatHappened(t *testing.T) {
	t.Parallel()
	result, _ := place(t, sim.Call{}, map[string]string{
		"/voice":    `<Response><Pause/><Say language="de-DE" voice="alice">Hallo&#x9b;31m</Say><Pause length="3"/><Play>beep.wav</Play><Play digits="12"/><Echo/><Leave/></Response>`,
		"/beep.wav": "audio/wav",
	})
	var got []string
	for _, e := range result.Events {
		got = append(got, e.String())
	}
	base := strings.TrimSuffix(strings.TrimPrefix(got[0], "Twilio asks    POST "), "/voice")
	want := []string{
		"Twilio asks    POST " + base + "/voice",
		"Twilio gets    200, 197 bytes of text/xml; charset=utf-8",
		"caller waits   the telephone rings on 1.0 s",
		`caller hears   "Hallo\u009b31m" [de-DE alice] 1.1 s`,
		"caller waits   3.0 s",
		"Twilio asks    GET " + base + "/beep.wav",
		"Twilio gets    200, 4 bytes of audio/wav",
		"caller plays   " + base + "/beep.wav 5.0 s",
		"caller plays   tones 12 0.4 s",
		"caller skips   <Echo> is not played",
		"Twilio ends    the document ended",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var out strings.Builder
	if n, err := result.WriteTo(&out); err != nil || n != int64(out.Len()) || out.String() != result.String() {
		t.Errorf("WriteTo: %d bytes, %v", n, err)
	}
	if !strings.Contains(out.String(), "    0.00 s  Twilio asks") || !strings.Contains(out.String(), "warning "+base+"/voice: <Leave> where nobody waits") {
		t.Errorf("got\n%s", out.String())
	}
	for at := 1; at < len(result.Events); at++ {
		if result.Events[at].At < result.Events[at-1].At {
			t.Errorf("event %d goes back in time", at)
		}
	}
}

func TestKeysLeadToTheAction(t *testing.T) {
	t.Parallel()
	menu := func(attributes string) string {
		return `<Response><Gather action="pressed?x=1" ` + attributes + `><Say>Press one.</Say><Pause/></Gather><Say>Goodbye.</Say></Response>`
	}
	cases := []struct {
		name, attributes string
		input            sim.Input
		digits, finish   string // "none": the call falls through
	}{
		{"a digit", `numDigits="1"`, sim.Press("1"), "1", ""},
		{"what is too many is left out", `numDigits="2"`, sim.Press("123"), "12", ""},
		{"the number sign ends the input", ``, sim.Press("12#3"), "12", "#"},
		{"so does another key", `finishOnKey="*"`, sim.Press("12*3"), "12", "*"},
		{"or none", `finishOnKey=""`, sim.Press("1#2"), "1#2", ""},
		{"silence falls through", ``, sim.Input{}, "none", ""},
		{"silence can be told", `actionOnEmptyResult="true"`, sim.Input{}, "", ""},
		{"words are no keys", ``, sim.Speak("one"), "none", ""},
		{"keys are no words", `input="speech"`, sim.Press("1"), "none", ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			result, server := place(t, sim.Call{Script: sim.Script{Gathers: []sim.Input{tc.input}}}, map[string]string{
				"/voice": menu(tc.attributes), "/pressed": `<Response><Say>Thanks.</Say></Response>`,
			})
			if tc.digits == "none" {
				wantPaths(t, server, "POST /voice")
				if diff := cmp.Diff([]string{"Press one.", "Goodbye."}, result.Heard()); diff != "" {
					t.Error(diff)
				}
				return
			}
			if diff := cmp.Diff([]string{"Press one.", "Thanks."}, result.Heard()); diff != "" {
				t.Error(diff)
			}
			wantParams(t, server.last("/pressed"), map[string]string{
				"Digits": tc.digits, "FinishedOnKey": tc.finish, "CallStatus": "in-progress", "ErrorCode": "", "x": "1", "Called": "+18005551212",
			})
		})
	}
}

func TestWordsLeadToTheAction(t *testing.T) {
	t.Parallel()
	_, server := place(t, sim.Call{Script: sim.Script{Gathers: []sim.Input{sim.Speak("the doctor")}}}, map[string]string{
		"/voice": `<Response><Gather input="dtmf speech" method="GET" action="/spoken"/></Response>`, "/spoken": `<Response/>`,
	})
	wantPaths(t, server, "POST /voice", "GET /spoken")
	wantParams(t, server.last("/spoken"), map[string]string{"SpeechResult": "the doctor", "Digits": ""})
}

func TestACallerLeavesAMessage(t *testing.T) {
	t.Parallel()
	documents := map[string]string{
		"/voice":    `<Response><Say>Speak.</Say><Record action="done" maxLength="60" recordingStatusCallback="/ready" transcribe="true"/><Say>Nothing heard.</Say></Response>`,
		"/done":     `<Response><Say>Thanks.</Say></Response>`,
		"/ready":    "",
		"/repeated": `<Response/>`,
	}
	cases := []struct {
		name   string
		script sim.Script
		heard  []string
		ending sim.Ending
		want   map[string]string // of the action; nil: not asked
	}{
		{"and hangs up", sim.Script{}, []string{"Speak."}, sim.CallerHungUp, map[string]string{"RecordingDuration": "8", "Digits": "hangup", "CallStatus": "completed"}},
		{"and presses a key", sim.Script{Records: []sim.Recording{{Length: 3 * time.Second, EndedBy: "#"}}}, []string{"Speak.", "Thanks."}, sim.Completed, map[string]string{"RecordingDuration": "3", "Digits": "#", "CallStatus": "in-progress"}},
		{"and falls silent", sim.Script{Records: []sim.Recording{{Length: 3 * time.Second}}}, []string{"Speak.", "Thanks."}, sim.Completed, map[string]string{"Digits": ""}},
		{"of which a minute is kept", sim.Script{Records: []sim.Recording{{Length: time.Hour, EndedBy: "#"}}}, []string{"Speak.", "Thanks."}, sim.Completed, map[string]string{"RecordingDuration": "60"}},
		{"that is silence", sim.Script{Records: []sim.Recording{{}}}, []string{"Speak.", "Nothing heard."}, sim.Completed, nil},
		{"cut off by hanging up", sim.Script{Records: []sim.Recording{{Length: time.Minute}}, HangUpAfter: 5 * time.Second}, []string{"Speak."}, sim.CallerHungUp, map[string]string{"RecordingDuration": "4", "Digits": "hangup"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			result, server := place(t, sim.Call{Script: tc.script}, documents)
			if diff := cmp.Diff(tc.heard, result.Heard()); diff != "" {
				t.Error(diff)
			}
			wantEnding(t, result, tc.ending)
			if err := result.Err(); err != nil {
				t.Error(err)
			}
			if tc.want == nil {
				wantPaths(t, server, "POST /voice")
				return
			}
			wantPaths(t, server, "POST /voice", "POST /ready", "POST /done")
			wantParams(t, server.last("/done"), tc.want)
			wantParams(t, server.last("/ready"), map[string]string{"RecordingStatus": "completed", "CallSid": result.SID})
			if got, want := server.last("/done").Value("RecordingUrl"), server.last("/ready").Value("RecordingUrl"); got != want || !strings.Contains(got, "/Recordings/RE") {
				t.Errorf("got recording %q, and %q", got, want)
			}
		})
	}
}

func TestSomebodyIsDialled(t *testing.T) {
	t.Parallel()
	documents := map[string]string{
		"/voice":   `<Response><Dial action="dialled" timeout="15" timeLimit="60"><Number url="screen">+15550001</Number><Number>+15550002</Number></Dial></Response>`,
		"/screen":  `<Response><Gather action="taken" numDigits="1"><Say>Press 1 to take the call.</Say></Gather><Hangup/></Response>`,
		"/taken":   `<Response/>`,
		"/dialled": `<Response><Say>Goodbye.</Say></Response>`,
	}
	cases := []struct {
		name    string
		outcome sim.DialOutcome
		paths   []string
		want    map[string]string
	}{
		{"and takes the call", sim.Answered(42 * time.Second).Pressing("1"), []string{"POST /voice", "POST /screen", "POST /taken", "POST /dialled"}, map[string]string{"DialCallStatus": "completed", "DialCallDuration": "42", "DialBridged": "true"}},
		{"and does not", sim.Answered(42 * time.Second), []string{"POST /voice", "POST /screen", "POST /dialled"}, map[string]string{"DialCallStatus": "completed", "DialBridged": "false"}},
		{"for an hour, of which a minute is allowed", sim.Answered(time.Hour).Pressing("1"), []string{"POST /voice", "POST /screen", "POST /taken", "POST /dialled"}, map[string]string{"DialCallDuration": "60"}},
		{"and is busy", sim.Busy(), []string{"POST /voice", "POST /dialled"}, map[string]string{"DialCallStatus": "busy", "DialBridged": "false", "DialCallDuration": ""}},
		{"and does not answer", sim.NoAnswer(), []string{"POST /voice", "POST /dialled"}, map[string]string{"DialCallStatus": "no-answer"}},
		{"and cannot be reached", sim.Failed(), []string{"POST /voice", "POST /dialled"}, map[string]string{"DialCallStatus": "failed"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			result, server := place(t, sim.Call{SID: "CA1", Script: sim.Script{Dials: []sim.DialOutcome{tc.outcome}}}, documents)
			wantPaths(t, server, tc.paths...)
			wantParams(t, server.last("/dialled"), tc.want)
			wantParams(t, server.last("/dialled"), map[string]string{"CallSid": "CA1"})
			if diff := cmp.Diff([]string{"Goodbye."}, result.Heard()); diff != "" {
				t.Error(diff) // what the person who was dialled hears is not the caller's
			}
			if slices.Contains(tc.paths, "POST /screen") {
				child := server.last("/screen")
				wantParams(t, child, map[string]string{"ParentCallSid": "CA1", "To": "+15550001", "Direction": "outbound-dial", "CallSid": server.last("/dialled").Value("DialCallSid")})
			}
			if err := result.Err(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestADialWithoutActionGoesOn(t *testing.T) {
	t.Parallel()
	result, server := place(t, sim.Call{}, map[string]string{"/voice": `<Response><Dial>+15550001</Dial><Say>Nobody is there.</Say></Response>`})
	wantPaths(t, server, "POST /voice")
	if diff := cmp.Diff([]string{"Nobody is there."}, result.Heard()); diff != "" {
		t.Error(diff)
	}
}

func TestACallerWhoHangsUpIsNotDialledFor(t *testing.T) {
	t.Parallel()
	call := sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.NoAnswer()}, HangUpAfter: 10 * time.Second}}
	result, server := place(t, call, map[string]string{"/voice": `<Response><Dial action="dialled">+15550001</Dial></Response>`, "/dialled": `<Response><Say>unheard</Say></Response>`})
	wantParams(t, server.last("/dialled"), map[string]string{"DialCallStatus": "canceled", "CallStatus": "completed"})
	wantEnding(t, result, sim.CallerHungUp)
	if result.Heard() != nil {
		t.Errorf("got %q, want nothing", result.Heard())
	}
}

func TestACallerWaitsInAQueue(t *testing.T) {
	t.Parallel()
	enqueue := `<Response><Enqueue waitUrl="wait" action="left">support</Enqueue></Response>`
	cases := []struct {
		name, wait string
		script     sim.Script
		want       map[string]string
		waits      int
	}{
		{"until somebody comes", `<Response><Say>Please wait.</Say><Pause length="10"/></Response>`, sim.Script{}, map[string]string{"QueueResult": "bridged"}, 3},
		{"for as long as it takes", `<Response><Pause length="10"/><Redirect/></Response>`, sim.Script{QueueFor: time.Minute}, map[string]string{"QueueResult": "bridged", "QueueTime": "60"}, 6},
		{"and is let out", `<Response><Pause length="2"/><Leave/></Response>`, sim.Script{}, map[string]string{"QueueResult": "leave", "QueueTime": "2", "CallStatus": "in-progress"}, 1},
		{"and hangs up", `<Response><Pause length="10"/></Response>`, sim.Script{HangUpAfter: 15 * time.Second}, map[string]string{"QueueResult": "hangup", "CallStatus": "completed"}, 2},
		{"in silence", `<Response/>`, sim.Script{}, map[string]string{"QueueResult": "bridged"}, 1},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, server := place(t, sim.Call{Script: tc.script}, map[string]string{"/voice": enqueue, "/wait": tc.wait, "/left": `<Response/>`})
			wantParams(t, server.last("/left"), tc.want)
			waits := 0
			for _, path := range server.paths() {
				if path == "POST /wait" {
					waits++
				}
			}
			if waits != tc.waits {
				t.Errorf("the wait document was asked for %d times, want %d", waits, tc.waits)
			}
			wantParams(t, server.last("/wait"), map[string]string{"QueuePosition": "1", "CallStatus": "in-progress"})
		})
	}
}

func TestAQueueWithoutWaitDocumentPlaysMusic(t *testing.T) {
	t.Parallel()
	result, server := place(t, sim.Call{}, map[string]string{"/voice": `<Response><Enqueue>support</Enqueue><Say>Thanks.</Say></Response>`})
	wantPaths(t, server, "POST /voice")
	if !strings.Contains(result.String(), "with Twilio's music 30.0 s") || result.Heard()[0] != "Thanks." {
		t.Errorf("got\n%s", result)
	}
}

func TestARedirectGoesOnWithAnotherDocument(t *testing.T) {
	t.Parallel()
	result, server := place(t, sim.Call{Changes: sim.Changes{Set: sim.Params{{Name: "From", Value: "anonymous"}}}}, map[string]string{
		"/voice": `<Response><Redirect method="GET">voice/next?a=1&amp;b=2</Redirect></Response>`, "/voice/next": `<Response><Reject reason="busy"/></Response>`,
	})
	wantPaths(t, server, "POST /voice", "GET /voice/next")
	wantParams(t, server.last("/voice/next"), map[string]string{"a": "1", "b": "2", "From": "anonymous", "CallStatus": "ringing"})
	wantEnding(t, result, sim.Rejected)
	if err := result.Err(); err != nil {
		t.Error(err)
	}
}

func TestADocumentThatFailsComesBackToTheFallback(t *testing.T) {
	t.Parallel()
	var visits []sim.Params
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		params := signed(t, r)
		if r.URL.Path != "/voice" {
			http.Error(w, "broken", http.StatusInternalServerError)
			return
		}
		if visits = append(visits, params); len(visits) < 3 {
			answer(w, `<Response><Say>One moment.</Say><Redirect>broken?x=1</Redirect></Response>`)
			return
		}
		answer(w, `<Response><Say>We are sorry.</Say></Response>`)
	})
	result, err := sim.Client{Account: account()}.Place(t.Context(), address+"/voice#rc=0", sim.Call{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"One moment.", "One moment.", "We are sorry."}, result.Heard()); diff != "" {
		t.Error(diff)
	}
	wantParams(t, visits[2], map[string]string{"ErrorCode": "11200", "ErrorUrl": address + "/broken?x=1", "CallStatus": "in-progress"})
	if len(result.Problems) != 2 || result.Err() == nil {
		t.Errorf("got %v, want the two failures", result.Problems)
	}
}

func TestACallThatGoesRoundInCirclesIsEnded(t *testing.T) {
	t.Parallel()
	result, _ := place(t, sim.Call{}, map[string]string{"/voice": `<Response><Redirect/></Response>`})
	wantEnding(t, result, sim.TooLong)
	if len(result.Exchanges) != 50 || result.Err() == nil {
		t.Errorf("got %d requests, %v", len(result.Exchanges), result.Err())
	}
}

func TestACallThatNeverEndsIsEnded(t *testing.T) {
	t.Parallel()
	result, _ := place(t, sim.Call{}, map[string]string{"/voice": `<Response><Say loop="0">We will keep you waiting for a long long long long long long long time.</Say><Pause length="999999"/><Say>x</Say></Response>`})
	wantEnding(t, result, sim.TooLong)
	if result.Err() == nil {
		t.Error("got no problem")
	}
}

func TestWhatTwilioWouldNotExecuteIsHeardAsItsError(t *testing.T) {
	t.Parallel()
	dial := "<Response><Dial>" + strings.Repeat("<Number>+1</Number>", 11) + "</Dial></Response>"
	cases := []struct {
		name, contentType, body string
		status, code            int
	}{
		{"an error status", xml, prolog + "<Response/>", 500, 11200},
		{"a client error", xml, prolog + "<Response/>", 404, 11200},
		{"nothing", xml, "", 200, 11770},
		{"white space", xml, " \n", 200, 11770},
		{"no content", "", "", 204, 11770},
		{"no content type", "-", "<Response/>", 200, 11200},
		{"JSON", "application/json", `{}`, 200, 12300},
		{"plain text", "text/plain", "<Response/>", 200, 12300},
		{"a broken content type", "text/xml; charset", "<Response/>", 200, 12300},
		{"another charset", "text/xml; charset=iso-8859-1", "<Response/>", 200, 12300},
		{"too much", xml, "<Response>" + strings.Repeat(" ", 64<<10) + "</Response>", 200, 11750},
		{"an HTML page", "text/html", "<!DOCTYPE html><html></html>", 200, 12100},
		{"a blank line before the prolog", xml, "\n" + prolog + "<Response/>", 200, 12100},
		{"a byte order mark", xml, "\ufeff" + prolog + "<Response/>", 200, 12100},
		{"a processing instruction", xml, "<Response><?php ?></Response>", 200, 12100},
		{"broken XML", xml, "<Response><Say>a & b</Say></Response>", 200, 12100},
		{"an end too soon", xml, "<Response><Say>", 200, 12100},
		{"bytes that are not UTF-8", xml, "<Response><Say>\xff</Say></Response>", 200, 12100},
		{"an attribute given twice", xml, `<Response><Say loop="1" loop="2"/></Response>`, 200, 12100},
		{"two roots", xml, "<Response/><Response/>", 200, 12100},
		{"text behind the root", xml, "<Response/>x", 200, 12100},
		{"another root", xml, "<response/>", 200, 12102},
		{"a root of another namespace", xml, `<Response xmlns="urn:x"/>`, 200, 12102},
		{"an unknown verb", xml, "<Response><Speak/></Response>", 200, 12200},
		{"a verb of messages", xml, "<Response><Message>a</Message></Response>", 200, 12200},
		{"a verb where none may be", xml, "<Response><Gather><Record/></Gather></Response>", 200, 12200},
		{"markup that is no SSML", xml, "<Response><Say><b>a</b></Say></Response>", 200, 12200},
		{"a late Reject", xml, "<Response><Pause/><Reject/></Response>", 200, 12200},
		{"a Say too long", xml, "<Response><Say>" + strings.Repeat("a", 4097) + "</Say></Response>", 200, 13521},
		{"a Say too long for Polly", xml, `<Response><Say voice="Polly.Joanna">` + strings.Repeat("a", 3001) + "</Say></Response>", 200, 13521},
		{"too many numbers", xml, dial, 200, 13223},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if w.Header()["Content-Type"] = []string{tc.contentType}; tc.contentType == "-" {
					w.Header()["Content-Type"] = nil
				}
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(tc.body))
			})
			result, err := sim.Client{Account: account()}.Place(t.Context(), address, sim.Call{})
			if err != nil {
				t.Fatal(err)
			}
			wantEnding(t, result, sim.ApplicationError)
			if len(result.Problems) == 0 || result.Problems[len(result.Problems)-1].Code != tc.code {
				t.Errorf("got %v, want %d", result.Problems, tc.code)
			}
			if heard := result.Heard(); len(heard) != 1 || !strings.Contains(heard[0], "application error") {
				t.Errorf("got %q, want Twilio's error", heard)
			}
		})
	}
}

func TestWhatTwilioOnlyLogsIsAWarning(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]string{
		"an unknown attribute": `<Response><Say volume="11">Hi</Say></Response>`,
		"stray text":           `<Response>Hello<Say>Hi</Say></Response>`,
		"a Play of nothing":    `<Response><Say>Hi</Say><Play/></Response>`,
	} {
		result, _ := place(t, sim.Call{}, map[string]string{"/voice": document})
		if err := result.Err(); err != nil || len(result.Problems) != 1 || !result.Problems[0].Warning {
			t.Errorf("%s: got %v, want one warning", name, result.Problems)
		}
		if diff := cmp.Diff([]string{"Hi"}, result.Heard()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestProblemsOnTheWayAreFound(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name      string
		call      sim.Call
		documents map[string]string
		want      string
	}{
		{"a Reject of a call that is answered", sim.Call{Situation: sim.MidCall}, map[string]string{"/voice": `<Response><Reject/></Response>`}, "answered already"},
		{"a sound file that is missing", sim.Call{}, map[string]string{"/voice": `<Response><Play>/a.wav</Play></Response>`}, "/a.wav: the sound file has status 404"},
		{"a sound file that is none", sim.Call{}, map[string]string{"/voice": `<Response><Play>/a.wav</Play></Response>`, "/a.wav": `<Response/>`}, `the sound file is "text/xml`},
		{"a sound file at a wrong address", sim.Call{}, map[string]string{"/voice": `<Response><Play>ftp://a</Play></Response>`}, "11100"},
		{"a callback that fails", sim.Call{}, map[string]string{"/voice": `<Response><Record recordingStatusCallback="/ready"/></Response>`}, "/ready: status 404"},
		{"an action of a call that has ended", sim.Call{}, map[string]string{"/voice": `<Response><Record action="mailto:a"/></Response>`}, "not a URL"},
		{"an address that Twilio would not ask", sim.Call{}, map[string]string{"/voice": `<Response><Redirect>tel:1</Redirect></Response>`}, "11100"},
		{"a screening document that fails", sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.Answered(time.Minute)}}}, map[string]string{"/voice": `<Response><Dial><Number url="/screen">+1</Number></Dial></Response>`}, "/screen: status 404"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			call := tc.call
			if call.Script.HangUpAfter == 0 {
				call.Script.HangUpAfter = time.Minute
			}
			result, _ := place(t, call, tc.documents)
			if err := result.Err(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestCookiesLastForOneCall(t *testing.T) {
	t.Parallel()
	visits := 0
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		visits++
		cookie, err := r.Cookie("call")
		if r.URL.Path == "/next" && (err != nil || cookie.Value != "1") || r.URL.Path == "/voice" && err == nil {
			t.Errorf("%s comes with %v", r.URL.Path, cookie)
		}
		http.SetCookie(w, &http.Cookie{Name: "call", Value: "1"})
		if r.URL.Path == "/voice" {
			answer(w, `<Response><Redirect>next</Redirect></Response>`)
		} else {
			answer(w, `<Response/>`)
		}
	})
	client := sim.Client{Account: account()}
	for range 2 {
		if _, err := client.Place(t.Context(), address+"/voice", sim.Call{}); err != nil {
			t.Fatal(err)
		}
	}
	if visits != 4 {
		t.Errorf("got %d requests, want 4", visits)
	}
}

func TestOnlyThePublicHostIsBehindTheProxy(t *testing.T) {
	t.Parallel()
	elsewhere := &script{t: t, documents: map[string]string{"/far": `<Response/>`}}
	far := serve(t, elsewhere.ServeHTTP)
	near := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "fallback.example.com" {
			t.Errorf("got Host %s", r.Host)
		}
		answer(w, `<Response><Redirect>`+far+`/far</Redirect></Response>`)
	})
	result, err := sim.Client{Account: account(), Via: near}.Place(t.Context(), "https://fallback.example.com/voice", sim.Call{})
	if err != nil || result.Err() != nil {
		t.Fatal(err, result.Err())
	}
	wantPaths(t, elsewhere, "POST /far")
}

func TestPlaceSaysWhatItCannotDo(t *testing.T) {
	t.Parallel()
	client := sim.Client{Account: account()}
	if _, err := client.Place(t.Context(), "nowhere", sim.Call{}); !errors.Is(err, sim.ErrURL) {
		t.Errorf("got %v, want ErrURL", err)
	}
	if _, err := client.Send(t.Context(), "nowhere", sim.Message{}); !errors.Is(err, sim.ErrURL) {
		t.Errorf("got %v, want ErrURL", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, "<Response><Redirect/></Response>")
		cancel(reason)
	})
	if _, err := client.Place(ctx, address, sim.Call{}); !errors.Is(err, reason) {
		t.Errorf("got %v, want %v", err, reason)
	}
	if _, err := client.Send(ctx, address, sim.Message{}); !errors.Is(err, reason) {
		t.Errorf("got %v, want %v", err, reason)
	}
}

// send plays a message against documents; the fallback URL is /messaging.
func send(t *testing.T, message sim.Message, documents map[string]string) (sim.Result, *script) {
	t.Helper()
	server := &script{t: t, documents: documents}
	result, err := sim.Client{Account: account()}.Send(t.Context(), serve(t, server.ServeHTTP)+"/messaging", message)
	if err != nil {
		t.Fatal(err)
	}
	return result, server
}

func TestASenderReceivesReplies(t *testing.T) {
	t.Parallel()
	result, server := send(t, sim.Message{From: "+15550001", To: "+15550002"}, map[string]string{
		"/messaging": `<Response><Message>Sorry.</Message><Message to="+15550003" from="+15550004" action="a"><Body>To you</Body><Media>/a.png</Media></Message><Redirect>more</Redirect></Response>`,
		"/more":      `<Response><Message/></Response>`,
	})
	wantPaths(t, server, "POST /messaging", "POST /more")
	wantParams(t, server.last("/more"), map[string]string{"ErrorCode": "", "Body": "hello", "CallStatus": ""})
	u, err := url.Parse(result.First().Request.URL)
	if err != nil {
		t.Fatal(err)
	}
	want := []sim.Reply{
		{From: "+15550002", To: "+15550001", Body: "Sorry."},
		{From: "+15550004", To: "+15550003", Body: "To you", Media: []string{"http://" + u.Host + "/a.png"}},
	}
	if diff := cmp.Diff(want, result.Replies); diff != "" {
		t.Error(diff)
	}
	if err := result.Err(); err != nil || len(result.Problems) != 1 || result.Problems[0].Code != 14103 {
		t.Errorf("got %v, want a warning about the empty one", result.Problems)
	}
}

func TestNothingIsSentWhenTheAnswerSaysNothing(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]string{"an empty response": "<Response/>", "no content": ""} {
		result, _ := send(t, sim.Message{Method: "GET"}, map[string]string{"/messaging": document})
		if len(result.Replies) > 0 || len(result.Problems) > 0 {
			t.Errorf("%s: got %v, %v", name, result.Replies, result.Problems)
		}
	}
}

func TestAnswersToMessagesAreReadStrictlyToo(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, document string
		code           int
	}{
		{"a verb of calls", "<Response><Say>Hi</Say></Response>", 12200},
		{"a message too long", "<Response><Message>" + strings.Repeat("ü", 1601) + "</Message></Response>", 14103},
		{"too many messages", "<Response>" + strings.Repeat("<Message>a</Message>", 11) + "</Response>", 14109},
		{"a redirect to nowhere", "<Response><Redirect>/nowhere</Redirect></Response>", 11200},
		{"a circle", "<Response><Redirect/></Response>", 0},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			result, _ := send(t, sim.Message{}, map[string]string{"/messaging": tc.document})
			if len(result.Problems) == 0 || result.Problems[0].Code != tc.code {
				t.Errorf("got %v, want %d", result.Problems, tc.code)
			}
			if len(result.Replies) > 10 || result.Heard() != nil {
				t.Errorf("got %d replies, %v", len(result.Replies), result.Heard())
			}
		})
	}
}

// What the interpreter is given comes from strangers: it must end, and may not break.
func FuzzAnswer(f *testing.F) {
	f.Add(`<Response><Say loop="0">a</Say><Gather actionOnEmptyResult="true" action="?"/></Response>`, xml)
	f.Add(`<Response><Dial action="?"><Number url="/">1</Number></Dial><Record/><Enqueue waitUrl="">a</Enqueue></Response>`, xml)
	f.Add(`<Response><Message><Body/><Media>:</Media></Message><Redirect>%zz</Redirect></Response>`, "text/html")
	f.Fuzz(func(t *testing.T, body, contentType string) {
		client := sim.Client{MaxDocuments: 5, HTTP: &http.Client{Transport: constant{body, contentType}}}
		call := sim.Call{Script: sim.Script{Dials: []sim.DialOutcome{sim.Answered(time.Second)}, Gathers: []sim.Input{sim.Press("1")}}}
		result, err := client.Place(t.Context(), "https://example.com/voice", call)
		if err != nil || len(result.Exchanges) > 7 || result.Ending == "" {
			t.Errorf("%v, %d requests, ending %q", err, len(result.Exchanges), result.Ending)
		}
		_ = result.String()
		if result, err := client.Send(t.Context(), "https://example.com/messaging", sim.Message{}); err != nil || len(result.Exchanges) > 7 {
			t.Errorf("%v, %d requests", err, len(result.Exchanges))
		}
	})
}

// constant gives the same answer to every request, without a network.
type constant struct{ body, contentType string }

func (c constant) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {c.contentType}}, Request: r}
	w.Body = http.NoBody
	if c.body != "" {
		w.Body = readCloser{strings.NewReader(c.body)}
	}
	return w, nil
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func Example() {
	server := constant{prolog + `<Response><Say>We are sorry.</Say><Hangup/></Response>`, xml}
	client := sim.Client{Account: sim.Account{SID: "AC…", AuthToken: "…"}, HTTP: &http.Client{Transport: server}}
	result, err := client.Place(context.Background(), "https://fallback.example.com/fallback/voice", sim.Call{ErrorCode: "11205"})
	fmt.Println(result.Heard(), result.Ending, err, result.Err())
	// Output: [We are sorry.] Hangup <nil> <nil>
}
