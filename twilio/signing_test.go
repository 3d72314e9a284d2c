package twilio_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio"
)

const (
	testAccount  = "AC0123456789abcdef0123456789abcdef"
	otherAccount = "ACfedcba9876543210fedcba9876543210"
	testToken    = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	otherToken   = "77777777777777777777777777777777"
	drillKey     = "the-drill-key"
	publicURL    = "https://fallback.example.com"
)

// signText is the algorithm at its plainest: HMAC-SHA1, base64.
func signText(token, text string) string {
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signedText is what Twilio signs, as the documentation tells it.
func signedText(address string, params url.Values) string {
	var text strings.Builder
	text.WriteString(address)
	for _, name := range slices.Sorted(maps.Keys(params)) {
		for _, value := range slices.Compact(slices.Sorted(slices.Values(params[name]))) {
			text.WriteString(name + value)
		}
	}
	return text.String()
}

func newKeys(tb testing.TB, accounts ...twilio.Account) *twilio.Keys {
	tb.Helper()
	keys, err := twilio.NewKeys(twilio.KeyOptions{Accounts: accounts, Drill: drillKey})
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

func baseURL(tb testing.TB, text string) twilio.BaseURL {
	tb.Helper()
	base, err := twilio.ParseBaseURL(text)
	if err != nil {
		tb.Fatalf("base URL %q: %v", text, err)
	}
	return base
}

func newVerifier(tb testing.TB, public string, accounts ...twilio.Account) *twilio.Verifier {
	tb.Helper()
	var base twilio.BaseURL
	if public != "" {
		base = baseURL(tb, public)
	}
	return twilio.NewVerifier(newKeys(tb, accounts...), base)
}

func mainAccount() twilio.Account {
	return twilio.Account{Name: "main", SID: testAccount, Tokens: []string{testToken}}
}

// post is a signed POST of the form to base + uri.
func post(tb testing.TB, token, base, uri string, form url.Values) twilio.Request {
	tb.Helper()
	r := twilio.Request{
		Method:      "POST",
		URI:         uri,
		ContentType: "application/x-www-form-urlencoded; charset=UTF-8",
		Body:        []byte(encode(form)),
		Signature:   signText(token, signedText(base+uri, form)),
	}
	parse(tb, &r)
	return r
}

// encode writes the pairs in no order, as Twilio does.
func encode(form url.Values) string {
	pairs := strings.Split(form.Encode(), "&")
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	return strings.Join(pairs, "&")
}

// get is a signed GET with the parameters in its query.
func get(tb testing.TB, token, base, uri string, form url.Values) twilio.Request {
	tb.Helper()
	uri += "?" + encode(form)
	r := twilio.Request{Method: "GET", URI: uri, Signature: signText(token, base+uri)}
	parse(tb, &r)
	return r
}

func parse(tb testing.TB, r *twilio.Request) {
	tb.Helper()
	if err := r.Parse(200); err != nil {
		tb.Fatalf("parse: %v", err)
	}
}

// callForm is a fallback request of 29 parameters, as Twilio sends it for a call.
func callForm() url.Values {
	form := url.Values{}
	for _, pair := range [][2]string{
		{"AccountSid", testAccount},
		{"ApiVersion", "2010-04-01"},
		{"CallSid", "CA11111111111111111111111111111111"},
		{"CallStatus", "ringing"},
		{"CallToken", "%7B%22parentCallInfoToken%22%3A%22eyJhbGciOiJFUzI1NiJ9.eyJjYWxsU2lkIjoiQ0Ex%22%7D"},
		{"Called", "+15557122661"},
		{"CalledCity", "SAN FRANCISCO"},
		{"CalledCountry", "US"},
		{"CalledState", "CA"},
		{"CalledZip", ""},
		{"Caller", "+15017122661"},
		{"CallerCity", ""},
		{"CallerCountry", "US"},
		{"CallerState", "AR"},
		{"CallerZip", "72201"},
		{"Direction", "inbound"},
		{"ErrorCode", "11200"},
		{"ErrorUrl", "https://www.example.com/voice/answer?line=7"},
		{"From", "+15017122661"},
		{"FromCity", ""},
		{"FromCountry", "US"},
		{"FromState", "AR"},
		{"FromZip", "72201"},
		{"StirVerstat", "TN-Validation-Passed-A"},
		{"To", "+15557122661"},
		{"ToCity", "SAN FRANCISCO"},
		{"ToCountry", "US"},
		{"ToState", "CA"},
		{"ToZip", ""},
	} {
		form.Add(pair[0], pair[1])
	}
	return form
}
