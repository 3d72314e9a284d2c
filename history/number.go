package history

import (
	"strings"
	"unicode"
)

// ReadNumber writes a phone number as Twilio does, from any common writing:
// "+49 (0)30 123-456", "0049 30 123456", "tel:+4930123456", "(555) 123-0001",
// "whatsapp:+49…". assumed is true where the country code was guessed: ten
// digits of the North American plan. Addresses that are no numbers
// ("client:anna", "sip:…") are taken as they are. ok is false for anything
// else, and for a national number whose country nobody can know.
func ReadNumber(s string) (number string, assumed, ok bool) {
	s = strings.TrimSpace(s)
	scheme, rest, cut := strings.Cut(s, ":")
	if !cut {
		return readDigits(s)
	}
	switch scheme = strings.ToLower(scheme); scheme {
	case "tel", "callto":
		rest, _, _ = strings.Cut(rest, ";")
		return readDigits(strings.TrimPrefix(rest, "//"))
	case "whatsapp", "rcs":
		number, assumed, ok = readDigits(rest)
		return scheme + ":" + number, assumed, ok
	case "client", "sip", "sips", "sim", "messenger":
		address := scheme + ":" + strings.TrimSpace(rest)
		return address, false, address != scheme+":" && plain(address, 300) && !strings.ContainsFunc(address, unicode.IsSpace)
	}
	return "", false, false
}

func readDigits(s string) (number string, assumed, ok bool) {
	digits, ok := digitsOf(s)
	if !ok || digits == "" {
		return "", false, false
	}
	switch {
	case digits[0] == '+':
		return digits, false, digits[1:] != "" && digits[1] != '0' && between(len(digits)-1, 5, 15)
	case strings.HasPrefix(digits, "00"):
		return readDigits("+" + strings.TrimLeft(digits, "0"))
	case strings.HasPrefix(digits, "011") && len(digits) > 11:
		return readDigits("+" + digits[3:])
	case digits[0] == '0':
		return "", false, false
	case len(digits) == 10 && digits[0] >= '2' && digits[3] >= '2':
		return "+1" + digits, true, true
	case between(len(digits), 3, 6): // a short code
		return digits, false, true
	case between(len(digits), 10, 15):
		return "+" + digits, digits[0] != '1', true
	}
	return "", false, false
}

// digitsOf drops what people put between digits. ok is false where s holds
// anything else.
func digitsOf(s string) (string, bool) {
	var b strings.Builder
	s = strings.ReplaceAll(s, "(0)", "")
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r >= '０' && r <= '９': // full width, as Japanese keyboards write them
			b.WriteRune(r - '０' + '0')
		case (r == '+' || r == '＋') && b.Len() == 0:
			b.WriteByte('+')
		case strings.ContainsRune(" -.()/\u2010\u2011\u2012\u2013\u2014\u2212", r), unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
			// address books put invisible marks around numbers
		default:
			return "", false
		}
	}
	return b.String(), true
}

func between(n, least, most int) bool { return n >= least && n <= most }
