package sim_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/twilio/sim"
)

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
	for _, e := range result.Events {
		if e.Kind == sim.Dialled && (e.At+e.Length != 10*time.Second || !strings.HasSuffix(e.Text, "canceled")) {
			t.Errorf("it rang: %q from %s for %s, though the caller hung up after 10 s", e.Text, e.At, e.Length)
		}
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
