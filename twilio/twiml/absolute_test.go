package twiml_test

import (
	"encoding/json"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio/twiml"
)

func parseURL(tb testing.TB, raw string) *url.URL {
	tb.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		tb.Fatal(err)
	}
	return u
}

func TestTwilioIsSentNowhereThatItDoesNotGo(t *testing.T) {
	t.Parallel()
	base, err := url.Parse("https://b.example.com/in")
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range []string{
		"<Play>file:///etc/passwd</Play>", `<Gather action="ftp://c.example.com/x"/>`, "<Redirect>javascript:alert(1)</Redirect>",
		`<Dial action="data:text/xml,x">+15551230001</Dial>`, "<Message><Media>gopher://c.example.com/</Media></Message>",
	} {
		if got, err := twiml.Absolute([]byte("<Response>"+doc+"</Response>"), base); err == nil || !strings.Contains(err.Error(), "Twilio does not go to an address of the scheme") {
			t.Errorf("%s: got %s, %v", doc, got, err)
		}
	}
}

func TestRelativeURLsBecomeThoseThatTwilioWouldHaveMadeOfThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ doc, want string }{
		"a path":                       {`<Gather action="/menu"/>`, `<Gather action="https://b.example.com/menu"/>`},
		"a name":                       {`<Gather action="menu"/>`, `<Gather action="https://b.example.com/calls/menu"/>`},
		"a name with a query":          {`<Gather action="menu?a=1&amp;b=2"/>`, `<Gather action="https://b.example.com/calls/menu?a=1&amp;b=2"/>`},
		"only a query":                 {`<Gather action="?step=2"/>`, `<Gather action="https://b.example.com/calls/in?step=2"/>`},
		"one folder up":                {`<Redirect>../other</Redirect>`, `<Redirect>https://b.example.com/other</Redirect>`},
		"too many folders up":          {`<Redirect>../../../other</Redirect>`, `<Redirect>https://b.example.com/other</Redirect>`},
		"another host, the same way":   {`<Redirect>//c.example.com/x</Redirect>`, `<Redirect>https://c.example.com/x</Redirect>`},
		"an absolute one":              {`<Redirect>http://c.example.com/x y</Redirect>`, `<Redirect>http://c.example.com/x y</Redirect>`},
		"a websocket":                  {`<Connect><Stream url="wss://c.example.com/s"/></Connect>`, `<Connect><Stream url="wss://c.example.com/s"/></Connect>`},
		"blanks around":                {"<Play>\n  a.mp3\n</Play>", `<Play>https://b.example.com/calls/a.mp3</Play>`},
		"CDATA and comments within":    {`<Play><![CDATA[/a.mp3]]><!-- x -->?b=1&amp;c</Play>`, `<Play>https://b.example.com/a.mp3?b=1&amp;c</Play>`},
		"single quotes":                {`<Dial action='done' />`, `<Dial action='https://b.example.com/calls/done' />`},
		"the encoding of a path":       {`<Redirect>/a%2Fb/%C3%A4</Redirect>`, `<Redirect>https://b.example.com/a%2Fb/%C3%A4</Redirect>`},
		"a fragment for Twilio":        {`<Redirect>/a#rc=2</Redirect>`, `<Redirect>https://b.example.com/a#rc=2</Redirect>`},
		"what is no URL":               {`<Redirect>/%zz</Redirect>`, `<Redirect>/%zz</Redirect>`},
		"Gather without action":        {`<Gather numDigits="1"/>`, `<Gather action="https://b.example.com/calls/in?x=1&amp;y=2" numDigits="1"/>`},
		"Gather with an empty action":  {`<Gather action=""/>`, `<Gather action="https://b.example.com/calls/in?x=1&amp;y=2"/>`},
		"Record without action":        {`<Record/>`, `<Record action="https://b.example.com/calls/in?x=1&amp;y=2"/>`},
		"Dial without action":          {`<Dial>+15551230001</Dial>`, `<Dial>+15551230001</Dial>`},
		"an empty Redirect":            {`<Redirect/>`, `<Redirect>https://b.example.com/calls/in?x=1&amp;y=2</Redirect>`},
		"a blank Redirect":             {`<Redirect method="GET"> </Redirect>`, `<Redirect method="GET">https://b.example.com/calls/in?x=1&amp;y=2</Redirect>`},
		"silence as music":             {`<Enqueue waitUrl="">a</Enqueue>`, `<Enqueue waitUrl="">a</Enqueue>`},
		"tones in place of a file":     {`<Play digits="1w2"/>`, `<Play digits="1w2"/>`},
		"an Uri below a Sip is no URL": {`<Dial><Sip>sip:a@example.com</Sip></Dial>`, `<Dial><Sip>sip:a@example.com</Sip></Dial>`},
		"words that look like URLs":    {`<Say>/menu</Say>`, `<Say>/menu</Say>`},
		"several in one element":       {`<Record action="a" transcribeCallback="b" recordingStatusCallback="c" />`, `<Record action="https://b.example.com/calls/a" transcribeCallback="https://b.example.com/calls/b" recordingStatusCallback="https://b.example.com/calls/c" />`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := twiml.Absolute([]byte(prolog+"<Response>"+c.doc+"</Response>"), parseURL(t, "https://b.example.com/calls/in?x=1&y=2"))
			if err != nil {
				t.Fatal(err)
			}
			if want := prolog + "<Response>" + c.want + "</Response>"; string(got) != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestWhatCannotBeReadIsNotResolved(t *testing.T) {
	t.Parallel()
	if got, err := twiml.Absolute([]byte("<Response><Gather></Response>"), parseURL(t, "https://b.example.com/")); err == nil {
		t.Errorf("got %s from what is no XML", got)
	}
	if got, err := twiml.Absolute([]byte("<Response/>"), parseURL(t, "/calls")); err == nil {
		t.Errorf("got %s from a document without an address", got)
	}
}

// A verb or an attribute that the grammar gets one day must not be forgotten here: its relative URL would be asked
// of us, in the middle of a call.
func TestEveryAttributeOfTheGrammarThatCarriesAURLIsResolved(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("grammar.json")
	if err != nil {
		t.Fatal(err)
	}
	var grammar map[string]struct {
		Elements map[string]struct {
			Tag        string            `json:"tag"`
			Attributes map[string]string `json:"attributes"`
		} `json:"elements"`
	}
	if err := json.Unmarshal(raw, &grammar); err != nil {
		t.Fatal(err)
	}
	carries := regexp.MustCompile(`(?i)(url|callback|action)$`)
	tried := 0
	for _, kind := range grammar {
		for _, e := range kind.Elements {
			for attribute, declared := range e.Attributes {
				if declared != "string" || !carries.MatchString(attribute) {
					continue
				}
				tried++
				got, err := twiml.Absolute([]byte(`<`+e.Tag+` `+attribute+`="here"/>`), parseURL(t, "https://b.example.com/in"))
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(string(got), attribute+`="https://b.example.com/here"`) {
					t.Errorf("%s of <%s> stays relative: %s", attribute, e.Tag, got)
				}
			}
		}
	}
	if tried < 40 {
		t.Errorf("only %d attributes tried", tried)
	}
}

func FuzzAbsolute(f *testing.F) {
	for _, tc := range accepted {
		f.Add([]byte(tc.doc))
	}
	f.Add([]byte(`<Response><Redirect><![CDATA[a]]>&amp;<!-- -->b</Redirect><Play/></Response>`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		base := parseURL(t, "https://b.example.com/calls/in?x=1&y=2")
		got, err := twiml.Absolute(doc, base)
		if err != nil {
			return
		}
		for _, kind := range []twiml.Kind{twiml.Voice, twiml.Messaging} {
			if twiml.Check(doc, kind).Err() == nil && len(got) <= twiml.MaxBytes && twiml.Check(got, kind).Err() != nil {
				t.Errorf("a good document became a bad one: %v\n%s\n%s", twiml.Check(got, kind).Err(), doc, got)
			}
		}
		again, err := twiml.Absolute(got, base)
		if err != nil || string(again) != string(got) {
			t.Errorf("resolved twice it is another one: %v\n%s\n%s", err, got, again)
		}
	})
}
