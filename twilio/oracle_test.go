package twilio_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/twilio/twilio-go/client"

	"github.com/backstop-project/backstop/twilio"
)

// question is one for testdata/oracle/oracle.cjs, which tells what each field is.
type question struct {
	Op        string      `json:"op"`
	Token     string      `json:"token"`
	URL       string      `json:"url"`
	Params    [][2]string `json:"params,omitempty"`
	Body      string      `json:"body,omitempty"`
	Signature string      `json:"signature,omitempty"`
}

// askNode has npm's `twilio` answer all questions at once.
func askNode[T string | bool](t *testing.T, questions []question) []T {
	t.Helper()
	modules, err := filepath.Abs("../testtools/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "twilio", "package.json")); err != nil {
		t.Fatal("npm's twilio is not installed beside the tests: run `make test-tools`")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is not installed: run `make test-tools`")
	}
	input, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), node, filepath.Join("testdata", "oracle", "oracle.cjs"))
	command.Env = append(command.Environ(), "NODE_PATH="+modules)
	command.Stdin, command.Stderr = bytes.NewReader(input), os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("node: %v", err)
	}
	var answers []T
	if err := json.Unmarshal(output, &answers); err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(questions) {
		t.Fatalf("got %d answers to %d questions", len(answers), len(questions))
	}
	return answers
}

// randomPairs are parameters as strange as Twilio may send them, as text.
func randomPairs(random *rand.Rand) [][2]string {
	names := []string{"AccountSid", "Body", "From", "To", "ErrorCode", "ErrorUrl", "Reason", "ReasonCode", "MediaUrl0", "a", "B", "_", "é", "日本", "10", "9", "x y", "__proto__"}
	values := []string{"", "1", "+15017122661", "hello", "it's", "a&b=c", "100 %", "semi;colon", "línea\r\nnueva", "日本語", "🙂", "<Say>", " ", "+", "%41", testAccount}
	pairs := make([][2]string, random.IntN(35))
	for i := range pairs {
		pairs[i] = [2]string{names[random.IntN(len(names))], values[random.IntN(len(values))]}
	}
	return pairs
}

func encodePairs(pairs [][2]string) string {
	texts := make([]string, len(pairs))
	for i, p := range pairs {
		texts[i] = url.QueryEscape(p[0]) + "=" + url.QueryEscape(p[1])
	}
	return strings.Join(texts, "&")
}

func TestRequestsSignedByNodeAreSigned(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 11))
	keys := tokenKeys(t, testToken)
	bases := []string{publicURL, "http://a.example:8080", "https://u:p@a.example", "https://[2001:db8::1]:8443", publicURL + "/behind"}
	questions := make([]question, 600)
	requests := make([]twilio.Request, len(questions))
	for i := range questions {
		pairs := randomPairs(random)
		base, r := bases[i%len(bases)], twilio.Request{Method: "POST", URI: voicePath, Body: []byte(encodePairs(pairs))}
		if i%3 == 0 {
			r = twilio.Request{Method: "GET", URI: voicePath + "?" + encodePairs(pairs)}
			pairs = nil
		}
		questions[i] = question{Op: "sign", Token: testToken, URL: base + r.URI, Params: pairs}
		requests[i] = r
	}
	for i, signature := range askNode[string](t, questions) {
		r := requests[i]
		r.Signature = signature
		parse(t, &r)
		if _, ok := keys.Signed(testAccount, baseURL(t, bases[i%len(bases)]), &r); !ok {
			t.Errorf("%+v: got not signed", questions[i])
		}
	}
}

// Node is asked about each address that arrives, with the signature of each that
// may have been signed: its verdict is to be ours.
func TestAddressesAreJudgedAsNodeJudgesThem(t *testing.T) {
	addresses := []string{
		"https://a.example/fallback", "https://a.example:443/fallback", "https://a.example:8443/fallback", "http://a.example/fallback",
		"http://a.example:80/fallback", "https://u:p@a.example/fallback", "https://u:p@a.example:443/fallback", "https://A.example/fallback",
		"https://[2001:db8::1]/fallback", "https://[2001:db8::1]:443/fallback", "https://[2001:db8::1]:8443/fallback",
		"https://a.example/fallback?x=it's", "https://a.example/fallback?x=it%27s", "https://a.example/fallback?x=a+b&y=",
		"https://a.example/fallback?x=a%20b&y=", "https://a.example/fallback?x=a+b&y", `https://a.example/fallback?x="<>`,
		"https://a.example/fallback?x=%22%3C%3E", "https://a.example/fallback?x=%22%3c%3e", "https://a.example/fallback?x=%C3%A9&&z=(1)",
		"https://a.example/fallback?x=é&&z=(1)", "https://a.example/fallback?x=%C3%A9&z=(1)", "https://a.example/fallback?",
		"https://a.example/fallback?x=a;b", "https://a.example/fallback?x=a%3Bb", "https://a.example/fallback?x=~-_.!*", "https://a.example/fallback?x=|^`{}",
		"https://a.example/fallback?x=%7C%5E%60%7B%7D", "https://a.example/fallback?x=it's+a", "https://a.example/fallback?x=it%27s+a",
	}
	form := [][2]string{{"AccountSid", testAccount}, {"Body", "it's"}}
	var questions []question
	for _, signed := range addresses {
		signature := signText(testToken, signedText(signed, url.Values{"AccountSid": {testAccount}, "Body": {"it's"}}))
		for _, arrives := range addresses {
			questions = append(questions, question{Op: "validate", Token: testToken, URL: arrives, Params: form, Signature: signature})
		}
	}
	keys := tokenKeys(t, testToken)
	agreed := 0
	for i, want := range askNode[bool](t, questions) {
		base, uri := split(questions[i].URL)
		r := twilio.Request{Method: "POST", URI: uri, Body: []byte(encodePairs(form)), Signature: questions[i].Signature}
		parse(t, &r)
		_, got := keys.Signed(testAccount, baseURL(t, base), &r)
		if got == want && got {
			agreed++
		}
		if got != want && !moreTolerant(addresses[i/len(addresses)], questions[i].URL) {
			t.Errorf("signed %s, arrives %s: got %v, node says %v", addresses[i/len(addresses)], questions[i].URL, got, want)
		}
	}
	if agreed < len(addresses) {
		t.Errorf("got %d pairs that both accept, want each address at least", agreed)
	}
}

// moreTolerant: on purpose we take a bare ' for an escaped one by itself, where
// node then also wants the rest of the query written its way.
func moreTolerant(signed, arrives string) bool {
	return strings.ReplaceAll(signed, "%27", "'") == strings.ReplaceAll(arrives, "%27", "'")
}

func TestBodiesAreJudgedAsNodeJudgesThem(t *testing.T) {
	const hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" // of {}
	var questions []question
	for _, query := range []string{"bodySHA256=" + hash, "a=1&bodySHA256=" + hash + "&b=2", "bodySHA256=" + strings.ToUpper(hash), "bodySHA256=", "bodysha256=" + hash, "bodySHA256=x&bodySHA256=" + hash} {
		for _, body := range []string{"{}", "[]", "{} "} {
			address := publicURL + "/events?" + query
			questions = append(questions, question{Op: "validateBody", Token: testToken, URL: address, Body: body, Signature: signText(testToken, address)})
		}
	}
	keys := tokenKeys(t, testToken)
	for i, want := range askNode[bool](t, questions) {
		base, uri := split(questions[i].URL)
		r := twilio.Request{Method: "POST", URI: uri, ContentType: "application/json", Body: []byte(questions[i].Body), Signature: questions[i].Signature}
		parse(t, &r)
		if _, got := keys.Signed(testAccount, baseURL(t, base), &r); got != want {
			t.Errorf("%s with %s: got %v, node says %v", questions[i].URL, questions[i].Body, got, want)
		}
	}
}

// twilio-go keeps the first of repeated values and splits IPv6 hosts, so it is
// asked about neither.
func TestRequestsAreJudgedAsTwilioGoJudgesThem(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	oracle := client.NewRequestValidator(testToken)
	keys := tokenKeys(t, testToken)
	for i := range 2000 {
		form := url.Values{}
		for _, p := range randomPairs(random) {
			form.Set(p[0], p[1])
		}
		bases := []string{publicURL, publicURL + ":443", "http://a.example:8080", "http://a.example"}
		signed, arrives := bases[random.IntN(len(bases))], bases[random.IntN(len(bases))]
		token := testToken
		if i%5 == 0 {
			token = otherToken
		}
		r := twilio.Request{Method: "POST", URI: voicePath, Body: []byte(encode(form)), Signature: signText(token, signedText(signed+voicePath, form))}
		if i%7 == 0 {
			r.Body = append(r.Body, "&Extra="+strconv.Itoa(i)...)
		}
		parse(t, &r)
		want := oracle.ValidateBody(arrives+r.URI, r.Body, r.Signature)
		if _, got := keys.Signed(testAccount, baseURL(t, arrives), &r); got != want {
			t.Errorf("signed for %s, arrives at %s with %s: got %v, twilio-go says %v", signed, arrives, r.Body, got, want)
		}
	}
}
