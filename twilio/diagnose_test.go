package twilio_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio"
)

func TestDiagnoseFindsTheReason(t *testing.T) {
	const (
		other        = "https://calls.example.org"
		thirdAccount = "AC55555555555555555555555555555555"
	)
	for _, test := range []struct {
		name   string
		public string
		r      twilio.Request
		kind   twilio.ReasonKind
		want   []string
	}{
		{
			"PUBLIC_URL has the wrong scheme", "http://fallback.example.com",
			post(t, testToken, "https://fallback.example.com", voicePath, callForm()),
			twilio.ReasonOtherURL,
			[]string{"signed for https://fallback.example.com/fallback/voice, PUBLIC_URL says http://fallback.example.com: set PUBLIC_URL=https://fallback.example.com"},
		},
		{
			"PUBLIC_URL has the wrong host", publicURL,
			at(post(t, testToken, other, voicePath, callForm()), "calls.example.org"),
			twilio.ReasonOtherURL,
			[]string{"signed for " + other + "/fallback/voice, PUBLIC_URL says " + publicURL + ": set PUBLIC_URL=" + other},
		},
		{
			"PUBLIC_URL lacks the www", "https://example.com",
			post(t, testToken, "https://www.example.com", voicePath, callForm()),
			twilio.ReasonOtherURL,
			[]string{"set PUBLIC_URL=https://www.example.com"},
		},
		{
			"PUBLIC_URL has a www too many", "https://www.example.com",
			post(t, testToken, "https://example.com", voicePath, callForm()),
			twilio.ReasonOtherURL,
			[]string{"set PUBLIC_URL=https://example.com"},
		},
		{
			"PUBLIC_URL lacks a port", publicURL,
			at(post(t, testToken, publicURL+":8443", voicePath, callForm()), "fallback.example.com:8443"),
			twilio.ReasonOtherURL,
			[]string{"set PUBLIC_URL=" + publicURL + ":8443"},
		},
		{
			"PUBLIC_URL has a path that is not signed", publicURL + "/backstop",
			post(t, testToken, publicURL, voicePath, callForm()),
			twilio.ReasonOtherURL,
			[]string{"PUBLIC_URL says " + publicURL + "/backstop: set PUBLIC_URL=" + publicURL},
		},
		{
			"PUBLIC_URL has a password that is not signed", "https://user:hunter2@fallback.example.com",
			post(t, testToken, publicURL, voicePath, callForm()),
			twilio.ReasonOtherURL,
			[]string{"with a user name and password that were not signed: take them out"},
		},
		{
			"PUBLIC_URL is unset and the Host is not what was asked", "",
			at(post(t, testToken, "https://www.example.com", voicePath, callForm()), "example.com"),
			twilio.ReasonOtherURL,
			[]string{"signed for https://www.example.com/fallback/voice: set PUBLIC_URL=https://www.example.com"},
		},
		{
			"a slash at the end is lost", publicURL,
			arriving(post(t, testToken, publicURL, voicePath+"/", callForm()), voicePath),
			twilio.ReasonOtherURL,
			[]string{"signed for " + publicURL + "/fallback/voice/, and /fallback/voice arrived: something on the way changes"},
		},
		{
			"a slash at the end is added", publicURL,
			arriving(post(t, testToken, publicURL, voicePath+"?tenant=secret-tenant", callForm()), voicePath+"/?tenant=secret-tenant"),
			twilio.ReasonOtherURL,
			[]string{"signed for " + publicURL + "/fallback/voice,", "and /fallback/voice/ arrived"},
		},
		{
			"a query is added", publicURL,
			arriving(post(t, testToken, publicURL, voicePath, callForm()), voicePath+"?utm=secret-utm"),
			twilio.ReasonOtherURL,
			[]string{"changes the path or the query"},
		},
		{
			"another account's token", publicURL,
			post(t, otherToken, publicURL, voicePath, callForm()),
			twilio.ReasonOtherAccount,
			[]string{"names account " + testAccount, "matches the token of account " + otherAccount + " (second)", "sub-account"},
		},
		{
			"another account's token and another address", publicURL,
			at(post(t, otherToken, other, voicePath, callForm()), "calls.example.org"),
			twilio.ReasonOtherAccount,
			[]string{"matches the token of account " + otherAccount, "besides, it was signed for " + other},
		},
		{
			"an account without a token, signed with another's", publicURL,
			post(t, testToken, publicURL, voicePath, formOf("AC33333333333333333333333333333333")),
			twilio.ReasonOtherAccount,
			[]string{"names account AC33333333333333333333333333333333", "matches the token of account " + testAccount + " (main)"},
		},
		{
			"an account without a token", publicURL,
			post(t, "unknown", publicURL, voicePath, formOf("AC33333333333333333333333333333333")),
			twilio.ReasonUnknownAccount,
			[]string{"no token is configured for account AC33333333333333333333333333333333"},
		},
		{
			"the drill key for a real account", publicURL,
			post(t, drillKey, publicURL, voicePath, callForm()),
			twilio.ReasonOtherAccount,
			[]string{"signed with the drill key, which counts for drills only"},
		},
		{
			"a real token for a drill", publicURL,
			post(t, testToken, publicURL, voicePath, formOf(twilio.DrillAccountSID)),
			twilio.ReasonOtherAccount,
			[]string{"a drill is signed with the drill key", testAccount},
		},
		{
			"a third account's token", publicURL,
			post(t, "third", publicURL, voicePath, callForm()),
			twilio.ReasonOtherAccount,
			[]string{"matches the token of account " + thirdAccount + ":"},
		},
		{
			"a parameter of a strange name was added", publicURL,
			changing(post(t, testToken, publicURL, voicePath, callForm()), func(body string) string { return body + "&%00secret=1" }),
			twilio.ReasonChanged,
			[]string{"one was added"},
		},
		{
			"a very long path loses its slash", publicURL,
			arriving(post(t, testToken, publicURL, "/"+strings.Repeat("a", 500)+"/", callForm()), "/"+strings.Repeat("a", 500)),
			twilio.ReasonOtherURL,
			[]string{"aaaa…, and /aaaa"},
		},
		{
			"the drill key of another installation", publicURL,
			post(t, "their drill key", publicURL, voicePath, formOf(twilio.DrillAccountSID)),
			twilio.ReasonNoMatch,
			[]string{"the drill key is probably that of another installation"},
		},
		{
			"another token altogether", publicURL,
			post(t, "unknown", publicURL, voicePath, callForm()),
			twilio.ReasonNoMatch,
			[]string{"no variant matched: the Auth Token is probably another one", testAccount},
		},
		{
			"no signature", publicURL,
			twilio.Request{Method: "POST", URI: voicePath, Params: []twilio.Param{{"AccountSid", testAccount}}},
			twilio.ReasonNoSignature,
			[]string{"no signature"},
		},
		{
			"a parameter was added", publicURL,
			changing(post(t, testToken, publicURL, voicePath, callForm()), func(body string) string { return body + "&via=secret-proxy" }),
			twilio.ReasonChanged,
			[]string{"the parameters were changed on the way: one was added (via)"},
		},
		{
			"a plus has become a space", publicURL,
			changing(post(t, testToken, publicURL, voicePath, callForm()), func(body string) string { return strings.ReplaceAll(body, "%2B", "+") }),
			twilio.ReasonChanged,
			[]string{"a + has become a space"},
		},
		{
			"all is escaped twice", publicURL,
			changing(post(t, testToken, publicURL, voicePath, callForm()), func(body string) string { return strings.ReplaceAll(body, "%", "%25") }),
			twilio.ReasonChanged,
			[]string{"escaped twice"},
		},
		{
			"a carriage return is lost", publicURL,
			changing(post(t, testToken, publicURL, voicePath, bodyOf("one\r\ntwo")), func(body string) string { return strings.ReplaceAll(body, "%0D%0A", "%0A") }),
			twilio.ReasonChanged,
			[]string{"lost their carriage return"},
		},
		{
			"a carriage return is added", publicURL,
			changing(post(t, testToken, publicURL, voicePath, bodyOf("one\ntwo")), func(body string) string { return strings.ReplaceAll(body, "%0A", "%0D%0A") }),
			twilio.ReasonChanged,
			[]string{"got a carriage return"},
		},
		{
			"text is read as Latin-1", publicURL,
			changing(post(t, testToken, publicURL, voicePath, bodyOf("Grüße")), func(body string) string {
				return strings.NewReplacer("%C3", "%C3%83", "%BC", "%C2%BC", "%9F", "%C2%9F").Replace(body)
			}),
			twilio.ReasonChanged,
			[]string{"Latin-1"},
		},
		{
			"a body is put into a GET made a POST", publicURL,
			changing(post(t, testToken, publicURL, voicePath, url.Values{}), func(string) string { return callForm().Encode() }),
			twilio.ReasonChanged,
			[]string{"they were added, for the address alone is signed"},
		},
		{
			"a redirect makes a POST a GET", publicURL, asGet(post(t, testToken, publicURL, voicePath, callForm())),
			twilio.ReasonChanged,
			[]string{"signed as a POST, but it arrived as a GET"},
		},
		{
			"something makes a GET a POST", publicURL, asPost(get(t, testToken, publicURL, voicePath, callForm())),
			twilio.ReasonChanged,
			[]string{"signed as a GET, but it arrived as a POST"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := newVerifier(t, test.public, mainAccount(),
				twilio.Account{Name: "second", SID: otherAccount, Tokens: []string{otherToken}},
				twilio.Account{SID: thirdAccount, Tokens: []string{"third"}})
			if v.Verify(&test.r).Verified {
				t.Fatal("got verified")
			}
			got := v.Diagnose(&test.r)
			if got.Kind != test.kind {
				t.Errorf("got %+v, want %s", got, test.kind)
			}
			for _, want := range test.want {
				if !strings.Contains(got.Text, want) {
					t.Errorf("got %q, want it to say %q", got.Text, want)
				}
			}
			harmless(t, got.Text)
		})
	}
}

func TestDiagnoseNamesATokenWithoutAccount(t *testing.T) {
	for name, want := range map[string]string{
		"":       "the token of an account whose SID is not configured",
		"tenant": "the token of an account whose SID is not configured (tenant)",
	} {
		v := newVerifier(t, publicURL, twilio.Account{Name: name, Tokens: []string{"anyone"}})
		r := post(t, "anyone", publicURL, voicePath, formOf(twilio.DrillAccountSID))
		if got := v.Diagnose(&r); got.Kind != twilio.ReasonOtherAccount || !strings.HasSuffix(got.Text, want) {
			t.Errorf("got %+v, want %s", got, want)
		}
	}
}

// harmless fails for a text with a secret, a personal value or a control character.
func harmless(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{testToken, otherToken, drillKey, "hunter2", "secret", "17122661"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q shows %q", text, secret)
		}
	}
	if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		t.Errorf("%q has a control character", text)
	}
}

func TestDiagnoseEndsSoonWithALargeBody(t *testing.T) {
	form := callForm()
	form.Set("Body", strings.Repeat("x", 60<<10))
	r := post(t, "unknown", publicURL, voicePath+"?a=1", form)
	v := newVerifier(t, publicURL, mainAccount(), twilio.Account{SID: otherAccount, Tokens: []string{"1", "2", "3", "4", "5"}})
	if got := v.Diagnose(&r).Kind; got != twilio.ReasonNoMatch {
		t.Errorf("got %s", got)
	}
}

func formOf(sid string) url.Values {
	form := callForm()
	form.Set("AccountSid", sid)
	return form
}

func bodyOf(text string) url.Values {
	form := callForm()
	form.Set("Body", text)
	return form
}

func at(r twilio.Request, host string) twilio.Request {
	r.Host = host
	return r
}

func arriving(r twilio.Request, uri string) twilio.Request {
	r.URI = uri
	return r
}

func changing(r twilio.Request, change func(string) string) twilio.Request {
	r.Body = []byte(change(string(r.Body)))
	if err := r.Parse(200); err != nil {
		panic(err)
	}
	return r
}

func asGet(r twilio.Request) twilio.Request {
	r.Method, r.URI, r.Body = "GET", r.URI+"?"+string(r.Body), nil
	return r
}

func asPost(r twilio.Request) twilio.Request {
	path, query, _ := strings.Cut(r.URI, "?")
	r.Method, r.URI, r.Body = "POST", path, []byte(query)
	return r
}
