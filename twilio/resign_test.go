package twilio_test

import (
	"net/url"
	"testing"

	"github.com/backstop-project/backstop/twilio"
)

// standbyForms are requests that we make to a standby server.
func standbyForms() map[string]struct {
	url  string
	form []twilio.Param
} {
	return map[string]struct {
		url  string
		form []twilio.Param
	}{
		"a call":                   {"https://standby.example.com/voice", []twilio.Param{{Name: "CallSid", Value: "CA1"}, {Name: "AccountSid", Value: testAccount}}},
		"a query":                  {"https://standby.example.com/voice?a=1&b=%20x", []twilio.Param{{Name: "From", Value: "+49 30"}}},
		"repeated values":          {"https://standby.example.com/voice", []twilio.Param{{Name: "a", Value: "2"}, {Name: "a", Value: "1"}, {Name: "a", Value: "2"}}},
		"letters of all languages": {"https://standby.example.com/voice", []twilio.Param{{Name: "Body", Value: "Grüße, 日本 \U0001F600"}, {Name: "B", Value: ""}}},
		"a port":                   {"https://standby.example.com:8443/voice", []twilio.Param{{Name: "a", Value: "b"}}},
		"the port of its scheme":   {"https://standby.example.com:443/voice", []twilio.Param{{Name: "a", Value: "b"}}},
		"a GET":                    {"https://standby.example.com/voice?CallSid=CA1&From=%2B4930", nil},
	}
}

func TestWhatWeSignIsSignedAsTwilioDoesAndByTheKeyThatVerified(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, twilio.Account{Name: "main", SID: testAccount, Tokens: []string{"old-token", testToken}}, twilio.Account{Name: "any", Tokens: []string{otherToken}})
	for name, c := range standbyForms() {
		values := url.Values{}
		for _, p := range c.form {
			values.Add(p.Name, p.Value)
		}
		for by, token := range map[twilio.Match]string{
			{Account: "main", SID: testAccount}:                          "old-token",
			{Account: "main", SID: testAccount, Token: 1}:                testToken,
			{Account: "any", SID: otherAccount}:                          otherToken,
			{Account: "any", SID: testAccount}:                           otherToken,
			{Account: "drill", SID: twilio.DrillAccountSID, Drill: true}: drillKey,
		} {
			if got, ok := keys.Sign(by, c.url, c.form); !ok || got != signText(token, signedText(c.url, values)) {
				t.Errorf("%s, by %+v: got %s, %v", name, by, got, ok)
			}
		}
	}
	if got, _ := keys.Sign(twilio.Match{Account: "main", SID: testAccount}, "https://x.example.com/a#rc=2", nil); got != signText("old-token", "https://x.example.com/a") {
		t.Error("a fragment is signed")
	}
	for _, gone := range []twilio.Match{{}, {Account: "main", SID: testAccount, Token: 2}, {Account: "other", SID: testAccount}, {Account: "main", SID: testAccount, Drill: true}} {
		if got, ok := keys.Sign(gone, "https://x.example.com/", nil); ok {
			t.Errorf("%+v: signed with a key that is not there: %s", gone, got)
		}
	}
}

// A standby server that checks signatures uses one of Twilio's own libraries.
func TestTwiliosOwnLibraryAcceptsWhatWeSign(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, twilio.Account{SID: testAccount, Tokens: []string{testToken}})
	var names []string
	var questions []question
	for name, c := range standbyForms() {
		signature, ok := keys.Sign(twilio.Match{SID: testAccount}, c.url, c.form)
		if !ok {
			t.Fatal("no key")
		}
		var params [][2]string
		for _, p := range c.form {
			params = append(params, [2]string{p.Name, p.Value})
		}
		names = append(names, name)
		questions = append(questions, question{Op: "validate", Token: testToken, URL: c.url, Params: params, Signature: signature})
	}
	for i, accepted := range askNode[bool](t, questions) {
		if !accepted {
			t.Errorf("%s: npm's twilio refuses it", names[i])
		}
	}
}

func TestWhatIsSignedForAnAccountIsSignedWithItsFirstKey(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, twilio.Account{Name: "main", SID: testAccount, Tokens: []string{testToken, "next-token"}})
	const address = "https://www.example.com/sms"
	form := []twilio.Param{{Name: "Body", Value: "STOP"}}
	values := url.Values{"Body": {"STOP"}}
	if got, ok := keys.SignFor(testAccount, address, form); !ok || got != signText(testToken, signedText(address, values)) || !keys.SignsFor(testAccount) {
		t.Errorf("got %s, %v", got, ok)
	}
	for _, account := range []string{otherAccount, "", twilio.DrillAccountSID} {
		if got, ok := keys.SignFor(account, address, form); ok || keys.SignsFor(account) {
			t.Errorf("%q has no key, and got %s", account, got)
		}
	}
	anyone := newKeys(t, twilio.Account{Tokens: []string{testToken}})
	if got, _ := anyone.SignFor(otherAccount, address, form); got != signText(testToken, signedText(address, values)) {
		t.Error("the key for any account does not sign")
	}
}
