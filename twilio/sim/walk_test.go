package sim_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/twilio/sim"
)

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

func Example() {
	server := constant{prolog + `<Response><Say>We are sorry.</Say><Hangup/></Response>`, xml}
	client := sim.Client{Account: sim.Account{SID: "AC…", AuthToken: "…"}, HTTP: &http.Client{Transport: server}}
	result, err := client.Place(context.Background(), "https://fallback.example.com/fallback/voice", sim.Call{ErrorCode: "11205"})
	fmt.Println(result.Heard(), result.Ending, err, result.Err())
	// Output: [We are sorry.] Hangup <nil> <nil>
}
