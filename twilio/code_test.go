package twilio_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/backstop-project/backstop/twilio"
)

// protocolCodes are those that Twilio is known to send, each of which has words
// of its own.
var protocolCodes = []int{
	10001, 10002, 10003, 10004, 10005, 11100, 11200, 11201, 11202, 11203, 11205, 11206, 11210, 11215, 11216, 11217, 11220,
	11235, 11236, 11237, 11240, 11241, 11242, 11243, 11251, 11750, 11751, 11770, 12100, 12101, 12102, 12300, 12301, 12400,
	13201, 13224, 13225, 13227, 13238, 14107, 16011, 20003, 20429, 21405, 21406, 21610, 30001, 30002, 30003, 30004, 30005,
	30006, 30007, 30008, 30034, 30121, 30122, 57012, 63016, 81010, 81016, 81017, 82002, 82005,
	11321, 11322, 12200, 13521, 14101, 14102, 14103, 14106, 14108, 14109, 14110, 14111, 15003, 82001, 82004,
}

// rangeCodes have the words of their range.
var rangeCodes = []int{
	-1, 1, 9999, 10099, 11000, 11299, 11300, 11399, 11700, 12150, 12250, 12350, 12450, 13000, 13110, 13210, 13310, 13410,
	13510, 13610, 13710, 13810, 13910, 14000, 14104, 14201, 15001, 16001, 21211, 30009, 31005, 32011, 45001, 60200, 63001, 81000,
	82003, 90000, 99999, 100000, 1 << 40,
}

func TestEveryKnownCodeHasWordsOfItsOwn(t *testing.T) {
	seen := map[string]int{}
	for _, number := range protocolCodes {
		c := twilio.Lookup(number)
		if c.Number != number {
			t.Errorf("%d: got %d", number, c.Number)
		}
		if neighbour := twilio.Lookup(number/100*100 + 99); neighbour.Means == c.Means {
			t.Errorf("%d has only the words of its range", number)
		}
		if other, ok := seen[c.Means]; ok {
			t.Errorf("%d and %d mean the same", number, other)
		}
		seen[c.Means] = number
	}
}

func TestEveryCodeIsFitToBeRead(t *testing.T) {
	numbers := slices.Concat(protocolCodes, rangeCodes,
		[]int{0, 13214, 13223, 13226, 13233, 13247, 13325, 13420})
	for _, number := range numbers {
		t.Run(strconv.Itoa(number), func(t *testing.T) {
			c := twilio.Lookup(number)
			if c.Number != number || c.Name == "" {
				t.Errorf("got %+v", c)
			}
			checkPhrase(t, c)
			checkMeans(t, c.Means)
			checkFirstThing(t, c)
			for _, text := range []string{c.Name, c.Phrase, c.Means, c.FirstThing} {
				if blame := regexp.MustCompile(`(?i)\b(you (forgot|should have|must have)|your fault|blame|stupid|obviously|simply|just)\b`).FindString(text); blame != "" {
					t.Errorf("%q: %q is no word for 3 a.m.", text, blame)
				}
			}
		})
	}
}

// checkPhrase: what begins with a small letter and ends without a full stop fits
// into a subject line.
func checkPhrase(t *testing.T, c twilio.Code) {
	t.Helper()
	if n := utf8.RuneCountInString(c.Phrase); n == 0 || n > 26 {
		t.Errorf("phrase %q: got %d characters, want 1 to 26", c.Phrase, n)
	}
	if strings.ContainsAny(c.Phrase, ".<>&\"`") || !unicode.IsLower(rune(c.Phrase[0])) {
		t.Errorf("phrase %q is not fit for a subject line", c.Phrase)
	}
	if n := utf8.RuneCountInString(c.Short); n == 0 || n > 22 && c.About == "" {
		t.Errorf("in short %q: got %d characters, want 1 to 22", c.Short, n)
	}
	if n := utf8.RuneCountInString("1,234 callers: " + c.Sentence("www.example.com") + ", since 03:12"); n > 70 {
		t.Errorf("%q: got a subject of %d characters", c.Sentence("www.example.com"), n)
	}
}

func checkMeans(t *testing.T, means string) {
	t.Helper()
	sentences := len(regexp.MustCompile(`[.?!](\s|$)`).FindAllString(means, -1))
	if sentences < 1 || sentences > 2 || !strings.HasSuffix(means, ".") || len(means) > 240 {
		t.Errorf("means %q: got %d sentences and %d bytes, want one or two short ones", means, sentences, len(means))
	}
}

func checkFirstThing(t *testing.T, c twilio.Code) {
	t.Helper()
	first := c.FirstThing
	if len(first) < 20 || len(first) > 320 || !unicode.IsUpper(rune(first[0])) {
		t.Errorf("first thing %q: got %d bytes", first, len(first))
	}
	if strings.Count(first, "`")%2 != 0 || strings.Contains(first, "` `") {
		t.Errorf("first thing %q: a command is cut in two", first)
	}
	if !strings.ContainsAny(first, "`") && !regexp.MustCompile(`(?i)console|https://|set |write|split|see |add |take |call|try|send|check|renew|find|compare|leave|correct|make|upgrade|verify|look|ask|serve`).MatchString(first) {
		t.Errorf("first thing %q says nothing to do", first)
	}
	filled := c.Advice(twilio.ParseErrorURL("https://www.example.com:8443/it's?x=secret"))
	if regexp.MustCompile(`\b(HOST|PORT|URL)\b`).MatchString(filled) || strings.Contains(filled, "secret") {
		t.Errorf("advice %q: not filled in", filled)
	}
}

func TestSentenceSaysWhomItIsAbout(t *testing.T) {
	for _, test := range []struct {
		number     int
		host, want string
	}{
		{11202, "www.example.com", "www.example.com refuses connections"},
		{11202, "", "your server refuses connections"},
		{11210, "www.example.com", "www.example.com has no DNS entry"},
		{11236, "www.example.com", "www.example.com has an expired certificate"},
		{12100, "www.example.com", "www.example.com sends unreadable TwiML"},
		{10001, "www.example.com", "your Twilio account is not active"},
		{12400, "www.example.com", "Twilio had an internal failure"},
		{0, "www.example.com", "Twilio asked us first"},
	} {
		if got := twilio.Lookup(test.number).Sentence(test.host); got != test.want {
			t.Errorf("%d: got %q, want %q", test.number, got, test.want)
		}
	}
}

// TestEveryCommandAsksAsTwilioDoes: a route for POST alone answers GET with 404
// or 405, and sends whoever was woken after a fault that is none.
func TestEveryCommandAsksAsTwilioDoes(t *testing.T) {
	for _, number := range slices.Concat(protocolCodes, rangeCodes) {
		for i, piece := range strings.Split(twilio.Lookup(number).FirstThing, "`") {
			if i%2 == 1 && strings.HasPrefix(piece, "curl") && strings.Contains(piece, "URL") && !strings.Contains(piece, " -d '' URL") {
				t.Errorf("%d: %s asks by GET", number, piece)
			}
		}
	}
}

func TestAdviceOnARequestWithoutACodeNamesFieldsAndNoAddress(t *testing.T) {
	c := twilio.Lookup(0)
	if got := c.Advice(twilio.ParseErrorURL("https://a.example/voice")); got != c.FirstThing {
		t.Errorf("got %q, want %q", got, c.FirstThing)
	}
}

func TestAdviceIsFitToBePasted(t *testing.T) {
	c := twilio.Lookup(11200)
	if got, want := c.Advice(twilio.ParseErrorURL("https://a.example/voice?x=1")), "`curl -sv -m 15 -o /dev/null -d '' 'https://a.example/voice'` (by POST"; !strings.Contains(got, want) {
		t.Errorf("got %q, want it to have %s", got, want)
	}
	if got := c.Advice(twilio.ParseErrorURL("https://a.example/';reboot;'$(reboot)`reboot`")); !strings.Contains(got, "'https://a.example/%27;reboot;%27$(reboot)%60reboot%60'") {
		t.Errorf("got %q, want the address within one pair of quotes", got)
	}
	if got, want := twilio.Lookup(11201).Advice(twilio.ParseErrorURL("http://a.example/")), "`nc -vz -w 5 a.example 80`"; !strings.Contains(got, want) {
		t.Errorf("got %q, want it to have %s", got, want)
	}
	if got := c.Advice(twilio.ParseErrorURL("https://a.example/" + strings.Repeat("é", 4000))); got != c.Advice(twilio.ErrorURL{}) {
		t.Errorf("a very long address: got %q, want a word for it", got)
	}
	if got := c.Advice(twilio.ErrorURL{}); got != c.FirstThing {
		t.Errorf("without an address: got %q, want %q", got, c.FirstThing)
	}
	if got, want := c.Title(), "11200: no usable answer"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := twilio.Lookup(0).Title(), "no error code"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
