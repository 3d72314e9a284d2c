package history_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

const (
	callSID = "CA0123456789abcdef0123456789abcdef"
	textSID = "SM0123456789abcdef0123456789abcdef"
	failure = "01930b2c-7c1e-7abc-8def-0123456789ab"
)

func TestSearchBoxUnderstandsWhatIsPasted(t *testing.T) {
	t.Parallel()
	number := func(s string) history.Query { return history.Query{Number: s} }
	host := func(s string) history.Query { return history.Query{Host: s} }
	cases := map[string]struct {
		text string
		want history.Query
	}{
		"nothing":                          {"  ", history.Query{}},
		"a call SID":                       {callSID, history.Query{SID: callSID}},
		"a SID in capitals with blanks":    {" " + strings.ToUpper(callSID) + "\n", history.Query{SID: callSID}},
		"a message SID":                    {textSID, history.Query{SID: textSID}},
		"a Console link":                   {"https://console.twilio.com/us1/monitor/logs/calls/" + callSID + "?x=1", history.Query{SID: callSID}},
		"a line of a log":                  {`{"level":"warn","account":"AC0123456789abcdef0123456789abcdef","sid":"` + callSID + `"}`, history.Query{SID: callSID}},
		"a request's body":                 {"AccountSid=AC0123456789abcdef0123456789abcdef&CallSid=" + callSID + "&From=%2B49", history.Query{SID: callSID}},
		"a SID that is a UUID":             {"8c6a7f7e-2f0b-4b8e-9c3d-0123456789ab", history.Query{SID: "8c6a7f7e-2f0b-4b8e-9c3d-0123456789ab"}},
		"a number with plus":               {"+4930123456", number("+4930123456")},
		"a number as people write it":      {"+49 (0)30 / 123-456", number("+4930123456")},
		"a number from an address book":    {"\u202a+49\u00a030\u2011123456\u202c", number("+4930123456")},
		"a number with two zeros":          {"0049 30 123456", number("+4930123456")},
		"a number with 011":                {"011 49 30 123456", number("+4930123456")},
		"a tel link":                       {"tel:+1-555-123-0001;ext=5", number("+15551230001")},
		"an American number":               {"(555) 223-0001", number("+15552230001")},
		"a number without its plus":        {"4930123456789", number("+4930123456789")},
		"a full-width number":              {"＋８１　３　１２３４　５６７８", number("+81312345678")},
		"a WhatsApp sender":                {"WhatsApp:+49 30 123456", number("whatsapp:+4930123456")},
		"a client":                         {"client:anna", number("client:anna")},
		"a SIP address":                    {"sip:anna@example.com", number("sip:anna@example.com")},
		"a withheld number":                {"Anonymous", number("anonymous")},
		"a short code":                     {"727272", number("727272")},
		"a code":                           {"11200", history.Query{Code: 11200}},
		"a code with its word":             {"Error: 11200", history.Query{Code: 11200}},
		"a code as Twilio prints it":       {"Error - 11200", history.Query{Code: 11200}},
		"a code as a parameter":            {"ErrorCode=11200", history.Query{Code: 11200}},
		"Twilio's page of a code":          {"https://www.twilio.com/docs/api/errors/11200", history.Query{Code: 11200}},
		"Twilio's page in German":          {"https://www.twilio.com/de-de/docs/errors/11200#x", history.Query{Code: 11200}},
		"a URL":                            {"https://User:pw@WWW.example.com:443/voice?x=1", host("www.example.com")},
		"a URL in a sentence":              {"we could not reach (http://example.com:8080/a).", host("example.com:8080")},
		"a host":                           {"www.example.com", host("www.example.com")},
		"a host with port and path":        {"Example.com:8443/voice", host("example.com:8443")},
		"localhost":                        {"localhost:3000", host("localhost:3000")},
		"an IP address":                    {"192.168.10.20", host("192.168.10.20")},
		"an IP address with port":          {"10.0.0.1:8080", host("10.0.0.1:8080")},
		"an IPv6 address":                  {"::1", host("[::1]")},
		"an IPv6 address with port":        {"[2001:db8::1]:8443", host("[2001:db8::1]:8443")},
		"a number in two halves":           {"98765-43210", number("+19876543210")},
		"an incident":                      {"#12", history.Query{Incident: 12}},
		"an incident by word":              {"Incident #12", history.Query{Incident: 12}},
		"a small number is an incident":    {"12", history.Query{Incident: 12}},
		"a link to an incident":            {"https://backstop.example.com/incidents/12", history.Query{Incident: 12}},
		"a channel":                        {"SMS", history.Query{Channel: history.Channel{Is: incident.Messaging, Set: true}}},
		"drills":                           {"drills", history.Query{Drills: true}},
		"filters written out":              {"code:11200 host:example.com channel:voice", history.Query{Code: 11200, Host: "example.com", Channel: history.Channel{Is: incident.Voice, Set: true}}},
		"a short number written as filter": {"number:72727", number("72727")},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems := history.ParseSearch(c.text, time.UTC)
			if len(problems) != 0 {
				t.Errorf("problems: got %v, want none", problems)
			}
			if diff := cmp.Diff(history.Found{Query: c.want, Note: got.Note}, got); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSearchBoxFindsOneFailure(t *testing.T) {
	t.Parallel()
	for _, text := range []string{failure, strings.ToUpper(failure), "https://backstop.example.com/history/" + failure, `failure="` + failure + `"`} {
		got, problems := history.ParseSearch(text, time.UTC)
		if got.Failure != uuid.MustParse(failure) || got.Query != (history.Query{}) || len(problems) != 0 {
			t.Errorf("%q: got %+v %v, want failure %s", text, got, problems, failure)
		}
	}
}

func TestSearchBoxTakesADayInTheZoneOfThePages(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]history.Query{
		"2026-11-28":  {From: time.Date(2026, 11, 27, 23, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 28, 23, 0, 0, 0, time.UTC)},
		"2026-2-3":    {From: time.Date(2026, 2, 2, 23, 0, 0, 0, time.UTC), To: time.Date(2026, 2, 3, 23, 0, 0, 0, time.UTC)},
		" 2026-10-25": {From: time.Date(2026, 10, 24, 22, 0, 0, 0, time.UTC), To: time.Date(2026, 10, 25, 23, 0, 0, 0, time.UTC)}, // 25 hours long
	} {
		if got, problems := history.ParseSearch(text, berlin); got.Query != want || len(problems) != 0 {
			t.Errorf("%q: got %+v %v, want %+v", text, got.Query, problems, want)
		}
	}
}

func TestSearchBoxSaysWhatItAssumed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"555 223 0001":   "+15552230001",
		"49 30 12345678": "+493012345678",
		"11200":          "error code",
	} {
		if got, _ := history.ParseSearch(text, time.UTC); !strings.Contains(got.Note, want) {
			t.Errorf("%q: note %q, want it to name %s", text, got.Note, want)
		}
	}
	if got, _ := history.ParseSearch("+49 30 123456", time.UTC); got.Note != "" {
		t.Errorf("a full number: note %q, want none", got.Note)
	}
}

func TestSearchBoxSaysWhatItDidNotUnderstand(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ text, hint string }{
		"words":                   {"what broke last night?", "Paste a call or message SID"},
		"a national number":       {"030 123456", "country code"},
		"an account's SID":        {"AC0123456789abcdef0123456789abcdef", "SID of something else"},
		"a markup":                {"<script>alert(1)</script>", "Paste"},
		"a whole book":            {strings.Repeat("a ", 20_000), "too long"},
		"NUL":                     {"\x00", "Paste"},
		"a range of codes":        {"11200-11299", "write one of them"},
		"a range in words":        {"12100 – 12400", "write one of them"},
		"a day that never was":    {"2026-02-30", "no such day"},
		"a filter with bad value": {"code:abc", "number such as"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems := history.ParseSearch(c.text, time.UTC)
			if len(problems) != 1 || !strings.Contains(problems[0].Hint, c.hint) {
				t.Errorf("problems: got %+v, want one with %q", problems, c.hint)
			}
			if got != (history.Found{}) {
				t.Errorf("found: got %+v, want nothing", got)
			}
		})
	}
}

func FuzzSearch(f *testing.F) {
	for _, s := range []string{callSID, "+49 (0)30 123", "http://[::1]:80/x?y#z", "12", "code:1 host:a", failure, "0049", "011", "\u202a+", "whatsapp:", "[::1%eth0]:80", "a.b:99999/x", "2026-11-28", "0001-01-01", "1970-01-01", "9999-12-31", "11200-11299"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, problems := history.ParseSearch(text, berlin)
		for _, p := range problems {
			if p.Hint == "" {
				t.Errorf("%q: a problem without hint", text)
			}
		}
		back, rest := history.ParseQuery(got.Query.Values(), now, berlin)
		if back != got.Query || len(rest) != 0 {
			t.Errorf("%q: its URL reads back as %+v %v, want %+v", text, back, rest, got.Query)
		}
	})
}
