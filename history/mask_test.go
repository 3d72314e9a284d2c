package history_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

func TestNumbersAreMasked(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"":                       "",
		"+4930123456":            "+493•••56",
		"+15551230001":           "+155•••01",
		"+2562533":               "+2562533", // withheld
		"+2562544":               "+2•••44",
		"4930123456":             "4930•••56",
		"72727":                  "72727",
		"anonymous":              "anonymous",
		"whatsapp:+4930123456":   "whatsapp:+493•••56",
		"client:anna":            "client:a•••",
		"sip:anna@example.com":   "sip:a•••@example.com",
		"sip:+4930123456@a.test": "sip:+493•••56@a.test",
		"ACME":                   "A•••",
		"äöü":                    "ä•••",
	} {
		if got := (history.Mask{Numbers: true}).Number(number); got != want {
			t.Errorf("%q: got %q, want %q", number, got, want)
		}
		if got := (history.Mask{}).Number(number); got != number {
			t.Errorf("%q with masking off: got %q", number, got)
		}
	}
}

func TestWordsAreShownWithoutThePeopleTheyName(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ words, person, want string }{
		"a number as it is":            {"Hello +15551234567.", "+15551234567", "Hello +155•••67."},
		"a number without its plus":    {"Hello 15551234567.", "+15551234567", "Hello 155•••67."},
		"a number that never had one":  {"Hello 15551234567.", "15551234567", "Hello 1555•••67."},
		"a number of WhatsApp":         {"Hello 15551234567.", "whatsapp:+15551234567", "Hello 155•••67."},
		"a client with its scheme":     {"Hello client:alice.", "client:alice", "Hello client:a•••."},
		"a client by its bare name":    {"<Client>alice</Client>", "client:alice", "<Client>a•••</Client>"},
		"a name of SIP with its host":  {"Hello sip:anna@example.com.", "sip:anna@example.com", "Hello sip:a•••@example.com."},
		"a name of SIP without a host": {"Hello anna.", "sip:anna@example.com", "Hello a•••."},
		"somebody else's number":       {"Ring +15557654321.", "client:alice", "Ring +155•••21."},
		"a name within another word":   {"Hannah and annabel.", "client:anna", "Hannah and annabel."},
		"a name again and again":       {"anna,anna", "client:anna", "a•••,a•••"},
		"a name too short to tell":     {"At a time.", "client:a", "At a time."},
		"a number next to letters":     {"tel15551234567x", "+15551234567", "tel155•••67x"},
		"a client next to letters":     {"client:alicex", "client:alice", "client:a•••x"},
		"a name with marks around it":  {"«alice»", "client:alice", "«a•••»"},
		"a word for no number":         {"anonymous", "anonymous", "anonymous"},
		"nobody":                       {"Hello.", "", "Hello."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (history.Mask{Numbers: true}).Words(c.words, "+4930901820", c.person); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if got := (history.Mask{}).Words(c.words, c.person); got != c.words {
				t.Errorf("with masking off: got %q", got)
			}
		})
	}
}

func TestURLsAreShownWithoutTheirValues(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://a.test/voice":                       "https://a.test/voice",
		"https://a.test/voice?token=s3cret&x=1&y=&z": "https://a.test/voice?token=…&x=…&y=&…",
		"https://user:pw@a.test/v@x":                 "https://a.test/v@x",
		"https://user:p?w@a.test/":                   "https://user:p?…",
		"https://a.test/v#ct=2000":                   "https://a.test/v#…",
		"https://a.test/call/+4930123456":            "https://a.test/call/+493•••56",
		"http://[::1?a=b#c":                          "http://[::1?a=…#…",
		"":                                           "",
	} {
		if got := (history.Mask{Numbers: true}).URL(raw); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
}

func TestPersonalAndSecretParametersAreNotShown(t *testing.T) {
	t.Parallel()
	mask := history.Mask{Numbers: true}
	for _, name := range []string{
		"Body", "Digits", "SpeechResult", "UnstableSpeechResult", "TranscriptionText", "RecordingUrl", "RecordingUrl1",
		"CallToken", "SipHeader_X-Secret", "CallerName", "ProfileName", "MediaUrl0", "Latitude", "ButtonPayload",
		"ReferralBody", "FromZip", "access_token", "customerEmail", "PASSWORD", "body", "api_key",
	} {
		shown, less := mask.Param(incident.Param{Name: name, Value: "secret +4930123456"})
		if shown != "" || !less {
			t.Errorf("%s: shown %q, less %v, want nothing", name, shown, less)
		}
	}
	cases := map[string]struct{ name, value, want string }{
		"a caller is masked":               {"From", "+4930123456", "+493•••56"},
		"a WhatsApp id is masked":          {"WaId", "4930123456", "4930•••56"},
		"a URL loses its values":           {"ErrorUrl", "https://a.test/?a=b", "https://a.test/?a=…"},
		"a number anywhere is masked":      {"SomethingNew", "call +4930123456 now", "call +493•••56 now"},
		"an unknown parameter is seen":     {"SomethingNew", "yes", "yes"},
		"a status is seen":                 {"CallStatus", "ringing", "ringing"},
		"an empty hidden value hides none": {"Body", "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shown, less := mask.Param(incident.Param{Name: c.name, Value: c.value})
			if shown != c.want || less != (c.want != c.value) {
				t.Errorf("got %q, less %v, want %q", shown, less, c.want)
			}
		})
	}
}

func TestInvisibleThingsAreWrittenOut(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"plain": "plain",
		"äöü 日本語 שלום 👩‍👩‍👧": "äöü 日本語 שלום 👩‍👩‍👧",
		"a\x00b":             "a⟨U+0000⟩b",
		"a\u202eb":           "a⟨U+202E⟩b",
		"a\u2066b\u200bc":    "a⟨U+2066⟩b⟨U+200B⟩c",
		"a\xffb":             "a⟨byte FF⟩b",
		"a\x1b[31mb":         "a⟨U+001B⟩[31mb",
		"line\n\ttab":        "line\n\ttab",
		"a\ufeffb\U000e0041": "a⟨U+FEFF⟩b⟨U+E0041⟩",
		"\ufffd":             "\ufffd",
	} {
		if got := history.Visible(s); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add("From", "+4930123456")
	f.Add("ErrorUrl", "https://u:p@a.test/?a=b&&c#d")
	f.Add("Body", "\x00\xff\u202e")
	f.Fuzz(func(t *testing.T, name, value string) {
		shown, _ := history.Mask{Numbers: true}.Param(incident.Param{Name: name, Value: value})
		if history.SecrecyOf(name) == history.Private && shown != "" {
			t.Errorf("%q: shown %q", name, shown)
		}
		if history.SecrecyOf(name) == history.Link && strings.Contains(value, "?secret=") && strings.Contains(shown, "?secret=s") {
			t.Errorf("%q: shown %q", value, shown)
		}
		visible := history.Visible(value)
		if !utf8.ValidString(visible) {
			t.Errorf("%q: %q is no UTF-8", value, visible)
		}
		if strings.ContainsFunc(visible, func(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) }) {
			t.Errorf("%q: %q has control characters", value, visible)
		}
	})
}
