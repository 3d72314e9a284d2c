package sim

import (
	"strings"
	"time"
	"unicode"
)

// playing is what a sound file is taken to last: its length is not looked up.
const playing = 5 * time.Second

// spoken estimates how long a voice takes for a text: 160 words a minute, or five signs a second in scripts that are
// written without blanks, and a breath after each sentence. ー lengthens a sound of either kana and is of no script.
func spoken(text string) time.Duration {
	const perWord, perSign, perDigit, breath = 375 * time.Millisecond, 200 * time.Millisecond, 350 * time.Millisecond, 400 * time.Millisecond
	var length time.Duration
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai), r == 'ー':
			length += perSign
		case unicode.IsDigit(r):
			length += perDigit
		case strings.ContainsRune(".!?。！？", r):
			length += breath
		}
	}
	for word := range strings.FieldsSeq(text) {
		if strings.ContainsFunc(word, func(r rune) bool { return r < 0x3000 && unicode.IsLetter(r) }) {
			length += perWord
		}
	}
	return length
}
