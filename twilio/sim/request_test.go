package sim_test

import (
	"errors"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/twilio/sim"
)

// account is a made-up one; nothing outside these tests knows it.
func account() sim.Account {
	return sim.Account{SID: "AC0123456789abcdef0123456789abcdef", AuthToken: "0123456789abcdef0123456789abcdef"}
}

func names(p sim.Params) []string {
	var out []string
	for _, param := range p {
		out = append(out, param.Name)
	}
	slices.Sort(out)
	return out
}

func TestACallHasTheParametersThatTwilioSends(t *testing.T) {
	t.Parallel()
	want := strings.Fields(`AccountSid ApiVersion CallSid CallStatus CallToken Called CalledCity CalledCountry CalledState CalledZip
		Caller CallerCity CallerCountry CallerState CallerZip Direction ErrorCode ErrorUrl From FromCity FromCountry FromState FromZip
		StirVerstat To ToCity ToCountry ToState ToZip`)
	p := sim.Call{From: "+14155550100", To: "+4930123456", ErrorCode: "11205", ErrorURL: "https://www.example.com/voice"}.Params(account().SID)
	if diff := cmp.Diff(want, names(p)); diff != "" {
		t.Error(diff)
	}
	if len(p) != 29 {
		t.Errorf("got %d parameters, want 29", len(p))
	}
	for name, want := range map[string]string{
		"From": "+14155550100", "Caller": "+14155550100", "FromCity": "SAN FRANCISCO", "FromCountry": "US", "To": "+4930123456", "Called": "+4930123456",
		"ToCountry": "DE", "ToCity": "", "CallStatus": "ringing", "Direction": "inbound", "ErrorCode": "11205",
		"ErrorUrl": "https://www.example.com/voice", "AccountSid": account().SID, "ApiVersion": "2010-04-01",
	} {
		if got := p.Value(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if sid := p.Value("CallSid"); !regexp.MustCompile(`^CA[0-9a-f]{32}$`).MatchString(sid) {
		t.Errorf("got CallSid %q", sid)
	}
}

func TestAMessageHasTheParametersOfACapturedOne(t *testing.T) {
	t.Parallel()
	const captured = `ToCountry=CA&ErrorUrl=https%3A%2F%2Fnonexistent.example%2Fhook%2Fsms&ToState=BC&SmsMessageSid=SM0&ErrorCode=11210&NumMedia=0&ToCity=&FromZip=&SmsSid=SM0&FromState=Ontario&SmsStatus=received&FromCity=&Body=hello&FromCountry=CA&To=%2B1236&ToZip=&NumSegments=1&MessageSid=SM0&AccountSid=AC0&From=%2B1343&ApiVersion=2010-04-01`
	want, err := url.ParseQuery(captured)
	if err != nil {
		t.Fatal(err)
	}
	message := sim.Message{SID: "SM0", From: "+1343", To: "+1236", ErrorCode: "11210", ErrorURL: "https://nonexistent.example/hook/sms"}
	got, err := url.ParseQuery(message.Params("AC0").Encode())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAMessageCarriesWhatItsChannelAdds(t *testing.T) {
	t.Parallel()
	p := sim.Message{
		From: "whatsapp:+14155550100", OptOutType: "STOP", MessagingServiceSID: "MG0",
		Media: []sim.Media{{URL: "https://api.twilio.com/m", ContentType: "image/png"}},
	}.Params("AC0")
	for name, want := range map[string]string{
		"OptOutType": "STOP", "MessagingServiceSid": "MG0", "NumMedia": "1", "MediaUrl0": "https://api.twilio.com/m",
		"MediaContentType0": "image/png", "FromCountry": "", "Body": "hello",
	} {
		if got := p.Value(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestEachSituationLooksAsTwilioMakesIt(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name      string
		situation sim.Situation
		want      map[string]string
		has       string
	}{
		{"mid-call a Gather had digits", sim.MidCall, map[string]string{"CallStatus": "in-progress", "Digits": "1"}, "FinishedOnKey"},
		{"outbound we are From", sim.Outbound, map[string]string{"Direction": "outbound-api", "CallStatus": "in-progress", "From": "+18005551212", "To": "+14158675310", "StirVerstat": ""}, "ErrorUrl"},
		{"in a queue the position is told", sim.WaitingInQueue, map[string]string{"CallStatus": "in-progress", "QueuePosition": "1"}, "QueueSid"},
		{"after a Dial its outcome is told", sim.DialCompleted, map[string]string{"DialCallStatus": "completed", "DialCallDuration": "42", "DialBridged": "true"}, "DialCallSid"},
		{"after a Record its address is told", sim.RecordingFinished, map[string]string{"RecordingDuration": "12", "Digits": "hangup"}, "RecordingUrl"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := sim.Call{Situation: tc.situation}.Params("AC0")
			for name, want := range tc.want {
				if got := p.Value(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if p.Value(tc.has) == "" {
				t.Errorf("%s is missing", tc.has)
			}
		})
	}
}

func TestParametersCanBeChangedAtWill(t *testing.T) {
	t.Parallel()
	p := sim.Call{AskedFirst: true, Changes: sim.Changes{
		Drop: []string{"CallToken", "StirVerstat"},
		Set:  sim.Params{{Name: "From", Value: "anonymous"}, {Name: "SipDomain", Value: "a.sip.twilio.com"}},
		Add:  sim.Params{{Name: "From", Value: "again"}, {Name: "Empty"}, {Name: "Empty"}},
	}}.Params("AC0")
	got := p.Encode()
	for _, want := range []string{"&From=anonymous&", "&From=again&Empty=&Empty=", "&SipDomain=a.sip.twilio.com"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
	for _, unwanted := range []string{"CallToken", "StirVerstat", "ErrorCode", "ErrorUrl"} {
		if strings.Contains(got, unwanted) {
			t.Errorf("got %q, want no %s", got, unwanted)
		}
	}
}

func TestARequestLooksLikeTwilios(t *testing.T) {
	t.Parallel()
	request, err := sim.Call{}.Request(account(), " http://127.0.0.1:8080/fallback/voice?a='ü b'#ct=2000&rc=3 ")
	if err != nil {
		t.Fatal(err)
	}
	if want := "http://127.0.0.1:8080/fallback/voice?a=%27%C3%BC%20b%27"; request.URL != want {
		t.Errorf("got %s, want %s", request.URL, want)
	}
	r, err := request.HTTP(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.URL.String() != request.URL || r.Method != "POST" {
		t.Errorf("asks %s %s", r.Method, r.URL)
	}
	for name, want := range map[string]string{
		"User-Agent": "^TwilioProxy/1.1$", "Accept": `^\*/\*$`, "Content-Type": "^application/x-www-form-urlencoded; charset=UTF-8$",
		"I-Twilio-Idempotency-Token": "^[0-9a-f-]{36}$", "X-Twilio-Signature": "^[A-Za-z0-9+/]{27}=$", "X-Home-Region": "^us1$",
	} {
		if got := r.Header.Get(name); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s: got %q, want %s", name, got, want)
		}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || string(body) != request.Params.Encode() || r.ContentLength != int64(len(body)) {
		t.Errorf("got body %q, length %d, %v", body, r.ContentLength, err)
	}
}

func TestAGETPutsEverythingIntoTheQuery(t *testing.T) {
	t.Parallel()
	request, err := sim.Message{Method: "GET"}.Request(account(), "https://example.com?x=1")
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://example.com/?x=1&ToCountry=US&"; !strings.HasPrefix(request.URL, want) {
		t.Errorf("got %s, want %s…", request.URL, want)
	}
	if len(request.Body) > 0 || request.Header.Get("Content-Type") != "" {
		t.Errorf("got a body %q of %q", request.Body, request.Header.Get("Content-Type"))
	}
}

func TestEachRequestHasATokenOfItsOwn(t *testing.T) {
	t.Parallel()
	call := sim.Call{SID: sim.NewSID("CA")}
	first, err := call.Request(account(), "https://example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	second, err := call.Request(account(), "https://example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	if first.Token() == second.Token() || first.Token() == "" {
		t.Errorf("got the tokens %q and %q", first.Token(), second.Token())
	}
}

func TestNoRequestGoesToWhatIsNoWebAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "ftp://example.com", "//example.com", "https://", "https://:443/", "http://[::1", "https://a b/"} {
		if _, err := (sim.Call{}).Request(account(), address); !errors.Is(err, sim.ErrURL) {
			t.Errorf("%q: got %v, want ErrURL", address, err)
		}
	}
}

func BenchmarkSignedCall(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (sim.Call{}).Request(account(), "https://example.com/fallback/voice"); err != nil {
			b.Fatal(err)
		}
	}
}
