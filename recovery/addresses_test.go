package recovery_test

import (
	"testing"

	"github.com/backstop-project/backstop/recovery"
)

func TestAListOfAddressesMeansWhatLinesMean(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		written, match, address string
		want                    bool
	}{
		{"+49 30 123*", "+4930123*", "+4930123456", true},
		{"+49 (30) 123-456", "+4930123456", "+4930123456", true},
		{"+4930123*", "+4930123*", "whatsapp:+4930123456", true},
		{"+4930123456", "+4930123456", "rcs:+4930123456", true},
		{"+4930123*", "+4930123*", "+4940123456", false},
		{"whatsapp:+4930*", "whatsapp:+4930*", "whatsapp:+4930123456", true},
		{"whatsapp:+4930*", "whatsapp:+4930*", "+4930123456", false},
		{"client:Anna", "client:anna", "client:Anna", true},
		{"example.sip.twilio.com", "example.sip.twilio.com", "sip:anna@example.sip.twilio.com:5060", true},
		{"12345", "12345", "12345", true},
		{"AP00000000000000000000000000000001", "AP00000000000000000000000000000001", "AP00000000000000000000000000000001", true},
		{"*", "*", "", true},
		{"+*", "+*", "", false},
	} {
		var a recovery.Addresses
		match, err := a.Add(test.written)
		if err != nil || match != test.match || a.Hold(test.address) != test.want {
			t.Errorf("%q and %q: %q, %v, %v, want %q, %v", test.written, test.address, match, a.Hold(test.address), err, test.match, test.want)
		}
	}
	var none recovery.Addresses
	if none.Hold("+4930123456") || none.Hold("") {
		t.Error("an empty list holds something")
	}
	for _, written := range []string{"", "030 123456", "+49*30*", "praxis", "+4930123?", "PN00000000000000000000000000000001"} {
		if match, err := none.Add(written); err == nil {
			t.Errorf("%q is taken as %q", written, match)
		}
	}
}
