package twilio

import "strings"

// CountryOf is the country of a telephone number in international form, as two
// letters (ISO 3166-1), or "" for what has none: satellites, toll-free numbers
// of North America, and what is no number.
func CountryOf(number string) string {
	if !IsE164(number) {
		return ""
	}
	digits := number[1:]
	switch digits[0] {
	case '1':
		return northAmerica(digits)
	case '7':
		if digits[1] == '6' || digits[1] == '7' {
			return "KZ"
		}
		return "RU"
	}
	for n := 3; n >= 2; n-- {
		if country, ok := callingCodes[digits[:n]]; ok {
			return country
		}
	}
	return ""
}

// northAmerica goes by the three digits after the 1; most of them are of the US.
func northAmerica(digits string) string {
	area := digits[1:4]
	if country, ok := areaCodes[area]; ok {
		return country
	}
	if strings.Contains(tollFree, area) {
		return ""
	}
	return "US"
}

// LanguagesOf are the languages (ISO 639-1) that a message to the public of a
// country is understood in, the commonest first. Several mean that no single one
// will do: CH has de, fr and it. It is empty for an unknown country.
func LanguagesOf(country string) []string {
	return strings.Fields(languages[country])
}
