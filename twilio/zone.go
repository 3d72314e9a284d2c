package twilio

import "strings"

// ZonesOf are the time zones in which whoever has that telephone number may be,
// by the names that time.LoadLocation takes: one where the country has one, else
// those whose times lie furthest apart. It goes by the country, and in parts of
// North America by the area code; none for a number whose country nobody knows,
// and for what is no number. Who travels is elsewhere.
func ZonesOf(number string) []string {
	country := CountryOf(number)
	if country == "" {
		return nil
	}
	if number[1] == '1' {
		if area, ok := areaZones[number[2:5]]; ok {
			return strings.Split(area, ",")
		}
	}
	return strings.Split(zones[country], ",")
}
