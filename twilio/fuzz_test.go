package twilio_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/backstop-project/backstop/twilio"
)

// FuzzVerify signs one request and sends another: it may pass only if the text
// that was signed is one that the request sent stands for.
func FuzzVerify(f *testing.F) {
	const form = "&CallSid=CA11111111111111111111111111111111&From=%2B15017122661&Body=it%27s+me"
	f.Add("", form, "", form, true)
	f.Add("?a=it's", form, "?a=it%27s", form, true)
	f.Add("?a=b+c", form, "?a=b%20c", form, false)
	f.Add("", form, "?AccountSid="+testAccount, form, false)
	f.Add("", form, "", form+"&From=", true)
	f.Add("", "&A=B", "", "&AB=", true)
	f.Add("", form, "", strings.Replace(form, "From=", "Fro=m", 1), true)
	f.Add("", "&Digits=1&Digits=1", "", "&Digits=1", true)
	f.Add("?bodySHA256=x", form, "?bodySHA256=y", form, true)
	f.Fuzz(func(t *testing.T, signedQuery, signedBody, query, body string, isPost bool) {
		signed := fuzzRequest(signedQuery, signedBody, isPost)
		if signed.Parse(100) != nil {
			return
		}
		text := publicURL + signed.URI
		if isPost {
			text = signedText(text, values(signed.Params))
		}
		signed.Signature = signText(testToken, text)
		v := newVerifier(t, publicURL, mainAccount())
		claimed := values(signed.Params)["AccountSid"]
		if got := v.Verify(&signed); got.Reason.Kind != twilio.ReasonCutAnew && got.Verified != (len(slices.Compact(claimed)) == 1 && claimed[0] == testAccount) {
			t.Fatalf("as signed: got %+v for %q", got, claimed)
		}
		sent := fuzzRequest(query, body, isPost)
		if sent.Parse(100) != nil {
			return
		}
		sent.Signature = signed.Signature
		if v.Verify(&sent).Verified && !slices.Contains(meanings(sent, isPost), text) {
			t.Fatalf("%+v passes for %q", sent, text)
		}
		harmless(t, v.Diagnose(&sent).Text)
	})
}

func fuzzRequest(query, body string, isPost bool) twilio.Request {
	if isPost {
		return twilio.Request{Method: "POST", URI: voicePath + query, Body: []byte("AccountSid=" + testAccount + body)}
	}
	return twilio.Request{Method: "GET", URI: voicePath + "?AccountSid=" + testAccount + query, Body: []byte(body)}
}

func values(params []twilio.Param) url.Values {
	form := url.Values{}
	for _, p := range params {
		form.Add(p.Name, p.Value)
	}
	return form
}

// meanings are the texts that a request may have been signed as.
func meanings(r twilio.Request, isPost bool) []string {
	path, query, hasQuery := strings.Cut(r.URI, "?")
	uris := []string{r.URI}
	if hasQuery {
		var browser strings.Builder
		for _, c := range []byte(query) {
			if c <= ' ' || c >= 0x7f || strings.IndexByte(`"'<>`, c) >= 0 {
				const digits = "0123456789ABCDEF"
				browser.WriteString("%" + string(digits[c>>4]) + string(digits[c&15]))
				continue
			}
			browser.WriteByte(c)
		}
		uris = append(uris, path+"?"+browser.String(), path+"?"+strings.ReplaceAll(query, "%27", "'"))
		if legacy, ok := legacyQuery(query); ok {
			uris = append(uris, path+"?"+legacy)
		}
	}
	var texts []string
	for _, base := range []string{publicURL, publicURL + ":443"} {
		for _, uri := range uris {
			text := base + uri
			if isPost {
				text = signedText(text, values(r.Params))
			}
			texts = append(texts, text)
		}
	}
	return texts
}

func legacyQuery(query string) (string, bool) {
	var pairs []string
	write := strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*")
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		plainName, errName := url.QueryUnescape(name)
		plainValue, errValue := url.QueryUnescape(value)
		if errName != nil || errValue != nil {
			return "", false
		}
		pairs = append(pairs, write.Replace(url.QueryEscape(plainName))+"="+write.Replace(url.QueryEscape(plainValue)))
	}
	return strings.Join(pairs, "&"), true
}

// FuzzDiagnose gives strangers' bytes to everything that explains them.
func FuzzDiagnose(f *testing.F) {
	f.Add("POST", voicePath, "a.example", "AccountSid="+testAccount, signText(testToken, "x"), "")
	f.Add("GET", "http://x/?AccountSid="+testAccount, "[::1]:80", "", signText(testToken, "x"), "https://u:hunter2@a.example/x")
	f.Add("\x1b[2J", "?\x00", "\xff", "AccountSid="+testAccount+"&a=+1", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "http://[::1]")
	f.Fuzz(func(t *testing.T, method, uri, host, body, signature, public string) {
		base, err := twilio.ParseBaseURL(public)
		if err != nil {
			base = twilio.BaseURL{}
		}
		keys := newKeys(t, mainAccount(), twilio.Account{Name: "second", Tokens: []string{otherToken}})
		r := twilio.Request{Method: method, URI: uri, Host: host, ForwardedHost: host, ForwardedProto: method, ForwardedPort: host, Body: []byte(body), Signature: signature}
		if err := r.Parse(50); err != nil {
			if twilio.ReasonOf(err).Text == "" {
				t.Fatalf("no reason for %v", err)
			}
			return
		}
		v := twilio.NewVerifier(keys, base)
		result, reason := v.Verify(&r), v.Diagnose(&r)
		if result.Verified || reason.Kind == "" || reason.Text == "" || reason.Kind == twilio.ReasonMismatch {
			t.Fatalf("got %+v, %+v", result, reason)
		}
		harmless(t, reason.Text)
	})
}

func FuzzParseErrorURL(f *testing.F) {
	for _, seed := range []string{
		"https://www.example.com/voice?line=7", "http://user:hunter2@a.example:8080/x#y", "https://good.example\\@evil.example/",
		"javascript:alert(1)", "https://[2001:db8::1]:443/", "//evil.example", "https://münchen.example", "https://-oX/", "https://a..", "\x00\xff", "https://a.example/\"><script>", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u := twilio.ParseErrorURL(raw)
		for _, text := range []string{u.Scheme, u.Port, u.Path, u.Query} {
			if strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune("\"'<>\\`", c) }) {
				t.Errorf("%q: %q is not harmless", raw, text)
			}
		}
		if !utf8.ValidString(u.Host) || strings.ContainsAny(u.Host, "/\\@?# \"'<>`$;|&()\n") || strings.HasPrefix(u.Host, "-") {
			t.Errorf("%q: the host %q is not harmless", raw, u.Host)
		}
		if u.Scheme == "" && u.Authority() != "" {
			t.Errorf("%q: got %+v", raw, u)
		}
		if again := twilio.ParseErrorURL(u.String()); u.Host != "" && (again.Host != u.Host || again.Port != u.Port || again.Path != u.Path) {
			t.Errorf("%q: shown as %s, which reads as %+v, want %+v", raw, u, again, u)
		}
		code := twilio.Lookup(len(raw))
		if code.Advice(u) == "" || code.Sentence(u.Authority()) == "" {
			t.Errorf("%q: no advice", raw)
		}
	})
}
