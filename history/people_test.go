package history_test

import (
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

func person(t *testing.T, number string, until time.Time) history.People {
	t.Helper()
	who, _, err := history.ReadPerson(number, until)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

func TestSomebodyIsKnownByEveryFormOfTheirNumber(t *testing.T) {
	who := person(t, "whatsapp:+49 30 123456", time.Now())
	for address, want := range map[string]bool{
		"+4930123456": true, "4930123456": true, "004930123456": true, "%2B4930123456": true,
		"whatsapp:+4930123456": true, "rcs:+4930123456": true, "tel:+4930123456": true, "client:+4930123456": true,
		"sip:+4930123456@example.com": true, "sip:4930123456@example.com;user=phone": true, "sips:+4930123456@10.0.0.1:5061": true,
		"": false, "+49301234567": false, "+1493012345": false, "+493012345": false, "030123456": false, "messenger:4930123456": false,
		"anonymous": false, "sip:anna@example.com": false, "+266696687": false,
	} {
		if _, ok := who.Know(address, time.Time{}); ok != want {
			t.Errorf("%q is known: %v, want %v", address, ok, want)
		}
	}
}

func TestANumberIsTakenOutOfTextsHoweverItIsWritten(t *testing.T) {
	who := person(t, "+4930123456", time.Now())
	for text, want := range map[string]string{
		"call +4930123456 back":                 "call [erased] back",
		"+49 (0)30 123-456":                     "[erased]",
		"+49.30.123.456/+49 30 123456":          "[erased]/[erased]",
		"in 2026 0049 30 123456, twice":         "in 2026 [erased], twice",
		"https://example.com/?from=4930123456&": "https://example.com/?from=[erased]&",
		"14930123456 and 49301234567":           "14930123456 and 49301234567",
		"49\n30123456":                          "49\n30123456",
		"\xff4930123456\xfe":                    "\xff[erased]\xfe",
		"":                                      "",
	} {
		if got := who.Without(text, time.Time{}); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
		if named := who.Named(text, time.Time{}); named != (text != want) {
			t.Errorf("%q names them: %v", text, named)
		}
	}
}

func TestWhatCameAfterAnErasureIsNotErased(t *testing.T) {
	at := time.Date(2026, 11, 23, 3, 12, 0, 0, time.UTC)
	who := person(t, "+4930123456", at)
	if _, ok := who.Know("+4930123456", at); !ok {
		t.Error("what came just then is not erased")
	}
	if _, ok := who.Know("+4930123456", at.Add(time.Millisecond)); ok || who.Named("+4930123456", at.Add(time.Millisecond)) {
		t.Error("what came later is erased")
	}
}

func TestAFailureSaysWhatItHasOfSomebody(t *testing.T) {
	who := person(t, "+4930123456", time.Now())
	for name, tt := range map[string]struct {
		params []incident.Param
		want   history.Part
	}{
		"the caller":     {[]incident.Param{{Name: "From", Value: "whatsapp:+4930123456"}, {Name: "To", Value: "+4940111"}}, history.Theirs},
		"whom we called": {[]incident.Param{{Name: "From", Value: "+4940111"}, {Name: "To", Value: "+4930123456"}, {Name: "Direction", Value: "outbound-api"}}, history.Theirs},
		"the caller ID of a leg that was dialled": {[]incident.Param{{Name: "From", Value: "+4930123456"}, {Name: "To", Value: "+4940111"}, {Name: "Direction", Value: "outbound-dial"}}, history.Theirs},
		"a line that somebody called":             {[]incident.Param{{Name: "From", Value: "+4940111"}, {Name: "To", Value: "+4930123456"}, {Name: "Called", Value: "+4930123456"}}, history.TheLine},
		"somebody else's message names it":        {[]incident.Param{{Name: "From", Value: "+4940111"}, {Name: "Body", Value: "ask 0049 30 123456"}}, history.Mentions},
		"nothing":                                 {[]incident.Param{{Name: "From", Value: "+4940111"}}, history.NoPart},
	} {
		f := incident.NewFailure(time.Now().Add(-time.Hour), "POST", tt.params)
		if got, _ := who.PartIn(f); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}
