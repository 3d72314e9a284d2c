package sim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/twilio/sim"
)

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
