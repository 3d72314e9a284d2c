package twilio_test

import (
	"testing"

	"github.com/backstop-project/backstop/twilio"
)

func TestOnlySomeCodesProveThatNothingArrived(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]bool{
		0:     false, // no failure: we were asked first
		11100: false, 11201: false, 11202: false, 11210: false, 11220: false, 11235: false, 11236: false, 11237: false,
		11240: false, 11241: false, 11242: false, 11243: false,
		11200: true, 11203: true, 11205: true, 11206: true, 11215: true, 11216: true, 11217: true, 11251: true,
		11751: true, 12100: true, 12200: true, 12300: true, 14101: true, 30003: true, 99999: true, 1: true, -1: true,
	} {
		if got := twilio.MayHaveActed(code); got != want {
			t.Errorf("%d: got %v, want %v", code, got, want)
		}
	}
}
