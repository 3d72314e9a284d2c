package twilio_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio"
)

// messageForm is a fallback request as Twilio sends it for a message.
func messageForm() url.Values {
	const sid = "SM11111111111111111111111111111111"
	return url.Values{
		"ToCountry": {"CA"}, "ErrorUrl": {"https://nonexistent.example/hook/sms"}, "ToState": {"BC"}, "SmsMessageSid": {sid},
		"ErrorCode": {"11210"}, "NumMedia": {"0"}, "ToCity": {""}, "FromZip": {""}, "SmsSid": {sid}, "FromState": {"Ontario"},
		"SmsStatus": {"received"}, "FromCity": {""}, "Body": {"hello"}, "FromCountry": {"CA"}, "To": {"+12365550100"}, "ToZip": {""},
		"NumSegments": {"1"}, "MessageSid": {sid}, "AccountSid": {testAccount}, "From": {"+13435550100"}, "ApiVersion": {"2010-04-01"},
	}
}

// change returns a copy of form in which some parameters are gone and others are there.
func change(form url.Values, gone string, pairs ...string) url.Values {
	for name := range strings.FieldsSeq(gone) {
		form.Del(name)
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

func TestACapturedRequestCannotBeCutAnew(t *testing.T) {
	for _, test := range []struct {
		claim string
		from  func() url.Values
		gone  string
		pairs []string
		shown string
	}{
		{"a name cut short", callForm, "From", []string{"Fro", "m+15017122661"}, "Fro"},
		{"to a letter", callForm, "To", []string{"T", "o+15557122661"}, "T"},
		{"a name made longer", callForm, "From", []string{"From+1", "5017122661"}, ""},
		{"a direction that swallows the code", callForm, "Direction ErrorCode", []string{"Direction", "inboundErrorCode11200"}, "Direction"},
		{"and the URL", callForm, "Direction ErrorCode ErrorUrl", []string{"Direction", "inboundErrorCode11200ErrorUrlhttps://www.example.com/voice/answer?line=7"}, "Direction"},
		{"a direction in a longer name", callForm, "Direction", []string{"Directionin", "bound"}, "Directionin"},
		{"the code as another name", callForm, "ErrorCode", []string{"ErrorCod", "e11200"}, "ErrorCod"},
		{"code and URL as other names", callForm, "ErrorCode ErrorUrl", []string{"ErrorCod", "e11200", "ErrorUr", "lhttps://www.example.com/voice/answer?line=7"}, "ErrorCod"},
		{"a code that swallows the URL", callForm, "ErrorUrl", []string{"ErrorCode", "11200ErrorUrlhttps://www.example.com/voice/answer?line=7"}, "ErrorCode"},
		{"a status that swallows the token", callForm, "CallToken", []string{"CallStatus", "ringingCallTokenx"}, "CallStatus"},
		{"a status in a longer name", callForm, "CallStatus", []string{"CallStatusr", "inging"}, "CallStatusr"},
		{"a token that swallows the direction", callForm, "Direction", []string{"CallToken", "xDirectioninbound"}, "CallToken"},
		{"a URL that swallows the caller", callForm, "From", []string{"ErrorUrl", "https://www.example.com/From+15017122661"}, "ErrorUrl"},
		{"a caller who swallows the city", callForm, "FromCity", []string{"From", "+15017122661FromCity"}, "From"},
		{"a version that swallows the call", callForm, "CallSid", []string{"ApiVersion", "2010-04-01CallSidCA11111111111111111111111111111111"}, "ApiVersion"},
		{"the call as another name", callForm, "CallSid", []string{"CallSi", "dCA11111111111111111111111111111111"}, "CallSi"},
		{"a call that swallows its status", callForm, "CallStatus", []string{"CallSid", "CA11111111111111111111111111111111CallStatusringing"}, "CallSid"},
		{"a body as another name", messageForm, "Body", []string{"Bod", "yhello"}, "Bod"},
		{"a body that swallows the code", messageForm, "ErrorCode", []string{"Body", "helloErrorCode11210"}, "Body"},
		{"a body that swallows code and URL", messageForm, "ErrorCode ErrorUrl", []string{"Body", "helloErrorCode11210ErrorUrlhttps://nonexistent.example/hook/sms"}, "Body"},
		{"a count that swallows the other", messageForm, "NumSegments", []string{"NumMedia", "0NumSegments1"}, "NumMedia"},
		{"a message that is none", messageForm, "", []string{"MessageSid", "SM1"}, "MessageSid"},
		{"a call that is a message", callForm, "", []string{"CallSid", "SM11111111111111111111111111111111"}, "CallSid"},
	} {
		t.Run(test.claim, func(t *testing.T) {
			r := post(t, testToken, publicURL, voicePath, change(test.from(), test.gone, test.pairs...))
			v := newVerifier(t, publicURL, mainAccount())
			got := v.Verify(&r)
			if got.Verified || got.Reason.Kind != twilio.ReasonCutAnew || got.Claimed != testAccount || !strings.Contains(got.Reason.Text, test.shown) {
				t.Errorf("got %+v, want %s by %s", got, twilio.ReasonCutAnew, test.shown)
			}
			if reason := v.Diagnose(&r); reason != got.Reason {
				t.Errorf("diagnosed %+v, want %+v", reason, got.Reason)
			}
		})
	}
}

func TestWhatTwilioMaySendIsNeverTakenForCutAnew(t *testing.T) {
	for _, test := range []struct {
		claim string
		from  func() url.Values
		gone  string
		pairs []string
	}{
		{"a call", callForm, "", nil},
		{"a message", messageForm, "", nil},
		{"asked first", callForm, "ErrorCode ErrorUrl", nil},
		{"a message, asked first, about an error", messageForm, "ErrorCode ErrorUrl", []string{"Body", "I get ErrorCode11200 Direction inbound, ErrorUrl https://x From +1"}},
		{"a code without a URL", callForm, "ErrorUrl", nil},
		{"a URL without a code", callForm, "ErrorCode", nil},
		{"names of the future", callForm, "", []string{"ErrorCodeDetail", "x", "FromName", "y", "DirectionOfTravel", "z", "CallSidPrevious", "CA22222222222222222222222222222222"}},
		{"an app's own parameters", callForm, "", []string{"", "x", "T", "oday", "F", "rom here", "my name", "it's me", "日本", "語", "C", "alled back", "Bod", "y"}},
		{"an app's own parameters, asked first", callForm, "ErrorCode ErrorUrl", []string{"Error", "Code unknown", "ErrorC", "ode", "Errors", "12"}},
		{"words of the future", callForm, "", []string{"Direction", "trunking-terminating", "CallStatus", "Paused"}},
		{"codes of the future", callForm, "", []string{"ErrorCode", "E-11200 (Beta)"}},
		{"a withheld caller", callForm, "", []string{"From", ""}},
		{"a caller with a name for an address", callForm, "", []string{"From", "City Bank Direction", "Caller", "FromCity To Country"}},
		{"places with capitals and small letters", callForm, "FromCity", []string{"ToCity", "São Paulo", "FromState", "Bodyke From Tolosa", "CalledCity", "Fromberg"}},
		{"without a caller", callForm, "From", nil},
		{"without a line", messageForm, "To", []string{"Body", "Go To"}},
		{"without a SID", callForm, "CallSid", nil},
		{"with nothing but the account", func() url.Values { return url.Values{"AccountSid": {testAccount}} }, "", nil},
		{"an empty SID", callForm, "", []string{"CallSid", ""}},
		{"a message by MMS", messageForm, "", []string{"MessageSid", "MM11111111111111111111111111111111"}},
		{"after a dial", callForm, "", []string{"DialCallStatus", "completed", "DialCallSid", "CA22222222222222222222222222222222", "RecordingUrl", "https://api.twilio.com/ToCity/FromCity"}},
	} {
		t.Run(test.claim, func(t *testing.T) {
			form := change(test.from(), test.gone, test.pairs...)
			for method, r := range map[string]twilio.Request{"POST": post(t, testToken, publicURL, voicePath, form), "GET": get(t, testToken, publicURL, voicePath, form)} {
				if got := newVerifier(t, publicURL, mainAccount()).Verify(&r); !got.Verified {
					t.Errorf("%s: got %+v, want verified", method, got)
				}
			}
		})
	}
}

func TestAnAddressIsSignedWithWhatSeparatesItsParameters(t *testing.T) {
	form := change(callForm(), "From", "Fro", "m+15017122661")
	r := get(t, testToken, publicURL, voicePath, form)
	if got := newVerifier(t, publicURL, mainAccount()).Verify(&r); !got.Verified {
		t.Errorf("got %+v, want verified: nobody can cut a GET anew", got)
	}
}
