package twiml_test

import (
	"testing"

	"github.com/backstop-project/backstop/twilio/twiml"
)

func TestEveryMessageTellsHowItFares(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		`<Response><Message>hello</Message></Response>`:                                 `<Response><Message statusCallback="/s?a=1&amp;b=2">hello</Message></Response>`,
		`<Response><Message to="+1"><Body>a</Body></Message><Message/></Response>`:      `<Response><Message statusCallback="/s?a=1&amp;b=2" to="+1"><Body>a</Body></Message><Message statusCallback="/s?a=1&amp;b=2"/></Response>`,
		`<Response><Message statusCallback="https://a.example/">a</Message></Response>`: `<Response><Message statusCallback="https://a.example/">a</Message></Response>`,
		`<Response/>`: `<Response/>`,
	} {
		got, err := twiml.TellStatus([]byte(doc), "/s?a=1&b=2")
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
	if _, err := twiml.TellStatus([]byte("<Response><Message>"), "/s"); err == nil {
		t.Error("half a document has no error")
	}
}
