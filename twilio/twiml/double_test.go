package twiml_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// twilioExecutes asks the independent double, which reads with encoding/xml and knows the verbs by itself, whether
// Twilio would execute the document.
func twilioExecutes(t *testing.T, kind twiml.Kind, document string) bool {
	t.Helper()
	client := sim.Client{MaxDocuments: 1, HTTP: &http.Client{Transport: always(document)}}
	if kind == twiml.Messaging {
		result, err := client.Send(t.Context(), "https://example.com/", sim.Message{})
		if err != nil {
			t.Fatal(err)
		}
		return len(result.Problems) == 0 || result.Problems[0].Warning || result.Problems[0].Code == 0
	}
	result, err := client.Place(t.Context(), "https://example.com/", sim.Call{})
	if err != nil {
		t.Fatal(err)
	}
	return result.Ending != sim.ApplicationError
}

type always string

func (a always) RoundTrip(r *http.Request) (*http.Response, error) {
	header := http.Header{"Content-Type": {twiml.ContentType}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(string(a))), Request: r}, nil
}

func TestTheDoubleExecutesWhatCheckAccepts(t *testing.T) {
	t.Parallel()
	for _, tc := range accepted {
		if !twilioExecutes(t, tc.kind, tc.doc) {
			t.Errorf("%s: Check accepts what the double cannot execute: %s", tc.name, tc.doc)
		}
	}
	for _, tc := range documents {
		if !twilioExecutes(t, tc.kind, string(tc.doc.Bytes())) {
			t.Errorf("%s: rendered what the double cannot execute", tc.name)
		}
	}
}

func TestTheDoubleRefusesWhatCheckRefuses(t *testing.T) {
	t.Parallel()
	// What encoding/xml lets pass, and an XML parser that keeps to the letter does not; and of SSML the double only
	// knows the tags.
	lenient := map[string]bool{
		"a declaration without version": true, "a declaration with more": true, "standalone maybe": true,
		"attributes without a blank between": true, "a prefix that nothing declares": true,
		"CDATA after the root": true, "a zero byte in a comment": true, "SSML that may not nest so": true,
	}
	for _, tc := range refused {
		if got := twilioExecutes(t, tc.kind, tc.doc); got != lenient[tc.name] {
			t.Errorf("%s: the double executes it: %v", tc.name, got)
		}
	}
}
