package incident_test

import (
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// failure makes one as Twilio would report it; params come in pairs.
func failure(at time.Time, params ...string) incident.Failure {
	all := []incident.Param{
		{Name: "AccountSid", Value: "AC00000000000000000000000000000001"},
		{Name: "CallSid", Value: "CA00000000000000000000000000000001"},
	}
	for i := 0; i < len(params); i += 2 {
		all = append(all, incident.Param{Name: params[i], Value: params[i+1]})
	}
	return incident.NewFailure(at, "POST", all)
}

func TestCausesGroupWhatBreaksTogether(t *testing.T) {
	t.Parallel()
	fetch := func(code, url string) []string { return []string{"ErrorCode", code, "ErrorUrl", url} }
	tests := []struct {
		claim string
		a, b  []string
		same  bool
	}{
		{
			"two fetch-level codes of one host are one cause",
			fetch("11200", "https://www.example.com/voice"), fetch("11205", "https://www.example.com/menu?x=1"), true,
		},
		{
			"the scheme's own port and letter case make no difference",
			fetch("11200", "https://WWW.example.com:443/voice"), fetch("11200", "https://www.example.com/voice"), true,
		},
		{
			"another port is another server",
			fetch("11200", "https://www.example.com:8443/"), fetch("11200", "https://www.example.com/"), false,
		},
		{
			"two hosts are two causes",
			fetch("11200", "https://a.example.com/"), fetch("11200", "https://b.example.com/"), false,
		},
		{
			"document-level codes differ by code",
			fetch("12100", "https://a.example.com/x"), fetch("12300", "https://a.example.com/x"), false,
		},
		{
			"document-level codes differ by path",
			fetch("12100", "https://a.example.com/x"), fetch("12100", "https://a.example.com/y"), false,
		},
		{
			"numbers in a path are ids",
			fetch("12100", "https://a.example.com/orders/17/menu"), fetch("12100", "https://a.example.com/orders/4711/menu"), true,
		},
		{
			"SIDs and UUIDs in a path are ids",
			fetch("12100", "https://a.example.com/calls/CA0123456789abcdef0123456789abcdef"),
			fetch("12100", "https://a.example.com/calls/0190a1b2-0000-7000-8000-0123456789ab"), true,
		},
		{
			"words in a path are none",
			fetch("12100", "https://a.example.com/v2/deadbeef"), fetch("12100", "https://a.example.com/v3/deadbeef"), false,
		},
		{
			"without ErrorCode we were asked first, whatever else came",
			[]string{"To", "+15550001111"},
			[]string{"To", "+15550002222"},
			true,
		},
		{
			"no ErrorUrl is a cause of its own",
			fetch("11200", ""), fetch("11200", "https://a.example.com/"), false,
		},
		{
			"an ErrorUrl that is none names no host",
			fetch("11200", "http://[::1"), fetch("11200", ":::"), true,
		},
	}
	for _, test := range tests {
		t.Run(test.claim, func(t *testing.T) {
			t.Parallel()
			a, b := incident.CauseOf(failure(noon, test.a...)), incident.CauseOf(failure(noon, test.b...))
			if same := a.Key() == b.Key(); same != test.same {
				t.Errorf("same cause: got %v, want %v\n a %+v\n b %+v", same, test.same, a, b)
			}
		})
	}
}

func TestADrillHasItsOwnCauseWhateverItClaims(t *testing.T) {
	t.Parallel()
	f := failure(noon, "ErrorCode", "11200", "ErrorUrl", "https://www.example.com/")
	f.Drill = true
	if got := incident.CauseOf(f).Kind; got != incident.DrillCause {
		t.Errorf("kind: got %v, want the drill's", got)
	}
}

func TestFailuresKeepWhatCameAndLoseUserinfo(t *testing.T) {
	t.Parallel()
	f := incident.NewFailure(noon, "POST", []incident.Param{
		{Name: "SmsSid", Value: "SM00000000000000000000000000000001"},
		{Name: "ErrorUrl", Value: "https://user:secret@www.example.com/a@b?q=x@y"},
		{Name: "ErrorCode", Value: "not a number"},
		{Name: "Empty", Value: ""},
		{Name: "Empty", Value: "again"},
	})
	if f.ErrorURL != "https://www.example.com/a@b?q=x@y" || f.Params[1].Value != f.ErrorURL {
		t.Errorf("ErrorUrl: got %q and parameter %q, want both without user and password", f.ErrorURL, f.Params[1].Value)
	}
	if f.Channel != incident.Messaging || f.SID != "SM00000000000000000000000000000001" {
		t.Errorf("got channel %s, SID %q; want messaging by its SmsSid", f.Channel, f.SID)
	}
	if f.Code != 0 || f.AskedFirst {
		t.Errorf("code %d, asked first %v; want 0 and false: Twilio did send a code", f.Code, f.AskedFirst)
	}
	if len(f.Params) != 5 || f.Params[4].Value != "again" {
		t.Errorf("parameters were not kept: %v", f.Params)
	}
	if got := f.ID.Version(); got != 7 {
		t.Errorf("id version: got %d, want 7", got)
	}
	if sec, nsec := f.ID.Time().UnixTime(); time.Unix(sec, nsec).UnixMilli() != noon.UnixMilli() {
		t.Errorf("id time: got %d.%d, want %s", sec, nsec, noon)
	}
}

func TestWithheldNumbersCountOnceACall(t *testing.T) {
	t.Parallel()
	tests := []struct {
		claim, fromA, fromB, sidB string
		same                      bool
	}{
		{"one number in two calls is one caller", "+15551230001", "+15551230001", "CA2", true},
		{"two withheld calls are two callers", "anonymous", "anonymous", "CA2", false},
		{"withheld in another case is withheld too", "Restricted", "RESTRICTED", "CA2", false},
		{"a withheld call failing again is one caller", "+266696687", "anonymous", "", true},
		{"no From at all counts as withheld", "", "", "CA2", false},
	}
	for _, test := range tests {
		t.Run(test.claim, func(t *testing.T) {
			t.Parallel()
			a, b := failure(noon, "From", test.fromA), failure(noon, "From", test.fromB)
			if test.sidB != "" {
				b.SID = test.sidB
			}
			if same := a.CallerKey() == b.CallerKey(); same != test.same {
				t.Errorf("same caller: got %v, want %v (%q, %q)", same, test.same, a.CallerKey(), b.CallerKey())
			}
		})
	}
}

func TestOnAnOutboundCallThePersonIsWhoWasCalled(t *testing.T) {
	t.Parallel()
	f := failure(noon, "From", "+15550000000", "To", "+15551230001", "Direction", "outbound-api", "ErrorCode", "11200")
	if f.Person() != "+15551230001" || f.Line() != "+15550000000" || f.CallerKey() != "+15551230001" {
		t.Errorf("got person %q, line %q, counted as %q", f.Person(), f.Line(), f.CallerKey())
	}
	in, _ := incident.Begin(incident.Entry{Failure: f}, nil, incident.DefaultPolicy())
	if in.Last.From != "+15551230001" || in.Last.To != "+15550000000" {
		t.Errorf("the incident remembers %q and %q", in.Last.From, in.Last.To)
	}
}

func FuzzCauseOf(f *testing.F) {
	f.Add("11200", "https://user:pw@www.example.com:443/orders/17?x=1")
	f.Add("12100", "http://[::1]:80/%zz/\x00")
	f.Fuzz(func(t *testing.T, code, url string) {
		got := failure(noon, "ErrorCode", code, "ErrorUrl", url)
		cause := incident.CauseOf(got)
		if len(cause.Host) > 253 || len(cause.Path) > 200 {
			t.Errorf("cause not bounded: %+v", cause)
		}
		if cause != incident.CauseOf(got) {
			t.Error("cause depends on more than the failure")
		}
	})
}

func TestALineIsTheCustomersOwnOnlyWhereTheRequestProvesIt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		claim, want string
		params      []string
	}{
		{"a call to a number", "+15550001111", []string{"From", "+14155550100", "To", "+15550001111", "Direction", "inbound"}},
		{"a call by the API", "+15550001111", []string{"From", "+15550001111", "To", "+14155550100", "Direction", "outbound-api"}},
		{"a leg that Dial made shows the outside caller's number", "", []string{"From", "+14155550100", "To", "+15550009999", "Direction", "outbound-dial"}},
		{"a client calls somebody by an app", "AP00000000000000000000000000000001", []string{"From", "client:bob", "To", "+14155550100", "Direction", "inbound", "ApplicationSid", "AP00000000000000000000000000000001"}},
		{"a client's call without an app", "", []string{"From", "client:bob", "To", "+14155550100", "Direction", "inbound"}},
		{"a desk telephone calls somebody", "acme.sip.twilio.com", []string{"From", "sip:desk@acme.sip.twilio.com", "To", "sip:+14155550100@acme.sip.twilio.com", "Direction", "inbound"}},
		{"a call to somebody at a SIP domain", "sip:reception@acme.sip.twilio.com", []string{"From", "sip:x@y.example", "To", "sip:reception@acme.sip.twilio.com", "Direction", "inbound"}},
		{"a message", "whatsapp:+15550001111", []string{"From", "whatsapp:+14155550100", "To", "whatsapp:+15550001111"}},
	} {
		if got := failure(noon, test.params...).OwnLine(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.claim, got, test.want)
		}
	}
}
