package twilio_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio"
)

func TestZonesGoByCountryAndArea(t *testing.T) {
	t.Parallel()
	for number, want := range map[string][]string{
		"+4930123456":   {"Europe/Berlin"},
		"+12125550100":  {"America/New_York", "America/Los_Angeles"},
		"+18085550100":  {"Pacific/Honolulu"},
		"+14165550100":  {"America/Toronto"},
		"+16045550100":  {"America/St_Johns", "America/Vancouver"},
		"+18005550100":  nil,
		"+881612345678": nil,
		"client:anna":   nil,
		"":              nil,
	} {
		if got := twilio.ZonesOf(number); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", number, got, want)
		}
	}
}

func TestEveryCountryHasZonesThatExist(t *testing.T) {
	t.Parallel()
	for _, codes := range [][2]int{{10, 99}, {100, 999}, {1000, 1999}, {7000, 7999}} {
		for code := codes[0]; code <= codes[1]; code++ {
			number := "+" + strconv.Itoa(code) + "55501000"
			country := twilio.CountryOf(number)
			zones := twilio.ZonesOf(number)
			if (country == "") != (len(zones) == 0) {
				t.Errorf("%s of %q: zones %v", number, country, zones)
			}
			for _, zone := range zones {
				if _, err := time.LoadLocation(zone); err != nil || zone == "" {
					t.Errorf("%s of %s: zone %q: %v", number, country, zone, err)
				}
			}
		}
	}
}
