package twilio

import "strings"

// AddressKind says what stands in a From or To.
type AddressKind string

// The kinds of address.
const (
	AddressPhone     AddressKind = "phone"
	AddressShortCode AddressKind = "short code"
	AddressWhatsApp  AddressKind = "whatsapp"
	AddressRCS       AddressKind = "rcs"
	AddressMessenger AddressKind = "messenger"
	AddressClient    AddressKind = "client" // a Voice SDK user
	AddressSIP       AddressKind = "sip"
	AddressSIM       AddressKind = "sim"
	AddressName      AddressKind = "name"     // an alphanumeric sender: nobody reads an answer
	AddressWithheld  AddressKind = "withheld" // a caller who does not show the number
	AddressOther     AddressKind = "other"
)

// Address is a From or To, taken apart.
type Address struct {
	Kind   AddressKind
	Number string // E.164, if it has such a number in it: "+15017122661"
}

// ParseAddress says what s is. It never fails: what nobody knows is AddressOther.
func ParseAddress(s string) Address {
	if withheld(s) {
		return Address{Kind: AddressWithheld}
	}
	if scheme, rest, ok := strings.Cut(s, ":"); ok {
		return schemeAddress(strings.ToLower(scheme), rest)
	}
	switch {
	case IsE164(s):
		return Address{Kind: AddressPhone, Number: s}
	case isShortCode(s):
		return Address{Kind: AddressShortCode}
	case isSenderName(s):
		return Address{Kind: AddressName}
	}
	return Address{Kind: AddressOther}
}

func schemeAddress(scheme, rest string) Address {
	kind := AddressOther
	switch scheme {
	case "whatsapp":
		kind = AddressWhatsApp
	case "rcs":
		kind = AddressRCS
	case "messenger":
		kind = AddressMessenger
	case "client":
		kind = AddressClient
	case "sip", "sips":
		kind = AddressSIP
	case "sim":
		kind = AddressSIM
	}
	if (kind == AddressWhatsApp || kind == AddressRCS) && IsE164(rest) {
		return Address{Kind: kind, Number: rest}
	}
	return Address{Kind: kind}
}

// withheld says whether a caller's From hides the number: empty, a word for it,
// or one of the numbers that spell such a word on a telephone's keys. Package
// incident has the same list, for neither imports the other; a test of
// package recovery holds them together.
//
// See https://help.twilio.com/articles/223179988.
func withheld(from string) bool {
	switch strings.TrimPrefix(strings.ToLower(from), "+") {
	case "", "anonymous", "unknown", "restricted", "unavailable", "private",
		"266696687", "7378742833", "2562533", "8656696", "86282452253":
		return true
	}
	return false
}

// IsE164 says whether s is a telephone number in international form: "+", then
// 7 to 15 digits of which the first is not 0.
func IsE164(s string) bool {
	const shortest, longest = 7, 15
	return len(s) > shortest && len(s) <= 1+longest && s[0] == '+' && s[1] != '0' && isDigits(s[1:])
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// isShortCode: 5 or 6 digits in most countries, 3 to 8 in some.
func isShortCode(s string) bool {
	return len(s) >= 3 && len(s) <= 8 && isDigits(s)
}

// isSenderName: up to 11 letters, digits and a few signs, one a letter at least.
func isSenderName(s string) bool {
	const longest = 11
	letters := 0
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			letters++
		case !isAlphanumeric(c) && strings.IndexByte(" +-_&.", c) < 0:
			return false
		}
	}
	return letters > 0 && len(s) <= longest
}
