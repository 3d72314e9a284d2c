package twiml

import (
	"fmt"
	"unicode/utf8"
)

// escapes holds what an ASCII character has to be written as; "" means as itself.
type escapes [utf8.RuneSelf]string

// A parser turns a bare carriage return into a line feed, hence &#13; even in text.
var inText = escapes{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#13;"}

// In an attribute a parser turns every white space into a blank.
var inAttr = escapes{
	'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#13;",
	'"': "&#34;", '\'': "&#39;", '\t': "&#9;", '\n': "&#10;",
}

// Escaper is for text/template: it takes what a pipeline yields, formatted as fmt.Sprint does, and returns it fit to
// stand between two tags or in an attribute, between quotes of either kind. Markup is escaped, characters that XML 1.0
// forbids and bytes that are not UTF-8 are dropped; a parser reads back exactly the rest.
func Escaper(values ...any) string {
	if len(values) == 1 {
		if s, ok := values[0].(string); ok {
			return escape(s)
		}
	}
	return escape(fmt.Sprint(values...))
}

func escape(s string) string {
	if isPlain(s) {
		return s
	}
	return string(appendEscaped(make([]byte, 0, len(s)+len(s)/4), s, &inAttr))
}

func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || inAttr[c] != "" || !isASCIIChar(c) {
			return false
		}
	}
	return true
}

func appendEscaped(dst []byte, s string, table *escapes) []byte {
	start := 0 // of what is copied as it is
	for i := 0; i < len(s); {
		r, width := utf8.DecodeRuneInString(s[i:])
		replacement := ""
		if r < utf8.RuneSelf {
			replacement = table[r]
		}
		if replacement != "" || !isChar(r, width) {
			dst = append(dst, s[start:i]...)
			dst = append(dst, replacement...)
			start = i + width
		}
		i += width
	}
	return append(dst, s[start:]...)
}

// appendComment writes s as a comment, in which no two hyphens may meet and the last character may be none.
func appendComment(dst []byte, s string) []byte {
	dst = append(dst, "<!-- "...)
	last := byte(' ')
	for i := 0; i < len(s); {
		r, width := utf8.DecodeRuneInString(s[i:])
		if isChar(r, width) && r != '\r' {
			if r == '-' && last == '-' {
				dst = append(dst, ' ')
			}
			dst = append(dst, s[i:i+width]...)
			last = dst[len(dst)-1]
		}
		i += width
	}
	return append(dst, " -->"...)
}

// isChar reports whether XML 1.0 allows r, decoded from width bytes (https://www.w3.org/TR/xml/#NT-Char).
func isChar(r rune, width int) bool {
	switch {
	case r < utf8.RuneSelf:
		return isASCIIChar(r)
	case r == utf8.RuneError:
		return width > 1 // the character U+FFFD itself, and not a byte that is none
	default:
		return r != 0xFFFE && r != 0xFFFF // DecodeRune yields no surrogates
	}
}

func isASCIIChar[T byte | rune](c T) bool {
	return c >= ' ' || c == '\t' || c == '\n' || c == '\r'
}
