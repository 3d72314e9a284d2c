package recovery_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio"
)

func TestSituation(t *testing.T) {
	tests := map[string]struct {
		params string // name=value, separated by spaces
		want   incident.Situation
	}{
		"a call that comes in":                   {"CallStatus=ringing Direction=inbound", incident.NotYetServed},
		"a call without status":                  {"Direction=inbound", incident.NotYetServed},
		"a call with empty extras":               {"CallStatus=ringing DialCallStatus= RecordingUrl= QueuePosition=", incident.NotYetServed},
		"a call under way":                       {"CallStatus=in-progress Direction=inbound", incident.MidCall},
		"keys were pressed":                      {"CallStatus=in-progress Digits=1", incident.MidCall},
		"keys were pressed, whatever the status": {"Digits=1", incident.MidCall},
		"something was said":                     {"CallStatus=in-progress SpeechResult=hello Confidence=0.9", incident.MidCall},
		"a dial that nobody answered":            {"CallStatus=in-progress DialCallStatus=no-answer", incident.MidCall},
		"a dial that was busy":                   {"CallStatus=in-progress DialCallStatus=busy", incident.MidCall},
		"a dial that failed":                     {"DialCallStatus=failed", incident.MidCall},
		"a failed dial with a recording":         {"DialCallStatus=canceled RecordingUrl=https://x", incident.MidCall},
		"a dial that was completed":              {"CallStatus=in-progress DialCallStatus=completed DialCallDuration=9", incident.AfterSuccess},
		"a dial into a queue that was answered":  {"CallStatus=in-progress DialCallStatus=answered", incident.AfterSuccess},
		"a completed dial of a call we made":     {"Direction=outbound-api CallStatus=in-progress DialCallStatus=completed", incident.AfterSuccess},
		"a recording":                            {"CallStatus=in-progress RecordingUrl=https://x RecordingDuration=4", incident.AfterSuccess},
		"a recording by its SID":                 {"CallStatus=completed RecordingSid=RE1", incident.AfterSuccess},
		"a payment":                              {"CallStatus=in-progress PaymentConfirmationCode=ch_1 Result=success", incident.AfterSuccess},
		"a queue that was left for an agent":     {"CallStatus=in-progress QueueResult=bridged QueueSid=QU1 QueueTime=30", incident.AfterSuccess},
		"a conference that was left":             {"CallStatus=in-progress ConferenceSid=CF1 DialCallStatus=completed", incident.AfterSuccess},
		"a queue that was full":                  {"CallStatus=in-progress QueueResult=queue-full", incident.MidCall},
		"a queue that was left with Leave":       {"CallStatus=in-progress QueueResult=leave QueueSid=QU1 QueueTime=30", incident.MidCall},
		"a call that we made":                    {"CallStatus=in-progress Direction=outbound-api", incident.Outbound},
		"a person whom Dial called":              {"CallStatus=in-progress Direction=outbound-dial ParentCallSid=CA1", incident.Outbound},
		"a call that we made, keys pressed":      {"CallStatus=in-progress Direction=outbound-api Digits=1", incident.Outbound},
		"who waits in a queue":                   {"CallStatus=in-progress Direction=inbound QueueSid=QU1 QueuePosition=2 QueueTime=12 AvgQueueTime=9 CurrentQueueSize=4", incident.InQueue},
		"who waits in a queue, first":            {"CallStatus=ringing QueuePosition=1", incident.InQueue},
		"who was called and waits in a queue":    {"CallStatus=in-progress Direction=outbound-api QueueSid=QU1 CurrentQueueSize=4", incident.InQueue},
		"who waits for a conference":             {"CallStatus=in-progress ConferenceSid=CF1", incident.InQueue},
		"who is taken out of a queue":            {"CallStatus=in-progress QueueSid=QU1 QueueTime=9 DequeingCallSid=CA2", incident.InQueue},
		"a message":                              {"MessageSid=SM1 Body=hello", incident.Text},
		"a message within a call":                {"SmsSid=SM1 CallStatus=in-progress", incident.Text},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var pairs []string
			for field := range strings.FieldsSeq(tt.params) {
				name, value, _ := strings.Cut(field, "=")
				pairs = append(pairs, name, value)
			}
			if got := recovery.Decide(call(pairs...), recovery.Rules{}, recovery.State{}).Situation; got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if got := recovery.Decide(failure(noon(), "CallStatus", "ringing"), recovery.Rules{}, recovery.State{}).Situation; got != 0 {
		t.Errorf("neither call nor message: got %v, want none", got)
	}
}

func named(name, match string) recovery.Line {
	return recovery.Line{Match: match, Style: recovery.Style{Name: name}}
}

func TestTheMostSpecificLineWins(t *testing.T) {
	r := rules(t, recovery.Options{
		House: recovery.Style{Name: "house"},
		Lines: []recovery.Line{
			named("Germany", "+49*"), named("Berlin", "+49 30*"), named("Practice", "+49 (30) 123-456"),
			named("WhatsApp Berlin", "whatsapp:+4930*"), named("Service", serviceSID), named("Domain", "Example.sip.twilio.com"),
			named("Alice", "sip:alice@example.sip.twilio.com"), named("Support", "client:support"), named("Short", "12345"), named("App", appSID),
		},
	})
	tests := map[string]struct {
		failure incident.Failure
		want    string
	}{
		"exactly":                                 {call("To", "+4930123456"), "Practice"},
		"the longer beginning":                    {call("To", "+49301234567"), "Berlin"},
		"the shorter beginning":                   {call("To", "+4989123456"), "Germany"},
		"nothing":                                 {call("To", "+43123456789"), "house"},
		"no number":                               {call(), "house"},
		"half a beginning":                        {call("To", "+4"), "house"},
		"the beginning of a channel":              {call("To", "whatsapp:+4930999"), "WhatsApp Berlin"},
		"the number behind a channel":             {message(noon(), "whatsapp:+15550123", "x", "To", ""), "Practice"},
		"exactly, behind a channel":               {call("To", "whatsapp:+4930123456"), "Practice"},
		"a messaging service":                     {failure(noon(), "MessageSid", messageSID, "To", "+15550100", "MessagingServiceSid", serviceSID), "Service"},
		"a messaging service before a beginning":  {failure(noon(), "MessageSid", messageSID, "To", "+4989123456", "MessagingServiceSid", serviceSID), "Service"},
		"the number before its messaging service": {failure(noon(), "MessageSid", messageSID, "To", "+4930123456", "MessagingServiceSid", serviceSID), "Practice"},
		"a SIP address":                           {call("To", "sip:Alice@example.sip.twilio.com:5061;transport=tls"), "Alice"},
		"a SIP domain":                            {call("To", "sip:bob@example.sip.twilio.com"), "Domain"},
		"a SIP domain by its parameter":           {call("To", "bob", "SipDomain", "example.sip.twilio.com"), "Domain"},
		"a client":                                {call("To", "client:support"), "Support"},
		"a TwiML app":                             {call("From", "client:anna", "ApplicationSid", appSID), "App"},
		"a TwiML app before what it is to dial":   {call("From", "client:anna", "To", "+4989123456", "ApplicationSid", appSID), "App"},
		"a TwiML app that is not listed":          {call("From", "client:anna", "ApplicationSid", "AP"+strings.Repeat("0", 32)), "house"},
		"a short code":                            {failure(noon(), "MessageSid", messageSID, "To", "12345"), "Short"},
		"a call that we made":                     {call("Direction", "outbound-api", "From", "+4930123456", "To", "+4989123456"), "Practice"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := recovery.Decide(tt.failure, r, recovery.State{}).Wording.Name; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTenThousandLinesAreFound(t *testing.T) {
	o := recovery.Options{}
	for i := range 5_000 {
		o.Lines = append(o.Lines,
			named(fmt.Sprintf("exact %d", i), fmt.Sprintf("+1415%07d", i)),
			named(fmt.Sprintf("prefix %d", i), fmt.Sprintf("+44%05d*", i)))
	}
	r := rules(t, o)
	for i := range 5_000 {
		for want, to := range map[string]string{
			fmt.Sprintf("exact %d", i): fmt.Sprintf("+1415%07d", i), fmt.Sprintf("prefix %d", i): fmt.Sprintf("+44%05d999", i),
		} {
			if got := recovery.Decide(call("To", to), r, recovery.State{}).Wording.Name; got != want {
				t.Fatalf("%s: got %q, want %q", to, got, want)
			}
		}
	}
}

// dialled is a leg that Dial made: its caller id may be that of whoever called.
func dialled(from, to string) incident.Failure {
	return call("Direction", "outbound-dial", "ParentCallSid", callSID, "From", from, "To", to)
}

func TestLanguage(t *testing.T) {
	line := func(match string, languages ...string) recovery.Line {
		return recovery.Line{Match: match, Style: recovery.Style{Languages: languages}}
	}
	german := map[string]recovery.Style{account: {Languages: []string{"de"}, Voice: "Polly.Daniel-Neural"}}
	tests := map[string]struct {
		options recovery.Options
		failure incident.Failure
		want    []string
		voice   string
	}{
		"the line's": {
			recovery.Options{Lines: []recovery.Line{line("+49*", "EN", "fr-ca")}, Accounts: german},
			call("To", "+4930123456"),
			[]string{"en", "fr-CA"},
			"",
		},
		"the account's, with its voice":  {recovery.Options{Accounts: german}, call("To", "+33123456789"), []string{"de"}, "Polly.Daniel-Neural"},
		"the house's":                    {recovery.Options{House: recovery.Style{Languages: []string{"nl"}}}, call("To", "+33123456789"), []string{"nl"}, ""},
		"the line's country's":           {recovery.Options{}, call("To", "+33123456789"), []string{"fr-FR"}, ""},
		"both of the line's country":     {recovery.Options{}, call("To", "+41441234567"), []string{"de-CH", "fr-CH"}, ""},
		"both of Belgium":                {recovery.Options{}, call("To", "+3221234567"), []string{"nl-BE", "fr-BE"}, ""},
		"both of Canada":                 {recovery.Options{}, call("To", "+14165550100"), []string{"en-CA", "fr-CA"}, ""},
		"a country as somebody wants it": {recovery.Options{Countries: map[string][]string{"CH": {"it"}}}, call("To", "+41441234567"), []string{"it"}, ""},
		"English without words for it":   {recovery.Options{}, call("To", "+48221234567"), []string{"en"}, ""},
		"English without a country":      {recovery.Options{}, call("To", "client:anna"), []string{"en"}, ""},
		"what Twilio calls the country":  {recovery.Options{}, call("To", "+18005550100", "ToCountry", "CA"), []string{"en-CA", "fr-CA"}, ""},
		"the number before Twilio's word": {
			recovery.Options{}, call("To", "+33123456789", "ToCountry", "US"), []string{"fr-FR"}, "",
		},
		"not the caller's":                {recovery.Options{}, call("To", "+33123456789", "From", "+4930123456"), []string{"fr-FR"}, ""},
		"the caller's where it is wanted": {recovery.Options{ByCaller: true}, call("To", "+33123456789", "From", "+4930123456"), []string{"de-DE"}, ""},
		"not even then before the line's": {
			recovery.Options{ByCaller: true, Lines: []recovery.Line{line("+33*", "it")}},
			call("To", "+33123456789", "From", "+4930123456"),
			[]string{"it"},
			"",
		},
		"the line's country for a hidden caller": {recovery.Options{ByCaller: true}, call("To", "+33123456789", "From", "anonymous"), []string{"fr-FR"}, ""},
		"not that of whom a client calls":        {recovery.Options{}, call("From", "client:anna", "To", "+33123456789", "ToCountry", "FR"), []string{"en"}, ""},
		"a client's where it is wanted":          {recovery.Options{ByCaller: true}, call("From", "client:anna", "FromCountry", "IT", "To", "+33123456789"), []string{"it-IT"}, ""},
		"the TwiML app's": {
			recovery.Options{Lines: []recovery.Line{line(appSID, "it")}},
			call("From", "client:anna", "To", "+33123456789", "ApplicationSid", appSID),
			[]string{"it"},
			"",
		},
		"the line's of whom a dial called": {
			recovery.Options{Lines: []recovery.Line{line("+49*", "de")}}, dialled("+33123456789", "+4930123456"), []string{"de"}, "",
		},
		"the country's of whom a dial called": {recovery.Options{}, dialled("+33123456789", "+4930123456"), []string{"de-DE"}, ""},
		"even where a line is for everybody": {
			recovery.Options{Lines: []recovery.Line{line("*", "it"), line("+49*", "de")}}, dialled("+33123456789", "+4930123456"), []string{"de"}, "",
		},
		"our line's before it, that a dial shows": {
			recovery.Options{Lines: []recovery.Line{line("+49*", "de"), line("+39*", "it")}}, dialled("+390212345678", "+4930123456"), []string{"it"}, "",
		},
		"our line's country before it": {
			recovery.Options{Lines: []recovery.Line{line("+49*", "de"), line("+39*")}}, dialled("+390212345678", "+4930123456"), []string{"it-IT"}, "",
		},
		"our country when we call": {recovery.Options{}, call("Direction", "outbound-api", "From", "+33123456789", "To", "+4930123456"), []string{"fr-FR"}, ""},
		"a line's language without the account's voice": {
			recovery.Options{Lines: []recovery.Line{line("+49*", "fr")}, Accounts: german}, call("To", "+4930123456"), []string{"fr"}, "",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := recovery.Decide(tt.failure, rules(t, tt.options), recovery.State{}).Wording
			if diff := cmp.Diff(tt.want, w.Languages); diff != "" {
				t.Errorf("languages (-want +got):\n%s", diff)
			}
			if w.Voice != tt.voice {
				t.Errorf("voice %q, want %q", w.Voice, tt.voice)
			}
		})
	}
}

func TestWhatALineLeavesOpenTheAccountSays(t *testing.T) {
	r := rules(t, recovery.Options{
		Media:    media(t, "line.mp3", "hold.wav"),
		House:    recovery.Style{Name: "House", Hold: "hold.wav"},
		Accounts: map[string]recovery.Style{account: {Name: "Account", Say: "Closed today.", Languages: []string{"en"}}},
		Lines:    []recovery.Line{{Match: "+1*", Style: recovery.Style{Play: "line.mp3"}}},
	})
	got := recovery.Decide(call("To", "+14155550100"), r, recovery.State{}).Wording
	want := incident.Wording{Name: "Account", Languages: []string{"en"}, Play: "/media/line.mp3", Hold: "/media/hold.wav"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the line's recording takes the place of the account's words (-want +got):\n%s", diff)
	}
	got = recovery.Decide(call("To", "+4930123456"), r, recovery.State{}).Wording
	want = incident.Wording{Name: "Account", Languages: []string{"en"}, Say: "Closed today.", Hold: "/media/hold.wav"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRecordingsBelowAProxysPath(t *testing.T) {
	for _, base := range []string{"/backstop", "/backstop/"} {
		r := rules(t, recovery.Options{Media: media(t, "x.mp3"), BasePath: base, House: recovery.Style{Play: "x.mp3"}})
		if got, want := recovery.Decide(call(), r, recovery.State{}).Wording.Play, "/backstop/media/x.mp3"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestMatchesThatCanBe: none of these is a mistake.
func TestMatchesThatCanBe(t *testing.T) {
	for _, match := range []string{
		"+4930123456", "+49 (30) 123-456", "+4930*", "+*", "*", "12345", serviceSID, appSID, "example.sip.twilio.com", "Example.*", "10.0.0.7",
		"sip:alice@example.sip.twilio.com", "sip:*", "sips:alice@example.com", "sip:alice*", "client:anna", "client:*", "Client:Anna.Smith",
		"whatsapp:+4930123456", "whatsapp:+4930*", "whatsapp:*", "rcs:brand_agent", "rcs:+4930*", "messenger:1234567890", "sim:DE0123456789abcdef0123456789abcdef",
	} {
		if _, err := recovery.NewRules(recovery.Options{Lines: []recovery.Line{{Match: match}}}, words(t).Knows); err != nil {
			t.Errorf("%s: %v", match, err)
		}
	}
}

func TestMistakesInOptions(t *testing.T) {
	shape := regexp.MustCompile(`^[\w.\[\]]+: ".*" [^:]+: [^:]+$`)
	style := func(s recovery.Style) recovery.Options { return recovery.Options{House: s} }
	match := func(matches ...string) recovery.Options {
		o := recovery.Options{}
		for _, m := range matches {
			o.Lines = append(o.Lines, recovery.Line{Match: m})
		}
		return o
	}
	tests := map[string]struct {
		options recovery.Options
		want    string
	}{
		"no match":                      {match(""), `lines[0].match: "" is empty: name a number, such as +4930123456`},
		"a star in the middle":          {match("+1*", "+49*30"), `lines[1].match: "+49*30" has a * that is not at its end`},
		"a number without plus":         {match("4930123456"), `lines[0].match: "4930123456" is no number in international form: begin with +`},
		"a beginning without plus":      {match("4930*"), `lines[0].match: "4930*" is no number in international form: begin with +`},
		"a space":                       {match("sip: x"), `has a space in it`},
		"the same twice":                {match("+4930*", "+49 30*"), `lines[1].match: "+49 30*" is there twice`},
		"the same number twice":         {match("+4930123456", "+49 30 123456"), `lines[1].match: "+49 30 123456" is there twice`},
		"a word":                        {match("foo"), `lines[0].match: "foo" is no address: write a number such as +4930123456, how it begins and * as in +4930*, a short code, a SIP domain, an address with sip, client, whatsapp, rcs, messenger or sim and a colon before it, or the SID of a messaging service (MG…) or TwiML app (AP…)`},
		"a number's SID":                {match("PN0123456789abcdef0123456789abcdef"), `is the SID of a phone number, which no request carries: write the number itself`},
		"a SIP domain's SID":            {match("SD0123456789abcdef0123456789abcdef"), `is the SID of a SIP domain, which no request carries: write the domain`},
		"an account's SID":              {match(account), `is the SID of an account: say it at accounts`},
		"another SID":                   {match(callSID), `is a SID that no line has: write a number`},
		"half a SID":                    {match("AP0123"), `is no address`},
		"the beginning of a SID":        {match("AP01*"), `is no address`},
		"half a number":                 {match("+4930"), `lines[0].match: "+4930" is no whole number: write +4930* for all that begin so`},
		"a number too long":             {match("+4930123456789012"), `is no address`},
		"the beginning of no number":    {match("+49x*"), `is no address`},
		"a scheme that nobody has":      {match("whatsap:+4930*"), `is no address`},
		"a scheme alone":                {match("client:"), `is no address`},
		"a channel without plus":        {match("whatsapp:4930123456"), `is no number in international form: begin with + and the country code`},
		"a SIP domain as an address":    {match("sip:example.sip.twilio.com"), `is the address of nobody at that domain: write example.sip.twilio.com for all of the domain`},
		"a name too long":               {style(recovery.Style{Name: strings.Repeat("x", 61)}), `house.name: "xxx`},
		"a language unknown":            {style(recovery.Style{Languages: []string{"fi"}}), `house.language: "fi" is no language that there are texts in: use en, es, fr, de, it, pt, nl or ja, or add a template of your own, such as apology.voice.fi.tmpl`},
		"too many languages":            {style(recovery.Style{Languages: []string{"de", "fr", "it", "en"}}), `name three at most`},
		"a voice alone":                 {style(recovery.Style{Voice: "Polly.Amy"}), `house.voice: "Polly.Amy" needs one language beside it`},
		"words and a recording":         {style(recovery.Style{Say: "x", Play: "https://x/y.mp3"}), `house.say: "x" stands beside play`},
		"words too long":                {style(recovery.Style{Say: strings.Repeat("We are closed. ", 30)}), `shorten it to less than 20`},
		"a recording without folder":    {style(recovery.Style{Play: "x.mp3"}), `house.play: "x.mp3" needs a folder: name the one it is in with media`},
		"a recording that is not there": {recovery.Options{Media: media(t, "y.mp3"), House: recovery.Style{Hold: "x.mp3"}}, `house.hold: "x.mp3" is no file in the media folder that Twilio can play: put an .mp3 or .wav there, its name of letters, digits, dots, - and _ only, or use one that is there (y.mp3)`},
		"a country that is none":        {recovery.Options{Countries: map[string][]string{"ch": {"de"}}}, `countries.ch: "ch" is no country: write two capital letters`},
		"a country's language":          {recovery.Options{Countries: map[string][]string{"CH": {"rm"}}}, `countries.CH: "rm" is no language`},
		"an account's":                  {recovery.Options{Accounts: map[string]recovery.Style{account: {Languages: []string{"xx"}}}}, `accounts.` + account + `.language: "xx"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := recovery.NewRules(tt.options, words(t).Knows)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %s in it", err, tt.want)
			}
			if !shape.MatchString(err.Error()) {
				t.Errorf("%q is not key, value, problem and remedy", err)
			}
			var m *recovery.OptionError
			if !errors.As(err, &m) || m.Key == "" || m.Problem == "" || m.Remedy == "" || strings.Contains(m.Problem, ": ") {
				t.Errorf("got %#v, want a whole mistake", m)
			}
		})
	}
	_, err := recovery.NewRules(recovery.Options{
		House: recovery.Style{Languages: []string{"xx"}, Play: "x.mp3"}, Lines: []recovery.Line{{}, {Match: "1*2"}},
	}, words(t).Knows)
	if n := strings.Count(fmt.Sprint(err), "\n") + 1; n != 4 {
		t.Errorf("got %d mistakes, want all 4 at once: %v", n, err)
	}
}

// TestOneListOfWordsForWithheldNumbers holds two packages together that cannot
// import each other.
func TestOneListOfWordsForWithheldNumbers(t *testing.T) {
	for _, from := range []string{
		"anonymous", "Anonymous", "+ANONYMOUS", "unknown", "restricted", "unavailable", "private", "+266696687", "266696687",
		"+7378742833", "+2562533", "+8656696", "+86282452253", "+4930123456", "12345", "client:anonymous", "anonymous1",
	} {
		if got, want := twilio.ParseAddress(from).Kind == twilio.AddressWithheld, incident.Withheld(from); got != want {
			t.Errorf("%s: twilio says %v, incident %v", from, got, want)
		}
	}
}

// media is a folder with the named files in it.
func media(t *testing.T, names ...string) *recovery.Media {
	t.Helper()
	folder := t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("sound of "+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := recovery.OpenMedia(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// FuzzDecide: whatever Twilio's parameters hold, there is a plan and a valid
// answer to it.
func FuzzDecide(f *testing.F) {
	f.Add("CallSid", "DialCallStatus", "completed", "+4930123456")
	f.Add("MessageSid", "Body", "STOP", "whatsapp:+4930123456")
	f.Add("SmsSid", "OptOutType", "\x00", "sip:a@b:;")
	r := rules(f, recovery.Options{Lines: []recovery.Line{named("x", "+49*"), named("y", "sip:*"), named("z", "*")}})
	texts, recent := words(f), recovery.NewRecent()
	f.Fuzz(func(t *testing.T, sid, name, value, to string) {
		failure := failure(noon(), sid, "x", name, value, "To", to, "From", value)
		document, a := recovery.New(recovery.Parts{Texts: texts, Recent: recent}).Answer(t.Context(), recovery.Request{Failure: failure}, recovery.Decide(failure, r, recovery.State{}))
		if len(document) == 0 || a.Outcome == incident.OutcomeUnknown {
			t.Errorf("got %q, %v", document, a.Outcome)
		}
	})
}
