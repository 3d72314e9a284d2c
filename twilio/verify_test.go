package twilio_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/backstop-project/backstop/twilio"
)

func TestVerifyKnowsTheKey(t *testing.T) {
	accounts := []twilio.Account{
		{Name: "main", SID: testAccount, Tokens: []string{testToken, "rotated"}},
		{Name: "other", SID: otherAccount, Tokens: []string{otherToken}},
		{Name: "any", Tokens: []string{"anyone", "anyone-2"}},
	}
	const third = "AC33333333333333333333333333333333"
	for _, test := range []struct {
		name, sid, token string
		want             twilio.Match
	}{
		{"the first token", testAccount, testToken, twilio.Match{Account: "main", SID: testAccount}},
		{"the second token while rotating", testAccount, "rotated", twilio.Match{Account: "main", SID: testAccount, Token: 1}},
		{"another account", otherAccount, otherToken, twilio.Match{Account: "other", SID: otherAccount}},
		{"a token without a SID, for an account of its own", testAccount, "anyone", twilio.Match{Account: "any", SID: testAccount}},
		{"a token without a SID, for any other", third, "anyone-2", twilio.Match{Account: "any", SID: third, Token: 1}},
		{"the drill key", twilio.DrillAccountSID, drillKey, twilio.Match{Account: "drill", SID: twilio.DrillAccountSID, Drill: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			form := callForm()
			form.Set("AccountSid", test.sid)
			v := newVerifier(t, publicURL, accounts...)
			for method, r := range map[string]twilio.Request{
				"POST": post(t, test.token, publicURL, voicePath, form),
				"GET":  get(t, test.token, publicURL, voicePath, form),
			} {
				result := v.Verify(&r)
				if !result.Verified || result.Match != test.want || result.Claimed != test.sid || result.Base.String() != publicURL {
					t.Errorf("%s: got %+v, want %+v", method, result, test.want)
				}
				if reason := v.Diagnose(&r); reason != (twilio.Reason{}) {
					t.Errorf("%s: diagnosed %+v, want nothing", method, reason)
				}
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	signed := func(token, sid string, change func(url.Values)) twilio.Request {
		form := callForm()
		form.Set("AccountSid", sid)
		if change != nil {
			change(form)
		}
		return post(t, token, publicURL, voicePath, form)
	}
	with := func(r twilio.Request, change func(*twilio.Request)) twilio.Request {
		change(&r)
		return r
	}
	const anyone = "anyone"
	for _, test := range []struct {
		name string
		r    twilio.Request
		want twilio.ReasonKind
	}{
		{"a wrong token", signed("wrong", testAccount, nil), twilio.ReasonMismatch},
		{"the token of another account", signed(otherToken, testAccount, nil), twilio.ReasonMismatch},
		{"no signature", with(signed(testToken, testAccount, nil), func(r *twilio.Request) { r.Signature = "" }), twilio.ReasonNoSignature},
		{"a signature that is none", with(signed(testToken, testAccount, nil), func(r *twilio.Request) { r.Signature = "c2lnbmF0dXJl" }), twilio.ReasonBadSignature},
		{"no account", signed(testToken, "", func(f url.Values) { f.Del("AccountSid") }), twilio.ReasonNoAccount},
		{"an empty account", signed(testToken, "", nil), twilio.ReasonBadAccount},
		{"an account in capitals", signed(testToken, "AC0123456789ABCDEF0123456789ABCDEF", nil), twilio.ReasonBadAccount},
		{"another kind of SID", signed(testToken, "CA0123456789abcdef0123456789abcdef", nil), twilio.ReasonBadAccount},
		{"two accounts", signed(testToken, testAccount, func(f url.Values) { f.Add("AccountSid", otherAccount) }), twilio.ReasonTwoAccounts},
		{"an account and an empty one", signed(testToken, testAccount, func(f url.Values) { f.Add("AccountSid", "") }), twilio.ReasonTwoAccounts},
		{"a customer's token for a drill", signed(testToken, twilio.DrillAccountSID, nil), twilio.ReasonMismatch},
		{"anyone's token for a drill", signed(anyone, twilio.DrillAccountSID, nil), twilio.ReasonMismatch},
		{"the drill key for a customer's account", signed(drillKey, testAccount, nil), twilio.ReasonMismatch},
		{"a body that is no form", with(signed(testToken, testAccount, nil), func(r *twilio.Request) { r.ContentType = "text/plain"; parse(t, r) }), twilio.ReasonNoAccount},
		{"a changed value", with(signed(testToken, testAccount, nil), func(r *twilio.Request) {
			r.Body = bytes.Replace(r.Body, []byte("ErrorCode=11200"), []byte("ErrorCode=11210"), 1)
			parse(t, r)
		}), twilio.ReasonMismatch},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := newVerifier(t, publicURL, mainAccount(),
				twilio.Account{SID: otherAccount, Tokens: []string{otherToken}}, twilio.Account{Tokens: []string{anyone}})
			got := v.Verify(&test.r)
			if got.Verified || got.Reason.Kind != test.want || got.Reason.Text == "" {
				t.Errorf("got %+v, want %s", got, test.want)
			}
		})
	}
}

func TestTheSameAccountTwiceIsOneAccount(t *testing.T) {
	r := post(t, testToken, publicURL, voicePath, callForm())
	r.Body = append(r.Body, "&AccountSid="+testAccount...)
	parse(t, &r)
	if result := newVerifier(t, publicURL, mainAccount()).Verify(&r); !result.Verified {
		t.Errorf("got %+v, want verified", result)
	}
}

func TestVerifySaysWhatIsMissing(t *testing.T) {
	r := post(t, testToken, publicURL, voicePath, callForm())
	if got := newVerifier(t, publicURL).Verify(&r).Reason.Kind; got != twilio.ReasonNoTokens {
		t.Errorf("without tokens: got %s", got)
	}
	v := newVerifier(t, publicURL, twilio.Account{SID: otherAccount, Tokens: []string{otherToken}})
	got := v.Verify(&r)
	if got.Reason.Kind != twilio.ReasonUnknownAccount || !strings.Contains(got.Reason.Text, testAccount) || got.Claimed != testAccount {
		t.Errorf("without a token of that account: got %+v", got)
	}
	keys, err := twilio.NewKeys(twilio.KeyOptions{Accounts: []twilio.Account{mainAccount()}})
	if err != nil {
		t.Fatal(err)
	}
	form := callForm()
	form.Set("AccountSid", twilio.DrillAccountSID)
	r = post(t, testToken, publicURL, voicePath, form)
	drill := twilio.NewVerifier(keys, baseURL(t, publicURL)).Verify(&r)
	if drill.Reason.Kind != twilio.ReasonUnknownAccount || !strings.Contains(drill.Reason.Text, "drill") {
		t.Errorf("a drill without a drill key: got %+v", drill)
	}
}

func TestWithoutAPublicURLTheFirstCandidateThatMatchesIsTold(t *testing.T) {
	for _, test := range []struct {
		name, signed string
		r            twilio.Request
		want         string
	}{
		{"https with the Host", "https://a.example", twilio.Request{Host: "a.example"}, "https://a.example"},
		{"http with the Host", "http://a.example:8080", twilio.Request{Host: "a.example:8080"}, "http://a.example:8080"},
		{"what was signed, not the port that a proxy or a replay puts into the Host", "https://a.example", twilio.Request{Host: "a.example:9999"}, "https://a.example"},
		{"no port where the Host has the default one", "https://a.example", twilio.Request{Host: "a.example:443"}, "https://a.example"},
		{"the default port where only the signature has it", "http://a.example:80", twilio.Request{Host: "a.example"}, "http://a.example:80"},
		{"small letters where only the Host has capitals", "https://a.example", twilio.Request{Host: "A.Example:9999"}, "https://a.example"},
		{"not a port that was not asked for", "https://a.example:9999", twilio.Request{Host: "a.example"}, ""},
		{"an IPv6 Host", "https://[2001:db8::1]:8443", twilio.Request{Host: "[2001:db8::1]:8443"}, "https://[2001:db8::1]:8443"},
		{"what a trusted proxy says", "https://a.example", twilio.Request{Host: "inner:8080", ForwardedHost: "a.example", ForwardedProto: "https"}, "https://a.example"},
		{"what the first of two proxies says", "http://a.example", twilio.Request{Host: "inner", ForwardedHost: "a.example, b.example", ForwardedProto: "http, https"}, "http://a.example"},
		{"the Host behind a proxy that names another", "https://inner", twilio.Request{Host: "inner", ForwardedHost: "a.example"}, "https://inner"},
		{"the port that a trusted proxy says", "https://a.example:8443", twilio.Request{Host: "inner:8080", ForwardedHost: "a.example", ForwardedPort: "8443"}, "https://a.example:8443"},
		{"the first of two ports", "https://a.example:8443", twilio.Request{ForwardedHost: "a.example", ForwardedPort: "8443, 8080"}, "https://a.example:8443"},
		{"the port beside a Host that lost it", "https://a.example:8443", twilio.Request{Host: "a.example", ForwardedPort: "8443"}, "https://a.example:8443"},
		{"the host without the port all the same", "https://a.example", twilio.Request{ForwardedHost: "a.example", ForwardedPort: "8443"}, "https://a.example"},
		{"the port that is in the host", "https://a.example:444", twilio.Request{ForwardedHost: "a.example:444", ForwardedPort: "8443"}, "https://a.example:444"},
		{"an IPv6 address with the port", "https://[2001:db8::1]:8443", twilio.Request{ForwardedHost: "[2001:db8::1]", ForwardedPort: "8443"}, "https://[2001:db8::1]:8443"},
		{"no port that is none", "https://a.example:8443", twilio.Request{ForwardedHost: "a.example", ForwardedPort: "8443@b.example"}, ""},
		{"not the host of an untrusted proxy", "https://a.example", twilio.Request{Host: "inner"}, ""},
		{"no Host that is none", "https://u:p@a.example", twilio.Request{Host: "u:p@a.example"}, ""},
		{"no Host with a path", "https://a.example/x", twilio.Request{Host: "a.example/x"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := post(t, testToken, test.signed, voicePath, callForm())
			r.Host, r.ForwardedHost, r.ForwardedProto, r.ForwardedPort = test.r.Host, test.r.ForwardedHost, test.r.ForwardedProto, test.r.ForwardedPort
			got := newVerifier(t, "", mainAccount()).Verify(&r)
			if got.Verified != (test.want != "") || got.Base.String() != test.want {
				t.Errorf("got %v %q, want %q", got.Verified, got.Base, test.want)
			}
		})
	}
}

func TestWithAPublicURLOnlyThatCounts(t *testing.T) {
	r := post(t, testToken, "https://a.example", voicePath, callForm())
	r.Host, r.ForwardedHost = "a.example", "a.example"
	if got := newVerifier(t, publicURL, mainAccount()).Verify(&r); got.Verified {
		t.Errorf("got %+v, want unverified", got)
	}
}

func TestCandidatesHaveNoRepeats(t *testing.T) {
	got := twilio.Candidates(&twilio.Request{Host: "a.example", ForwardedHost: "a.example", ForwardedProto: "http", ForwardedPort: "80"})
	var texts []string
	for _, base := range got {
		texts = append(texts, base.String())
	}
	if want := []string{"http://a.example", "https://a.example", "https://a.example:80"}; !slices.Equal(texts, want) {
		t.Errorf("got %v, want %v", texts, want)
	}
}

func TestVerifyServesManyGoroutines(t *testing.T) {
	v := newVerifier(t, publicURL, twilio.Account{SID: testAccount, Tokens: []string{"old", testToken}})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 200 {
				form := callForm()
				form.Set("CallSid", fmt.Sprintf("CA%016x%016x", i, j))
				form.Set("Extra", strings.Repeat("x", j))
				r := post(t, testToken, publicURL, voicePath, form)
				if result := v.Verify(&r); !result.Verified || result.Match.Token != 1 {
					t.Errorf("got %+v, want verified by the second token", result)
				}
			}
		})
	}
	group.Wait()
}

func TestVerifyStaysWithinItsAllocations(t *testing.T) {
	v := newVerifier(t, publicURL, mainAccount())
	r := post(t, testToken, publicURL, voicePath, callForm())
	if len(r.Params) != 29 {
		t.Fatalf("got %d parameters, want 29", len(r.Params))
	}
	if got := testing.AllocsPerRun(1000, func() { v.Verify(&r) }); got > 5 {
		t.Errorf("verify: got %v allocations, want at most 5", got)
	}
	if got := testing.AllocsPerRun(1000, func() { _ = r.Parse(200) }); got > 5 {
		t.Errorf("parse: got %v allocations, want at most 5", got)
	}
}

func TestNewKeysListsEveryMistake(t *testing.T) {
	_, err := twilio.NewKeys(twilio.KeyOptions{Accounts: []twilio.Account{
		{SID: testAccount, Tokens: []string{"secret one", ""}},
		{SID: "SK0123456789abcdef0123456789abcdef", Tokens: []string{"t"}},
		{SID: "AC12"},
		{SID: twilio.DrillAccountSID},
		{SID: testAccount},
	}})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		"accounts[0].auth_tokens[0]", "accounts[0].auth_tokens[1]",
		"accounts[1].sid is an API key", `accounts[2].sid "AC12"`, "accounts[3].sid", "accounts[4].sid",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to name %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("got %q, which shows a token", err)
	}
}

func TestKeysDoNotShowTokens(t *testing.T) {
	v := newVerifier(t, "https://user:hunter2@a.example", mainAccount())
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		text := fmt.Sprintf(format, newKeys(t, mainAccount())) + fmt.Sprintf(format, v)
		if strings.Contains(text, testToken) {
			t.Errorf("%s shows the token", format)
		}
	}
	base := baseURL(t, "https://user:hunter2@a.example/x")
	for _, format := range []string{"%v", "%+v", "%s", "%q"} {
		if text := fmt.Sprintf(format, base); strings.Contains(text, "hunter2") {
			t.Errorf("%s shows the password: %s", format, text)
		}
	}
}

func TestReasonOfWhatCouldNotBeRead(t *testing.T) {
	_, tooMany := twilio.ParseForm("a&b", 1)
	_, malformed := twilio.ParseForm("%", 1)
	for _, test := range []struct {
		err  error
		want twilio.ReasonKind
	}{
		{nil, ""},
		{tooMany, twilio.ReasonTooManyParams},
		{malformed, twilio.ReasonMalformed},
		{fmt.Errorf("read body: %w", twilio.ErrTooLarge), twilio.ReasonTooLarge},
		{errors.New("connection reset"), twilio.ReasonUnreadable},
	} {
		t.Run(string(test.want), func(t *testing.T) {
			if got := twilio.ReasonOf(test.err); got.Kind != test.want || (got.Text == "") != (test.err == nil) {
				t.Errorf("got %+v, want %s", got, test.want)
			}
		})
	}
}

func TestParseBaseURLNamesTheMistake(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"fallback.example.com", "https://"},
		{"ftp://fallback.example.com", "https://"},
		{"", "https://"},
		{"https://", "host"},
		{"https:///path", "host"},
		{"https://a b.example", "spaces"},
		{"https://münchen.example", "xn--"},
		{`https://a.example\@b.example`, `"\"`},
		{"https://a.example/?x=1", "query"},
		{"https://a.example:0", "port"},
		{"https://a.example:99999", "port"},
		{"https://a.example:", "port"},
		{"https://2001:db8::1", "port"},
		{"https://[2001:db8::1", "host"},
		{"https://[]", "host"},
		{"https://[localhost]", "host"},
		{"https://a<b>.example", "host"},
		{"https://user:hunter2@", "host"},
		{"https://user:hunter2@a.example:x", "port"},
	} {
		t.Run(strconv.Quote(test.text), func(t *testing.T) {
			base, err := twilio.ParseBaseURL(test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) || !base.IsZero() {
				t.Fatalf("got %v, %v, want a word about %s", base, err, test.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %q, which shows the password", err)
			}
		})
	}
}

func TestBaseURLIsShownWithoutUserinfoAndFragment(t *testing.T) {
	for text, want := range map[string]string{
		"https://a.example":                            "https://a.example",
		"https://a.example/":                           "https://a.example",
		"https://a.example/backstop//":                 "https://a.example/backstop",
		"http://[::1]:8080":                            "http://[::1]:8080",
		"https://u:p@a.example:8443/x#ct=2000&rt=5000": "https://a.example:8443/x",
	} {
		if got := baseURL(t, text).String(); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	if got := (twilio.BaseURL{}).String(); got != "" {
		t.Errorf("none: got %q", got)
	}
}
