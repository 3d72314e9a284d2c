package twilio_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio"
)

type vector struct {
	Name          string
	Token         string
	URL           string
	Params        [][2]string
	Signature     string
	ConfiguredURL string `json:"configured_url"`
}

func readVectors(t *testing.T) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/signature-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) != 17 {
		t.Fatalf("got %d vectors, want 17", len(vectors))
	}
	return vectors
}

// split parts an address where the path begins.
func split(address string) (base, uri string) {
	scheme, rest, _ := strings.Cut(address, "://")
	authority, path, _ := strings.Cut(rest, "/")
	return scheme + "://" + authority, "/" + path
}

// request is the request that a vector stands for, signed as it says.
func (v vector) request(tb testing.TB, uri string) twilio.Request {
	tb.Helper()
	form := url.Values{}
	for _, p := range v.Params {
		form.Add(p[0], p[1])
	}
	r := twilio.Request{
		Method: "POST", URI: uri, Signature: v.Signature,
		ContentType: "application/x-www-form-urlencoded", Body: []byte(encode(form)),
	}
	if strings.Contains(uri, "bodySHA256=0a1ff") {
		r.ContentType, r.Body = "application/json", []byte(`{"property": "value", "boolean": true}`)
	}
	if strings.Contains(uri, "bodySHA256=44136") {
		r.ContentType, r.Body = "application/json", []byte("{}")
	}
	parse(tb, &r)
	return r
}

func tokenKeys(tb testing.TB, token string) *twilio.Keys {
	tb.Helper()
	return newKeys(tb, twilio.Account{Tokens: []string{token}})
}

func TestPublishedVectorsAreSigned(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			address := v.URL
			if v.ConfiguredURL != "" {
				address = v.ConfiguredURL
			}
			base, uri := split(address)
			r := v.request(t, uri)
			if _, ok := tokenKeys(t, v.Token).Signed(testAccount, baseURL(t, base), &r); !ok {
				t.Error("got not signed, want signed")
			}
		})
	}
}

func TestPublishedVectorsAreSignedWithAndWithoutThePort(t *testing.T) {
	for _, v := range readVectors(t) {
		base, uri := split(v.URL)
		for _, other := range []string{base + ":443", strings.TrimSuffix(base, ":443")} {
			if !strings.HasPrefix(base, "https://") || strings.HasSuffix(other, ":443:443") {
				continue
			}
			t.Run(v.Name+" at "+other, func(t *testing.T) {
				r := v.request(t, uri)
				if _, ok := tokenKeys(t, v.Token).Signed(testAccount, baseURL(t, other), &r); !ok {
					t.Error("got not signed, want signed")
				}
			})
		}
	}
}

func TestPublishedVectorsFailWithAnythingElse(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			base, uri := split(v.URL)
			r := v.request(t, uri)
			if _, ok := tokenKeys(t, v.Token+"6").Signed(testAccount, baseURL(t, base), &r); ok {
				t.Error("another token: got signed")
			}
			if _, ok := tokenKeys(t, v.Token).Signed(testAccount, baseURL(t, strings.Replace(base, "com", "org", 1)), &r); ok {
				t.Error("another host: got signed")
			}
			r = v.request(t, uri+"&x=1")
			if _, ok := tokenKeys(t, v.Token).Signed(testAccount, baseURL(t, base), &r); ok {
				t.Error("another query: got signed")
			}
			r = v.request(t, uri)
			r.Body = append(r.Body, "&Extra=1"...)
			parse(t, &r)
			if _, ok := tokenKeys(t, v.Token).Signed(testAccount, baseURL(t, base), &r); ok {
				t.Error("another body: got signed")
			}
		})
	}
}

func TestSignedAllowsWhatTheLibrariesAllow(t *testing.T) {
	const path = "/fallback/voice"
	for _, test := range []struct {
		name                    string
		signed, public, arrives string // the address signed, PUBLIC_URL, the request URI
		want                    bool
	}{
		{"as configured", "https://a.example" + path, "https://a.example", path, true},
		{"the default port signed, none configured", "https://a.example:443" + path, "https://a.example", path, true},
		{"no port signed, the default configured", "https://a.example" + path, "https://a.example:443", path, true},
		{"port 80 for http", "http://a.example:80" + path, "http://a.example", path, true},
		{"port 80 is not the default of https", "https://a.example:80" + path, "https://a.example", path, false},
		{"another port configured, none signed", "https://a.example" + path, "https://a.example:8443", path, true},
		{"another port signed, none configured", "https://a.example:8443" + path, "https://a.example", path, false},
		{"an IPv6 host", "https://[2001:db8::1]" + path, "https://[2001:db8::1]", path, true},
		{"an IPv6 host with the default port signed", "https://[2001:db8::1]:443" + path, "https://[2001:db8::1]", path, true},
		{"an IPv6 host with its port left out", "https://[2001:db8::1]" + path, "https://[2001:db8::1]:8443", path, true},
		{"an IPv6 host is not cut at its first colon", "https://[2001" + path, "https://[2001:db8::1]", path, false},
		{"capitals in the host configured", "https://a.example" + path, "HTTPS://A.Example", path, true},
		{"user name and password signed as configured", "https://u:p@a.example" + path, "https://u:p@a.example", path, true},
		{"user name and password with a port", "https://u:p@a.example:443" + path, "https://u:p@a.example", path, true},
		{"user name and password not signed", "https://a.example" + path, "https://u:p@a.example", path, false},
		{"a path before ours that the proxy strips", "https://a.example/backstop" + path, "https://a.example/backstop/", path, true},
		{"a fragment is not signed", "https://a.example" + path, "https://a.example#ct=2000&rc=3", path, true},
		{"http is not https", "http://a.example" + path, "https://a.example", path, false},
		{"an apostrophe that arrives bare", "https://a.example" + path + "?x=It%27s", "https://a.example", path + "?x=It's", true},
		{"an apostrophe that arrives escaped", "https://a.example" + path + "?x=It's", "https://a.example", path + "?x=It%27s", true},
		{"quotes as a browser escapes them", "https://a.example" + path + "?x=%22%3C%3E", "https://a.example", path + `?x="<>`, true},
		{"the query as querystring writes it", "https://a.example" + path + "?x=a%20b&y=", "https://a.example", path + "?x=a+b&y", true},
		{"another path", "https://a.example/fallback/messaging", "https://a.example", path, false},
		{"a slash at the end", "https://a.example" + path + "/", "https://a.example", path, false},
		{"an absolute request URI", "https://a.example" + path, "https://a.example", "http://inner:8080" + path, true},
		{"an absolute request URI without a path", "https://a.example", "https://a.example", "http://inner:8080", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			form := callForm()
			r := twilio.Request{
				Method: "POST", URI: test.arrives, Body: []byte(encode(form)),
				Signature: signText(testToken, signedText(test.signed, form)),
			}
			parse(t, &r)
			_, got := tokenKeys(t, testToken).Signed(testAccount, baseURL(t, test.public), &r)
			if got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestSignedCoversTheBody(t *testing.T) {
	const (
		uri  = "/twilio/events?bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
		form = "application/x-www-form-urlencoded"
	)
	for _, test := range []struct {
		name, method, uri, kind, body string
		want                          bool
	}{
		{"JSON with its hash in the address", "POST", uri, "application/json", "{}", true},
		{"JSON that is not what was hashed", "POST", uri, "application/json", "[]", false},
		{"JSON without a hash", "POST", "/twilio/events", "application/json", "{}", false},
		{"a hash in capitals", "POST", strings.ToUpper(uri), "application/json", "{}", false},
		{"no body at all", "POST", "/twilio/events", "application/json", "", true},
		{"a form with its hash in the address", "POST", "/twilio/events?bodySHA256=c22fea5d7428e5cf47ef6354c97c9223c95d6dcdc3e0d2300ff79056b1ff3d85", form, "a=1", true},
		{"a form that is not what was hashed", "POST", "/twilio/events?bodySHA256=c22fea5d7428e5cf47ef6354c97c9223c95d6dcdc3e0d2300ff79056b1ff3d85", form, "a=2", false},
		{"a form that was not signed", "POST", "/twilio/events", form, "a=1", false},
		{"a GET, whose body is ignored", "GET", "/twilio/events", form, "a=1", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := twilio.Request{
				Method: test.method, URI: test.uri, ContentType: test.kind, Body: []byte(test.body),
				Signature: signText(testToken, publicURL+test.uri),
			}
			parse(t, &r)
			_, got := tokenKeys(t, testToken).Signed(testAccount, baseURL(t, publicURL), &r)
			if got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestOnlySignedBytesYieldParameters(t *testing.T) {
	for _, test := range []struct {
		name string
		r    twilio.Request
		want string
	}{
		{"a POST has those of its form", twilio.Request{Method: "POST", URI: "/?x=query", Body: []byte("x=body")}, "body"},
		{"a GET has those of its query", twilio.Request{Method: "GET", URI: "/?x=query", Body: []byte("x=body")}, "query"},
		{"a form may name its charset", twilio.Request{Method: "POST", URI: "/", ContentType: "Application/X-WWW-Form-Urlencoded; charset=UTF-8", Body: []byte("x=body")}, "body"},
		{"JSON has none", twilio.Request{Method: "POST", URI: "/?x=query", ContentType: "application/json", Body: []byte("x=body")}, ""},
		{"multipart has none", twilio.Request{Method: "POST", URI: "/?x=query", ContentType: "multipart/form-data; boundary=x", Body: []byte("x=body")}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			parse(t, &test.r)
			if got := twilio.First(test.r.Params, "x"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestASignatureHasOneText(t *testing.T) {
	r := post(t, testToken, publicURL, voicePath, callForm())
	keys, base := tokenKeys(t, testToken), baseURL(t, publicURL)
	right := r.Signature
	last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", right[26])
	others := map[string]string{
		"other bits that count for nothing": right[:26] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[last^1]) + "=",
		"no padding":                        right[:27],
		"a space before":                    " " + right,
		"a line break within":               right[:10] + "\n" + right[10:],
		"a line break instead of padding":   right[:27] + "\n",
		"more behind":                       right + right,
		"nothing":                           "",
	}
	for name, text := range others {
		t.Run(name, func(t *testing.T) {
			r := r
			r.Signature = text
			if _, ok := keys.Signed(testAccount, base, &r); ok {
				t.Errorf("%q: got signed", text)
			}
		})
	}
	if _, ok := keys.Signed(testAccount, base, &r); !ok {
		t.Error("the right one: got not signed")
	}
}

func TestTheOrderOfTheRequestBeforeChangesNothing(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, publicURL, mainAccount())
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		params := []twilio.Param{{Name: "AccountSid", Value: testAccount}}
		for range 1 + random.IntN(6) { // so that many have as many as the one before
			params = append(params, twilio.Param{Name: string(rune('a' + random.IntN(4))), Value: string(rune('x' + random.IntN(2)))})
		}
		random.Shuffle(len(params), func(i, j int) { params[i], params[j] = params[j], params[i] })
		r := twilio.Request{
			Method: "POST", URI: voicePath, ContentType: "application/x-www-form-urlencoded", Params: params,
			Signature: signText(testToken, signedText(publicURL+voicePath, values(params))),
		}
		if got := v.Verify(&r); !got.Verified {
			t.Fatalf("%v: got %+v", params, got)
		}
	}
}
