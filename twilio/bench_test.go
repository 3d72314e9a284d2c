package twilio_test

import (
	"net/url"
	"testing"

	"github.com/twilio/twilio-go/client"

	"github.com/backstop-project/backstop/twilio"
)

const voicePath = "/fallback/voice"

// Budget: 6 µs and 5 allocations for the signature of a POST of 29 parameters.
func BenchmarkVerify(b *testing.B) {
	v := newVerifier(b, publicURL, mainAccount())
	r := post(b, testToken, publicURL, voicePath, callForm())
	b.ReportAllocs()
	for b.Loop() {
		if result := v.Verify(&r); !result.Verified {
			b.Fatal(result.Reason.Text)
		}
	}
}

func BenchmarkVerifyParallel(b *testing.B) {
	v := newVerifier(b, publicURL, mainAccount())
	r := post(b, testToken, publicURL, voicePath, callForm())
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if result := v.Verify(&r); !result.Verified {
				b.Error(result.Reason.Text)
			}
		}
	})
}

func BenchmarkVerifyWrongSignature(b *testing.B) {
	v := newVerifier(b, publicURL, mainAccount())
	r := post(b, otherToken, publicURL, voicePath, callForm())
	b.ReportAllocs()
	for b.Loop() {
		if v.Verify(&r).Verified {
			b.Fatal("verified")
		}
	}
}

func BenchmarkDiagnose(b *testing.B) {
	v := newVerifier(b, publicURL, mainAccount(), twilio.Account{Name: "other", SID: otherAccount, Tokens: []string{otherToken}})
	r := post(b, "a token that nobody has", publicURL, voicePath, callForm())
	for b.Loop() {
		if v.Diagnose(&r).Kind != twilio.ReasonNoMatch {
			b.Fatal("matched")
		}
	}
}

func BenchmarkParseInARoom(b *testing.B) {
	r := twilio.Request{Method: "POST", Body: []byte(encode(callForm()))}
	var room twilio.Room
	b.ReportAllocs()
	for b.Loop() {
		if err := r.ParseIn(&room, 200); err != nil {
			b.Fatal(err)
		}
		room.Empty()
	}
}

func BenchmarkParseForm(b *testing.B) {
	body := encode(callForm())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := twilio.ParseForm(body, 200); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNetURLParseQuery(b *testing.B) {
	body := encode(callForm())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := url.ParseQuery(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTwilioGoValidate(b *testing.B) {
	validator := client.NewRequestValidator(testToken)
	form := callForm()
	params := map[string]string{}
	for name := range form {
		params[name] = form.Get(name)
	}
	signature := signText(testToken, signedText(publicURL+voicePath, form))
	b.ReportAllocs()
	for b.Loop() {
		if !validator.Validate(publicURL+voicePath, params, signature) {
			b.Fatal("not valid")
		}
	}
}

func BenchmarkTwilioGoParseAndValidate(b *testing.B) {
	validator := client.NewRequestValidator(testToken)
	form := callForm()
	body := []byte(encode(form))
	signature := signText(testToken, signedText(publicURL+voicePath, form))
	b.ReportAllocs()
	for b.Loop() {
		if !validator.ValidateBody(publicURL+voicePath, body, signature) {
			b.Fatal("not valid")
		}
	}
}
