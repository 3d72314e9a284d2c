package twiml

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// SpeakingTime estimates how long a voice document is heard by somebody who listens and presses nothing: Say at the
// usual pace of its language, Pause, and SSML breaks. Sound files are not known and count nothing, nor does waiting
// for input or for an answer. It ends where the document does, or at a verb that leaves it. What cannot be read counts
// nothing; expect the rest to be right to a quarter.
func SpeakingTime(doc []byte) time.Duration {
	t := timer{scanner: newScanner(doc)}
	for {
		if f := t.next(); f != nil || t.token.kind == endOfDocument {
			return t.total
		}
		switch t.token.kind {
		case startTag:
			if leaves(t.token.name) {
				return t.total
			}
			t.start()
			if t.token.empty {
				t.end(t.token.name)
			}
		case endTag:
			t.end(t.token.name)
		case charData, cdata:
			if t.saying && t.alias == 0 {
				t.say += speech(string(t.token.decoded()), t.language)
			}
		case comment, endOfDocument:
		}
	}
}

type timer struct {
	*scanner
	total    time.Duration
	saying   bool          // inside Say
	say      time.Duration // of the Say so far, once
	loop     int           // of that Say
	language string
	alias    int // > 0 inside <sub alias>, whose text is not what is spoken
}

func leaves(verb []byte) bool {
	switch string(verb) {
	case "Redirect", "Hangup", "Reject", "Leave":
		return true
	}
	return false
}

func (t *timer) start() {
	switch string(t.token.name) {
	case "Say":
		t.saying, t.say = true, 0
		t.loop = t.times("loop")
		t.language = t.attribute("language")
		if t.language == "" {
			t.language = languageOfVoice(t.attribute("voice"))
		}
	case "Pause":
		t.total += seconds(t.attribute("length"), time.Second)
	case "Play":
		const tone = 200 * time.Millisecond // a DTMF digit and the gap behind it; w waits half a second
		digits := t.attribute("digits")
		t.total += time.Duration(t.times("loop")) * (time.Duration(len(digits))*tone + time.Duration(strings.Count(digits, "w"))*300*time.Millisecond)
	case "break":
		if t.saying {
			t.say += breakTime(t.attribute("time"), t.attribute("strength"))
		}
	case "sub":
		t.say += speech(t.attribute("alias"), t.language)
		t.alias++
	}
}

func (t *timer) end(name []byte) {
	switch string(name) {
	case "Say":
		t.total += t.say * time.Duration(t.loop)
		t.saying = false
	case "sub":
		t.alias = max(0, t.alias-1)
	}
}

func (t *timer) attribute(name string) string {
	for _, a := range t.token.attrs {
		if string(a.name) == name {
			return string(decode(a.value))
		}
	}
	return ""
}

// times reads loop: absent is once, and 0 is without end, which Twilio cuts at a thousand.
func (t *timer) times(name string) int {
	const endless = 1000
	value := t.attribute(name)
	n, err := strconv.Atoi(value)
	switch {
	case value == "" || err != nil || n < 0:
		return 1
	case n == 0 || n > endless:
		return endless
	}
	return n
}

func seconds(value string, fallback time.Duration) time.Duration {
	const longest = 24 * 3600
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return fallback
	}
	return time.Duration(min(n, longest)) * time.Second
}

// breakTime follows https://www.w3.org/TR/speech-synthesis11/#S3.2.3 and Polly's lengths for the strengths.
func breakTime(length, strength string) time.Duration {
	if d, err := time.ParseDuration(length); err == nil && d >= 0 {
		return min(d, 10*time.Second)
	}
	switch strength {
	case "none":
		return 0
	case "x-weak":
		return 100 * time.Millisecond
	case "weak":
		return 200 * time.Millisecond
	case "strong":
		return 700 * time.Millisecond
	case "x-strong":
		return 1200 * time.Millisecond
	}
	return 400 * time.Millisecond
}

// languageOfVoice takes "de-DE" out of "Google.de-DE-Standard-A"; other voices do not say.
func languageOfVoice(voice string) string {
	_, name, found := strings.Cut(voice, ".")
	if found && strings.Count(name, "-") >= 2 {
		return name
	}
	return ""
}

// pace is how many characters like r a synthetic voice speaks in a second of the language base at its normal pace, pauses between sentences
// not included. The sign tells more than the language, which not every Say names: kanji and kana take a minute for the
// 300 of them that Japanese newsreaders are given.
func pace(r rune, base string) float64 {
	switch {
	case unicode.Is(unicode.Hangul, r):
		return 6.5
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana), r == 'ー':
		if base == "zh" || base == "cmn" || base == "yue" {
			return 4.5
		}
		return 5
	}
	switch base {
	case "es", "it", "pt":
		return 16
	case "de", "nl", "pl", "fi":
		return 14
	}
	return 15
}

// speech estimates one text: each digit is a word, a sentence ends in silence, a comma in a shorter one.
func speech(text, language string) time.Duration {
	const perDigit, perSentence, perComma = 0.35, 0.45, 0.2
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	var sum float64
	var last rune
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			sum += perDigit
		case unicode.IsSpace(r) && unicode.IsSpace(last):
		case strings.ContainsRune(".!?。！？", r) && last != r:
			sum += perSentence
		case strings.ContainsRune(",;:、，；：", r):
			sum += perComma
		default:
			sum += 1 / pace(r, base)
		}
		last = r
	}
	return time.Duration(math.Round(sum*1000)) * time.Millisecond
}
