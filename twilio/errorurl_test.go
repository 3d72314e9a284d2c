package twilio_test

import (
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio"
)

func TestParseErrorURL(t *testing.T) {
	for _, test := range []struct {
		name, raw string
		want      twilio.ErrorURL
		shown     string
	}{
		{
			"an ordinary one", "https://www.example.com/voice/answer",
			twilio.ErrorURL{Scheme: "https", Host: "www.example.com", Path: "/voice/answer"},
			"https://www.example.com/voice/answer",
		},
		{
			"a port of its own", "http://www.example.com:8080/x",
			twilio.ErrorURL{Scheme: "http", Host: "www.example.com", Port: "8080", Path: "/x"},
			"http://www.example.com:8080/x",
		},
		{
			"the default port is none", "HTTPS://WWW.Example.com.:443/X",
			twilio.ErrorURL{Scheme: "https", Host: "www.example.com", Path: "/X"},
			"https://www.example.com/X",
		},
		{
			"query values are hidden", "https://a.example/x?line=7&From=%2B1501&bare+15017122661&=x",
			twilio.ErrorURL{Scheme: "https", Host: "a.example", Path: "/x", Query: "line=7&From=%2B1501&bare+15017122661&=x"},
			"https://a.example/x?line=…&From=…&…&=…",
		},
		{
			"user name, password and fragment are dropped", "https://user:hunter2@a.example/x#ct=2000",
			twilio.ErrorURL{Scheme: "https", Host: "a.example", Path: "/x"},
			"https://a.example/x",
		},
		{
			"IPv6", "https://[2001:DB8::1]:8443/x",
			twilio.ErrorURL{Scheme: "https", Host: "[2001:db8::1]", Port: "8443", Path: "/x"},
			"https://[2001:db8::1]:8443/x",
		},
		{
			"an international name", "https://münchen.example/straße",
			twilio.ErrorURL{Scheme: "https", Host: "münchen.example", Path: "/stra%C3%9Fe"},
			"https://münchen.example/stra%C3%9Fe",
		},
		{"no path", "https://a.example?x=1", twilio.ErrorURL{Scheme: "https", Host: "a.example", Query: "x=1"}, "https://a.example?x=…"},
		{"a port that is none", "https://a.example:99999/x", twilio.ErrorURL{Scheme: "https", Host: "a.example", Path: "/x"}, "https://a.example/x"},
		{"a host that programs read differently", `https://good.example\@evil.example/x`, twilio.ErrorURL{Scheme: "https", Path: "/x"}, "https:///x"},
		{"a line break in the host", "https://good.example\r\n.evil.example/x", twilio.ErrorURL{Scheme: "https", Path: "/x"}, "https:///x"},
		{"a host that would be an option", "https://-oProxyCommand=x/", twilio.ErrorURL{Scheme: "https", Path: "/"}, "https:///"},
		{"markup", `https://a.example/"><script>`, twilio.ErrorURL{Scheme: "https", Host: "a.example", Path: "/%22%3E%3Cscript%3E"}, "https://a.example/%22%3E%3Cscript%3E"},
		{"a path alone", "/voice?x=1", twilio.ErrorURL{Path: "/voice", Query: "x=1"}, "/voice?x=…"},
		{"another scheme", "javascript:alert('1')", twilio.ErrorURL{Path: "javascript:alert(%271%27)"}, "javascript:alert(%271%27)"},
		{"a password in another scheme", "ftp://user:hunter2@a.example/x", twilio.ErrorURL{Path: "a.example/x"}, "a.example/x"},
		{"nothing", "", twilio.ErrorURL{}, ""},
		{"bytes that are no text", "https://a.example/\x00\xff\u202e", twilio.ErrorURL{Scheme: "https", Host: "a.example", Path: "/%00%FF%E2%80%AE"}, "https://a.example/%00%FF%E2%80%AE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := twilio.ParseErrorURL(test.raw)
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if shown := got.String(); shown != test.shown {
				t.Errorf("shown: got %s, want %s", shown, test.shown)
			}
		})
	}
}

func TestParseErrorURLBoundsWhatItKeeps(t *testing.T) {
	if got := twilio.ParseErrorURL("https://a.example/" + strings.Repeat("x", 1<<20)); len(got.Path) > 8192 {
		t.Errorf("got a path of %d bytes", len(got.Path))
	}
}

func TestLinks(t *testing.T) {
	const digits = "0123456789abcdef0123456789abcdef"
	for sid, want := range map[string]string{
		"CA" + digits: "https://console.twilio.com/us1/monitor/logs/calls/CA" + digits,
		"SM" + digits: "https://console.twilio.com/us1/monitor/logs/sms/SM" + digits,
		"MM" + digits: "https://console.twilio.com/us1/monitor/logs/sms/MM" + digits,
		"PN" + digits: "https://console.twilio.com/us1/develop/phone-numbers/manage/incoming/PN" + digits,
		"AC" + digits: "", "CA/../" + digits: "", "": "",
	} {
		if got := twilio.ConsoleLink(sid); got != want {
			t.Errorf("%q: got %q, want %q", sid, got, want)
		}
	}
	if got, want := twilio.ErrorPage(11200), "https://www.twilio.com/docs/api/errors/11200"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
