package recovery_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/recovery"
)

func TestALineIsDrilledByTheWaysThatReachIt(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"+4930*":                             "voice messaging To=+49300000000",
		"+49301234567":                       "voice messaging To=+49301234567",
		"12345":                              "messaging To=12345",
		"whatsapp:+4930*":                    "messaging To=whatsapp:+4930",
		"client:anna":                        "voice To=client:anna",
		"example.sip.twilio.com":             "voice SipDomain=example.sip.twilio.com To=sip:1@example.sip.twilio.com",
		"MG0123456789abcdef0123456789abcdef": "messaging MessagingServiceSid=MG0123456789abcdef0123456789abcdef",
		"AP0123456789abcdef0123456789abcdef": "voice ApplicationSid=AP0123456789abcdef0123456789abcdef",
		"*":                                  "voice messaging To=+00000000000",
	}
	var o recovery.Options
	for match := range want {
		o.Lines = append(o.Lines, recovery.Line{Match: match, Style: recovery.Style{Name: "Line " + match}})
	}
	r := rules(t, o)
	for _, e := range r.Examples() {
		var got []string
		for _, channel := range e.Channels {
			got = append(got, channel.String())
		}
		for _, p := range e.Params {
			got = append(got, fmt.Sprintf("%s=%s", p.Name, p.Value))
		}
		if e.Name != "Line "+e.Line {
			t.Errorf("%s is called %q", e.Line, e.Name)
		}
		if strings.Join(got, " ") != want[e.Line] {
			t.Errorf("%s: got %q, want %q", e.Line, got, want[e.Line])
		}
	}
	bare := rules(t, recovery.Options{})
	if all := bare.Examples(); len(all) != 1 || all[0].Line != "" || len(all[0].Channels) != 2 {
		t.Errorf("without lines: got %+v", all)
	}
}
