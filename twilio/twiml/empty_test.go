package twiml_test

import (
	"testing"

	"github.com/backstop-project/backstop/twilio/twiml"
)

func TestADocumentWithoutAVerbIsEmpty(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]bool{
		"": true, "OK": true, "<Response/>": true, "<Response></Response>": true, "<Response": true,
		`<?xml version="1.0" encoding="UTF-8"?>` + "\n<Response> <!-- <Say/> --> </Response>\n": true,
		"<Response><Hangup/></Response>":                      false,
		"<!-- hello --><Response><Say>Hello</Say></Response>": false,
	} {
		if got := twiml.Empty([]byte(doc)); got != want {
			t.Errorf("%q: got %v, want %v", doc, got, want)
		}
	}
}
