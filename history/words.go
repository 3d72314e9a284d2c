package history

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/backstop-project/backstop/incident"
)

// Words masks every number within what was said or sent, and the given people
// in each writing that own templates may give them: with a plus and without,
// with their scheme and host and without.
func (m Mask) Words(s string, people ...string) string {
	if !m.Numbers {
		return s
	}
	for _, person := range people {
		if incident.Withheld(person) {
			continue
		}
		s = m.without(s, person)
		if _, address, cut := strings.Cut(person, ":"); cut {
			s = m.without(s, address)
			person = address
		}
		if name, _, at := strings.Cut(person, "@"); at {
			s = m.without(s, name)
		}
	}
	return m.Text(s)
}

// without masks one writing of a person, and the same without a plus: a bare
// name where it is a word of its own, an address or a number wherever it is.
func (m Mask) without(s, person string) string {
	const shortest = 3 // less is many a word
	if len(person) < shortest {
		return s
	}
	masked := m.Number(person)
	bare := strings.TrimPrefix(person, "+")
	if !strings.ContainsAny(person, ":@") && strings.Trim(bare, "0123456789") != "" {
		return replaceWord(s, person, masked)
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, person, masked), bare, strings.TrimPrefix(masked, "+"))
}

// replaceWord replaces word where it is not a part of a longer one.
func replaceWord(s, word, by string) string {
	var b strings.Builder
	for done := 0; ; {
		at := strings.Index(s[done:], word)
		if at < 0 {
			b.WriteString(s[done:])
			return b.String()
		}
		begin, end := done+at, done+at+len(word)
		b.WriteString(s[done:begin])
		before, _ := utf8.DecodeLastRuneInString(s[:begin])
		after, _ := utf8.DecodeRuneInString(s[end:])
		if inWord(before) || inWord(after) {
			b.WriteString(word)
		} else {
			b.WriteString(by)
		}
		done = end
	}
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
