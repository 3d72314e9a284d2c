package sim_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/twilio/sim"
)

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
