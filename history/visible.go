package history

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible is s with everything that a page would not show, or would show as
// something else, written out: control characters, marks that turn the
// direction of writing, invisible ones, bytes that are no UTF-8. Line breaks
// and tabs stay, and so does every letter of every language.
func Visible(s string) string {
	if !hasInvisible(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 32)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, "⟨byte %02X⟩", s[i])
		case invisible(r):
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

func hasInvisible(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, invisible)
}

func invisible(r rune) bool {
	if ' ' <= r && r <= '~' {
		return false // as nearly all are
	}
	switch r {
	case '\n', '\t':
		return false
	case '\u200d', '\ufe0f': // join emoji and the letters of some languages
		return false
	case '\u2028', '\u2029', '\u3164', '\uffa0', '\u115f', '\u1160', '\u034f':
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) ||
		unicode.Is(unicode.Noncharacter_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r)
}
