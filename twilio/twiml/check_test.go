package twiml_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/backstop-project/backstop/twilio/twiml"
)

const prolog = `<?xml version="1.0" encoding="UTF-8"?>`

var accepted = []struct {
	name string
	kind twiml.Kind
	doc  string
}{
	{"an empty response", twiml.Voice, `<Response/>`},
	{"an empty response to a message", twiml.Messaging, prolog + `<Response></Response>`},
	{"comments and white space around the root", twiml.Voice, prolog + "\n<!-- a - b -->\n<Response>\n</Response >\n<!---->\n"},
	{"single quotes, lower case encoding, standalone", twiml.Voice, `<?xml version='1.0' encoding = 'utf-8' standalone="yes" ?><Response/>`},
	{"references of every kind", twiml.Voice, `<Response><Say>&lt;&gt;&amp;&apos;&quot;&#65;&#x1F600;&#x00041;</Say></Response>`},
	{"CDATA", twiml.Voice, `<Response><Say><![CDATA[a < b && c > d ]] ]]></Say></Response>`},
	{"SSML inside Say", twiml.Voice, `<Response><Say voice="Polly.Joanna"><p>One<break strength="weak"/></p><say-as interpret-as="digits">12</say-as><lang xml:lang="de-DE">zwei</lang></Say></Response>`},
	{"a list of enumerated values", twiml.Voice, `<Response><Gather input="dtmf speech"/></Response>`},
	{"a voicemail box", twiml.Voice, `<Response><Play>/media/beep.mp3?a=1&amp;b='2'</Play><Record action="voice/recorded?f=1&amp;mac=x" method="POST" maxLength="120" timeout="5" finishOnKey="#" playBeep="false" trim="trim-silence" recordingStatusCallback="voice/recording" recordingStatusCallbackMethod="POST" transcribe="true" transcribeCallback="voice/transcribed"/><Redirect method="POST">voice/next</Redirect></Response>`},
	{"a menu and a queue", twiml.Voice, `<Response><Gather input="dtmf speech" action="voice/pressed" method="POST" numDigits="1" timeout="5" finishOnKey="*" language="en-US" hints="yes, no" speechTimeout="auto" actionOnEmptyResult="true"><Say>Press 1.</Say><Pause/><Play digits="1w2" loop="3"/></Gather><Gather/><Enqueue waitUrl="voice/wait" waitUrlMethod="GET" action="voice/left" method="POST">support</Enqueue><Enqueue workflowSid="WW0"><Task>{"type":"call &amp; back"}</Task></Enqueue><Leave/></Response>`},
	{"people to dial", twiml.Voice, `<Response><Dial action="voice/dialled" method="POST" callerId="+15551230009" timeout="20" timeLimit="3600" answerOnBridge="true" hangupOnStar="true" sequential="true" record="record-from-answer" ringTone="de"><Number url="voice/screen" method="GET" sendDigits="ww1">+15551230001</Number><Client url="voice/screen">ops</Client><Sip username="u" password="p&lt;&amp;">sip:desk@example.com</Sip></Dial><Dial/></Response>`},
	{"a Redirect for a message", twiml.Messaging, `<Response><Redirect method="POST">next</Redirect></Response>`},
	{"a Hangup", twiml.Voice, `<Response><Pause/><Hangup/></Response>`},
	{"a Reject that comes first", twiml.Voice, `<Response><Reject reason="busy"/></Response>`},
	{"a number to dial as text", twiml.Voice, `<Response><Dial>+15551230001</Dial></Response>`},
	{"Sip below Refer", twiml.Voice, `<Response><Refer><Sip>sip:a@example.com</Sip></Refer></Response>`},
	{"a Uri below a Sip below a Dial", twiml.Voice, `<Response><Dial><Sip><Uri priority="1">sip:a@example.com</Uri></Sip></Dial></Response>`},
	{"ten numbers", twiml.Voice, `<Response><Dial>` + strings.Repeat(`<Number>+1</Number>`, 10) + `</Dial></Response>`},
	{"a message with text of its own", twiml.Messaging, `<Response><Message>Hello</Message></Response>`},
	{"the longest Say", twiml.Voice, `<Response><Say>` + strings.Repeat("ü", 4096) + `</Say></Response>`},
	{"the longest Say by Polly", twiml.Voice, `<Response><Say voice="Polly.Vicki">` + strings.Repeat("&amp;", 3000) + `</Say></Response>`},
	{"the longest message, indented", twiml.Messaging, "<Response><Message>\n  <Body>" + strings.Repeat("a", 1600) + "</Body>\n  <Media>https://example.com/a.png</Media>\n</Message></Response>"},
}

func TestCheckAcceptsWhatTwilioExecutes(t *testing.T) {
	t.Parallel()
	for _, tc := range accepted {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if report := twiml.Check([]byte(tc.doc), tc.kind); len(report.Problems) > 0 {
				t.Errorf("got %v, want no problem", report.Problems)
			}
		})
	}
}

var refused = []struct {
	name string
	kind twiml.Kind
	doc  string
	want string // the errors, as far as they matter
}{
	{"nothing", twiml.Voice, "", "no root element (12100)"},
	{"an HTML error page", twiml.Voice, "<!DOCTYPE html><html></html>", "line 1, column 1: a document type"},
	{"JSON", twiml.Voice, `{"ok":true}`, "white space"},
	{"a blank line before the prolog", twiml.Voice, "\n" + prolog + "<Response/>", "line 2, column 1: a processing instruction"},
	{"a byte order mark", twiml.Voice, "\ufeff" + prolog + "<Response/>", "column 1: only white space"},
	{"another version", twiml.Voice, `<?xml version="1.1"?><Response/>`, "(12101)"},
	{"another encoding", twiml.Voice, `<?xml version="1.0" encoding="ISO-8859-1"?><Response/>`, "UTF-8"},
	{"a declaration without version", twiml.Voice, `<?xml encoding="UTF-8"?><Response/>`, "(12101)"},
	{"a declaration with more", twiml.Voice, `<?xml version="1.0" foo="1"?><Response/>`, "declaration is malformed"},
	{"a declaration that does not end", twiml.Voice, `<?xml version="1.0"`, "declaration is malformed"},
	{"standalone maybe", twiml.Voice, `<?xml version="1.0" standalone="maybe"?><Response/>`, "standalone"},
	{"another processing instruction", twiml.Voice, `<Response><?php echo 1 ?></Response>`, "column 11: a processing instruction"},
	{"a style sheet", twiml.Voice, `<?xml-stylesheet href="a"?><Response/>`, "processing instruction"},
	{"a document type", twiml.Voice, prolog + `<!DOCTYPE Response [<!ENTITY a "b">]><Response/>`, "a document type"},
	{"another root", twiml.Voice, `<response/>`, "not <response> (12102)"},
	{"two roots", twiml.Voice, `<Response/><Response/>`, "second"},
	{"text after the root", twiml.Voice, `<Response/>x`, "outside the root"},
	{"CDATA after the root", twiml.Voice, `<Response/><![CDATA[]]>`, "outside the root"},
	{"a root that does not end", twiml.Voice, `<Response><Say>a</Say>`, "ends inside <Response>"},
	{"crossed tags", twiml.Voice, `<Response><Say></Response></Say>`, "</Response> stands where <Say>"},
	{"an end tag alone", twiml.Voice, `</Response>`, "closes nothing"},
	{"a broken end tag", twiml.Voice, `<Response></Response`, "malformed"},
	{"a bare ampersand", twiml.Voice, `<Response><Redirect>/a?b=1&c=2</Redirect></Response>`, "column 27: \"&\""},
	{"an entity that XML does not know", twiml.Voice, `<Response><Say>&nbsp;</Say></Response>`, `"&"`},
	{"a reference to a forbidden character", twiml.Voice, `<Response><Say>&#0;</Say></Response>`, `"&"`},
	{"a reference beyond Unicode", twiml.Voice, `<Response><Say>&#x110000;</Say></Response>`, `"&"`},
	{"a reference without digits", twiml.Voice, `<Response><Say>&#x;&#;</Say></Response>`, `"&"`},
	{"a bare less-than", twiml.Voice, `<Response><Say>a < b</Say></Response>`, "no name"},
	{"a control character", twiml.Voice, "<Response><Say>\x01</Say></Response>", "control"},
	{"a zero byte in a comment", twiml.Voice, "<Response><!--\x00--></Response>", "control"},
	{"bytes that are not UTF-8", twiml.Voice, "<Response><Say>M\xfcller</Say></Response>", "UTF-8"},
	{"such bytes in CDATA", twiml.Voice, "<Response><Say><![CDATA[\xff]]></Say></Response>", "UTF-8"},
	{"a CDATA end in text", twiml.Voice, "<Response><Say>]]></Say></Response>", "]]>"},
	{"CDATA that does not end", twiml.Voice, "<Response><Say><![CDATA[</Say></Response>", "does not end"},
	{"two hyphens in a comment", twiml.Voice, "<Response><!-- a -- b --></Response>", `"--"`},
	{"a comment that does not end", twiml.Voice, "<Response/><!-- a", "does not end"},
	{"an attribute without quotes", twiml.Voice, "<Response><Pause length=1/></Response>", "quotes"},
	{"an attribute without value", twiml.Voice, "<Response><Pause length/></Response>", "no value"},
	{"an attribute given twice", twiml.Voice, `<Response><Pause length="1" length="2"/></Response>`, "twice"},
	{"attributes without a blank between", twiml.Voice, `<Response><Say voice="a"loop="2"/></Response>`, "malformed"},
	{"a less-than in an attribute", twiml.Voice, `<Response><Say voice="<"/></Response>`, `"<"`},
	{"an attribute that does not end", twiml.Voice, `<Response><Say voice="`, "does not end"},
	{"a prefix that nothing declares", twiml.Voice, `<Response><Say a:b="c"/></Response>`, "not declared"},
	{"an element's prefix that nothing declares", twiml.Voice, `<Response><a:Say/></Response>`, "not declared"},
	{"two colons", twiml.Voice, `<Response><Say xml:a:b="c"/></Response>`, "malformed"},
	{"an unknown verb", twiml.Voice, `<Response><Speak><a/>Hi</Speak></Response>`, "<Speak> is no verb that may stand in a voice <Response> (12200)"},
	{"a verb in the wrong case", twiml.Voice, `<Response><say>Hi</say></Response>`, "<say> is no verb"},
	{"a voice verb in a reply to a message", twiml.Messaging, `<Response><Say>Hi</Say></Response>`, "<Say> is no verb that may stand in a messaging"},
	{"a messaging verb in a call", twiml.Voice, `<Response><Message>Hi</Message></Response>`, "<Message> is no verb"},
	{"a verb inside a verb", twiml.Voice, `<Response><Gather><Hangup/></Gather></Response>`, "<Hangup> may not stand in <Gather>"},
	{"SSML that may not nest so", twiml.Voice, `<Response><Say><s><p>a</p></s></Say></Response>`, "<p> may not stand in <s>"},
	{"a Reject that comes later", twiml.Voice, `<Response><Pause/><Reject/></Response>`, "first verb"},
	{"eleven numbers", twiml.Voice, `<Response><Dial>` + strings.Repeat(`<Number>+1</Number>`, 11) + `</Dial></Response>`, "calls 11 numbers"},
	{"ten numbers and one as text", twiml.Voice, `<Response><Dial>+1` + strings.Repeat(`<Number>+1</Number>`, 10) + `</Dial></Response>`, "calls 11 numbers"},
	{"a Say too long", twiml.Voice, `<Response><Say>` + strings.Repeat("ü", 4000) + `<p>` + strings.Repeat("ü", 97) + `</p></Say></Response>`, "has 4097 characters, at most 4096 are allowed (13521)"},
	{"a Say too long for Polly", twiml.Voice, `<Response><Say voice="Polly.Vicki">` + strings.Repeat("a", 3001) + `</Say></Response>`, "at most 3000"},
	{"a message too long", twiml.Messaging, `<Response><Message>` + strings.Repeat("a", 1601) + `</Message></Response>`, "<Message> has 1601 characters"},
	{"a document too large", twiml.Voice, `<Response>` + strings.Repeat(" ", 64<<10) + `</Response>`, "(11750)"},
}

func TestCheckRefusesWhatTwilioCannotExecute(t *testing.T) {
	t.Parallel()
	for _, tc := range refused {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := twiml.Check([]byte(tc.doc), tc.kind).Err()
			if err == nil {
				t.Fatal("got no error")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %q, want %q in it", err, tc.want)
			}
		})
	}
}

func TestCheckWarnsOfWhatTwilioOnlyLogs(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, doc, want string }{
		{"an unknown attribute", `<Response><Say speed="2">Hi</Say></Response>`, "<Say> has no attribute speed"},
		{"an attribute in the wrong case", `<Response><Gather numdigits="1"/></Response>`, "no attribute numdigits"},
		{"a value that is not listed", `<Response><Reject reason="bored"/></Response>`, `reason="bored"`},
		{"a list with one such value", `<Response><Gather input="dtmf smell"/></Response>`, `input="dtmf smell"`},
		{"a number that is none", `<Response><Pause length="1.5"/></Response>`, `length="1.5"`},
		{"an empty number", `<Response><Pause length=""/></Response>`, `length=""`},
		{"a boolean that is none", `<Response><Record playBeep="yes"/></Response>`, `playBeep="yes"`},
		{"an attempt that is no number", `<Response><Pay><Prompt attempt="1 x"/></Pay></Response>`, `attempt="1 x"`},
		{"a voice that Twilio does not have", `<Response><Say voice="Polly.Vikki">Hi</Say></Response>`, `voice="Polly.Vikki"`},
		{"a language that it does not speak", `<Response><Say language="de">Hi</Say></Response>`, `language="de"`},
		{"text between the verbs", `<Response>Hello<Hangup/>again</Response>`, "<Response> holds no text"},
		{"a namespace", `<Response xmlns:x="y" x:z="1"/>`, "no attribute x:z"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			report := twiml.Check([]byte(tc.doc), twiml.Voice)
			if err := report.Err(); err != nil {
				t.Errorf("got error %v", err)
			}
			warnings := report.Warnings()
			if len(warnings) == 0 || !strings.Contains(warnings[len(warnings)-1].Text, tc.want) {
				t.Errorf("got %v, want a warning with %q", warnings, tc.want)
			}
		})
	}
}

func TestCheckNamesEveryMistakeUpToABound(t *testing.T) {
	t.Parallel()
	doc := "<Response>\n<Foo/>\n<Say x='1'>Hi</Say><Gather><Dial/></Gather>\n</Response>"
	var got []string
	for _, p := range twiml.Check([]byte(doc), twiml.Voice).Problems {
		got = append(got, p.String())
	}
	want := []string{
		"line 2, column 1: <Foo> is no verb that may stand in a voice <Response> (12200)",
		"line 3, column 1: <Say> has no attribute x (12200)",
		"line 3, column 28: <Dial> may not stand in <Gather> (12200)",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
	many := `<Response>` + strings.Repeat("<Pause a='1'/>", 100) + `<Foo/></Response>`
	report := twiml.Check([]byte(many), twiml.Voice)
	if len(report.Problems) != twiml.MaxProblems {
		t.Errorf("got %d problems, want %d", len(report.Problems), twiml.MaxProblems)
	}
	if report.Err() == nil {
		t.Error("the warnings hide the error")
	}
}

func TestCheckRepeatsNoMoreThanABitOfWhatItIsGiven(t *testing.T) {
	t.Parallel()
	doc := "<Response><" + strings.Repeat("a", 5000) + " /><Say b='" + strings.Repeat("ü", 5000) + "' loop='" + strings.Repeat("ü", 5000) + "'/></Response>"
	for _, p := range twiml.Check([]byte(doc), twiml.Voice).Problems {
		if len(p.Text) > 250 || !utf8.ValidString(p.Text) {
			t.Errorf("got %d bytes: %q", len(p.Text), p.Text)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, tc := range documents {
		f.Add(tc.doc.Bytes())
	}
	for _, tc := range accepted {
		f.Add([]byte(tc.doc))
	}
	f.Add([]byte(`<?xml version='1.0' encoding="utf-8" standalone='no'?><!----><Response xmlns:a="b"><Say a:c='&#x41;'><![CDATA[x]]]]>&gt;<sub alias="y">z</sub><break time="3s"/></Say></Response>`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		for _, kind := range []twiml.Kind{twiml.Voice, twiml.Messaging} {
			if twiml.Check(doc, kind).Err() == nil {
				mustReadAsXML(t, doc)
			}
		}
		if d := twiml.SpeakingTime(doc); d < 0 {
			t.Errorf("SpeakingTime is %v", d)
		}
	})
}

func mustReadAsXML(t *testing.T, doc []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(doc))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("Check accepts what encoding/xml refuses: %v\n%q", err, doc)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	doc := documents[1].doc.Bytes()
	b.ReportAllocs()
	for b.Loop() {
		if twiml.Check(doc, twiml.Voice).Err() != nil {
			b.Fatal("not accepted")
		}
	}
}
