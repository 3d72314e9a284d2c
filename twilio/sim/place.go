package sim

import "strings"

// place is what Twilio says about where a number is registered; of most only the country is known.
type place struct {
	city, state, zip, country string
}

// placeOf knows a few prefixes, so that requests look as real ones do.
func placeOf(address string) place {
	if !strings.HasPrefix(address, "+") {
		return place{} // none for client:, sip:, whatsapp: and withheld numbers
	}
	var found place
	longest := 0
	for _, known := range knownPlaces() {
		if len(known.prefix) > longest && strings.HasPrefix(address, known.prefix) {
			found, longest = known.place, len(known.prefix)
		}
	}
	return found
}

type knownPlace struct {
	prefix string
	place  place
}

func knownPlaces() []knownPlace {
	return []knownPlace{
		{"+1", place{country: "US"}},
		{"+1415", place{"SAN FRANCISCO", "CA", "94105", "US"}},
		{"+1212", place{"NEW YORK", "NY", "10001", "US"}},
		{"+1236", place{state: "BC", country: "CA"}},
		{"+1343", place{state: "Ontario", country: "CA"}},
		{"+1416", place{"TORONTO", "ON", "", "CA"}},
		{"+31", place{country: "NL"}},
		{"+32", place{country: "BE"}},
		{"+33", place{country: "FR"}},
		{"+34", place{country: "ES"}},
		{"+351", place{country: "PT"}},
		{"+39", place{country: "IT"}},
		{"+41", place{country: "CH"}},
		{"+43", place{country: "AT"}},
		{"+44", place{country: "GB"}},
		{"+49", place{country: "DE"}},
		{"+52", place{country: "MX"}},
		{"+55", place{country: "BR"}},
		{"+81", place{country: "JP"}},
	}
}
