package standby_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
)

func exam(tb testing.TB, address string, o standby.ProbeOptions) standby.Exam {
	tb.Helper()
	e, err := standby.NewExam(address, o)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func TestAPrimaryIsExaminedAtItsHealthURLElseItsProbeElseItsRoot(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options standby.ProbeOptions
		url     string
		health  bool
	}{
		"nothing said":     {standby.ProbeOptions{}, "https://www.example.com/", false},
		"a probe":          {standby.ProbeOptions{URL: "/up"}, "https://www.example.com/up", true},
		"a health_url":     {standby.ProbeOptions{HealthURL: "/deep?x=1"}, "https://www.example.com/deep?x=1", true},
		"both":             {standby.ProbeOptions{URL: "/up", HealthURL: "https://www.example.com/deep"}, "https://www.example.com/deep", true},
		"a private server": {standby.ProbeOptions{AllowPrivate: true}, "https://www.example.com/", false},
	} {
		e := exam(t, "https://WWW.example.com:443/", c.options)
		if e.Server != "https://www.example.com" || e.URL != c.url || e.Health != c.health || e.AllowPrivate != c.options.AllowPrivate {
			t.Errorf("%s: got %+v", name, e)
		}
	}
	for _, elsewhere := range []string{"https://evil.example/", "http://www.example.com/", "//evil.example/", "https://www.example.com:8443/", "https://u:p@www.example.com/", "/../x", "healthz"} {
		e, err := standby.NewExam("https://www.example.com", standby.ProbeOptions{HealthURL: elsewhere})
		if err == nil || e.URL != "https://www.example.com/" {
			t.Errorf("%s: got %+v, %v", elsewhere, e, err)
		}
	}
}

func all(tb testing.TB, addresses ...string) (exams standby.Exams) {
	tb.Helper()
	for _, address := range addresses {
		exams = append(exams, exam(tb, address, standby.ProbeOptions{}))
	}
	return exams
}

func TestAnIncidentIsAboutThePrimaryThatFailed(t *testing.T) {
	t.Parallel()
	exams := all(t, "https://www.example.com", "http://www.example.com", "https://www.example.com:8443", "https://[2001:db8::1]")
	for errorURL, want := range map[string]string{
		"https://www.example.com/voice?CallSid=CA1": "https://www.example.com",
		"HTTPS://WWW.EXAMPLE.COM:443/voice":         "https://www.example.com",
		"https://u:p@www.example.com/voice":         "https://www.example.com",
		"https://www.example.com./voice":            "https://www.example.com",
		"http://www.example.com/voice":              "http://www.example.com",
		"https://www.example.com:8443/voice":        "https://www.example.com:8443",
		"http://www.example.com:8443/voice":         "",
		"https://[2001:DB8::1]/voice":               "https://[2001:db8::1]",
		"https://other.example.com/":                "",
		"https://www.example.com@evil.example/":     "",
		"https://www.example.com\\@evil.example/":   "",
		"//www.example.com/voice":                   "",
		"www.example.com":                           "",
		"":                                          "",
	} {
		e, ok := exams.About(incident.Host(errorURL), errorURL)
		if e.Server != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t, want %q", errorURL, e.Server, ok, want)
		}
	}
	if _, ok := exams.About("", "https://www.example.com/voice"); ok {
		t.Error("an incident whose cause has no host is about a server")
	}
	if _, ok := exams.About("other.example.com", "https://www.example.com/voice"); ok {
		t.Error("an incident is about another server than its cause's")
	}
	if e, ok := exams.Of("https://www.example.com:8443"); !ok || e.URL != "https://www.example.com:8443/" {
		t.Errorf("got %+v, %t", e, ok)
	}
	if _, ok := exams.Of("https://evil.example"); ok {
		t.Error("a server that is no primary has an exam")
	}
}

// What a stranger writes chooses among the primaries at most.
func FuzzNobodyButAPrimaryIsExamined(f *testing.F) {
	known := []string{"https://www.example.com", "http://10.0.0.1:8080", "https://[2001:db8::1]"}
	for _, seed := range []string{"https://www.example.com/x", "http://10.0.0.1:8080@evil.example/", "https://[2001:db8::1%25eth0]/", "https:www.example.com", "https://www.example.com:0443/"} {
		f.Add(incident.Host(seed), seed)
	}
	f.Add("www.example.com", "https://evil.example")
	f.Fuzz(func(t *testing.T, host, errorURL string) {
		exams := all(t, known...)
		e, ok := exams.About(host, errorURL)
		if ok && (!slices.Contains(known, e.Server) || e.URL != e.Server+"/" || host == "") {
			t.Errorf("%q: got %+v", errorURL, e)
		}
		if !ok && e != (standby.Exam{}) {
			t.Errorf("%q: got %+v though there is none", errorURL, e)
		}
		if ok && !strings.Contains(strings.ToLower(errorURL), "://") {
			t.Errorf("%q is taken for an address", errorURL)
		}
	})
}
