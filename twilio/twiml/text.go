package twiml

import (
	"bytes"
	"unicode/utf8"
)

// checkChars refuses what XML forbids and what is not UTF-8.
func (s *scanner) checkChars(text []byte, at int) *fault {
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			if !isASCIIChar(text[i]) {
				return s.failAt(at+i, "a control character is not allowed")
			}
			i++
			continue
		}
		r, width := utf8.DecodeRune(text[i:])
		if !isChar(r, width) {
			return s.failAt(at+i, "not UTF-8, or a character that XML does not allow")
		}
		i += width
	}
	return nil
}

// checkText is checkChars, and every & has to begin a reference that XML knows.
func (s *scanner) checkText(text []byte, at int) *fault {
	if f := s.checkChars(text, at); f != nil {
		return f
	}
	for i := range text {
		if text[i] != '&' {
			continue
		}
		if _, width := reference(text[i:]); width == 0 {
			return s.failAt(at+i, `"&" does not begin a reference: write &amp;`)
		}
	}
	return nil
}

// reference decodes the reference at the start of text and returns how many bytes it takes, 0 if it is none.
func reference(text []byte) (rune, int) {
	const longest = len("&#x10FFFF;") + 8 // leading zeros are allowed, a flood of them is not
	end := bytes.IndexByte(text[:min(len(text), longest)], ';')
	if end < 0 {
		return 0, 0
	}
	name := string(text[1:end])
	switch name {
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "amp":
		return '&', end + 1
	case "apos":
		return '\'', end + 1
	case "quot":
		return '"', end + 1
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, 0
	}
	r := number10or16(name[1:])
	if r < 0 || !utf8.ValidRune(r) || !isChar(r, utf8.RuneLen(r)) {
		return 0, 0
	}
	return r, end + 1
}

// number10or16 reads the number of a character reference, decimal or x and hexadecimal; -1 if it is none.
func number10or16(digits string) rune {
	base := rune(10)
	if digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	if digits == "" {
		return -1
	}
	var r rune
	for _, c := range []byte(digits) {
		var digit rune
		switch {
		case '0' <= c && c <= '9':
			digit = rune(c - '0')
		case base == 16 && 'a' <= c|0x20 && c|0x20 <= 'f':
			digit = rune(c|0x20-'a') + 10
		default:
			return -1
		}
		if r = r*base + digit; r > utf8.MaxRune {
			return -1
		}
	}
	return r
}

// decoded returns text with its references resolved; cdata has none.
func (t token) decoded() []byte {
	if t.kind == cdata {
		return t.text
	}
	return decode(t.text)
}

func decode(text []byte) []byte {
	if bytes.IndexByte(text, '&') < 0 {
		return text
	}
	plain := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		if text[i] == '&' {
			if r, width := reference(text[i:]); width > 0 {
				plain = utf8.AppendRune(plain, r)
				i += width
				continue
			}
		}
		plain = append(plain, text[i])
		i++
	}
	return plain
}
